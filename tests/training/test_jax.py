"""The same training on Keras's JAX backend."""

import json

import numpy as np
import pytest

import zoo
from zoo.data.sources import load_dataset
from zoo.forms import Vector

pytest.importorskip("jax")

TRAINING = """
import json, signal, sys
import keras
import numpy as np
assert keras.backend.backend() == "jax"
import zoo
from zoo.data.sources import load_dataset
from zoo.forms import Vector
from zoo.errors import RequestError, StoppedError
from zoo.training.distribution.cluster import open_distribution
from zoo.training.recipes.recipe import Recipe
from zoo.training.train import train_model

class Terminate(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if batch == 7:
            signal.raise_signal(signal.SIGTERM)

dataset = load_dataset("digits", Vector)
settings = {{"config": {{"dropout": 0.0, "depth": 1}}}}
recipe = Recipe(epochs=2)
train_model("residual_mlp", dataset, recipe, {folder!r} / Path("whole"), **settings)
try:
    train_model("residual_mlp", dataset, recipe, {folder!r} / Path("run"), callbacks=[Terminate()],
          **settings)
except StoppedError as error:
    print(error)
train_model("residual_mlp", dataset, recipe, {folder!r} / Path("run"), **settings)
model = zoo.load({folder!r} / Path("run")).model
logits = model.predict(dataset.test.x[:8], verbose=0).tolist()
try:
    open_distribution("multiworker")
except RequestError as error:
    refused = str(error)
print(json.dumps([logits, refused]))
"""


@pytest.mark.slow
def test_jax_trains_stops_and_goes_on_and_tensorflow_loads_it(python, tmp_path):
    text = "from pathlib import Path\n" + TRAINING.format(folder=str(tmp_path))
    lines = python(text, KERAS_BACKEND="jax").splitlines()
    assert lines[0].startswith("stopped in epoch 1 after batch 8; the same command")
    logits, refused = json.loads(lines[-1])
    assert refused.startswith("--distribution=multiworker is TensorFlow's; with KERAS_BACKEND=jax")

    whole, run = (zoo.load(tmp_path / name) for name in ("whole", "run"))
    assert run.card.training.versions["backend"] == "jax"
    for a, b in zip(whole.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    rows = [(tmp_path / name / "history.csv").read_text() for name in ("whole", "run")]
    values = [np.array([line.split(",") for line in text.split()[1:]], float) for text in rows]
    np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-4)

    x = load_dataset("digits", Vector).test.x[:8]
    np.testing.assert_allclose(np.asarray(run.model(x)), logits, rtol=1e-3, atol=1e-4)


SCALING = """
import jax
import keras
import numpy as np
from pathlib import Path
from zoo.data.dataset import take
from zoo.data.sources import load_dataset
from zoo.forms import Picture, Vector
from zoo.training.distribution.cluster import open_distribution
from zoo.training.recipes.recipe import Recipe
from zoo.training.train import train_model

class Look(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        assert isinstance(self.model.optimizer, keras.optimizers.LossScaleOptimizer)
        print("scaled")

assert len(jax.devices()) == 2
digits = load_dataset("digits", Vector)
few = digits.map(lambda split: take(split, np.arange(32)))
train_model("residual_mlp", few,
      Recipe(epochs=1, batch_size=16, precision="float16"), Path({folder!r}),
      config={{"depth": 1}}, callbacks=[Look()], distribution=open_distribution("mirrored"))
"""


@pytest.mark.slow
def test_float16_has_its_loss_scaled_on_two_devices(python, tmp_path):
    two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    text = SCALING.format(folder=str(tmp_path / "run"))
    assert "scaled" in python(text, KERAS_BACKEND="jax", **two)


SHARING = """
import json
from pathlib import Path
import jax
import numpy as np
from zoo.data.dataset import take
from zoo.data.sources import load_dataset
from zoo.forms import Picture, Vector
from zoo.training.distribution.cluster import open_distribution
from zoo.training.recipes.recipe import Recipe
from zoo.training.train import train_model

distribution = open_distribution({kind!r})
digits = load_dataset("digits", Picture)
few = digits.map(lambda split: take(split, np.arange(149)))
train_model("resnet8", few, Recipe(epochs=2, learning_rate=1e-5),
            Path({folder!r}), distribution=distribution)
parts = distribution.devices and [
    distribution.devices.divide(jax.numpy.zeros((rows, 3))).addressable_shards[0].data.shape[0]
    for rows in (64, 21)
]
print(json.dumps([distribution.text, len(jax.devices()), parts]))
"""


@pytest.mark.slow
def test_two_devices_train_as_one_does(python, tmp_path):
    """Batches of 64, and a last one of 21, which two devices cannot share evenly."""
    histories = []
    for kind, devices, parts in (
        ("none", "one device", None),
        ("mirrored", "2 devices", [32, 21]),
    ):
        text = SHARING.format(kind=kind, folder=str(tmp_path / kind))
        two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
        lines = python(text, KERAS_BACKEND="jax", **two).splitlines()
        assert json.loads(lines[-1]) == [devices, 2, parts]
        rows = (tmp_path / kind / "history.csv").read_text().split()[1:]
        histories.append(np.array([row.split(",") for row in rows], float))
    np.testing.assert_allclose(*histories, rtol=1e-4)
