"""The first dense layer of an ensemble: one kernel, which each member reads in its own way."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.residual import Tensor


@keras.saving.register_keras_serializable("zoo")
class MembersDense(keras.layers.Layer):
    """A dense layer of several members, which share its kernel.

    Member m has the kernel diag(r_m) W diag(s_m) and the bias b_m (Wen et al. 2020,
    "BatchEnsemble"; Gorishniy et al. 2024, "TabM"). r begins as signs drawn by chance, so that
    members differ from the start. In exported files it is one dense layer.
    """

    def __init__(self, members: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.members = members
        self.width = width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights."""
        features = input_shape[-1] or 1
        limit = features**-0.5
        self.shared = self.add_weight(
            name="kernel", shape=(features, self.width), initializer="he_normal"
        )
        self.reading = self.add_weight(
            name="reading", shape=(self.members, features), initializer=_Signs()
        )
        self.scale = self.add_weight(
            name="scale", shape=(self.members, self.width), initializer="ones"
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.members * self.width,),
            initializer=keras.initializers.RandomUniform(-limit, limit),
        )

    @property
    def kernel(self) -> Tensor:
        """The kernels of all members side by side, (features, members · width)."""
        reading = ops.expand_dims(ops.transpose(self.reading), 2)
        own = ops.expand_dims(self.shared, 1) * reading * self.scale
        return ops.reshape(own, (-1, self.members * self.width))

    def call(self, x: Tensor) -> Tensor:
        """Returns (batch, members, width) for (batch, features)."""
        sums = ops.matmul(x, ops.cast(self.kernel, x.dtype)) + self.bias
        return ops.reshape(sums, (-1, self.members, self.width))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns (batch, members, width)."""
        return input_shape[0], self.members, self.width

    def get_config(self) -> dict[str, Any]:
        """Returns all that makes an equal layer, but for its weights."""
        return {**super().get_config(), "members": self.members, "width": self.width}


class _Signs(keras.initializers.RandomUniform):
    """Draws -1 or 1."""

    def __init__(self) -> None:
        super().__init__(-1.0, 1.0)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return ops.where(super().__call__(shape, dtype) < 0, -1.0, 1.0)
