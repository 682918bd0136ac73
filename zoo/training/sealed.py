"""Files of an unfinished training, with a hash that shows damage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from zoo.checkpoints.typed_json import parse_json
from zoo.errors import DamagedError
from zoo.files import whole_file

_SEAL = "sha256"


def seal(tensors: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> bytes:
    """Returns a safetensors file of arrays and notes, with a hash of both among the notes.

    Args:
        tensors: By name.
        notes: By name, none of them "sha256".
    """
    notes = {**notes, _SEAL: _hash(tensors, notes)}
    return safetensors.numpy.save(dict(tensors), notes)


def unseal(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Returns the arrays and notes that `seal` was given.

    Raises:
        DamagedError: The bytes are not what `seal` returned.
    """
    try:
        tensors = safetensors.numpy.load(content)
        size = int.from_bytes(content[:8], "little")
        notes = parse_json(content[8 : 8 + size].decode())["__metadata__"]
        seal_of_file = notes.pop(_SEAL)
    except (safetensors.SafetensorError, LookupError, ValueError, TypeError) as error:
        raise DamagedError(f"it is no safetensors file with a seal: {error}") from error
    if seal_of_file != _hash(tensors, notes):
        raise DamagedError("its content is not what its hash says")
    return tensors, notes


def kept(path: Path, key: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Returns arrays from a file; if it is not there, is damaged or has another key, it is made.

    Args:
        path: Of the file, `.safetensors`.
        key: Identifies all that the arrays depend on.
        make: Returns the arrays.
    """
    if path.is_file():
        try:
            arrays, notes = unseal(path.read_bytes())
        except DamagedError:
            notes = {}
        if notes == {"key": key}:
            return arrays
    arrays = make()
    with whole_file(path) as temporary:
        temporary.write_bytes(seal(arrays, {"key": key}))
    return arrays


def _hash(tensors: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr(sorted(notes.items())).encode())
    for name, value in sorted(tensors.items()):
        digest.update(repr((name, str(value.dtype), value.shape)).encode())
        digest.update(value.tobytes())
    return digest.hexdigest()
