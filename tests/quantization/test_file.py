"""The int8 file of a model that was trained to be one."""

import keras
import numpy as np
import pytest
from keras import layers

import export
from export.forms.form import prepare
from export.forms.learnt import learnt_of
from export.tflite.flatbuffer import layer_of
from zoo.quantization import aware, ranges_of, settle
from zoo.residual import Scaled


@pytest.fixture(scope="module")
def learnt():
    """A residual network that learnt three textures, its aware model, and their pictures."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    y = np.arange(360) % 3
    x = random.uniform(0, 255, (360, 8, 8, 3)).astype("float32")
    x[y == 1, ::2] *= 0.3
    x[y == 2, :, ::2] *= 0.3
    x = np.round(x)
    image = keras.Input((8, 8, 3), name="image")
    z = layers.Normalization(mean=[99.0, 120.0, 130.0], variance=[3e3, 4e3, 5e3])(image)
    z = skip = layers.ReLU(name="stem_relu")(conv(z, "stem"))
    z = Scaled(name="branch_scale")(conv(z, "branch"))
    z = layers.ReLU(name="sum_relu")(layers.Add(name="sum")([z, skip]))
    z = layers.MaxPooling2D(name="most")(z)
    z = layers.GlobalAveragePooling2D(name="pool")(z)
    model = keras.Model(image, layers.Dense(3, name="logits")(z))
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(True))
    model.fit(x, y, epochs=10, verbose=0)
    rounding = aware(model, x[:60])
    rounding.compile(keras.optimizers.Adam(0.003), keras.losses.SparseCategoricalCrossentropy(True))
    rounding.fit(x, y, epochs=5, verbose=0)
    settle(rounding)
    return model, rounding, x, y


def conv(z, name):
    z = layers.Conv2D(6, 3, padding="same", use_bias=False, name=f"{name}_conv")(z)
    return layers.BatchNormalization(name=f"{name}_bn")(z)


def exported(learnt, output, **settings):
    model, _, x, y = learnt
    samples = export.Samples(
        calibration=x[:60], test_x=x[60:], test_y=None if y is None else y[60:]
    )
    return export.export_model(
        model, output, samples=samples, labels=("all", "rows", "columns"), outputs="logits",
        targets=("edge",), provers=(), **settings,
    )  # fmt: skip


def check_of(report, name="simulation"):
    return next((c for c in report.artifacts["edge"].checks if c.name == name), None)


def test_the_file_has_the_ranges_and_the_answers_of_the_training(learnt, tmp_path, monkeypatch):
    from ai_edge_litert import schema_py_generated as schema

    monkeypatch.setattr("export.attempts._names", lambda task, target: "kept")
    _, rounding, _, _ = learnt
    report = exported(learnt, tmp_path, ranges=ranges_of(rounding), simulation=rounding)
    assert check_of(report).status == "pass"
    assert "100.0% of 300" in check_of(report).detail
    assert check_of(report, "no_float_tensor").status == "pass"
    content = (tmp_path / "edge.tflite").read_bytes()
    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    results = [graph.tensors[operator.outputs[0]] for operator in graph.operators]
    scales = {layer_of(t.name.decode()): float(t.quantization.scale[0]) for t in results}
    for name in ("stem_relu", "branch_scale", "sum_relu", "pool", "logits"):
        low, high = ranges_of(rounding)[name]
        assert scales[name] == pytest.approx((high - low) / 255, rel=1e-4), name
    assert scales["most"] == scales["sum_relu"]


def test_a_dense_layer_and_its_normalisation_have_the_range_of_both(tmp_path):
    # The converter names what it makes of them by the dense layer.
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(400, 8)).astype("float32")
    y = (x[:, 0] > x[:, 1]).astype(int)
    z = skip = vector = keras.Input((8,), name="vector")
    z = layers.Dense(16, use_bias=False, name="first_dense")(z)
    z = layers.ReLU(name="first_relu")(layers.BatchNormalization(name="first_bn")(z))
    z = layers.Dense(8, use_bias=False, name="second_dense")(z)
    z = layers.Add(name="sum")([layers.BatchNormalization(name="second_bn")(z), skip])
    model = keras.Model(vector, layers.Dense(2, name="logits")(z))
    rounding = aware(model, x[:100])
    loss = keras.losses.SparseCategoricalCrossentropy(True)
    rounding.compile(keras.optimizers.Adam(0.01), loss)
    rounding.fit(x, y, epochs=4, verbose=0)
    settle(rounding)
    report = export.export_model(
        model, tmp_path / "out", targets=("edge",), outputs="logits", labels=("less", "more"),
        samples=export.Samples(calibration=x[:100], test_x=x[100:]), provers=(), rescue="none",
        ranges=ranges_of(rounding), simulation=rounding,
    )  # fmt: skip
    assert check_of(report).status == "pass"
    assert "100.0% of 256" in check_of(report).detail


def of_many_kinds():
    image = keras.Input((8, 8, 3), name="image")
    z = layers.ReLU()(conv(layers.Normalization(mean=[127] * 3, variance=[5e3] * 3)(image), "stem"))
    for block in range(8):
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(z)
        y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
        gate = layers.Activation("sigmoid")(layers.Conv2D(6, 1)(y))
        y = layers.Multiply()([conv(y, f"branch{block}"), gate])
        z = layers.ReLU()((layers.Subtract() if block % 3 == 2 else layers.Add())([y, z]))
        if block == 4:
            z = layers.AveragePooling2D(2)(z)
    z = layers.GlobalAveragePooling2D()(z)
    return keras.Model(image, layers.Dense(3, name="logits")(z))


def normed_before():
    """Normalisations of sums and of a pooling, some of which multiply by nothing and by less."""
    draw = np.random.default_rng(0)
    image = keras.Input((8, 8, 3), name="image")
    z = layers.Normalization(mean=[127] * 3, variance=[5e3] * 3)(image)
    z = layers.MaxPooling2D()(layers.Conv2D(6, 3, padding="same")(z))
    for block in range(5):
        settings = {"scale": block != 1, "center": block != 2}
        y = layers.BatchNormalization(name=f"block{block}_norm", **settings)(z)
        y = conv(layers.ReLU()(y), f"block{block}")
        z = layers.Add()([z, y])
    z = layers.ReLU(6.0)(layers.BatchNormalization(name="last_norm")(z))
    model = keras.Model(image, layers.Dense(3, name="logits")(layers.GlobalAveragePooling2D()(z)))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_mean.assign(draw.normal(size=6))
            layer.moving_variance.assign(draw.uniform(0.3, 3, 6))
            if layer.gamma is not None:
                layer.gamma.assign([0, -1, *draw.normal(1, 0.3, 4)])
            if layer.beta is not None:
                layer.beta.assign(draw.normal(size=6))
    return model


@pytest.mark.parametrize("build", [of_many_kinds, normed_before])
def test_ties_fall_as_in_the_training_however_deep(tmp_path, build):
    """Float32 sums of values in place of integers put half of these inputs more than a step off."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 3)).astype("float32")
    model = build()
    rounding = aware(model, x[:60])
    settle(rounding)
    report = exported(
        (model, rounding, x, None), tmp_path, ranges=ranges_of(rounding), simulation=rounding,
        gates={"edge.sqnr_db": 10, "edge.top1_agreement": 0},
    )  # fmt: skip
    assert "100.0% of 140" in check_of(report).detail


@pytest.mark.slow
def test_equal_calls_give_equal_bytes(learnt, tmp_path):
    for name in ("one", "other"):
        exported(learnt, tmp_path / name, ranges=ranges_of(learnt[1]))
    one, other = ((tmp_path / name / "edge.tflite").read_bytes() for name in ("one", "other"))
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["wider", "weights", "one layer"])
def test_a_file_of_something_else_is_refused(learnt, tmp_path, wrong):
    model, rounding, _, _ = learnt
    ranges = ranges_of(rounding)
    if wrong == "wider":
        ranges |= {
            name: (4 * low, 4 * high)
            for name, (low, high) in ranges.items()
            if name not in ("image", "logits")
        }
    elif wrong == "one layer":
        ranges["sum_relu"] = (0.0, ranges["sum_relu"][1] / 3)
    layer = model.get_layer("branch_conv")
    kept = layer.get_weights()
    simulation = aware(keras.models.clone_model(model), ranges=ranges_of(rounding))
    simulation.set_weights(rounding.get_weights())
    try:
        if wrong == "weights":
            layer.set_weights([1.1 * values for values in kept])
        with pytest.raises(export.GateFailure) as failure:
            exported(learnt, tmp_path, ranges=ranges, simulation=simulation)
    finally:
        layer.set_weights(kept)
    assert check_of(failure.value.report).status == "fail"
    assert not (tmp_path / "edge.tflite").exists()


@pytest.mark.slow
def test_sixteen_bits_keep_their_calibration(learnt, tmp_path):
    report = exported(
        learnt, tmp_path, ranges=ranges_of(learnt[1]), simulation=learnt[1], edge_precision="16x8"
    )
    assert report.verdict == "pass"
    assert check_of(report) is None


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"nowhere": (0, 1)}, "'nowhere', which is no layer"),
        ({"pool": (1, 2)}, "'pool' is 1 to 2; it has to hold zero"),
        ({"pool": (0, float("inf"))}, "finite"),
        ({"pool": (0, 0)}, "'pool' is 0 to 0"),
    ],
)
def test_wrong_ranges(learnt, ranges, message):
    form = prepare(learnt[0])
    with pytest.raises(export.ExportError, match=message):
        learnt_of(form, ranges, None, learnt[2])
