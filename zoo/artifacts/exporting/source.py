"""What an export starts from: a model that takes as many steps as its files, and its data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zoo import forms
from zoo.artifacts.exporting.streaming import SLIDE, STEP, hop_of
from zoo.errors import RequestError

if TYPE_CHECKING:
    import keras

    from export import Samples, Slide
    from zoo.checkpoints.load import Checkpoint
    from zoo.data.dataset import Dataset
    from zoo.data.reading import Reading

# With more steps an unrolled model is large, and slow to convert.
_LONGEST_UNROLLED = 64


@dataclass(frozen=True)
class Source:
    """The model to export, and the data to calibrate and to measure with.

    Attributes:
        checkpoint: Its model takes as many steps as the files.
        dataset: In the form that the model takes.
        streaming: For files of a stream: how a window slides, or the model that is stepped through.
        notes: What these files are, for a person.
        learnt: Whether the checkpoint learnt what it is measured with, after a cross-validation.
    """

    checkpoint: Checkpoint
    dataset: Dataset
    streaming: keras.Model | Slide | None = None
    notes: tuple[str, ...] = ()
    learnt: bool = False

    @property
    def stepped(self) -> bool:
        """Whether the files take one step of a sequence at a time."""
        from export import Slide

        return not (self.streaming is None or isinstance(self.streaming, Slide))


def load_source(
    name: str,
    checkpoint: Checkpoint,
    data: str,
    reading: Reading,
    sequence_length: int | None,
    stream: str | None,
    hop: float | None,
) -> Source:
    """Returns what an export starts from.

    Args:
        name: The checkpoint's, to load it again with other steps.
        checkpoint: Loaded, for files of its own input.
        data: A source, as for `zoo.evaluate`.
        reading: How it is read.
        sequence_length: Steps of the files of sequences; None: those of the checkpoint.
        stream: "step" or "slide", of files of a stream; None: what suits the model.
        hop: Seconds or steps from one window to the next, of files that slide.

    Raises:
        RequestError: Data or number of steps do not fit the checkpoint.
    """
    from zoo.artifacts.evaluate import learnt_whole
    from zoo.data.sources import load_for

    dataset = load_for(checkpoint.card, data, reading)
    learnt = learnt_whole(checkpoint.card, dataset)
    dataset = _with_test(dataset, learnt)
    form = checkpoint.card.input
    if isinstance(form, forms.Sequence):
        source = _of_length(name, checkpoint, dataset, sequence_length, stream)
    else:
        source = Source(checkpoint, dataset)
    source = _sliding(source, form, hop) if stream == SLIDE else source
    return replace(source, learnt=learnt)


def _with_test(dataset: Dataset, learnt: bool) -> Dataset:
    """Returns data with a test split; a checkpoint of a cross-validation has learnt all examples.

    Raises:
        RequestError: The data is too little, and it is not what such a checkpoint has learnt.
    """
    from zoo.data.dataset import joined

    if learnt:
        note = (
            "the checkpoint learnt all examples after a cross-validation: the files are compared "
            "with it on these, and the accuracy on them flatters both"
        )
        whole = joined(dataset.splits.values())
        return replace(dataset.with_splits(test=whole), notes=(*dataset.notes, note))
    for name, split in dataset.splits.items():
        if not len(split):
            raise RequestError(
                f"{dataset.name} has too few examples: none is left for the {name} split"
            )
    return dataset


def _sliding(source: Source, form: forms.Form, hop: float | None) -> Source:
    from export import Slide

    window = int(source.checkpoint.model.input_shape[1])
    samples = hop_of(hop, form, window)
    note = (
        f"a hop of {samples} is the whole window: the files take it at once and remember nothing"
        if samples == window
        else f"the files take {samples} new samples a call, and answer for the last {window}"
    )
    return replace(source, streaming=Slide(samples), notes=(note,))


def samples_of(source: Source, calibration_samples: int) -> Samples:
    """Returns so many examples to calibrate with, and all of the test split."""
    from export import LEAST_SAMPLES, Samples
    from zoo.data.dataset import balanced_sample
    from zoo.data.sequences import with_padding

    dataset = source.dataset
    calibration = balanced_sample(dataset.train, calibration_samples)
    others = balanced_sample(dataset.validation, LEAST_SAMPLES)
    if not source.stepped:
        calibration, others = with_padding(calibration), with_padding(others)
    return Samples(
        calibration=calibration.x[:],
        test_x=dataset.test.x[:],
        # The report only has an accuracy, and values have none.
        test_y=None if dataset.task.learns == "values" else dataset.test.y,
        calibration_lengths=calibration.lengths,
        test_lengths=dataset.test.lengths,
        others=others.x[:],
        other_lengths=others.lengths,
        learnt=source.learnt,
    )


def _of_length(
    name: str,
    checkpoint: Checkpoint,
    dataset: Dataset,
    sequence_length: int | None,
    stream: str | None,
) -> Source:
    """Returns model and data with equal numbers of steps, and for a stream its one-step model."""
    from export.forms.rewriting import recurrent_layers
    from zoo.checkpoints.load import load
    from zoo.data.sequences import longest, of_length, shortest

    steps, features = checkpoint.card.input.shape
    low, high = shortest(dataset), longest(dataset)
    if steps is not None and sequence_length not in (None, steps):
        raise RequestError(
            f"--sequence_length={sequence_length}, but the checkpoint takes {steps} steps, no "
            "more and no less; leave it out"
        )
    if steps is None and sequence_length is None and stream is None:
        raise RequestError(
            f"the sequences of {dataset.name} have {low} to {high} steps, and a file takes one "
            f"number: say --sequence_length={high} (longer ones are cut, shorter ones padded), or "
            "--streaming=step for a step at a time"
        )
    length = steps or sequence_length or high
    streaming = None
    notes: tuple[str, ...] = ()
    long = length > _LONGEST_UNROLLED and recurrent_layers(checkpoint.model)
    if stream == STEP or (long and stream is None):
        notes = (
            "the files take one step at a time, for one event and then a reset; for what never "
            "ends say --streaming=slide",
        )
        streaming = load(name, input_shape=(length, features), masked=False).model
    if steps is None:
        checkpoint = load(name, input_shape=(length, features), masked=True)
        dataset = of_length(dataset, length)
    return Source(checkpoint, dataset, streaming, notes)
