"""Reads PyTorch's files as data, without importing or calling anything in them.

A `.pth` is a pickle: a small program that builds objects by calling functions by their names. This
module follows that program with plain values. A tensor becomes a `Stored`. Containers and numbers
become themselves. Every other object becomes an `Opaque`, which only knows its items and the name
of its class. So other objects of a training do no harm, and their classes need not be installed.

Both layouts of `torch.save` are read: the zip (since PyTorch 1.6) and the stream before it.
"""

from __future__ import annotations

import contextlib
import io
import math
import pickletools
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeAlias

import ml_dtypes
import numpy as np

ZIP_START = b"PK\x03\x04"
STREAM_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # PyTorch's magic number, pickled.

_LARGEST_PICKLE = 2**26  # Bytes. A ResNet-50 with its optimizer needs under 2**20.
_DTYPES = {
    "DoubleStorage": np.dtype(np.float64),
    "FloatStorage": np.dtype(np.float32),
    "HalfStorage": np.dtype(np.float16),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype(np.int64),
    "IntStorage": np.dtype(np.int32),
    "ShortStorage": np.dtype(np.int16),
    "CharStorage": np.dtype(np.int8),
    "ByteStorage": np.dtype(np.uint8),
    "BoolStorage": np.dtype(np.bool_),
}


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Attributes:
        shape: Its axes.
        is_float: Whether its numbers are floats.
        read: Reads the numbers.
    """

    shape: tuple[int, ...]
    is_float: bool
    read: Callable[[], np.ndarray]


@dataclass
class Opaque:
    """An object whose class is not imported.

    Attributes:
        name: Name of its class or of the function that makes it, such as "argparse.Namespace".
        items: Its content by name.
    """

    name: str
    items: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Storage:
    """A block of numbers that tensors are cut from."""

    key: str
    dtype: np.dtype[Any]
    count: int


# Opcodes that put a number or a text on the stack.
_LITERAL = re.compile(
    r"(BIN)?INT[12]?|LONG[14]?|(BIN)?FLOAT|(SHORT_)?(BIN)?(STRING|UNICODE|BYTES)8?|BYTEARRAY8"
)

_ReadStorage: TypeAlias = Callable[[_Storage], bytes]


def read_torch_file(path: Path) -> Any:
    """Returns the object in a file that `torch.save` wrote.

    Args:
        path: The file.

    Returns:
        Dicts, lists, tuples and plain values; `Stored` for tensors, `Opaque` for all else. The
        tensors are read later, by `Stored.read`.

    Raises:
        ValueError: The file is broken, or of another kind.
    """
    with _as_value_errors():
        with path.open("rb") as file:
            start = file.read(len(STREAM_START))
        return _read_zip(path) if start.startswith(ZIP_START) else _read_stream(path)


@contextlib.contextmanager
def _as_value_errors() -> Iterator[None]:
    """Turns the many errors of a broken file into one kind."""
    try:
        yield
    except ValueError:
        raise
    except (
        ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
        RecursionError, RuntimeError, TypeError, struct.error, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise ValueError(str(error) or type(error).__name__) from error


def _read_zip(path: Path) -> Any:
    archive = zipfile.ZipFile(path)
    pickles = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
    if len(pickles) != 1:
        raise ValueError("it is a zip without PyTorch's data.pkl")
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in archive.namelist():
        raise ValueError("it is a TorchScript program")
    order = f"{folder}byteorder"
    if order in archive.namelist() and _member(archive, order, 16) != b"little":
        raise ValueError("the bytes of its numbers are not in little-endian order")

    def read(storage: _Storage) -> bytes:
        size = storage.count * storage.dtype.itemsize
        return _member(archive, f"{folder}data/{storage.key}", size)

    return _Machine(read).run(io.BytesIO(_member(archive, pickles[0], _LARGEST_PICKLE)))


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Returns a file of the zip, which `torch.save` never compresses."""
    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its {name} is compressed")
    if member.file_size > most:
        raise ValueError(f"its {name} has {member.file_size:,} bytes, more than {most:,}")
    return archive.read(member)


class _File(io.BufferedReader):
    """A file that takes no memory for more bytes than it has, even if more are asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))


def _read_stream(path: Path) -> Any:
    places: dict[str, int] = {}

    def read(storage: _Storage) -> bytes:
        with _File(path) as file:
            file.seek(places[storage.key])
            return file.read(storage.count * storage.dtype.itemsize)

    machine = _Machine(read)
    with _File(path) as file:
        for _ in ("magic number", "protocol", "system"):
            machine.run(file)
        whole = machine.run(file)
        for key in machine.run(file):
            (count,) = struct.unpack("<q", file.read(8))
            storage = machine.storages[str(key)]
            if count != storage.count:
                raise ValueError(f"its storage {key} has {count:,} numbers, not {storage.count:,}")
            places[str(key)] = file.tell()
            file.seek(count * storage.dtype.itemsize, io.SEEK_CUR)
    return whole


class _Machine:
    """Follows the program of a pickle with plain values.

    Args:
        read: Reads the bytes of a storage.
    """

    def __init__(self, read: _ReadStorage) -> None:
        self.storages: dict[str, _Storage] = {}
        self._read = read

    def run(self, file: IO[bytes]) -> Any:
        """Follows one program to its end, and returns what it made."""
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        for opcode, argument, _ in pickletools.genops(file):
            self._step(opcode.name, argument)
        return self._stack.pop()

    def _step(self, opcode: str, argument: Any) -> None:
        put, take = self._stack.append, self._take
        match opcode:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                put({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode])
            case _ if _LITERAL.fullmatch(opcode):
                put(argument)
            case "EMPTY_DICT":
                put({})
            case "EMPTY_LIST" | "EMPTY_SET":
                put([])
            case "EMPTY_TUPLE":
                put(())
            case "MARK":
                self._marks.append(len(self._stack))
            case "DICT":
                put(dict(_pairs(self._since_mark())))
            case "LIST" | "FROZENSET":
                put(self._since_mark())
            case "TUPLE":
                put(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                put(tuple(take(int(opcode[-1]))))
            case "APPEND":
                self._append(take(1))
            case "APPENDS" | "ADDITEMS":
                self._append(self._since_mark())
            case "SETITEM":
                self._set_items(take(2))
            case "SETITEMS":
                self._set_items(self._since_mark())
            case "POP":
                take(1)
            case "POP_MARK":
                self._since_mark()
            case "DUP":
                put(self._stack[-1])
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = self._stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                put(self._memo[argument])
            case "GLOBAL":
                put(Opaque(argument.replace(" ", ".")))
            case "STACK_GLOBAL":
                put(Opaque(".".join(map(str, take(2)))))
            case "REDUCE" | "NEWOBJ":
                put(self._made(*take(2)))
            case "NEWOBJ_EX":
                put(self._made(take(3)[0], ()))
            case "OBJ":
                put(self._made(self._since_mark()[0], ()))
            case "INST":
                self._since_mark()
                put(Opaque(argument.replace(" ", ".")))
            case "BUILD":
                (state,) = take(1)
                self._build(state)
            case "BINPERSID":
                (reference,) = take(1)
                put(self._storage(reference))
            case _:
                raise ValueError(f"its pickle has {opcode}, which PyTorch does not write")

    def _take(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise ValueError("its pickle takes more than it has")
        values = self._stack[-count:]
        del self._stack[-count:]
        return values

    def _since_mark(self) -> list[Any]:
        return self._take(count) if (count := len(self._stack) - self._marks.pop()) else []

    def _set_items(self, values: list[Any]) -> None:
        holder = self._stack[-1]
        items = holder.items if isinstance(holder, Opaque) else holder
        if isinstance(items, dict):
            items.update(_pairs(values))

    def _append(self, values: list[Any]) -> None:
        if isinstance(holder := self._stack[-1], list):
            holder.extend(values)

    def _build(self, state: Any) -> None:
        """Gives an object its state; an `Opaque` gets the items of a dict."""
        if isinstance(state, tuple) and state:
            state = state[0]
        if isinstance(holder := self._stack[-1], Opaque) and isinstance(state, dict):
            holder.items.update(state)

    def _storage(self, reference: Any) -> _Storage | Opaque:
        """Returns the storage that a reference in the pickle means."""
        match reference:
            case ("storage", Opaque(name=kind), str(key), _, int(count), *_) if count >= 0:
                dtype = _DTYPES.get(kind.rpartition(".")[2])
                if dtype is None:
                    return Opaque(kind)
                storage = self.storages.setdefault(key, _Storage(key, dtype, count))
                if (storage.dtype, storage.count) != (dtype, count):
                    raise ValueError(f"its storage {key!r} is of two kinds")
                return storage
        raise ValueError("its pickle refers to something else than a storage")

    def _made(self, function: Any, arguments: Any) -> Any:
        """Returns what a known function would make, and an `Opaque` for any other."""
        name = function.name if isinstance(function, Opaque) else ""
        match name.rpartition(".")[2], arguments:
            case "OrderedDict", ():
                return {}
            case "Size", (list() | tuple() as sizes,):
                return tuple(sizes)
            case (
                "_rebuild_tensor_v2" | "_rebuild_tensor",
                (_Storage() as storage, int(offset), tuple(shape), tuple(strides), *_),
            ):
                return self._tensor(storage, offset, shape, strides)
            case "_rebuild_parameter" | "_rebuild_parameter_with_state", (Stored() as tensor, *_):
                return tensor
            case "_rebuild_from_type_v2", (Opaque() as rebuild, _, tuple(given), *_):
                return self._made(rebuild, given)
        return Opaque(name)

    def _tensor(
        self, storage: _Storage, offset: int, shape: Sequence[int], strides: Sequence[int]
    ) -> Stored | Opaque:
        numbers = (offset, *shape, *strides)
        if len(shape) != len(strides) or not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError("a tensor in it has a wrong shape")
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        size = math.prod(shape)
        if size and last >= storage.count:
            raise ValueError("a tensor in it reaches beyond its storage")
        if size > storage.count:  # Strides of zero would make a huge tensor of a small file.
            return Opaque("a tensor that repeats its numbers")

        def read() -> np.ndarray:
            with _as_value_errors():
                block = np.frombuffer(self._read(storage), storage.dtype)
            if len(block) != storage.count:
                raise ValueError(f"its storage {storage.key!r} is cut short")
            steps = [step * storage.dtype.itemsize for step in strides]
            return np.lib.stride_tricks.as_strided(block[offset:], shape, steps, writeable=False)

        return Stored(tuple(shape), "float" in storage.dtype.name, read)


def _pairs(values: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Yields keys and values, without keys that are not plain values and may not be hashable."""
    for key, value in zip(values[::2], values[1::2], strict=True):
        if isinstance(key, (str, int, float, bool, type(None))):
            yield key, value
