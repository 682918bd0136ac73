"""Waits for the other workers and says which are missing; TensorFlow would wait in silence."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence

from zoo.errors import RequestError, StoppedError

_PAUSE = 0.2  # Seconds between two attempts.
_TOLD_EVERY = 10.0


def await_workers(
    addresses: Sequence[str],
    worker: int,
    timeout: float,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Returns when all other workers have answered once.

    Meanwhile this worker listens at its own address, so that the others see it. TensorFlow's server
    takes over the address afterwards.

    Args:
        addresses: "host:port" of each worker.
        worker: Number of this one.
        timeout: Seconds to wait in all.
        tell: Called from time to time with the workers that are still missing.

    Raises:
        StoppedError: Some did not answer in time; the message has their addresses.
        RequestError: An address is malformed, or the port of this worker is taken.
    """
    pairs = [_parse(address) for address in addresses]
    missing = [number for number in range(len(pairs)) if number != worker]
    started = time.monotonic()
    reported = started
    with _listening(pairs[worker][1], addresses[worker]):
        while missing:
            missing = [number for number in missing if not _answers(*pairs[number])]
            now = time.monotonic()
            if missing and now - started > timeout:
                raise StoppedError(
                    f"worker {worker} waited {timeout:g} s for {_named(missing, addresses)}, which "
                    "did not answer; start it, mend TF_CONFIG, or raise --worker_timeout"
                )
            if missing and now - reported > _TOLD_EVERY:
                reported = now
                tell(f"worker {worker} waits for {_named(missing, addresses)}")
            if missing:
                time.sleep(_PAUSE)


def _named(workers: Sequence[int], addresses: Sequence[str]) -> str:
    return ", ".join(f"worker {number} at {addresses[number]}" for number in workers)


def _parse(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise RequestError(f"the address of a worker is host:port, not {address!r}")
    return host.strip("[]"), int(port)


@contextlib.contextmanager
def _listening(port: int, address: str) -> Iterator[None]:
    # On all interfaces, since a host's name may resolve to an address that it does not have itself.
    try:
        listener = socket.create_server(("", port), backlog=1024)
    except OSError as error:
        raise RequestError(
            f"this worker's port, of {address}, cannot be listened at: {error.strerror}; "
            "end what holds it, or choose another port"
        ) from error
    with listener:
        yield


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2.0):
            return True
    except OSError:
        return False
