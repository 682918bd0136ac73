"""One small trained network and its export, made once; most tests look at what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import export

LABELS = tuple("0123456789")


@dataclass(frozen=True)
class Exported:
    """A finished export and all that went into it."""

    folder: Path
    report: export.Report
    model: object
    samples: export.Samples


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits as uint8 RGB pictures of 16 by 16, and what they show."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pictures = (bunch.images / 16 * 255).astype(np.uint8)
    enlarged = pictures.repeat(2, axis=1).repeat(2, axis=2)
    return enlarged[..., None].repeat(3, axis=-1), bunch.target


@pytest.fixture(scope="session")
def samples(digits: tuple[np.ndarray, np.ndarray]) -> export.Samples:
    x, y = digits
    return export.Samples(calibration=x[:1200], test_x=x[1200:], test_y=y[1200:])


@pytest.fixture(scope="session")
def tiny_cnn(digits: tuple[np.ndarray, np.ndarray]) -> object:
    """A residual network of three convolutions, logits out, with statistics that matter."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(7)
    image = keras.Input((16, 16, 3))
    x = layers.Normalization(mean=[78.0] * 3, variance=[92.0**2] * 3)(image)
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9, beta_initializer="random_normal")(x)
    skip = layers.ReLU()(x)
    x = layers.Conv2D(16, 3, padding="same", bias_initializer="random_normal")(skip)
    x = layers.BatchNormalization(momentum=0.9, beta_initializer="random_normal")(x)
    x = layers.ReLU()(layers.Add()([x, skip]))
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    model = keras.Model(image, layers.Dense(10, name="logits")(x), name="tiny_cnn")
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    inputs, classes = digits
    model.fit(inputs[:1200].astype(np.float32), classes[:1200], epochs=8, batch_size=50, verbose=0)
    return model


@pytest.fixture(scope="session")
def exported(
    tiny_cnn: object, samples: export.Samples, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    folder = tmp_path_factory.mktemp("exports") / "tiny"
    report = export.export_model(
        tiny_cnn,
        folder,
        samples=samples,
        labels=LABELS,
        identity={"checkpoint": "tiny.<digits>", "model": "tiny"},
    )
    return Exported(folder, report, tiny_cnn, samples)


@pytest.fixture
def untrained() -> object:
    """A network of one layer over eight features, three logits out."""
    import keras

    keras.utils.set_random_seed(3)
    features = keras.Input((8,))
    model = keras.Model(features, keras.layers.Dense(3)(features), name="untrained")
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.fixture
def few() -> export.Samples:
    """Samples that fit `untrained`."""
    x = np.random.default_rng(5).normal(size=(12, 8)).astype(np.float32)
    return export.Samples(calibration=x, test_x=x)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does in this process what children do, and so saves the seconds that they take to start."""
    from export.checks import layers, mixed, run
    from export.child import ChildError
    from export.tflite import convert, rounding

    works = {
        "export.tflite.convert": convert._convert_here,
        "export.checks.run": run._run_here,
        "export.checks.layers": layers._compare_here,
        "export.checks.mixed": mixed._mix_here,
        "export.tflite.rounding": rounding._reround_here,
    }

    def run_here(module: str, job: dict[str, object], folder: Path) -> None:
        try:
            works[module](json.loads(json.dumps(job)))
        except Exception as error:  # Whatever would have ended the child.
            raise ChildError(1, f"{type(error).__name__}: {error}") from error

    for module in (convert, run, layers, mixed, rounding):
        monkeypatch.setattr(module, "run_child", run_here)
