"""A server on an address of this computer: a bounded number of connections, perhaps with HTTPS."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from zoo.artifacts.serving.certificate import Certificate
from zoo.errors import RequestError

LONGEST = 30  # Seconds that a silent client keeps a connection.
MOST = 64  # Connections at a time.
_EVERY = ("0.0.0.0", "::")  # Every address of this computer.
_FULL = json.dumps({"error": "too many connections at once; ask again"}).encode() + b"\n"
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread of its own; nothing is answered before `open`."""

    request_queue_size = 128
    secure: ssl.SSLContext | None = None

    def __init__(self, *arguments: Any) -> None:
        self._free = threading.BoundedSemaphore(MOST)
        self._connections = set[socket.socket]()
        super().__init__(*arguments)

    def open(self, handler: Callable[..., Any], certificate: Certificate | None) -> None:
        """Says what answers."""
        self.RequestHandlerClass = handler
        self.secure = certificate.context() if certificate else None

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread, unless there are too many."""
        if not self._free.acquire(blocking=False):
            if self.secure is None:
                with contextlib.suppress(OSError):
                    request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers one client, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answers one client, with HTTPS if that is asked for."""
        request.settimeout(LONGEST)
        with contextlib.ExitStack() as stack:
            if self.secure is not None:
                request = stack.enter_context(self.secure.wrap_socket(request, server_side=True))
            self._connections.add(request)
            stack.callback(self._connections.discard, request)
            super().finish_request(request, client_address)

    def server_close(self) -> None:
        """Ends all connections."""
        super().server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                # Not `SSLSocket.shutdown`, after which its thread would write in the clear.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients go away, or speak HTTP where HTTPS is expected."""


def listening(host: str, port: int, handler: Callable[..., Any]) -> Server:
    """Returns a server on an address.

    Raises:
        RequestError: The address is not this computer's, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        of_family = type("Server", (Server,), {"address_family": family})
        server: Server = of_family((host, port), handler)
        return server
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise RequestError(f"port {port} is taken; --port=0 takes a free one") from error
        raise RequestError(f"cannot serve on --host={host} --port={port}: {error}") from error


def shown_host(host: str) -> str:
    """Returns the address that others reach this computer by, if it listens on every one."""
    if host not in _EVERY:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))  # Of no computer (RFC 5737). Nothing is sent.
        except OSError:
            return "127.0.0.1"
        return str(way.getsockname()[0])


def is_loopback(host: str) -> bool:
    """Returns whether only this computer reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
