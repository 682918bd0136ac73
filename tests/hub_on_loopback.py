"""A Hub on loopback, with its faults."""

from __future__ import annotations

import base64
import hashlib
import json
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
        private: Whether each repository that was made is private, by "owner/name".
        token: What a push has to say.
        refusal: Status of the answers to a right token too, as 403; 0: none.
        blobs: Large files that were sent, by their hash.
        asked: The paths of all POST requests.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.stated: dict[str, str] = {}
        self.fault = ""
        self.gets = 0
        self.private: dict[str, bool] = {}
        self.token = "of mine"
        self.refusal = 0
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
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
        if self.path.startswith("/api/models/"):
            self._tell()
        else:
            self._answer(body=True)

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.blobs[self.path.rpartition("/")[2]] = content
        self._json({})

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self._json({"error": "Invalid credentials in Authorization header"}, 401)
        elif self.server.refusal:
            self._json({"error": "you may not"}, self.server.refusal)
        elif "/commit/" in self.path:
            self._commit(self.path.split("/api/models/")[1].partition("/commit/")[0], content)
        else:
            self._prepare(json.loads(content))

    def _tell(self):
        """Answers what is known of a repository: its facts, or its files."""
        name, _, rest = self.path.removeprefix("/api/models/").partition("?")[0].partition("/tree/")
        if name not in self.server.private:
            self._json({"error": "Repository not found"}, 404, "RepoNotFound")
        elif rest:
            prefix = f"{name}/"
            paths = [
                key.removeprefix(prefix) for key in self.server.files if key.startswith(prefix)
            ]
            self._json([{"type": "file", "path": p, "size": 1, "oid": "0" * 40} for p in paths])
        else:
            self._json({"id": name, "sha": COMMIT, "private": self.server.private[name]})

    def _prepare(self, asked):
        """Answers the questions that come before a commit."""
        if self.path == "/api/repos/create":
            name = f"{asked['organization']}/{asked['name']}"
            self.server.private[name] = asked["visibility"] == "private"
            self._json({"url": f"{self.server.url}/{name}"})
        elif self.path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            large = (".safetensors", ".tflite")
            modes = {True: "lfs", False: "regular"}
            files = [
                {"path": f["path"], "uploadMode": modes[f["path"].endswith(large)]}
                for f in asked["files"]
            ]
            self._json({"files": [{**file, "shouldIgnore": False} for file in files]})
        else:
            actions = [
                {**item, "actions": {"upload": {"href": f"{self.server.url}/put/{item['oid']}"}}}
                for item in asked["objects"]
            ]
            self._json({"objects": actions, "transfer": "basic"})

    def _commit(self, name, content):
        for line in map(json.loads, content.splitlines()):
            kind, value = line["key"], line["value"]
            if kind == "file":
                self.server.files[f"{name}/{value['path']}"] = base64.b64decode(value["content"])
            elif kind == "lfsFile":
                self.server.files[f"{name}/{value['path']}"] = self.server.blobs[value["oid"]]
            elif kind == "deletedFile":
                del self.server.files[f"{name}/{value['path']}"]
        self._json({"commitUrl": f"{self.server.url}/{name}/commit/{COMMIT}", "commitOid": COMMIT})

    def _json(self, answer, status=200, code=""):
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(content)

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
