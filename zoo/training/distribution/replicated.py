"""A model that `fit` trains on all replicas of a `tf.distribute` strategy.

Keras 3.15's own `fit` fails on `MultiWorkerMirroredStrategy` (keras-team/keras#20585): it averages
batches and scalars over an axis that they do not have. It also averages the means of the replicas,
which is wrong if their parts of the batch are uneven. Here `fit` sees an ordinary model, whose
documented hooks `train_step` and `test_step` run on the replicas.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.errors import RequestError


class ReplicatedModel(keras.Model):
    """The layers of a model built in a strategy's scope, trained on all replicas.

    A step equals that of one process on the whole batch: the loss is the mean over all examples,
    metrics count all of them, and batch normalisation takes its statistics over all. Only dropout
    differs between replicas.

    Construct it with `replicated` outside of the strategy's scope, and compile it inside.

    Attributes:
        asked: Whether this worker wants to stop, 0 or 1.
        agreed: How many workers wanted to stop at the last step; the same on all workers.
    """

    _strategy: tf.distribute.Strategy
    _worker: int
    _workers: int

    def train_step(self, data: Any) -> dict[str, Any]:
        """Learns from this worker's part of a batch."""
        wish = self._votes.asked.read_value()
        votes = self._strategy.run(self._learn, args=(self._parts(data), wish))
        self._votes.agreed.assign(self._strategy.experimental_local_results(votes)[0])
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """Measures this worker's part of a batch."""
        self._strategy.run(self._measure, args=(self._parts(data),))
        return self.get_metrics_result()

    def ask_to_stop(self) -> None:
        """Asks all workers to stop."""
        self._votes.asked.assign(1.0)

    @property
    def stop_agreed(self) -> bool:
        """Whether a worker wanted to stop at the last step; the same on all workers."""
        return bool(self._votes.agreed.numpy() > 0)

    def _parts(self, data: Any) -> Any:
        """Divides this worker's part among its replicas."""
        data = keras.utils.unpack_x_y_sample_weight(data)
        local = self._strategy.num_replicas_in_sync // self._workers
        if local == 1:
            return data
        count = tf.shape(data[0])[0]

        def part(context: tf.distribute.experimental.ValueContext) -> Any:
            place = context.replica_id_in_sync_group - self._worker * local
            start, end = count * place // local, count * (place + 1) // local
            return tuple(None if item is None else item[start:end] for item in data)

        return self._strategy.experimental_distribute_values_from_function(part)

    def _learn(self, part: Any, wish: tf.Tensor) -> tf.Tensor:
        """Learns on one replica; returns how many workers wish to stop."""
        x, y, weight = part
        context = tf.distribute.get_replica_context()
        count = tf.cast(tf.shape(x)[0], tf.float32)
        total, votes = tf.unstack(context.all_reduce("SUM", tf.stack([count, wish])))
        with tf.GradientTape() as tape:
            outputs = self(x, training=True)
            mean = self._mean_loss(x, y, outputs, weight, training=True)
            loss = self.optimizer.scale_loss(mean * tf.cast(count / total, mean.dtype))
        weights = self.trainable_variables
        # The optimizer sums the gradients of all replicas.
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self._count(x, y, outputs, weight, mean, count)
        return votes

    def _measure(self, part: Any) -> None:
        x, y, weight = part
        outputs = self(x, training=False)
        mean = self._mean_loss(x, y, outputs, weight, training=False)
        self._count(x, y, outputs, weight, mean, tf.cast(tf.shape(x)[0], tf.float32))

    def _mean_loss(self, x: Any, y: Any, outputs: Any, weight: Any, *, training: bool) -> tf.Tensor:
        loss = self.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weight, training=training)
        # Keras divides by the number of replicas.
        return loss * tf.cast(self._strategy.num_replicas_in_sync, loss.dtype)

    def _count(
        self, x: Any, y: Any, outputs: Any, weight: Any, mean: tf.Tensor, count: tf.Tensor
    ) -> None:
        (tracker,) = (metric for metric in self.metrics if metric.name == "loss")
        tracker.update_state(mean, sample_weight=count)
        self.compute_metrics(x, y, outputs, sample_weight=weight)


class _Votes:
    """Two numbers of this worker, which its steps read and write."""

    def __init__(self) -> None:
        self.asked = tf.Variable(0.0, trainable=False)
        self.agreed = tf.Variable(0.0, trainable=False)


def replicated(
    model: keras.Model, strategy: tf.distribute.Strategy, worker: int, workers: int
) -> ReplicatedModel:
    """Returns a model over the same layers and weights that trains on all replicas.

    Args:
        model: A functional one, built in the scope of the strategy.
        strategy: The strategy.
        worker: Number of this process, from 0.
        workers: How many there are.

    Raises:
        RequestError: A layer normalises over the batch in a way that cannot be synchronised.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            if len(model.input_shape) == 3 and model.input_shape[1] is None:
                # Keras ignores `synchronized` for masked steps.
                raise RequestError(
                    "batch normalisation over sequences of varied length cannot be distributed; "
                    "say --config=norm=layer"
                )
            layer.synchronized = True
    for layer in model._flatten_layers(include_self=False):  # Includes the cells of an LSTM.
        generator = getattr(layer, "seed_generator", None)
        if isinstance(generator, keras.random.SeedGenerator):
            _differ_by_replica(generator)
    trained = ReplicatedModel(model.inputs, model.outputs, name=model.name)
    trained._strategy, trained._worker, trained._workers = strategy, worker, workers
    trained._votes = _Votes()
    return trained


def _differ_by_replica(generator: keras.random.SeedGenerator) -> None:
    """Makes the replicas draw different seeds, although their states are equal."""
    draw = generator.next

    def draw_of_replica(ordered: bool = True) -> tf.Tensor:
        seed = draw(ordered)
        context = tf.distribute.get_replica_context()
        if context is None:
            return seed
        replica = tf.cast(context.replica_id_in_sync_group, seed.dtype)
        return seed + tf.stack([replica, tf.zeros_like(replica)])

    generator.next = draw_of_replica
