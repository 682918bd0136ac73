"""A front end stands between the input of every family and its network."""

import keras
import numpy as np
import pytest

from zoo.errors import RequestError
from zoo.frontends.frontend import Frontend
from zoo.models import build
from zoo.models.names import FRONTEND, NORMALIZATION


class Framed(Frontend):
    """(samples,) to (samples / width, width)."""

    reads = "waveform"

    def __init__(self, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[1] // self.width, self.width

    def call(self, x):
        return keras.ops.reshape(x, (-1, *self.compute_output_shape(x.shape)[1:]))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@pytest.mark.parametrize(
    ("name", "shape", "width", "config"),
    [
        ("residual_lstm", (16,), 4, {"depth": 1, "width": 8}),
        ("residual_encoder", (16,), 4, {"depth": 1, "width": 8, "heads": 2, "patch": 2}),
        ("resnet8", (32 * 32,), 32, {"widths": (4, 4, 4)}),
    ],
)
def test_a_front_end_changes_only_what_goes_in(name, shape, width, config):
    mean, std = list(np.linspace(-1, 1, width)), list(np.linspace(1, 2, width))
    frontend = Framed(width)
    model = build(name, input_shape=shape, frontend=frontend, mean=mean, std=std, **config)
    assert model.input_shape == (None, *shape)
    assert model.inputs[0].name == "waveform"
    assert [layer.name for layer in model.layers][1:3] == [FRONTEND, NORMALIZATION]
    assert model.get_layer(FRONTEND).compute_dtype == "float32"

    framed = (shape[0] // width, width)
    if name == "resnet8":
        framed, mean, std = (*framed, 1), [0.0], [1.0]
    twin = build(name, input_shape=framed, mean=mean, std=std, **config)
    twin.set_weights(model.get_weights())
    raw = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    read = raw.reshape(2, *framed)
    if name == "resnet8":
        read = (read - np.linspace(-1, 1, width)[:, None]) / np.linspace(1, 2, width)[:, None]
    np.testing.assert_allclose(
        model(raw, training=False), twin(read, training=False), rtol=1e-4, atol=1e-5
    )
    copy = keras.models.clone_model(model)
    assert copy.get_layer(FRONTEND).width == width


def test_what_a_front_end_gives_must_fit():
    with pytest.raises(RequestError, match=r"residual_mlp takes features .*, not \(4, 4\)"):
        build("residual_mlp", input_shape=(16,), frontend=Framed())
    with pytest.raises(RequestError, match="image size 4×4 is under"):
        build("resnet8", input_shape=(16,), frontend=Framed())
