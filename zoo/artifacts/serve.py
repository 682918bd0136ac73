"""Serves a web app from this computer, to itself or to the local network."""

from __future__ import annotations

import contextlib
import errno
import functools
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from zoo.artifacts.app import app as write_app
from zoo.artifacts.certificate import Certificate, certificate_for
from zoo.errors import RequestError

_EVERY = ("0.0.0.0", "::")  # Every address of this computer.
_LONGEST = 30  # Seconds that a silent client keeps a connection.
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
    """An app that is being served.

    Attributes:
        address: What a browser opens.
        fingerprint: SHA-256 of the certificate; "": it is served without HTTPS.
        is_local: Whether only this computer reaches it.
    """

    address: str
    fingerprint: str
    is_local: bool


@contextlib.contextmanager
def serve(
    *,
    artifact: str | Path | None = None,
    app: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    https: bool | None = None,
    title: str | None = None,
    threshold: float | None = None,
) -> Iterator[Served]:
    """Serves a web app inside the block.

    Args:
        artifact: Folder of an export, or one of its `.tflite` files: its app is written into a
            temporary folder.
        app: In place of it, a folder that `zoo app` wrote.
        host: Address to listen on: "127.0.0.1" for this computer alone, "0.0.0.0" for the network.
        port: Port; 0: a free one.
        https: Whether to serve with HTTPS and a certificate of one's own. None: unless only this
            computer is served, since browsers then have cameras without it.
        title: With an artifact: see `zoo.artifacts.app.app`, also for the next.
        threshold: Below it the answer is "unknown".

    Raises:
        RequestError: There is nothing to serve, or the address is not to be had.
    """
    if (artifact is None) == (app is None):
        raise RequestError("say what to serve: --artifact=FOLDER of an export, or --app=FOLDER")
    if app is not None and (title is not None or threshold is not None):
        raise RequestError("--title and --threshold are of an --artifact; this app has its own")
    if app is not None and not (Path(app) / "index.html").is_file():
        raise RequestError(f"{app} is no web app: it holds no index.html; zoo app writes one")
    with contextlib.ExitStack() as stack:
        shown = _shown(host)
        is_local = _is_loopback(shown)
        secure = not is_local if https is None else https
        server = stack.enter_context(_listening(host, port))
        certificate = certificate_for(shown) if secure else None
        if artifact is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "app"
            app = write_app(artifact, output=folder, title=title, threshold=threshold).folder
        assert app is not None
        server.open(Path(app), certificate)
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(_OFTEN,), daemon=True).start()
        named = f"[{shown}]" if ":" in shown else shown
        address = f"{'https' if secure else 'http'}://{named}:{server.server_port}/"
        yield Served(address, certificate.fingerprint if certificate else "", is_local)


class _Server(ThreadingHTTPServer):
    """Gives the files of one folder; nothing is given before `open`."""

    secure: ssl.SSLContext | None = None

    def open(self, folder: Path, certificate: Certificate | None) -> None:
        self.RequestHandlerClass = functools.partial(_Handler, directory=str(folder.resolve()))
        self.secure = certificate.context() if certificate else None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answers one client, in a thread of its own."""
        if self.secure is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_LONGEST)
        with self.secure.wrap_socket(request, server_side=True) as secret:
            super().finish_request(secret, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients go away, or speak HTTP where HTTPS is expected."""


class _Handler(SimpleHTTPRequestHandler):
    """Answers with a file of the folder, or with 404."""

    protocol_version = "HTTP/1.0"  # A connection an answer, so that none outlives the server.
    server_version, sys_version = "zoo", ""
    timeout = _LONGEST
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


def _listening(host: str, port: int) -> _Server:
    """Returns a server on an address.

    Raises:
        RequestError: The address is not this computer's, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        of_family = type("_Server", (_Server,), {"address_family": family})
        server: _Server = of_family((host, port), _Handler)
        return server
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise RequestError(f"port {port} is taken; --port=0 takes a free one") from error
        raise RequestError(f"cannot serve on --host={host} --port={port}: {error}") from error


def _shown(host: str) -> str:
    """Returns the address that others reach this computer by, if it listens on every one."""
    if host not in _EVERY:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))  # Of no computer (RFC 5737). Nothing is sent.
        except OSError:
            return "127.0.0.1"
        return str(way.getsockname()[0])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
