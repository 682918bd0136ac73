"""Reads tensors from `.safetensors` files and from files of `torch.save`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from zoo.checkpoints.torch_file import (
    STREAM_START,
    ZIP_START,
    Opaque,
    Stored,
    read_torch_file,
)
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError

# Files that people mistake for weights, by their first bytes.
_OTHERS = {
    b"version https://git-lfs": "a pointer of Git LFS, not the file: run git lfs pull",
    b"<!DOCTYPE": "a web page: download the file itself",
    b"<html": "a web page: download the file itself",
    b"\x89HDF": "an HDF5 file, such as Keras writes: zoo imports PyTorch's weights",
}
_DEEPEST = 8  # Nested containers in a file of PyTorch.


@dataclass(frozen=True)
class TensorFile:
    """The content of a file of weights.

    Attributes:
        path: Path of the file.
        tensors: By name; they are not read yet. In a file of PyTorch the names of the containers
            come first, as in "state_dict.conv1.weight".
        rest: All else in the file, in its containers.
    """

    path: Path
    tensors: Mapping[str, Stored]
    rest: Mapping[str, Any]

    def read(self, tensors: Mapping[str, Stored]) -> dict[str, np.ndarray]:
        """Reads tensors of the file.

        Args:
            tensors: Those to read, under any names.

        Returns:
            Arrays under these names. float16 and bfloat16 become float32, which holds them exactly.

        Raises:
            RequestError: The file is broken.
        """
        try:
            return {name: _widen(tensor.read()) for name, tensor in tensors.items()}
        except (safetensors.SafetensorError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise RequestError(f"{self.path} cannot be read: {error}") from error


def open_tensors(path: Path) -> TensorFile:
    """Opens a file of weights, of safetensors or `torch.save`. The suffix does not matter.

    Nothing in the file is executed.

    Raises:
        RequestError: The file is missing, of another kind, or broken, or it holds no tensors.
    """
    if not path.is_file():
        raise RequestError(f"there is no file {path}")
    with path.open("rb") as file:
        start = file.read(64)
    for sign, kind in _OTHERS.items():
        if start.startswith(sign):
            raise RequestError(f"{path} is {kind}")
    if start.startswith((ZIP_START, STREAM_START)):
        return _open_torch(path)
    return _open_safetensors(path)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Reads all tensors of a file of weights, see `open_tensors`.

    Returns:
        By name; float16 and bfloat16 as float32, which holds them exactly.
    """
    file = open_tensors(path)
    return file.read(file.tensors)


def name_problems(present: set[str], wanted: set[str]) -> list[str]:
    """Returns what is wrong with a set of tensor names, in words; empty if nothing is."""
    return [
        f"{problem} {len(names)} tensors: {listed(sorted(names))}"
        for names, problem in ((wanted - present, "lacks"), (present - wanted, "has in excess"))
        if names
    ]


def listed(names: Sequence[str], most: int = 12) -> str:
    """Returns names in one line; of many names, the first ones."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _open_safetensors(path: Path) -> TensorFile:
    import ml_dtypes  # noqa: F401  Its import adds bfloat16 to numpy, for safetensors.

    try:
        file = safetensors.safe_open(path, framework="numpy")
        tensors = {name: _stored(file, name) for name in file.offset_keys()}
        texts = file.metadata() or {}
    except (safetensors.SafetensorError, TypeError, ValueError) as error:
        raise RequestError(
            f"{path} is not a safetensors file, nor one of PyTorch: {error}"
        ) from error
    return TensorFile(path, tensors, {key: _value(text) for key, text in texts.items()})


def _stored(file: Any, name: str) -> Stored:
    piece = file.get_slice(name)
    return Stored(
        shape=tuple(piece.get_shape()),
        is_float="F" in piece.get_dtype(),  # "F32", "BF16"; the others are "I64", "BOOL" and so on.
        read=lambda: file.get_tensor(name),
    )


def _value(text: str) -> Any:
    """Parses a text in a safetensors file as JSON; returns it unchanged if it is not JSON."""
    try:
        return parse_json(text)
    except ValueError:
        return text


def _open_torch(path: Path) -> TensorFile:
    try:
        content = read_torch_file(path)
    except ValueError as error:
        raise RequestError(
            f"{path} is not a file of PyTorch's weights: {error}; save the weights by "
            "torch.save(model.state_dict(), FILE)"
        ) from error
    if isinstance(content, Opaque):
        raise RequestError(
            f"{path} is not a file of weights but an object of {content.name}, whose code is not "
            "run; save the weights by torch.save(model.state_dict(), FILE)"
        )
    tensors = dict(_tensors_in(content, (), set()))
    if not tensors:
        raise RequestError(f"{path} holds no tensors by name; save model.state_dict()")
    return TensorFile(path, tensors, content)


def _tensors_in(
    container: Any, path: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[str, Stored]]:
    items = entries(container)
    if items is None or id(items) in seen or len(path) > _DEEPEST:
        return
    seen.add(id(items))
    for key, value in items.items():
        if isinstance(value, Stored):
            yield ".".join((*path, str(key))), value
        else:
            yield from _tensors_in(value, (*path, str(key)), seen)


def entries(container: Any) -> dict[Any, Any] | None:
    """Returns the content of a container in a file of PyTorch by name; None: it has no names."""
    items = container.items if isinstance(container, Opaque) else container
    return items if isinstance(items, dict) else None


def _widen(value: np.ndarray) -> np.ndarray:
    half = value.dtype.kind in "fV" and value.dtype.itemsize == 2  # numpy calls bfloat16 a "V".
    return value.astype(np.float32) if half else value
