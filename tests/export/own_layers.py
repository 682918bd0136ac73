"""Layers of others, as users write them and as KerasHub has them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers as L  # noqa: N812 (as in right_models.py)
from keras import ops


class NoConfig(L.Layer):
    """An own layer that Keras cannot rebuild."""

    def __init__(self, divisor: float) -> None:
        super().__init__()
        self.divisor = divisor

    def call(self, inputs: Any) -> Any:
        return inputs / self.divisor


class Noise(L.Layer):
    """Holds a seed generator, and draws where `draws` says."""

    def __init__(self, draws: str) -> None:
        super().__init__()
        self.draws, self.seeds = draws, keras.random.SeedGenerator(3)

    def call(self, x: Any, training: bool = False) -> Any:
        if self.draws == "in training" and not training:
            return x
        drawn = keras.random.normal(ops.shape(x), seed=self.seeds)
        if self.draws == "for nothing":
            return x + (1.0 if training else 0.0) * drawn
        return ops.where(training, x + drawn, x)


class GeM(L.Layer):
    """Generalised-mean pooling, with a power that is learnt."""

    def build(self, shape: Any) -> None:
        self.p = self.add_weight(shape=(), initializer=keras.initializers.Constant(3.0), name="p")

    def call(self, inputs: Any) -> Any:
        powers = ops.power(ops.maximum(inputs, 1e-6), self.p)
        return ops.power(ops.mean(powers, axis=(1, 2)), 1.0 / self.p)


class Scaler(L.Layer):
    """Keeps what it adapted to outside its weights, as Normalization does."""

    def adapt(self, x: np.ndarray) -> None:
        self.mean, self.spread = float(x.mean()), float(x.std())

    def call(self, inputs: Any) -> Any:
        return (inputs - self.mean) / self.spread


class Memory(L.Layer):
    """Hides a recurrent layer and a normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.lstm = L.LayerNormalization(), L.LSTM(8)

    def build(self, shape: Any) -> None:
        self.norm.build(shape)
        self.lstm.build(shape)

    def call(self, inputs: Any) -> Any:
        return self.lstm(self.norm(inputs))


class Block(L.Layer):
    """An encoder layer as KerasHub has it: a layer of layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = L.LayerNormalization(), L.LayerNormalization()
        self.attention = L.MultiHeadAttention(2, width // 2)
        self.mlp = keras.Sequential([L.Dense(2 * width, activation="gelu"), L.Dense(width)])

    def build(self, shape: Any) -> None:
        self.norm_1.build(shape)
        self.norm_2.build(shape)
        self.attention.build(shape, shape)
        self.mlp.build(shape)

    def call(self, x: Any) -> Any:
        y = self.norm_1(x)
        x = x + self.attention(y, y)
        return x + self.mlp(self.norm_2(x))


class Patches(L.Layer):
    """Patches, a class token and positions, as KerasHub's ViT has them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.patch = L.Conv2D(width, 4, 4)
        self.positions = L.Embedding(17, width)

    def build(self, shape: Any) -> None:
        self.patch.build(shape)
        self.positions.build(None)
        self.token = self.add_weight(shape=(1, 1, self.patch.filters), name="token")

    def call(self, x: Any) -> Any:
        patches = self.patch(x)
        patches = ops.reshape(patches, (ops.shape(x)[0], 16, self.patch.filters))
        token = ops.tile(self.token, (ops.shape(x)[0], 1, 1))
        joined = ops.concatenate([token, patches], axis=1)
        return joined + self.positions(ops.expand_dims(ops.arange(17), 0))
