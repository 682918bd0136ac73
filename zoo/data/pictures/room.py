"""A limit on the memory that several threads take together."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Room:
    """A number of bytes that several threads share.

    Args:
        size: Bytes for all threads together. A thread that needs more runs alone.

    Attributes:
        free: Bytes that no thread holds now.
    """

    def __init__(self, size: int) -> None:
        self._size = self.free = size
        self._change = threading.Condition()

    @contextlib.contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Waits until that many bytes are free, and holds them during the block.

        A thread that already holds some must not take more: two could wait for each other forever.
        """
        amount = min(amount, self._size)
        with self._change:
            self._change.wait_for(lambda: self.free >= amount)
            self.free -= amount
        try:
            yield
        finally:
            with self._change:
                self.free += amount
                self._change.notify_all()
