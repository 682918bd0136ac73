"""Training on several devices and machines: the workers, the chief, and what they exchange."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from zoo.checkpoints.card import Card, parse_card
from zoo.data.batches import Share
from zoo.errors import RequestError, StoppedError

if TYPE_CHECKING:
    import tensorflow as tf

    from zoo.training.distribution.sharded import WholeBatches

_AGREE_EVERY = 8  # After so many steps, the workers ask each other whether to stop.


@dataclass(frozen=True)
class Distribution:
    """The part of this process in a training.

    Attributes:
        strategy: Runs the steps under TensorFlow; None: this process trains alone.
        devices: Under JAX, the devices that share the steps of this process; None: one device.
        worker: Number of this process, from 0. Worker 0 is the chief, which alone writes.
        workers: How many processes there are.
    """

    strategy: tf.distribute.Strategy | None = None
    devices: WholeBatches | None = None
    worker: int = 0
    workers: int = 1

    @property
    def chief(self) -> bool:
        """Whether this process writes."""
        return self.worker == 0

    @property
    def share(self) -> Share:
        """This process's share of each batch."""
        return Share(self.worker, self.workers)

    @property
    def text(self) -> str:
        """For a person: "worker 0 of 2, 1 device each"."""
        if self.devices is not None:
            devices = self.devices.num_model_replicas
        elif self.strategy is not None:
            devices = self.strategy.num_replicas_in_sync // self.workers
        else:
            return "one device"
        here = f"{devices} device{'' if devices == 1 else 's'}"
        return here if self.workers == 1 else f"worker {self.worker} of {self.workers}, {here} each"

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """The context in which the variables of a training are made.

        Raises:
            StoppedError: Another worker is lost, so the chief cannot send it the first values.
        """
        if self.strategy is None:
            yield
            return
        with self.lost_workers_named(), self.strategy.scope():
            yield

    def check_precision(self, precision: str) -> None:
        """Refuses a `Recipe.precision` that these devices cannot train in.

        Raises:
            RequestError: It is float16 under a strategy, for which Keras does not scale the loss.
        """
        if self.strategy is not None and precision == "float16":
            raise RequestError(
                "--precision=float16 is of one device: its loss cannot be scaled on several; "
                "use bfloat16 or float32"
            )

    def check_alone(self, options: Mapping[str, Any]) -> None:
        """Refuses options of one device under a strategy.

        Raises:
            RequestError: One is not None.
        """
        asked = [f"--{name}" for name, value in options.items() if value is not None]
        if self.strategy is not None and asked:
            raise RequestError(f"{' and '.join(asked)}: of one device; leave out --distribution")

    def check_last_batch(self, examples: int, batch_size: int) -> None:
        """Refuses a last batch of an epoch that leaves a processor without an example.

        TensorFlow's oneDNN convolutions fail on an empty batch; those of GPUs accept it.

        Args:
            examples: Number of examples of a split.
            batch_size: Batch size of all workers together.

        Raises:
            RequestError: There is such a batch.
        """
        if self.strategy is None:
            return
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return
        devices, last = self.strategy.num_replicas_in_sync, examples % batch_size
        if 0 < last < devices:
            raise RequestError(
                f"--batch_size={batch_size} leaves {last} of {examples:,} examples for the last "
                f"batch, too few for {devices} devices; choose another"
            )

    def trained(self, model: keras.Model) -> keras.Model:
        """Returns the model to call `fit` on: `model`, or one of its layers for all replicas.

        Raises:
            RequestError: See `check_precision` and `replicated`.
        """
        self.check_precision(model.compute_dtype)
        if self.devices is not None:
            from zoo.training.distribution.sharded import sharded

            return sharded(model, self.devices)
        if self.strategy is None:
            return model
        from zoo.training.distribution.replicated import replicated

        return replicated(model, self.strategy, self.worker, self.workers)

    def build_metrics(self, model: keras.Model, outputs: int) -> None:
        """Makes the variables of a compiled model's metrics, as Keras does at the first step.

        Args:
            model: Result of `trained`, compiled.
            outputs: Width of its output.
        """
        nothing = np.zeros((1, outputs), np.float32)
        if self.strategy is None:
            model.compute_metrics(None, nothing, nothing)
        else:
            import tensorflow as tf

            run = tf.function(self.strategy.run, autograph=False)  # TPUs only run graphs.
            with self.lost_workers_named():
                run(model.compute_metrics, (None, nothing, nothing))
            model.jit_compile = False  # XLA's programs cannot contain collectives.
        model.reset_metrics()

    def stop_agreed(self, model: keras.Model, asked: Callable[[], bool], step: int) -> bool:
        """Returns whether to stop after a step; every worker gets the same answer.

        Args:
            model: Result of `trained`.
            asked: Returns whether this process was asked to stop.
            step: Number of the step.
        """
        if self.workers == 1:
            return asked()
        if asked():
            model.ask_to_stop()
        # Reading waits for the step. All workers do it at the same steps.
        return step % _AGREE_EVERY == 0 and model.stop_agreed

    @contextlib.contextmanager
    def lost_workers_named(self) -> Iterator[None]:
        """Turns TensorFlow's error for a lost worker into one line.

        Raises:
            StoppedError: Another worker is lost.
        """
        if self.workers == 1:
            yield
            return
        import tensorflow as tf

        lost = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError
        try:
            yield
        except lost as error:
            raise StoppedError(
                f"worker {self.worker} lost another; start all again, and they go on "
                "from the last saved state"
            ) from error

    def from_chief(self, content: bytes) -> bytes:
        """Returns the chief's bytes on every worker. All workers have to call it."""
        if self.workers == 1:
            return content
        content = content if self.chief else b""
        size = int(self._sum(np.array([len(content)], np.float64))[0])
        values = np.zeros(-(-size // 2), np.uint16)
        if self.chief:
            values[:] = np.frombuffer(content + b"\0" * (size % 2), np.uint16)
        # float32 holds integers up to 65535 exactly, and every kind of collective can add it.
        return self._sum(values.astype(np.float32)).astype(np.uint16).tobytes()[:size]

    def on_chief(self, work: Callable[[], str]) -> str:
        """Runs `work` on the chief, and returns its result on every worker.

        The others wait meanwhile. All workers have to call it.

        Raises:
            RequestError: `work` raised one, or an OSError. Then every worker raises.
        """
        if self.workers == 1:
            return work()
        message, problem = "", None
        if self.chief:
            try:
                message = "=" + work()
            except (RequestError, OSError) as error:
                message, problem = f"!{error}", error
        message = self.from_chief(message.encode()).decode()
        if problem is not None:
            raise problem
        if message.startswith("!"):
            raise RequestError(f"worker 0: {message[1:]}")
        return message[1:]

    def check_same(self, settings: Mapping[str, Any]) -> None:
        """Refuses a worker whose settings differ from the chief's.

        Raises:
            RequestError: The message names the setting.
        """
        own = json.dumps(settings)
        of_chief = json.loads(self.from_chief(own.encode()))
        for key, value in json.loads(own).items():
            if of_chief.get(key) != value:
                raise RequestError(
                    f"worker {self.worker} is asked for {key} {value!r}, worker 0 for "
                    f"{of_chief.get(key)!r}; give all the same command and data"
                )

    def card_of_chief(self, work: Callable[[], Card | None]) -> Card | None:
        """Like `on_chief`, for work that returns a card."""

        def text() -> str:
            card = work()
            return "" if card is None else card.to_json()

        answer = self.on_chief(text)
        return parse_card(answer) if answer else None

    def take_weights(self, layer: keras.layers.Layer) -> None:
        """Gives a layer the chief's weights on every worker."""
        if self.workers == 1:
            return
        flat = np.concatenate([np.ravel(value) for value in layer.get_weights()], dtype=np.float32)
        received = np.frombuffer(self.from_chief(flat.tobytes()), np.float32)
        sizes = [math.prod(variable.shape) for variable in layer.weights]
        parts = np.split(received, np.cumsum(sizes)[:-1])
        for variable, part in zip(layer.weights, parts, strict=True):
            variable.assign(part.reshape(variable.shape))

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Returns the sum of an array over the workers."""
        import tensorflow as tf

        if self.strategy is None:
            return values
        local = self.strategy.num_replicas_in_sync // self.workers

        def add() -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            first = tf.equal(context.replica_id_in_sync_group % local, 0)
            return context.all_reduce("SUM", tf.where(first, values, tf.zeros_like(values)))

        with self.lost_workers_named():
            # Not in a graph: there TensorFlow 2.21 crashes on an empty array.
            result = self.strategy.run(add)
            return self.strategy.experimental_local_results(result)[0].numpy()


ALONE = Distribution()
