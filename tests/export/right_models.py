"""Models that are right and must pass: a row is a name and the layers between input and head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers as L  # noqa: N812 (a table reads better so)

from tests.export.own_layers import Block, GeM, Memory, NoConfig, Noise, Patches, Scaler

IMAGE, SEQUENCE, FEATURES = (16, 16, 3), (12, 6), (8,)
CLASSES = 3


@dataclass(frozen=True)
class Right:
    """A model that must pass.

    Attributes:
        shape: Shape of one input.
        body: From the input to features (batch, F), or to the outputs where `end` is None.
        end: Activation of the three outputs; None: the body has heads of its own, Dense layers
            whose names begin with "head".
        warns: Operators that the cpu file must name as those of TensorFlow Lite's own kernels.
        floats: The layer without a form in integers, which stays float32 in the edge file.
        refused: Where hardware cannot take it: the target, and what its refusal must say.
        deep: Whether it is so deep that, with random weights, rounding them changes its answers:
            it passes in float32 alone.
    """

    shape: tuple[int, ...]
    body: Callable[[Any], Any]
    end: str | None = "softmax"
    warns: tuple[str, ...] = ()
    floats: str = ""
    refused: tuple[tuple[str, str], ...] = ()
    deep: bool = False


def samples(shape: tuple[int, ...], count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of three classes that are easily told apart: (N, *shape) and (N,)."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % CLASSES
    if len(shape) == 3:
        x = rng.integers(0, 60, (count, *shape))
        for i in range(count):
            x[i, y[i] * 5 : y[i] * 5 + 5] += 150
            x[i, :, :, y[i]] += 40
        return x.astype(np.uint8), y
    prototypes = rng.normal(size=(CLASSES, *shape))
    return (prototypes[y] + 0.2 * rng.normal(size=(count, *shape))).astype(np.float32), y


def build(right: Right) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Makes the model, with heads that tell the classes apart, and its samples."""
    keras.utils.set_random_seed(0)
    x, y = samples(right.shape)
    inputs = keras.Input(right.shape)
    features = right.body(inputs)
    if right.end is not None:
        features = L.Activation(right.end)(L.Dense(CLASSES, name="head")(features))
    model = keras.Model(inputs, features, name="right")
    for norm in model._flatten_layers():
        if isinstance(norm, L.BatchNormalization):
            norm.momentum = 0.0
    model(x.astype(np.float32), training=True)
    for layer in model.layers:
        if layer.name.startswith("head"):
            _fit(layer, model, x, y)
    return model, x, y


def _fit(head: L.Dense, model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    """Solves for weights that give 4 for the class and -4 for the others."""
    features = keras.Model(model.inputs[0], head.input)(x.astype(np.float32), training=False)
    features = np.asarray(features, np.float64)
    mean, spread = features.mean(axis=0), features.std() + 1e-9
    centred = (features - mean) / spread
    first = int(head.name[-1]) if head.units == 1 and head.name[-1].isdigit() else 0
    wanted = 8.0 * np.eye(CLASSES)[y][:, first : first + head.units] - 4
    ridge = centred.T @ centred + len(x) * np.eye(centred.shape[1]) * centred.var()
    kernel = np.linalg.solve(ridge, centred.T @ (wanted - wanted.mean(axis=0))) / spread
    head.set_weights([kernel, wanted.mean(axis=0) - mean @ kernel])


def _conv(x: Any, width: int = 8, activation: Any = "relu", **options: Any) -> Any:
    options = {"strides": 2, "padding": "same", **options}
    return L.Conv2D(width, 3, activation=activation, **options)(x)


def _image(*stack: Any, before: Any = None) -> Callable[[Any], Any]:
    """Layers over the features of a first convolution, and a flatten."""

    def body(x: Any) -> Any:
        x = _conv((before or L.Rescaling(1 / 255))(x))
        for layer in stack:
            x = layer(x)
        return L.Flatten()(x)

    return body


def _sequence(*stack: Any) -> Callable[[Any], Any]:
    def body(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    return body


def adapted(shape: tuple[int, ...], **options: Any) -> L.Normalization:
    norm = L.Normalization(**options)
    norm.adapt(2 * samples(shape)[0].astype(np.float32) + 1)
    return norm


def scaler(shape: tuple[int, ...]) -> Scaler:
    layer = Scaler()
    layer.adapt(samples(shape)[0])
    return layer


def nested(shape: tuple[int, ...], body: Callable[[Any], Any], name: str = "inner") -> keras.Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, body(inputs), name=name)


def application(name: str, **options: Any) -> Callable[[Any], Any]:
    """A network of keras.applications with the preprocessing that its users put before it."""
    modules = {
        "MobileNetV2": "mobilenet_v2",
        "MobileNetV3Small": "mobilenet_v3",
        "EfficientNetB0": "efficientnet",
        "ResNet50": "resnet50",
        "DenseNet121": "densenet",
        "ConvNeXtTiny": "convnext",
    }

    def body(x: Any) -> Any:
        before = getattr(keras.applications, modules[name]).preprocess_input
        network = getattr(keras.applications, name)(
            weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg", **options
        )
        return network(before(x))

    return body


def six_branches(x: Any) -> Any:
    return L.Flatten()(L.Concatenate()([_conv(x, 4) for _ in range(6)]))


def merges(x: Any) -> Any:
    x = L.Rescaling(1 / 255)(x)
    a, b = _conv(x), _conv(x)
    least = L.Maximum()([a, L.Minimum()([a, b])])
    parts = [L.Add()([a, b]), L.Multiply()([a, b]), L.Average()([a, b]), L.Subtract()([a, b])]
    return L.Flatten()(L.Concatenate()([*parts, least]))


def squeeze_excite(x: Any) -> Any:
    scale = L.GlobalAveragePooling2D(keepdims=True)(x)
    scale = L.Conv2D(4, 1, activation="relu")(scale)
    return L.Multiply()([x, L.Conv2D(8, 1, activation="sigmoid")(scale)])


def shared(x: Any) -> Any:
    twice = L.Conv2D(8, 3, padding="same", activation="relu")
    x = _conv(L.Rescaling(1 / 255)(x))
    return L.Flatten()(twice(twice(x)))


def vit(x: Any) -> Any:
    x = Patches(16)(L.Rescaling(1 / 127.5, offset=-1)(x))
    x = L.LayerNormalization()(Block(16)(Block(16)(x)))
    return x[:, 0]


def ensemble(x: Any) -> Any:
    body = _image()
    features = [body(x), body(x)]
    outputs = [L.Dense(CLASSES, "softmax", name=f"head_{i}")(f) for i, f in enumerate(features)]
    return L.Average()(outputs)


def several_labels(x: Any) -> Any:
    features = _image()(x)
    return L.Concatenate()(
        [L.Dense(1, "sigmoid", name=f"head_{i}")(features) for i in range(CLASSES)]
    )


def value(x: Any) -> Any:
    return L.Dense(1, name="head")(L.Dense(16, activation="relu")(x))


ACTIVATIONS = (
    *("gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "relu6", "sigmoid", "silu"),
    *("softplus", "softsign", "tanh", "mish", "exponential"),
)

# Layers of the table draw their seeds when they are made, before `build` seeds anything.
keras.utils.set_random_seed(0)
RIGHT: dict[str, Right] = {
    # Images: convolutions and pooling.
    "batch norm and max pool": Right(
        IMAGE, _image(L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(2))
    ),
    "batch norm without scale": Right(
        IMAGE, _image(L.BatchNormalization(scale=False, center=False), L.ReLU())
    ),
    "batch norm of its own": Right(
        IMAGE, _image(L.ReLU(), L.BatchNormalization(), L.ReLU(), L.BatchNormalization(axis=1))
    ),
    "depthwise and separable": Right(
        IMAGE, _image(L.DepthwiseConv2D(3, padding="same"), L.SeparableConv2D(8, 3))
    ),
    "dilated and grouped": Right(
        IMAGE, _image(L.Conv2D(8, 3, dilation_rate=2), L.Conv2D(8, 3, groups=2, padding="same"))
    ),
    "transposed": Right(IMAGE, _image(L.Conv2DTranspose(8, 3, strides=2, padding="same"))),
    "average pools": Right(IMAGE, _image(L.AveragePooling2D(2), L.GlobalAveragePooling2D())),
    "global max pool": Right(IMAGE, _image(L.GlobalMaxPooling2D())),
    "padding and cropping": Right(
        IMAGE, _image(L.ZeroPadding2D(((1, 2), (0, 3))), L.Cropping2D(((0, 1), (2, 0))))
    ),
    "upsampling, bilinear": Right(IMAGE, _image(L.UpSampling2D(2, interpolation="bilinear"))),
    "upsampling, nearest": Right(IMAGE, _image(L.UpSampling2D((2, 3)))),
    "permute and reshape": Right(IMAGE, _image(L.Permute((3, 1, 2)), L.Reshape((16, 32)))),
    "six branches": Right(IMAGE, six_branches, warns=("CONCATENATION",)),
    "merges": Right(IMAGE, merges),
    "squeeze and excite": Right(IMAGE, _image(squeeze_excite)),
    "GeM": Right(IMAGE, _image(GeM()), warns=("POW",), floats="ge_m"),
    "shared layer": Right(IMAGE, shared),
    # Activations.
    "selu": Right(IMAGE, _image(L.Activation("selu")), warns=("SELECT",)),
    "PReLU": Right(IMAGE, _image(L.PReLU(keras.initializers.Constant(0.2), shared_axes=[1, 2]))),
    **{f"activation {name}": Right(IMAGE, _image(L.Activation(name))) for name in ACTIVATIONS},
    "activation elu": Right(  # The converter has no elu of integers.
        IMAGE, _image(L.Activation("elu")), floats="activation"
    ),
    # Normalisations, at every depth.
    "layer norm": Right(IMAGE, _image(L.LayerNormalization())),
    "layer norm over an image": Right(IMAGE, _image(L.LayerNormalization(axis=[1, 2, 3]))),
    "group norm": Right(IMAGE, _image(L.GroupNormalization(4))),
    "instance norm": Right(IMAGE, _image(L.GroupNormalization(-1))),
    "layer norm, nested twice": Right(
        IMAGE,
        _image(
            nested((8, 8, 8), lambda x: nested((8, 8, 8), L.LayerNormalization(), "core")(x) * 2.0)
        ),
    ),
    "layer norm in a sequential": Right(
        IMAGE, _image(keras.Sequential([L.Dense(8), L.LayerNormalization()]))
    ),
    "layer norm beside a Lambda": Right(
        IMAGE, _image(L.LayerNormalization(), L.Lambda(lambda x: x / 2.0))
    ),
    "layer norm beside an own layer": Right(IMAGE, _image(NoConfig(2.0), L.LayerNormalization())),
    # What comes before a network.
    "adapted": Right(IMAGE, _image(L.LayerNormalization(), before=adapted(IMAGE))),
    "adapted, nested": Right(
        IMAGE, _image(L.LayerNormalization(), before=nested(IMAGE, adapted(IMAGE)))
    ),
    "an own adapted layer": Right(IMAGE, _image(L.LayerNormalization(), before=scaler(IMAGE))),
    "caffe preprocessing": Right(
        IMAGE, _image(before=keras.applications.resnet50.preprocess_input)
    ),
    "torch preprocessing": Right(
        IMAGE, _image(before=keras.applications.densenet.preprocess_input)
    ),
    "caffe preprocessing in a Lambda": Right(
        IMAGE, _image(before=L.Lambda(keras.applications.vgg16.preprocess_input))
    ),
    "flipped channels": Right(IMAGE, _image(before=lambda x: x[..., ::-1] / 255.0)),
    "one channel": Right(IMAGE, _image(before=lambda x: x[..., 1:2] / 255.0)),
    "crop": Right(IMAGE, _image(before=L.CenterCrop(12, 12))),
    "resize": Right(IMAGE, _image(before=L.Resizing(24, 24))),
    "augmentation": Right(
        IMAGE,
        _image(
            L.SpatialDropout2D(0.2),
            L.GaussianNoise(0.1),
            before=keras.Sequential(
                [L.RandomFlip(), L.RandomRotation(0.1), L.RandomContrast(0.1), L.Rescaling(1 / 255)]
            ),
        ),
    ),
    "noise in training": Right(IMAGE, _image(Noise("in training"))),
    "noise drawn and thrown away": Right(FEATURES, _sequence(L.Dense(8), Noise("always"))),
    "noise times nothing": Right(
        FEATURES,
        _sequence(L.Dense(8), Noise("for nothing")),
        refused=tuple((target, "in layer 'noise") for target in ("cpu", "gpu", "edge")),
    ),
    # Sequences.
    "Conv1D": Right(
        SEQUENCE,
        _sequence(L.Conv1D(8, 3, activation="relu"), L.MaxPooling1D(2), L.GlobalAveragePooling1D()),
    ),
    "separable and causal 1D": Right(
        SEQUENCE,
        _sequence(
            L.SeparableConv1D(8, 3), L.Conv1D(8, 3, padding="causal"), L.GlobalMaxPooling1D()
        ),
    ),
    "LSTM": Right(SEQUENCE, _sequence(L.LSTM(8))),
    "adapted before LSTM": Right(SEQUENCE, _sequence(adapted(SEQUENCE), L.LSTM(8))),
    "stacked GRU": Right(SEQUENCE, _sequence(L.GRU(8, return_sequences=True), L.GRU(8))),
    "bidirectional": Right(SEQUENCE, _sequence(L.Bidirectional(L.LSTM(6)))),
    "masked": Right(SEQUENCE, _sequence(L.Masking(), L.GRU(8))),
    "LSTM in an own layer": Right(SEQUENCE, _sequence(Memory())),
    "LSTM in a nested model": Right(
        SEQUENCE, _sequence(nested(SEQUENCE, L.LSTM(8, return_sequences=True)), L.Flatten())
    ),
    "stacked cells": Right(SEQUENCE, _sequence(L.RNN([L.LSTMCell(8), L.GRUCell(6)]))),
    "time distributed": Right(
        SEQUENCE, _sequence(L.TimeDistributed(L.Dense(8)), L.Flatten()), warns=("PACK",)
    ),
    "last step": Right(SEQUENCE, _sequence(L.Conv1D(8, 3), lambda x: x[:, -1])),
    "attention": Right(
        SEQUENCE, _sequence(L.Dense(8), Block(8), Block(8), L.GlobalAveragePooling1D())
    ),
    "ViT": Right(IMAGE, vit),
    # Features.
    "MLP": Right(
        FEATURES,
        _sequence(adapted(FEATURES), L.Dense(16), L.BatchNormalization(), L.ReLU(), L.Dropout(0.2)),
    ),
    "unit norm": Right(FEATURES, _sequence(L.Dense(16, "relu"), L.UnitNormalization())),
    "RMS norm": Right(FEATURES, _sequence(L.Dense(16, "relu"), L.RMSNormalization())),
    # Outputs.
    "ensemble": Right(IMAGE, ensemble, end=None),
    "several labels": Right(IMAGE, several_labels, end=None),
    "sigmoid": Right(FEATURES, _sequence(L.Dense(16, "relu")), end="sigmoid"),
    "a value": Right(FEATURES, value, end=None),
    # keras.applications, with random weights.
    "MobileNetV2": Right((32, 32, 3), application("MobileNetV2", alpha=0.35), deep=True),
    "MobileNetV3": Right((32, 32, 3), application("MobileNetV3Small"), deep=True),
    "EfficientNet": Right((32, 32, 3), application("EfficientNetB0"), deep=True),
    "ResNet50": Right((32, 32, 3), application("ResNet50"), deep=True),
    "DenseNet": Right((32, 32, 3), application("DenseNet121"), deep=True),
    "ConvNeXt": Right((32, 32, 3), application("ConvNeXtTiny"), deep=True),
}
