"""Models from outside of this project are exported with the same guarantees."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import export

LABELS = tuple("0123456789")
TARGETS = ("cpu", "gpu", "edge")
# What says how good a network is, not whether it was converted as it stands.
QUALITY = {
    *("sqnr_db", "distinct_answers", "top1_agreement", "accuracy"),
    *("max_rel_error", "max_abs_error"),
}


def pictures(digits, size):
    """The digits scaled to a size, as bytes: for training, and for the test."""
    x, y = digits
    x = keras.ops.convert_to_numpy(keras.ops.image.resize(x[:, ::2, ::2], (size, size)))
    x = x.round().astype(np.uint8)
    return (x[:1200], y[:1200]), export.Samples(calibration=x[:1200], test_x=x[1200:])


def application(name, size, **options):
    """A network of `keras.applications` with what its users put before it, weights random."""
    keras.utils.set_random_seed(0)
    image = keras.Input((size, size, 3))
    before = {
        "MobileNetV2": layers.Rescaling(1 / 127.5, offset=-1),
        "ResNet50": layers.Normalization(mean=[123.68, 116.779, 103.939], variance=[1.0] * 3),
    }
    network = getattr(keras.applications, name)(
        weights=None, input_shape=(size, size, 3), classes=10, **options
    )
    return keras.Model(image, network(before[name](image)), name=name.lower())


def norms(model):
    every = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in every if isinstance(layer, layers.BatchNormalization)]


def fit(model, x, y, epochs, batch_size=50):
    for norm in norms(model):
        norm.momentum = 0.9
    steps = epochs * len(x) // batch_size
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        keras.losses.SparseCategoricalCrossentropy(),
        jit_compile=False,
    )
    model.fit(x.astype(np.float32), y, epochs=epochs, batch_size=batch_size, verbose=0)
    return model


def with_statistics(model, x):
    """Batch normalisation learns what goes through a random network: else it all but vanishes."""
    for norm in norms(model):
        norm.momentum = 0.0
    model(x.astype(np.float32), training=True)
    return model


def custom_cnn():
    """Layers of the tutorials: augmentation inside, ReLU6, separable, two branches, softmax."""
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.RandomTranslation(0.05, 0.05)(image)
    x = layers.Rescaling(1 / 255)(x)
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(16, 3, strides=2, use_bias=False)(x)
    x = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(x))
    left = layers.SeparableConv2D(16, 3, padding="same", activation="relu")(x)
    right = layers.DepthwiseConv2D(3, padding="same")(x)
    right = layers.LeakyReLU()(layers.BatchNormalization()(right))
    x = layers.Concatenate()([left, right])
    x = layers.AveragePooling2D(2)(layers.SpatialDropout2D(0.1)(x))
    x = layers.Flatten()(x)
    x = layers.Dense(32, activation="relu")(layers.Dropout(0.1)(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x), name="custom")


def stacked_lstm():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.LSTM(32, return_sequences=True),
            layers.Dropout(0.1),
            layers.LSTM(32),
            layers.Dense(10, activation="softmax"),
        ],
        name="stacked",
    )


def failed(report):
    return {
        f"{name}: {check.name}: {check.detail}"
        for name, artifact in report.artifacts.items()
        for check in artifact.checks
        if check.status == "fail"
    }


def exported_whatever_its_quality(model, folder, samples, targets=TARGETS):
    """Returns the report, be it that of a refusal: a random network magnifies every rounding."""
    try:
        return export.export_model(model, folder, samples=samples, labels=LABELS, targets=targets)
    except export.GateFailure as failure:
        return failure.report


@pytest.mark.slow
def test_a_custom_cnn(digits, tmp_path):
    (x, y), samples = pictures(digits, 16)
    model = fit(custom_cnn(), x, y, epochs=10)
    report = export.export_model(model, tmp_path / "out", samples=samples, labels=LABELS)
    assert set(report.artifacts) == {*TARGETS, "saved_model"}
    assert {artifact.verdict for artifact in report.artifacts.values()} == {"pass"}


@pytest.mark.slow
def test_a_stacked_lstm(digits, tmp_path):
    x, y = digits
    rows = x[:, ::2, ::2, 0].astype(np.float32) / 255
    model = fit(stacked_lstm(), rows[:1200], y[:1200], epochs=50)
    samples = export.Samples(calibration=rows[:1200], test_x=rows[1200:], test_y=y[1200:])
    report = export.export_model(model, tmp_path / "out", samples=samples, labels=LABELS)
    assert report.reference_top1 > 0.85
    assert {artifact.verdict for artifact in report.artifacts.values()} == {"pass"}


@pytest.mark.parametrize(
    ("name", "options", "targets"),
    [
        ("MobileNetV2", {"alpha": 0.35}, ("edge",)),
        ("ResNet50", {}, TARGETS),
    ],
)
@pytest.mark.slow
def test_every_layer_of_keras_applications_is_converted(digits, tmp_path, name, options, targets):
    (x, _), samples = pictures(digits, 32)
    model = with_statistics(application(name, 32, **options), x[:100])
    few = export.Samples(samples.calibration[:20], samples.test_x[:20])
    report = exported_whatever_its_quality(model, tmp_path / "out", few, targets)
    assert {failure for failure in failed(report) if failure.split(": ")[1] not in QUALITY} == set()
    for target in targets:
        checks = {check.name: check.status for check in report.artifacts[target].checks}
        assert checks["builtin_operators"] == checks["signature"] == "pass"
    assert report.artifacts["saved_model"].parity.max_abs_error < 1e-4
    if "cpu" in targets:
        assert report.artifacts["cpu"].parity.max_abs_error < 1e-3
    assert set(report.artifacts["edge"].operators) >= {"CONV_2D", "MEAN", "SOFTMAX"}


@pytest.mark.slow
def test_a_resnet50_of_full_size(digits, tmp_path):
    (x, _), samples = pictures(digits, 224)
    model = with_statistics(application("ResNet50", 224), x[:4])
    few = export.Samples(samples.calibration[:10], samples.test_x[:10])
    report = exported_whatever_its_quality(model, tmp_path / "out", few)
    assert {failure for failure in failed(report) if failure.split(": ")[1] not in QUALITY} == set()
