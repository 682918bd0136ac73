"""SIGTERM, by which schedulers announce that a machine will be taken away."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def sigterm_noted() -> Iterator[Callable[[], bool]]:
    """Gives a function that tells whether SIGTERM has come since; it does nothing else meanwhile.

    Outside of the main thread, where Python sets no handlers, it always tells no.
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
