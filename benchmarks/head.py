"""Trains a new head two ways: on features computed once, and by `fit` over the frozen backbone.

    python benchmarks/head.py --model=resnet18 --image_size=64 --epochs=10

Both use the same pictures (the digits, scaled), batch size, optimiser and epochs, and start from
the same random backbone of `--model`, or from that of `--checkpoint`. Features are standardised by
the same figures, which only the first way has to compute. The two run one after the other in one
process, the cached features first. Printed are the seconds of both ways, each from an untraced
start to the trained head; the seconds of the first way for the features, and for the head; those of
one more forward pass over all pictures, when everything is traced; the ratios; and both validation
accuracies.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from zoo.quiet import import_keras


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--checkpoint", help="name or folder, in place of a random backbone")
    parser.add_argument("--image_size", type=int, default=64)
    parser.add_argument("--examples", type=int, help="of the training split; default all")
    parser.add_argument("--epochs", type=int, default=10)
    asked = parser.parse_args()
    import_keras()
    import keras

    from zoo.checkpoints.load import load
    from zoo.data.dataset import balanced_sample
    from zoo.data.sources import load_dataset
    from zoo.models import build
    from zoo.training.features import backbone_of, cached_features, compute_features, standardised
    from zoo.training.fit import fit
    from zoo.training.recipes.recipe import Recipe

    size = asked.image_size
    if asked.checkpoint:
        network = load(asked.checkpoint).model
        size = network.input_shape[1]
    else:
        keras.utils.set_random_seed(0)
        network = build(asked.model, num_classes=10, input_shape=(size, size, 3))
    whole = load_dataset("digits", image_size=size)
    examples = asked.examples or len(whole.train)
    dataset = whole.with_splits(train=balanced_sample(whole.train, examples))
    recipe = Recipe(epochs=asked.epochs, learning_rate=3e-3)

    def new_head(features: int) -> keras.Model:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((features,), name="features")
        logits = keras.layers.Dense(10, name="logits")(inputs)
        return keras.Model(inputs, logits)

    with tempfile.TemporaryDirectory() as folder:
        backbone = backbone_of(network)
        width = backbone.output_shape[-1]
        start = time.perf_counter()
        features = cached_features(backbone, dataset, Path(folder, "features"), "")
        computed = time.perf_counter() - start
        scaled, mean, std = standardised(features)
        cached_history = fit(new_head(width), scaled, recipe, Path(folder, "cached"))
        cached = time.perf_counter() - start

        start = time.perf_counter()
        for split in (dataset.train, dataset.validation):
            compute_features(backbone, split.x)
        forward = time.perf_counter() - start

        backbone.trainable = False
        inputs = keras.Input(network.input_shape[1:])
        frozen = backbone(inputs, training=False)
        frozen = keras.layers.Normalization(mean=mean, variance=std**2)(frozen)
        model = keras.Model(inputs, new_head(width)(frozen))
        start = time.perf_counter()
        frozen_history = fit(model, dataset, recipe, Path(folder, "frozen"))
        over_frozen = time.perf_counter() - start
    figures = {
        "examples": examples,
        "cached_seconds": round(cached, 2),
        "of_which_features_seconds": round(computed, 2),
        "of_which_head_seconds": round(cached - computed, 2),
        "fit_over_frozen_seconds": round(over_frozen, 2),
        "forward_pass_seconds": round(forward, 2),
        "times_faster": round(over_frozen / cached, 2),
        "features_in_forward_passes": round(computed / forward, 2),
        "cached_val_accuracy": round(cached_history[-1]["val_accuracy"], 4),
        "fit_over_frozen_val_accuracy": round(frozen_history[-1]["val_accuracy"], 4),
    }
    print(json.dumps({**vars(asked), **figures}))


if __name__ == "__main__":
    main()
