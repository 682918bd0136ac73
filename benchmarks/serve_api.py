"""How many pictures `zoo serve --api` answers in a second, and what malformed requests do to it.

    python -m benchmarks.serve_api exports/digits

The server runs in a process of its own, on loopback. Good requests come over connections that stay
open, while others do nothing but hold theirs. Then come malformed ones, each over a connection of
its own: every one must be answered with a status from 400 to 499, and the memory of the server and
of the process that runs the file must not grow.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import random
import socket
import subprocess
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

_SECONDS = 30  # That an answer may take.
_SLOW = 16  # Connections that send one byte a second, while others are timed.


def main() -> int:
    """Prints two tables; returns 1 if a malformed request got another answer than 4xx."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifact", help="an export's folder, or a .tflite file for pictures")
    parser.add_argument("--requests", type=int, default=2_000, help="good ones")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--malformed", type=int, default=10_000)
    given = parser.parse_args()
    with _server(given.artifact) as (process, place):
        rates = Table("picture", "requests", "clients", "a second", "median", "99 of 100")
        for name, size in (("32×32 PNG", (32, 32)), ("640×480 JPEG", (640, 480))):
            picture = example(size, name.rpartition(" ")[2])
            with _slow(place):
                times, seconds = _timed(place, picture, given.requests, given.clients)
            rates.add_row(
                name, f"{len(times):,}", f"{given.clients}", f"{len(times) / seconds:,.0f}",
                f"{1000 * np.median(times):.1f} ms", f"{1000 * np.quantile(times, 0.99):.1f} ms",
            )  # fmt: skip
        Console().print(rates)
        statuses, memory = _malformed(process.pid, place, given.malformed)
    wrong = sum(count for status, count in statuses.items() if not 400 <= status < 500)
    table = Table("status", "answers")
    for status, count in sorted(statuses.items()):
        table.add_row(f"{status}" if status else "none", f"{count:,}")
    Console().print(table)
    print("memory in MB, before and after each tenth:", " ".join(f"{mb:.1f}" for mb in memory))
    return 1 if wrong else 0


@contextlib.contextmanager
def _server(artifact: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """Gives a process that serves, and its address."""
    command = ["serve", f"--artifact={artifact}", "--api", "--port=0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo.commands.main", *command], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = urllib.parse.urlsplit(process.stdout.readline().split()[-1])
        yield process, (str(address.hostname), int(address.port or 0))
    finally:
        process.terminate()
        process.wait()


def example(size: tuple[int, int], kind: str) -> bytes:
    """Returns a picture of soft noise."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(file, kind)
    return file.getvalue()


@contextlib.contextmanager
def _slow(place: tuple[str, int]) -> Iterator[None]:
    """Holds connections inside the block, each with a request that is never whole."""
    with contextlib.ExitStack() as stack:
        for _ in range(_SLOW):
            connection = stack.enter_context(socket.create_connection(place, _SECONDS))
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: ")
        yield


def _timed(
    place: tuple[str, int], picture: bytes, requests: int, clients: int
) -> tuple[list[float], float]:
    """Returns the seconds of every request, and of all."""

    def client(count: int) -> list[float]:
        connection = HTTPConnection(*place, timeout=_SECONDS)
        times = []
        for _ in range(count):
            start = time.perf_counter()
            connection.request("POST", "/predict", picture, {"Content-Type": "image/*"})
            answer = connection.getresponse()
            content = json.loads(answer.read())
            times.append(time.perf_counter() - start)
            if answer.status != 200:
                raise SystemExit(f"{answer.status}: {content}")
        connection.close()
        return times

    client(10)
    with ThreadPoolExecutor(clients) as pool:
        start = time.perf_counter()
        times = list(pool.map(client, [requests // clients] * clients))
        seconds = time.perf_counter() - start
    return [second for own in times for second in own], seconds


def _malformed(pid: int, place: tuple[str, int], count: int) -> tuple[Counter[int], list[float]]:
    """Sends malformed requests.

    Returns:
        The number of answers by status, 0 for none; and the memory in MB before and as they go.
    """
    statuses, memory = Counter[int](), [_memory(pid)]
    kinds = list(MALFORMED.values())
    generator = random.Random(0)
    for number in range(count):
        statuses[_status(place, kinds[number % len(kinds)](generator))] += 1
        if (number + 1) % max(1, count // 10) == 0:
            memory.append(_memory(pid))
    return statuses, memory


def _status(place: tuple[str, int], request: bytes) -> int:
    with socket.create_connection(place, _SECONDS) as connection:
        with contextlib.suppress(ConnectionError):  # It was refused before it was whole.
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        try:
            words = connection.makefile("rb").readline().split()
        except OSError:
            return 0
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/1.") else 0


def _memory(pid: int) -> float:
    """Returns the memory of a process and of those that it started, in MB (of 10⁶ bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (own,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(own) * 1024 / 1e6 + sum(_memory(int(child)) for child in started)


def _post(body: bytes, media: str = "image/png", more: str = "", length: str = "") -> bytes:
    head = (
        f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\n{more}"
        f"Content-Length: {length or len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _json(document: object) -> bytes:
    return _post(json.dumps(document).encode(), "application/json")


def _cut(kind: str) -> Callable[[random.Random], bytes]:
    """Returns what sends a picture that ends before its first half."""
    whole = example((64, 64), kind)
    return lambda chance: _post(whole[: chance.randrange(1, len(whole) // 2)], "image/*")


def _bomb(chance: random.Random) -> bytes:
    """A PNG that says it has four thousand million pixels."""
    png = bytearray(example((8, 8), "PNG"))
    png[16:24] = (60_000 + chance.randrange(5_000)).to_bytes(4, "big") * 2
    return _post(bytes(png))


def _waves(chance: random.Random) -> bytes:
    return b"RIFF" + chance.randbytes(4) + b"WAVEfmt " + chance.randbytes(40)


MALFORMED: dict[str, Callable[[random.Random], bytes]] = {
    "noise": lambda chance: chance.randbytes(chance.randrange(1, 200)) + b"\r\n\r\n",
    "a blank line": lambda chance: b"\r\n" * chance.randrange(1, 9),
    "no version": lambda chance: b"POST /predict\r\n\r\n",
    "another version": lambda chance: b"GET / HTTP/%d.0\r\n\r\n" % chance.randrange(2, 99),
    "a long line": lambda chance: b"GET /" + b"a" * chance.randrange(70_000, 200_000),
    "a long head": lambda chance: b"GET / HTTP/1.1\r\n" + b"X: %s\r\n" % (b"x" * 900) * 90,
    "many headers": lambda chance: b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 120 + b"\r\n",
    "a header without a colon": lambda chance: _post(b"x", more="no colon\r\n"),
    "another path": lambda chance: b"GET /%s HTTP/1.1\r\n\r\n" % chance.randbytes(4).hex().encode(),
    "a way out": lambda chance: b"GET /" + b"../" * chance.randrange(9) + b"etc HTTP/1.1\r\n\r\n",
    "another method": lambda chance: b"PUT /predict HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
    "no method": lambda chance: b"%s / HTTP/1.1\r\n\r\n" % (b"A" * chance.randrange(1, 60)),
    "no length": lambda chance: b"POST /predict HTTP/1.1\r\nContent-Type: image/png\r\n\r\nx",
    "chunks": lambda chance: _post(b"1\r\nx\r\n0\r\n\r\n", more="Transfer-Encoding: chunked\r\n"),
    "no number": lambda chance: _post(b"x", length=chance.choice(["-1", "1.0", "1 1", "½", "+1"])),
    "two lengths": lambda chance: _post(b"xx", more="Content-Length: 1\r\n"),
    "too long": lambda chance: _post(b"x", length=str(10 ** chance.randrange(8, 80))),
    "cut off": lambda chance: _post(b"x" * 9, length=str(chance.randrange(10, 99))),
    "no type": lambda chance: b"POST /predict HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
    "another type": lambda chance: _post(b"a=1", chance.choice(["text/html", "x", "multipart/y"])),
    "packed": lambda chance: _post(b"\x1f\x8b\x08", more="Content-Encoding: gzip\r\n"),
    "empty": lambda chance: _post(b""),
    "no picture": lambda chance: _post(chance.randbytes(chance.randrange(1, 5_000))),
    "half a PNG": _cut("PNG"),
    "half a JPEG": _cut("JPEG"),
    "half a WebP": _cut("WEBP"),
    "half a GIF": _cut("GIF"),
    "too many pixels": _bomb,
    "a sound": lambda chance: _post(_waves(chance), "application/octet-stream"),
    "no JSON": lambda chance: _post(chance.randbytes(40), "application/json"),
    "a deep JSON": lambda chance: _post(b"[" * 100_000, "application/json"),
    "another JSON": lambda chance: _json(chance.choice([1, None, [], {}, {"instances": {}}])),
    "no instances": lambda chance: _json({"instances": []}),
    "too many instances": lambda chance: _json({"instances": [{"b64": ""}] * 300}),
    "no base64": lambda chance: _json(
        {"instances": [{"b64": chance.choice(["?", "abc", 1, None])}]}
    ),
    "other keys": lambda chance: _json({"instances": [{"b64": "", "file": "/etc/passwd"}]}),
    "one of two is none": lambda chance: _json(
        {"instances": [{"b64": base64.b64encode(example((8, 8), "PNG")).decode()}, {"b64": ""}]}
    ),
}


if __name__ == "__main__":
    sys.exit(main())
