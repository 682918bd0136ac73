"""Kernels are read as the runtime multiplies them, and rounded anew for what they are given."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from keras import layers

from export.tflite import rounding
from export.tflite.flatbuffer import read_graph
from export.tflite.kernels import kernels
from export.tflite.rounding import Rounding, reround
from export.tflite.watched import Watched

SIZE = (11, 10, 4)
LAYERS = {
    "same": layers.Conv2D(6, 3, padding="same"),
    "valid": layers.Conv2D(6, (3, 2)),
    "strided": layers.Conv2D(6, 3, strides=2, padding="same"),
    "even": layers.Conv2D(5, (2, 4), strides=3, padding="same"),
    "projection": layers.Conv2D(6, 1, strides=2),
    "groups": layers.Conv2D(6, 3, groups=2, padding="same"),
    "depthwise": layers.DepthwiseConv2D(3, padding="same"),
    "two for each": layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2),
    "dense": layers.Dense(7),
    "without bias": layers.Conv2D(6, 3, use_bias=False),
}


def samples(count=24):
    """Pictures whose neighbours are alike, and whose mean is not zero."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 1, (count, 4, 4, SIZE[2]))
    fine = coarse.repeat(3, axis=1).repeat(3, axis=2)[:, : SIZE[0], : SIZE[1]]
    return (fine + 0.1 * rng.normal(size=fine.shape)).astype(np.float32)


def file(model, x=None):
    """Returns a network as a file: in float32, or in integers that are calibrated to inputs."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if x is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([value[None]] for value in x)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def network(*wanted):
    keras.utils.set_random_seed(0)
    x = image = keras.Input(SIZE, batch_size=1)
    for layer in wanted:
        if isinstance(layer, layers.Dense):
            x = layers.Flatten()(x)
        x = layer.__class__.from_config(layer.get_config())(x)
    model = keras.Model(image, x)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(np.linspace(-1, 1, weight.shape[0]))
        else:  # One that is large leaves few steps for the others.
            kernel = weight.numpy()
            kernel.reshape(-1, *kernel.shape[-2:])[0, 0] *= 20
            weight.assign(kernel)
    return model


def answers(content, path, x):
    path.write_bytes(content)
    watched, (result,) = Watched(str(path)), read_graph(path).nodes[-1].results
    return np.stack([run(watched, value, result) for value in x])


def run(watched, value, result):
    watched.run(image=value)
    return watched.values(result).ravel()


def decibels(content, exact, path, x):
    wanted = answers(exact, path, x)
    off = answers(content, path, x) - wanted
    return 10 * np.log10(np.square(wanted).mean() / np.square(off).mean())


@pytest.mark.parametrize("name", LAYERS)
def test_matrices_times_inputs_are_what_the_runtime_calculates(tmp_path, name):
    path, x = tmp_path / "exact.tflite", samples(1)
    path.write_bytes(file(network(LAYERS[name])))
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    (kernel,) = kernels(model, model.subgraphs[0])
    tensors = model.subgraphs[0].tensors

    def held(number):
        data = model.buffers[tensors[number].buffer].data
        return np.asarray(data, np.uint8).view(np.float32)

    values = held(kernel.weights).reshape(kernel.shape)
    matrices = kernel.matrices(values)
    assert np.array_equal(kernel.kernel(matrices), values)
    watched = Watched(str(path))
    given = run(watched, x[0], read_graph(path).nodes[-1].results[0])
    inputs = kernel.inputs(watched.stored(kernel.taken))
    assert inputs.shape[::2] == (kernel.groups, kernel.columns)
    results = np.einsum("gpc,grc->pgr", inputs, matrices).reshape(inputs.shape[1], -1)
    results += 0 if kernel.bias is None else held(kernel.bias)
    assert np.allclose(results.ravel(), given, atol=1e-5)


def test_what_is_dilated_is_left_as_it_is():
    content = file(network(layers.Conv2D(6, 3, dilation_rate=2, padding="same")))
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    assert list(kernels(model, model.subgraphs[0])) == []


DEEP = [LAYERS[name] for name in ("same", "groups", "depthwise", "strided", "dense")]


@pytest.fixture(scope="module")
def deep():
    model = network(*DEEP)
    return file(model), file(model, samples())


@pytest.fixture
def exact(deep, tmp_path):
    path = tmp_path / "exact.tflite"
    path.write_bytes(deep[0])
    return path


def test_a_file_of_the_same_size_loses_less(deep, exact, tmp_path):
    path, x = tmp_path / "file.tflite", samples()
    made = Rounding(deep[1], exact, {"image": x}).applied(deep[1])
    before, after = (decibels(content, deep[0], path, x) for content in (deep[1], made))
    assert after > before + 2
    assert len(made) <= len(deep[1])
    assert scales(made) == scales(deep[1])
    again = Rounding(deep[1], exact, {"image": x}).applied(deep[1])
    assert again == made


def scales(content):
    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    return [
        (list(tensor.quantization.scale), list(tensor.quantization.zeroPoint))
        for tensor in graph.tensors
        if tensor.quantization is not None and tensor.quantization.scale is not None
    ]


def test_portions_change_the_memory_alone(deep, exact, monkeypatch):
    whole = Rounding(deep[1], exact, {"image": samples()}).applied(deep[1])
    monkeypatch.setattr(rounding, "_MOST", 4 * 54**2)  # The dense layer has more.
    parts = Rounding(deep[1], exact, {"image": samples()})
    assert 0 < len(parts._solutions) < 5
    monkeypatch.setattr(rounding, "_MOST", 4 * 300**2)
    assert Rounding(deep[1], exact, {"image": samples()}).applied(deep[1]) == whole


def other_weights():
    model = network(*DEEP)
    for layer in model.layers:
        layer.set_weights([2 * weight for weight in layer.get_weights()])
    return file(model, samples())


@pytest.mark.parametrize("name", ["other weights", "floats", "no such layers"])
def test_kernels_that_are_others_are_left_as_they_are(deep, exact, name):
    others = {
        "other weights": other_weights,
        "floats": lambda: deep[0],
        "no such layers": lambda: file(network(layers.Conv2D(3, 5)), samples()),
    }
    content = others[name]()
    made = Rounding(deep[1], exact, {"image": samples()}).applied(content)
    first, second = (schema.ModelT.InitFromPackedBuf(item, 0) for item in (content, made))
    for before, after in zip(first.buffers, second.buffers, strict=True):
        assert np.array_equal(before.data, after.data)


def test_the_mean_that_is_lost_goes_into_the_bias(tmp_path):
    model, x = network(LAYERS["same"]), samples()
    files = [file(model), file(model, x)]
    path = tmp_path / "exact.tflite"
    path.write_bytes(files[0])
    made = Rounding(files[1], path, {"image": x}).applied(files[1])
    wanted, *others = (answers(item, tmp_path / "one.tflite", x) for item in (*files, made))
    before, after = (np.abs((other - wanted).reshape(-1, 6).mean(axis=0)).max() for other in others)
    assert after < 0.5 * before


def test_biases_that_share_a_buffer_are_corrected_apart(tmp_path):
    # All biases are zero, and the file holds them once.
    keras.utils.set_random_seed(0)
    x, path = samples(), tmp_path / "exact.tflite"
    same = [layers.Conv2D(4, 3, padding="same", activation="relu") for _ in range(3)]
    model = keras.Sequential([keras.Input(SIZE, batch_size=1, name="image"), *same])
    exact, content = file(model), file(model, x)
    path.write_bytes(exact)
    biases = biases_of(content)
    assert len({buffer for buffer, _ in biases}) == 1
    made = Rounding(content, path, {"image": x}).applied(content)
    assert len({tuple(values) for _, values in biases_of(made)}) == 3


def biases_of(content):
    """Returns the buffer and the numbers of each bias."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    tensors = [
        model.subgraphs[0].tensors[kernel.bias] for kernel in kernels(model, model.subgraphs[0])
    ]
    return [(item.buffer, model.buffers[item.buffer].data.view(np.int32)) for item in tensors]


def test_every_use_of_a_kernel_has_its_bias_corrected(tmp_path):
    keras.utils.set_random_seed(0)
    x, path = samples(), tmp_path / "exact.tflite"
    image = keras.Input(SIZE, batch_size=1, name="image")
    layer = layers.Conv2D(4, 3, padding="same", activation="relu", bias_initializer="normal")
    model = keras.Model(image, layer(layer(layer(image))))
    exact, content = file(model), file(model, x)
    path.write_bytes(exact)
    made = Rounding(content, path, {"image": x}).applied(content)
    pairs = zip(biases_of(content), biases_of(made), strict=True)
    assert all((before != after).any() for (_, before), (_, after) in pairs)


@pytest.mark.parametrize("name", ["one", "constant"])
def test_inputs_that_never_change_leave_the_nearest_steps(tmp_path, name):
    x, path = samples(), tmp_path / "exact.tflite"
    model = network(LAYERS["dense"])
    files = file(model), file(model, x)
    path.write_bytes(files[0])
    given = {"one": x[:1], "constant": x[:1].repeat(5, axis=0)}[name]
    made = Rounding(files[1], path, {"image": given}).applied(files[1])
    before, after = (kernel_of(content).astype(int) for content in (files[1], made))
    assert np.abs(before - after).max() <= 1
    assert np.mean(before != after) < 0.1


def kernel_of(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (kernel,) = kernels(model, model.subgraphs[0])
    return model.buffers[model.subgraphs[0].tensors[kernel.weights].buffer].data.view(np.int8)


def test_a_child_writes_the_file_whole(deep, exact, tmp_path, in_process):
    path, calibration = tmp_path / "file.tflite", tmp_path / "calibration.npz"
    path.write_bytes(deep[1])
    np.savez(calibration, image=samples())
    assert reround(path, exact, str(calibration), tmp_path)
    assert path.read_bytes() == Rounding(deep[1], exact, {"image": samples()}).applied(deep[1])
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("broken", ["farther", "killed"])
def test_what_does_not_help_leaves_the_file_as_it_is(
    deep, exact, tmp_path, in_process, monkeypatch, broken
):
    def applied(self, content):
        if broken == "killed":
            raise MemoryError
        return other_weights()

    monkeypatch.setattr(Rounding, "applied", applied)
    path, calibration = tmp_path / "file.tflite", tmp_path / "calibration.npz"
    path.write_bytes(deep[1])
    np.savez(calibration, image=samples())
    assert not reround(path, exact, str(calibration), tmp_path)
    assert path.read_bytes() == deep[1]
    assert not list(tmp_path.glob("*.partial"))
