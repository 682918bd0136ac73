"""Distillation: a network learns what a teacher says of each example too (Hinton et al. 2015)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from zoo.checkpoints.card import WEIGHTS, Card, task_of
from zoo.checkpoints.catalogue import checkpoint_card, find_checkpoint
from zoo.checkpoints.load import load
from zoo.data.dataset import Dataset
from zoo.data.examples import Examples
from zoo.errors import RequestError
from zoo.forms import PLAIN, Form, Picture, Recording, Sound, Table
from zoo.residual import Tensor
from zoo.tasks import Task
from zoo.training.cpu.fused import jit_compile
from zoo.training.features import compute_features
from zoo.training.recipes.augment import Augment
from zoo.training.sealed import kept

if TYPE_CHECKING:
    import tensorflow as tf


_LEAST = 1e-30  # The least probability of which a logarithm is taken.


class Distilled(keras.losses.Loss):
    """A loss of the truth, and of the distance to the teacher's probabilities.

    It is (1 − weight) · loss(truth) + weight · T² · KL(teacher ‖ student), where both are softened
    by the temperature T. The factor T² keeps the gradient's size whatever T is (Hinton et al. 2015,
    section 2). Where nothing is known of the teacher, as in validation, the truth alone counts.

    Args:
        loss: Of the truth, (batch, classes), and logits.
        temperature: What the logits of both are divided by.
        weight: The teacher's share, from 0 to 1.
    """

    def __init__(self, loss: keras.losses.Loss, temperature: float, weight: float) -> None:
        super().__init__(name=loss.name, reduction=loss.reduction)
        self.loss, self.temperature, self.weight = loss, temperature, weight

    def call(self, truth: Tensor, logits: Tensor) -> Tensor:
        """Returns (batch, …) losses.

        Args:
            truth: (batch, …, classes); or (batch, …, 2 · classes), then the second half is what a
                `Teacher` says.
            logits: (batch, …, classes) of the student.
        """
        classes = logits.shape[-1]
        own = self.loss.call(truth[..., :classes], logits)
        if truth.shape[-1] == classes:
            return own
        teacher = ops.log_softmax(truth[..., classes:] / self.temperature)
        student = ops.log_softmax(logits / self.temperature)
        distance = ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)
        return (1 - self.weight) * own + self.weight * self.temperature**2 * distance


@dataclass(frozen=True)
class Teacher:
    """A trained network, and the examples of which it tells what it sees.

    What it says are logarithms of probabilities: they are logits too, and never above 0. So the
    greatest number in a row of the truth and of them is still the class, and Keras's accuracy reads
    such rows as ever.

    Attributes:
        network: Gives what it says of raw inputs, (batch, classes), in the order of the data. Its
            weights are never changed.
        x: The training examples.
        progress: Called with the numbers of examples that it has seen and of all.
        path: File that keeps what it says of them, `.safetensors`; None: there is none.
        key: Identifies all that this depends on.
    """

    network: keras.Model
    x: Examples
    progress: Callable[[int, int], None] | None = None
    path: Path | None = None
    key: str = ""

    @cached_property
    def known(self) -> np.ndarray:
        """What it says of the training examples as they are, calculated once."""
        tell = self.progress
        count = len(self.x)

        def make() -> dict[str, np.ndarray]:
            step = None if tell is None else lambda done: tell(done, count)
            return {"said": compute_features(self.network, self.x, step)}

        return (make() if self.path is None else kept(self.path, self.key, make))["said"]

    def beside(self, augment: Augment) -> Augment:
        """Returns a change of batches that adds what it says of the changed inputs."""
        import tensorflow as tf

        lock = threading.Lock()  # The pipeline changes several batches at once.

        def say(x: np.ndarray) -> np.ndarray:
            with lock:
                return np.asarray(self.network.predict_on_batch(x), np.float32)

        def taught(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x, y = augment(x, y, key)
            said = tf.ensure_shape(tf.numpy_function(say, [x], tf.float32), y.shape)
            return x, tf.concat([y, said], axis=1)

        return taught

    def apart_from(self, augment: Augment) -> Augment:
        """Returns a change of batches whose targets have what it says of the unchanged inputs.

        What blends targets blends its probabilities with the same shares.
        """
        import tensorflow as tf

        def taught(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            truth, said = tf.split(y, 2, axis=1)
            x, y = augment(x, tf.concat([truth, tf.exp(said)], axis=1), key)
            truth, shares = tf.split(y, 2, axis=1)
            return x, tf.concat([truth, tf.math.log(tf.maximum(shares, _LEAST))], axis=1)

        return taught


def check_teacher(name: str | None, task: Task) -> None:
    """Refuses a teacher that there is not, or that cannot teach a task.

    Args:
        name: A checkpoint; None: there is no teacher.
        task: What the student learns.

    Raises:
        RequestError: See above.
    """
    if name is None:
        return
    card = checkpoint_card(name)
    theirs = task_of(card)
    for who, other in (("the student learns", task), (f"{name} knows", theirs)):
        if (other.learns, other.outputs) != ("classes", "logits"):
            raise RequestError(
                f"--teacher is of classes, one for each example, and {who} a {other.name}; "
                "leave it out"
            )


def teacher_settings(name: str | None) -> dict[str, str]:
    """Returns what a run records of its teacher beside its name: the hash of its weights."""
    if name is None:
        return {}
    return {"teacher_sha256": checkpoint_card(find_checkpoint(name)).files[WEIGHTS].sha256}


def taught_by(name: str | None) -> str:
    """Returns the end of a sentence that says how a checkpoint was made."""
    return "" if name is None else f", taught by {name}"


def open_teacher(
    name: str | None,
    dataset: Dataset,
    progress: Callable[[int, int], None] | None = None,
    path: Path | None = None,
) -> Teacher | None:
    """Loads a teacher.

    It takes the inputs of the student, with its own normalisation. Pictures are scaled to the size
    that it learnt, if that is another. Its classes may have another order.

    Args:
        name: A checkpoint; None: there is no teacher.
        dataset: What the student learns.
        progress: See `Teacher`.
        path: See `Teacher`; the file is of a training of this data set.

    Raises:
        RequestError: It knows other classes, or takes other inputs.
    """
    if name is None:
        return None
    check_teacher(name, dataset.task)
    checkpoint = load(name)
    card = checkpoint.card
    order = _order(name, card, dataset)
    _check_inputs(name, card.input, dataset)
    inputs = keras.Input(dataset.example_shape)
    seen = inputs
    if isinstance(card.input, Picture) and card.input.shape != dataset.example_shape:
        height, width, _ = card.input.shape
        seen = keras.layers.Resizing(height, width, antialias=True)(inputs)
    said = ops.log_softmax(ops.take(checkpoint.model(seen, training=False), order, axis=-1))
    network = keras.Model(inputs, said, name="teacher")
    network.trainable = False
    network.compile(jit_compile=jit_compile())
    key = json.dumps([name, card.files[WEIGHTS].sha256, len(dataset.train)])
    return Teacher(network, dataset.train.x, progress, path, key)


def _order(name: str, card: Card, dataset: Dataset) -> list[int]:
    """Returns the place of each class of the data among those of the teacher."""
    known, asked = card.labels, dataset.labels
    if known == asked:
        return list(range(len(known)))
    if len({*known}) == len(known) and sorted(known) == sorted(asked):
        return [known.index(label) for label in asked]
    words = [
        f"{what} {sorted(labels)[0]!r}"
        for what, labels in (("not", {*asked} - {*known}), ("also", {*known} - {*asked}))
        if labels
    ]
    raise RequestError(
        f"--teacher={name} knows other classes than {dataset.name}: {', '.join(words)}; "
        "a teacher has the same, in any order"
    )


def _check_inputs(name: str, form: Form, dataset: Dataset) -> None:
    """Refuses a teacher that takes other inputs than the data are; pictures may be larger."""
    shape, given = dataset.example_shape, dataset.form
    kind = PLAIN[len(shape)] if given is None else type(given)
    advice = {Sound: "--rate and --seconds", Recording: "--rate and --window"}.get(type(form))
    if kind is not type(form):
        raise RequestError(
            f"--teacher={name} takes a {form.kind}, and {dataset.name} has another kind of data: "
            f"a {kind.kind}"
        )
    if (mine := _read(form, form.shape)) != (other := _read(given, shape)):
        shown = "its columns differ" if isinstance(form, Table) else f"{mine}, not {other}"
        raise RequestError(
            f"--teacher={name} takes another {form.kind}: {shown}"
            + (f"; see {advice}" if advice else "")
        )


def _read(form: Form | None, shape: tuple[int | None, ...]) -> Any:
    """Returns what has to be the same, so that a teacher can read an example."""
    if len(shape) == 3:
        return f"{shape[2]} channels"
    if isinstance(form, Table):
        return form.columns
    if isinstance(form, Recording):
        return f"{shape[0]} samples of {', '.join(form.channels)} at {form.rate:g} Hz"
    if isinstance(form, Sound):
        return f"{shape[0]} samples at {form.rate} Hz"
    return f"shape {shape}"
