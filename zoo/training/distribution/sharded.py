"""A model that `fit` trains on all devices of this machine by `keras.distribution`, under JAX.

Keras divides all batches of an epoch like the first one, and fails if the devices cannot share the
last one evenly. Here every device gets whole batches, and the step divides those that can be
divided. In both cases XLA computes what one device would.
"""

from __future__ import annotations

from typing import Any

import keras


class WholeBatches(keras.distribution.DataParallel):
    """All devices of this machine; each holds all weights, and whole batches."""

    def get_data_layout(self, data_shape: tuple[int, ...]) -> keras.distribution.TensorLayout:
        """Returns the layout of a batch as it comes."""
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    def divide(self, batch: Any) -> Any:
        """Gives each device its rows of the arrays of a batch, where the devices divide them."""

        def part(array: Any) -> Any:
            if array is None or array.shape[0] % self.num_model_replicas:
                return array
            axes = [self.batch_dim_name] + [None] * (array.ndim - 1)
            layout = keras.distribution.TensorLayout(axes, self.device_mesh)
            return keras.distribution.distribute_tensor(array, layout)

        return keras.tree.map_structure(part, batch, none_is_leaf=True)


class ShardedModel(keras.Model):
    """The layers of a model, whose steps the devices share. Construct with `sharded`."""

    _devices: WholeBatches

    def train_step(self, state: Any, data: Any) -> Any:
        """Learns from a batch."""
        return super().train_step(state, self._devices.divide(data))

    def test_step(self, state: Any, data: Any) -> Any:
        """Measures a batch."""
        return super().test_step(state, self._devices.divide(data))


def sharded(model: keras.Model, devices: WholeBatches) -> ShardedModel:
    """Returns a model over the same layers and weights that trains on all devices.

    Args:
        model: A functional one, built after `keras.distribution.set_distribution(devices)`.
        devices: The devices.
    """
    trained = ShardedModel(model.inputs, model.outputs, name=model.name)
    trained._devices = devices
    trained.dtype_policy = model.dtype_policy  # It tells Keras to scale the loss in float16.
    return trained
