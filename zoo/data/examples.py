"""The inputs of many examples, in memory or in files."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from zoo.errors import RequestError


class Examples(Protocol):
    """Inputs of many examples, read by index: an array, or an object that reads files."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(examples, ...)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of each number."""

    @property
    def ndim(self) -> int:
        """Length of the shape."""

    def __len__(self) -> int:
        """Returns how many examples there are."""

    def __getitem__(self, index: Any, /) -> np.ndarray:
        """Returns the examples at an index, a slice or an array of indices."""


@runtime_checkable
class Stored(Examples, Protocol):
    """Examples that stay in their files until they are read.

    Attributes:
        problem: The error of the last reading that failed, which TensorFlow's pipelines hide.
    """

    problem: RequestError | OSError | None

    def fingerprint(self) -> bytes:
        """Returns a hash that changes with the examples, without reading them."""
