"""Pictures in TFRecord shards, read one by one when a batch needs them.

The index holds the place of each record. So a whole epoch can be shuffled, a resumed training can
continue in the middle of an epoch, each worker reads only its part of a batch, and only a few
batches are in memory.
"""

from __future__ import annotations

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.data.labels import check_splits
from zoo.data.pictures.decode import BrokenPictureError, decode_picture
from zoo.data.pictures.files import check_asked
from zoo.data.pictures.manifest import BEFORE, MANIFEST, read_packing
from zoo.data.reading import Reading
from zoo.errors import DamagedError, RequestError
from zoo.forms import Picture

KNOWN_AS = "a folder that zoo data packed"


class PackedPictures:
    """Pictures of a split that are decoded when they are read. They are used like an array.

    Args:
        files: Paths of the shards, local or any that `tf.io.gfile` opens.
        shard: (pictures,) the file that holds each picture.
        offsets: (pictures,) its place in the file.
        sizes: (pictures,) its bytes.
        form: Size, crop and interpolation of the pictures.
        key: Changes with the content of the files.

    Attributes:
        shape: (pictures, height, width, channels).
        dtype: uint8.
        problem: The error of the last reading that failed, which TensorFlow's pipelines hide.
    """

    def __init__(
        self,
        files: list[str],
        shard: np.ndarray,
        offsets: np.ndarray,
        sizes: np.ndarray,
        form: Picture,
        key: str,
    ) -> None:
        self.shape = (len(shard), *form.shape)
        self.dtype = np.dtype(np.uint8)
        self.ndim = len(self.shape)
        self._files = files
        self._shard, self._offsets, self._sizes = shard, offsets, sizes
        self._form = form
        self._key = key
        self.problem: RequestError | OSError | None = None
        # Pillow releases Python's global lock while it decodes and scales.
        self._pool = ThreadPoolExecutor(min(os.cpu_count() or 2, 16))

    def __len__(self) -> int:
        return len(self._shard)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = np.arange(len(self))[index]
        if rows.ndim and not len(rows):
            return np.empty((0, *self.shape[1:]), np.uint8)
        try:
            if rows.ndim == 0:
                return self._picture(int(rows))
            return np.stack(list(self._pool.map(self._picture, rows.tolist())))
        except (RequestError, OSError) as error:
            self.problem = error
            raise

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)

    def fingerprint(self) -> bytes:
        """Returns a hash of all pictures, without reading them."""
        return hashlib.sha256(repr((self._key, self._form.preparation)).encode()).digest()

    def encoded(self, row: int) -> tuple[bytes, str]:
        """Returns the bytes of a picture's file, and that file's name.

        Raises:
            DamagedError: The record was changed after packing.
        """
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        path = self._files[self._shard[row]]
        content = _record(path, int(self._offsets[row]), int(self._sizes[row]))
        try:
            feature = tf.train.Example.FromString(content).features.feature
            picture = feature["image/encoded"].bytes_list.value[0]
            name = feature["image/filename"].bytes_list.value[0]
        except (DecodeError, IndexError) as error:
            raise DamagedError(f"{path}: record {row} is damaged; pack it anew") from error
        return picture, name.decode(errors="replace")

    def _picture(self, row: int) -> np.ndarray:
        try:
            return decode_picture(self.encoded(row)[0], self._form)
        except BrokenPictureError as error:
            path = self._files[self._shard[row]]
            raise DamagedError(f"{path}: a picture is damaged, {error}; pack it anew") from error


def claims(source: str) -> bool:
    """Returns whether a folder, local or remote, holds what `zoo data` wrote.

    Raises:
        RequestError: It is remote, and TensorFlow cannot open it.
    """
    if "://" not in source:
        return (Path(source) / MANIFEST).is_file()
    import tensorflow as tf

    try:
        return tf.io.gfile.exists(_inside(source, MANIFEST))
    except tf.errors.UnimplementedError as error:
        scheme = source.partition("://")[0]
        raise RequestError(
            f"{source} cannot be opened: TensorFlow knows no file system {scheme}:// here; copy it "
            "into a folder and give that"
        ) from error
    except (tf.errors.OpError, ImportError) as error:
        raise RequestError(f"{source} cannot be opened: {str(error).splitlines()[0]}") from error


def open(source: str, reading: Reading) -> Dataset:
    """Opens a folder of shards; pictures are read when they are needed.

    Args:
        source: The folder, local or any that `tf.io.gfile` opens.
        reading: Says size, crop and interpolation of the pictures.

    Raises:
        RequestError: The manifest is not one that this version understands.
        DamagedError: The index or a file does not match the manifest.
        OSError: Something cannot be read.
    """
    check_asked(source, reading)
    packing = read_packing(lambda name: _content(_inside(source, name)), source.rstrip("/"))
    files = [_inside(source, name) for name in packing.files]
    for path, size in zip(files, packing.bytes, strict=True):
        if _size(path) != size:
            raise DamagedError(f"{path} has not the {size:,} bytes of the manifest; get it anew")
    prepared, hashes = reading.form_for(packing.side), list(packing.hashes)
    parts = {}
    for split in SPLITS:
        shard, offsets, sizes, y = (
            packing.index[split][name] for name in ("shard", "offsets", "sizes", "y")
        )
        pictures = PackedPictures(files, shard, offsets, sizes, prepared, f"{split} {hashes}")
        names = None if packing.names is None else packing.names[split]
        parts[split] = Split(pictures, y, names=names)
    lacking = check_splits(parts, packing.labels, source, learn=not reading.measured)
    notes = [*packing.notes, *lacking]
    return Dataset(packing.name, packing.labels, parts, notes=tuple(notes), divided=packing.divided)


def _inside(source: str, name: str) -> str:
    return f"{source.rstrip('/')}/{name}" if "://" in source else str(Path(source) / name)


def _content(path: str) -> bytes:
    """Returns the bytes of a file."""
    if "://" not in path:
        return Path(path).read_bytes()
    import tensorflow as tf

    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return file.read()
    except tf.errors.OpError as error:
        raise OSError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _record(path: str, offset: int, size: int) -> bytes:
    """Returns the content of a record, after checking its checksums.

    The file is opened each time, since a process cannot keep thousands of shards open.

    Raises:
        DamagedError: A checksum is wrong, or the record has another size.
        OSError: The file cannot be read.
    """
    import tensorflow as tf

    # The only reader of TensorFlow that takes a place and checks the checksums.
    from tensorflow.python.lib.io import tf_record

    try:
        record, _ = tf_record.tf_record_random_reader(path).read(offset - BEFORE)
    except tf.errors.NotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError, IndexError) as error:
        raise DamagedError(f"{path}: a record is damaged; pack it anew") from error
    except tf.errors.OpError as error:
        raise OSError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if len(record) != size:
        raise DamagedError(f"{path}: a record is not {size:,} bytes long; pack it anew")
    return record


def _size(path: str) -> int | None:
    if "://" not in path:
        return Path(path).stat().st_size if Path(path).is_file() else None
    import tensorflow as tf

    return tf.io.gfile.stat(path).length if tf.io.gfile.exists(path) else None
