"""Memory that threads share out among themselves before they take it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Room:
    """So many bytes for several threads.

    Args:
        size: Bytes that all may take together. What alone needs more waits until it is alone.

    Attributes:
        free: Bytes that nobody holds now.
    """

    def __init__(self, size: int) -> None:
        self._size = self.free = size
        self._change = threading.Condition()

    @contextlib.contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Waits until so many bytes are free, and takes them for the block.

        A thread that holds some must not take more: two that wait for each other would never end.
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
