"""Data sets of tensorflow-datasets, as `tfds:NAME` or `tfds:NAME/CONFIG`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from typing import Any

import numpy as np

from zoo.data.dataset import Dataset, with_test_split
from zoo.data.folders.splits import WORDS
from zoo.data.pictures.files import Encoded, check_asked, complete, open_files
from zoo.data.reading import Reading
from zoo.errors import DamagedError, RequestError
from zoo.registry import unknown

PREFIX = "tfds:"
KNOWN_AS = "tfds:NAME"
OPTIONS = frozenset({"exclude"})


def claims(source: str) -> bool:
    """Returns whether a source names a data set of tensorflow-datasets."""
    return source.startswith(PREFIX)


def find(source: str, reading: Reading) -> Encoded:
    """Finds the pictures of a data set and their classes, see `find_tfds`."""
    check_asked(source, reading)
    return find_tfds(source, reading.data_dir, reading.excluded)


def open(source: str, reading: Reading) -> Dataset:
    """Reads a data set, see `find_tfds` and `zoo.data.pictures.files.decode`."""
    return open_files(find(source, reading), reading)


def find_tfds(source: str, data_dir: str | None = None, excluded: Collection[str] = ()) -> Encoded:
    """Reads the encoded pictures and the classes of a data set.

    A data set that is not prepared in `data_dir` is downloaded and prepared.

    Args:
        source: "tfds:NAME" or "tfds:NAME/CONFIG", also with a version, as in "tfds:mnist:3.0.1".
        data_dir: Where prepared data sets are; None: that of tensorflow-datasets.
        excluded: Names of pictures to leave out, such as "train[17]".

    Returns:
        All three splits. Missing ones are taken from the training split. A split without classes
        (some test splits have -1 in their place) counts as missing, which is a note.

    Raises:
        RequestError: There is no such data set, it cannot be prepared, or it does not hold one
            picture with one class in each example of the training split.
    """
    name = source.removeprefix(PREFIX)
    builder = _builder(source, name, data_dir)
    image, label = _features(source, builder.info.features)
    names = {
        split: name
        for split in ("train", "validation", "test")
        for name in builder.info.splits
        if name in WORDS[split]
    }
    if "train" not in names:
        raise RequestError(f"{source} has no train split, only {', '.join(builder.info.splits)}")
    pictures, y, notes = {}, {}, list[str]()
    for split, given in names.items():
        examples, classes = _read(builder, given, image, label)
        if classes.max(initial=-1) >= builder.info.features[label].num_classes:
            raise DamagedError(_damaged(builder, f"its classes go up to {classes.max()}"))
        if (classes >= 0).all():
            pictures[split], y[split] = examples, classes
        elif split == "train":
            raise RequestError(
                f"{source} has {(classes < 0).sum():,} pictures without a class in its train "
                "split; choose another data set"
            )
        else:
            notes.append(f"the {given} split has pictures without a class; left out")
    names, _ = with_test_split({split: names[split] for split in y})
    pictures, renamed = with_test_split(pictures)
    y, _ = with_test_split(y)
    rows = {
        split: [f"{names[split]}[{index}]" for index in range(len(classes))]
        for split, classes in y.items()
    }
    encoded = Encoded(
        name=name,
        labels=tuple(builder.info.features[label].names),
        pictures=pictures,
        places={split: [f"{source} {row}" for row in part] for split, part in rows.items()},
        names=rows,
        y=y,
        notes=(*notes, *renamed),
    )
    return complete(encoded, excluded=excluded)


def _builder(source: str, name: str, data_dir: str | None) -> Any:
    import tensorflow_datasets as tfds

    if name.partition("/")[0] == "digits":
        import zoo.data.digits_tfds  # noqa: F401 - it registers the builder.
    where = None if data_dir is None else os.path.expanduser(data_dir)
    try:
        builder = tfds.builder(name, data_dir=where, try_gcs=False)
    except tfds.core.DatasetNotFoundError as error:
        known = tfds.list_builders(with_community_datasets=False)
        raise RequestError(unknown("data set", name.partition("/")[0], known)) from error
    # Prepared data may be damaged, and raise anything.
    except Exception as error:
        raise RequestError(f"{source}: {_line(error)}") from error
    if builder.info.splits:
        return builder
    try:
        with _quiet(tfds):
            builder.download_and_prepare()
    # Anything may go wrong in a builder: no network, a moved file, a package that it needs.
    except Exception as error:
        raise RequestError(
            f"{source} is not prepared in {builder.data_path.parent}, and cannot be now: "
            f"{_line(error)}; prepare it where there is a network, and say --data_dir"
        ) from error
    return builder


def _features(source: str, features: Any) -> tuple[str, str]:
    """Returns the names of the one picture and of the one class of an example."""
    import tensorflow_datasets as tfds

    kinds = {"picture": tfds.features.Image, "class": tfds.features.ClassLabel}
    names = []
    for kind, form in kinds.items():
        held = [key for key in getattr(features, "keys", list)() if isinstance(features[key], form)]
        if len(held) != 1:
            raise RequestError(
                f"{source} holds {len(held)} features of a {kind} in each example, one is needed; "
                f"it has {', '.join(getattr(features, 'keys', list)())}"
            )
        names.append(held[0])
    return names[0], names[1]


def _read(builder: Any, split: str, image: str, label: str) -> tuple[list[bytes], np.ndarray]:
    import tensorflow_datasets as tfds

    data = builder.as_dataset(
        split=split,
        # All pictures are decoded by `zoo.data.pictures.decode`.
        decoders={image: tfds.decode.SkipDecoding()},
        read_config=tfds.ReadConfig(interleave_cycle_length=1),  # The same order each time.
    )
    try:
        pairs = [(example[image], example[label]) for example in tfds.as_numpy(data)]
    # Records that are damaged may raise anything, in TensorFlow or in a decoder.
    except Exception as error:
        raise DamagedError(_damaged(builder, type(error).__name__)) from error
    return [picture for picture, _ in pairs], np.array([y for _, y in pairs], np.int64)


def _damaged(builder: Any, why: str) -> str:
    return f"the data set in {builder.data_path} is damaged ({why}); remove it and prepare it anew"


@contextlib.contextmanager
def _quiet(tfds: Any) -> Any:
    tfds.disable_progress_bar()
    try:
        yield
    finally:
        tfds.enable_progress_bar()


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
