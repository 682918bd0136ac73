"""The same training on Keras's JAX backend."""

import json

import numpy as np
import pytest

import zoo
from zoo.data.sources import load_dataset

pytest.importorskip("jax")

TRAINING = """
import json, signal, sys
import keras
import numpy as np
assert keras.backend.backend() == "jax"
import zoo
from zoo.data.sources import load_dataset
from zoo.errors import RequestError, StoppedError
from zoo.training.cluster import open_distribution
from zoo.training.recipe import Recipe
from zoo.training.run import train

class Terminate(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if batch == 7:
            signal.raise_signal(signal.SIGTERM)

dataset = load_dataset("digits", "features")
settings = {{"config": {{"dropout": 0.0, "depth": 1}}}}
recipe = Recipe(epochs=2)
train("residual_mlp", dataset, recipe, {folder!r} / Path("whole"), **settings)
try:
    train("residual_mlp", dataset, recipe, {folder!r} / Path("run"), callbacks=[Terminate()],
          **settings)
except StoppedError as error:
    print(error)
train("residual_mlp", dataset, recipe, {folder!r} / Path("run"), **settings)
model = zoo.load({folder!r} / Path("run")).model
logits = model.predict(dataset.test.x[:8], verbose=0).tolist()
try:
    open_distribution("mirrored")
except RequestError as error:
    refused = str(error)
print(json.dumps([logits, refused]))
"""


def test_jax_trains_stops_and_goes_on_and_tensorflow_loads_it(python, tmp_path):
    text = "from pathlib import Path\n" + TRAINING.format(folder=str(tmp_path))
    lines = python(text, KERAS_BACKEND="jax").splitlines()
    assert lines[0].startswith("stopped in epoch 1 after batch 8; the same command")
    logits, refused = json.loads(lines[-1])
    assert refused.startswith("--distribution=mirrored is TensorFlow's; with KERAS_BACKEND=jax")

    whole, run = (zoo.load(tmp_path / name) for name in ("whole", "run"))
    assert run.card.training["versions"]["backend"] == "jax"
    for a, b in zip(whole.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    rows = [(tmp_path / name / "history.csv").read_text() for name in ("whole", "run")]
    values = [np.array([line.split(",") for line in text.split()[1:]], float) for text in rows]
    np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-4)

    x = load_dataset("digits", "features").test.x[:8]
    np.testing.assert_allclose(np.asarray(run.model(x)), logits, rtol=1e-3, atol=1e-4)
