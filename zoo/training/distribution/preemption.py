"""SIGTERM, with which schedulers announce that they take a machine away."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def sigterm_noted() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether SIGTERM has come, and ignores SIGTERM inside the block.

    Outside of the main thread Python sets no handlers, and the function always says no.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.set())
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
