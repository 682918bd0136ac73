"""A Hub on loopback, with its faults."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMIT = "c" * 40


class Hub(ThreadingHTTPServer):
    """Serves the files in `files` as the Hugging Face Hub does, as far as a download sees it.

    Attributes:
        files: By "owner/name/file".
        stated: Hashes that are stated in place of the true ones.
        fault: What goes wrong: "", "truncated" (every answer ends early, without a word),
            "dies once" or "dies always" (the connection breaks half way).
        gets: How many downloads were begun.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.stated: dict[str, str] = {}
        self.fault = ""
        self.gets = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """A client that hangs up is no news."""


class Answer(BaseHTTPRequestHandler):
    """One answer."""

    server: Hub

    def log_message(self, *args):
        """Nothing."""

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body: bool):
        repository, _, file = self.path.strip("/").partition("/resolve/")
        key = f"{repository}/{file.partition('/')[2]}"
        content = self.server.files.get(key)
        if content is None:
            known = any(name.startswith(f"{repository}/") for name in self.server.files)
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        digest = self.server.stated.get(key, hashlib.sha256(content).hexdigest())
        size = len(content)
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        part = content[start:]
        if body:
            self.server.gets += 1
        if body and self.server.fault == "truncated":
            part = part[: len(part) // 2]
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{digest}"')
        self.send_header("X-Linked-ETag", f'"{digest}"')
        self.send_header("X-Linked-Size", str(size))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(part)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        if not body:
            return
        if self.server.fault.startswith("dies") and part:
            part = part[: size // 2 - start] if start < size // 2 else b""
            if self.server.fault == "dies once":
                self.server.fault = ""
            self.wfile.write(part)
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(part)


@pytest.fixture
def hub():
    """A running Hub."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub_environment(hub, tmp_path):
    """What a process needs to use that Hub and caches of its own."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "ZOO_CACHE": str(tmp_path / "cache"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
