"""Serves a web app from this computer, to itself or to the local network."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from zoo.artifacts.serving.app import app as write_app
from zoo.artifacts.serving.app import exported_file
from zoo.artifacts.serving.certificate import certificate_for
from zoo.artifacts.serving.listening import LONGEST, is_loopback, listening, shown_host
from zoo.errors import RequestError

# The files of an export for a server, the best first: gpu is made for another processor.
_FILES = ("cpu.tflite", "edge.tflite", "gpu.tflite")
_OFTEN = 0.05  # Seconds after which a server notices that it has to end.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    "": "application/octet-stream",
}


@dataclass(frozen=True)
class Served:
    """What is being served.

    Attributes:
        address: What a browser or a program opens.
        fingerprint: SHA-256 of the certificate; "": it is served without HTTPS.
        is_local: Whether only this computer reaches it.
        media: Of an API: the types of content that it takes; of an app: none.
    """

    address: str
    fingerprint: str
    is_local: bool
    media: tuple[str, ...] = ()


@contextlib.contextmanager
def serve(
    *,
    artifact: str | Path | None = None,
    app: str | Path | None = None,
    api: bool = False,
    host: str = "127.0.0.1",
    port: int = 8000,
    https: bool | None = None,
    title: str | None = None,
    threshold: float | None = None,
    top: int | None = None,
) -> Iterator[Served]:
    """Serves a web app, or an API for programs, inside the block.

    Args:
        artifact: Folder of an export, or one of its `.tflite` files. Its app is written into a
            temporary folder.
        app: In place of it, a folder that `zoo app` wrote.
        api: Whether programs are served, and not an app: see docs/serving.md.
        host: Address to listen on: "127.0.0.1" for this computer alone, "0.0.0.0" for the network.
        port: Port; 0: a free one.
        https: Whether to serve with HTTPS and a certificate of one's own. None: unless only this
            computer is served, since browsers then have cameras without it.
        title: Of an artifact's app: see `zoo.artifacts.serving.app.app`.
        threshold: Of an artifact: below it the answer is "unknown".
        top: Of an API: number of labels for each; None: 5.

    Raises:
        RequestError: There is nothing to serve, or the address is not to be had.
    """
    _check(artifact, app, api, title, threshold, top)
    with contextlib.ExitStack() as stack:
        shown = shown_host(host)
        is_local = is_loopback(shown)
        secure = not is_local if https is None else https
        server = listening(host, port, _Handler)
        stack.callback(server.server_close)
        certificate = certificate_for(shown) if secure else None
        handler: Callable[..., Any]
        media = tuple[str, ...]()
        if api:
            from zoo.artifacts.serving.answering import answering
            from zoo.artifacts.serving.api import Handler

            file = exported_file(Path(str(artifact)), _FILES)
            answerer = stack.enter_context(
                answering(file, top=5 if top is None else top, threshold=threshold)
            )
            handler, media = functools.partial(Handler, answerer=answerer), answerer.media
        else:
            if artifact is not None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "app"
                app = write_app(artifact, output=folder, title=title, threshold=threshold).folder
            handler = functools.partial(_Handler, directory=str(Path(str(app)).resolve()))
        server.open(handler, certificate)
        stack.callback(server.server_close)  # Before what answers is closed.
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(_OFTEN,), daemon=True).start()
        named = f"[{shown}]" if ":" in shown else shown
        address = f"{'https' if secure else 'http'}://{named}:{server.server_port}/"
        yield Served(address, certificate.fingerprint if certificate else "", is_local, media)


def _check(
    artifact: str | Path | None,
    app: str | Path | None,
    api: bool,
    title: str | None,
    threshold: float | None,
    top: int | None,
) -> None:
    if (artifact is None) == (app is None):
        raise RequestError("say what to serve: --artifact=FOLDER of an export, or --app=FOLDER")
    if app is not None and api:
        raise RequestError("--api is of an --artifact; an app is for browsers")
    if app is not None and (title is not None or threshold is not None):
        raise RequestError("--title and --threshold are of an --artifact; this app has its own")
    if app is not None and not (Path(app) / "index.html").is_file():
        raise RequestError(f"{app} is no web app: it holds no index.html; zoo app writes one")
    if api and title is not None:
        raise RequestError("--title is of an app; leave it out with --api")
    if not api and top is not None:
        raise RequestError("--top is of an --api; an app shows five labels")


class _Handler(SimpleHTTPRequestHandler):
    """Answers with a file of the folder, or with 404."""

    protocol_version = "HTTP/1.0"  # A connection an answer, so that none outlives the server.
    server_version, sys_version = "zoo", ""
    timeout = LONGEST
    extensions_map = _TYPES

    def send_head(self) -> Any:
        """Refuses what is not a visible file inside the folder: links out of it, and listings."""
        if not self._is_given():
            self.send_error(404)
            return None
        return super().send_head()

    def _is_given(self) -> bool:
        root = Path(self.directory)
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path == root else path
        try:
            inside = path.resolve()
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            return not hidden and inside.is_relative_to(root) and inside.is_file()
        except (ValueError, OSError):  # No name of a file.
            return False

    def end_headers(self) -> None:
        """Adds what keeps a page to itself; a changed file counts at once."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *of_a_request: Any) -> None:
        """Says nothing."""
