import keras
import numpy as np
import pytest
from keras import layers

from zoo.checkpoints.load import load
from zoo.data.dataset import Dataset, Split
from zoo.training import features as module
from zoo.training.features import (
    adapt_normalisation,
    backbone_of,
    cached_features,
    compute_features,
    fold,
    standardised,
)


@pytest.fixture(scope="module")
def backbone(shipped):
    return backbone_of(shipped.model)


def test_features_and_logits_make_the_network(shipped, backbone, digits):
    x = digits.train.x[:70]  # More than a batch, and not whole ones.
    done = []
    features = compute_features(backbone, x, done.append)
    assert features.shape == (70, 64)
    assert done == [64, 70]
    kernel, bias = shipped.model.get_layer("logits").get_weights()
    np.testing.assert_allclose(
        features @ kernel + bias, shipped.model(x.astype(np.float32)), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("trainable", [True, False])
def test_statistics_become_those_of_the_inputs(trainable):
    inputs = keras.Input((2,))
    norm = layers.BatchNormalization(momentum=0.9, trainable=trainable)
    backbone = keras.Model(inputs, norm(inputs))
    random = np.random.default_rng(0)
    x = np.stack([random.normal(5, 2, 640), random.normal(-1, 3, 640)], 1).astype(np.float32)
    adapt_normalisation(backbone, x, seed=1)
    mean, variance = (x.mean(0), x.var(0)) if trainable else ([0, 0], [1, 1])
    np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=0.05)  # Of the batches' means.
    assert norm.momentum == 0.9
    before = norm.get_weights()
    adapt_normalisation(backbone, x[:63], seed=1)  # Not even one batch: nothing is known.
    assert all((a == b).all() for a, b in zip(before, norm.get_weights(), strict=True))


def test_features_are_computed_once(backbone, digits, tmp_path, monkeypatch):
    path, seen = tmp_path / "features.safetensors", []
    first = cached_features(backbone, digits, path, "key", lambda *p: seen.append(p))
    assert seen[-1] == (192, 192)
    np.testing.assert_array_equal(first.train.y, digits.train.y)
    monkeypatch.setattr(module, "compute_features", None)
    again = cached_features(backbone, digits, path, "key")
    assert again.fingerprint() == first.fingerprint()
    for key, content in (("other", path.read_bytes()), ("key", b"broken")):
        path.write_bytes(content)
        with pytest.raises(TypeError):  # They would be computed anew.
            cached_features(backbone, digits, path, key)


def test_statistics_are_kept_with_the_features(digits, tmp_path, monkeypatch):
    path = tmp_path / "features.safetensors"

    def statistics(backbone):
        return [v.numpy() for v in backbone.non_trainable_variables]

    first, second = (backbone_of(load("resnet8.digits").model) for _ in range(2))
    before = statistics(first)
    cached_features(first, digits, path, "key", adapt=0)
    assert not any((a == b).all() for a, b in zip(before, statistics(first), strict=True))
    monkeypatch.setattr(module, "compute_features", None)  # They are not made again.
    cached_features(second, digits, path, "key", adapt=0)
    for kept, loaded in zip(statistics(first), statistics(second), strict=True):
        np.testing.assert_array_equal(kept, loaded)


def test_a_folded_head_gives_the_same():
    random = np.random.default_rng(0)
    # Features of very different scale, and one that is always zero.
    x = random.gamma(1.0, 1.0, (50, 4)).astype(np.float32) * [1e-3, 1, 50, 0]
    split = Split(x, np.arange(50) % 3)
    scaled, mean, std = standardised(
        Dataset("x", ("a", "b", "c"), {"train": split, "validation": split})
    )
    assert {*scaled.splits} == {"train", "validation"}  # No validation split is called a test.
    np.testing.assert_allclose(scaled.train.x.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.train.x.std(0)[1:3], 1, atol=1e-4)
    head, logits = layers.Dense(3), layers.Dense(3)
    expected = head(scaled.train.x)
    logits.build((None, 4))
    fold(logits, head, mean, std)
    np.testing.assert_allclose(logits(x), expected, rtol=1e-3, atol=1e-3)
