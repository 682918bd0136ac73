"""HTTP for programs: JSON for what is sent to an exported file, and one line for what is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import math
import socket
import time
from collections.abc import Mapping
from email import errors as email_errors
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from zoo.artifacts.serving.answering import Answerer, ModelError, RefusedError

_METHODS = {"/": "GET", "/health": "GET", "/predict": "POST"}
_IDLE, _PATIENCE, _LINGER = (
    15.0,
    20.0,
    1.0,
)  # Seconds between requests, for one, and after a refusal.
_HEAD = 2**16  # Bytes of the lines before a body.
_BROKEN_HEAD = (
    email_errors.MissingHeaderBodySeparatorDefect,
    email_errors.FirstHeaderLineIsContinuationDefect,
)


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of a connection, one after another.

    Args:
        connection: What `socketserver` gives.
        answerer: What answers.
    """

    protocol_version = default_request_version = "HTTP/1.1"
    server_version, sys_version = "zoo", ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def __init__(self, *connection: Any, answerer: Answerer) -> None:
        self._answerer = answerer
        self._unread = False
        super().__init__(*connection)

    def setup(self) -> None:
        """Reads from the connection with a limit of time and size."""
        super().setup()
        self.rfile.close()
        self._source = _Source(self.connection)
        self.rfile = self._read = io.BufferedReader(self._source)

    def handle_one_request(self) -> None:
        """Answers a request, or says what is wrong with it."""
        self.close_connection = True
        self._source.allow(_IDLE, _HEAD)
        try:
            if not self._read.peek(1):
                return
        except TimeoutError:
            return  # Nothing was asked.
        self._source.allow(_PATIENCE, _HEAD)
        self._unread = True
        status, headers = HTTPStatus.OK, dict[str, str]()
        try:
            content = _json(self._answer())
        except RefusedError as error:
            status, headers, content = error.status, dict(error.headers), _error(str(error))
        except TimeoutError:
            status = HTTPStatus.REQUEST_TIMEOUT
            content = _error(f"the request was not whole after {_PATIENCE:g} seconds")
        except ConnectionError:
            raise
        except ModelError as error:
            status, content = HTTPStatus.INTERNAL_SERVER_ERROR, _error(str(error))
        except Exception as error:  # noqa: BLE001 - the next request is another one.
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            content = _error(f"a fault of zoo's, not of what was sent: {type(error).__name__}")
        self.close_connection |= self._unread
        self._send(status, headers, content)

    def finish(self) -> None:
        """Ends the connection. A client that is still sending gets to read what is wrong."""
        with contextlib.suppress(OSError):
            super().finish()
        if not self._unread:
            return
        end = time.monotonic() + _LINGER
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while (left := end - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(_HEAD):
                    break

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuses what `parse_request` cannot read, as a fault of the client."""
        reason = message or explain or HTTPStatus(code).phrase
        raise RefusedError(code if code < 500 else 400, reason)

    def handle_expect_100(self) -> bool:
        """Waits: the client may send its body once the head is right."""
        return True

    def log_message(self, *of_a_request: Any) -> None:
        """Says nothing."""

    def _answer(self) -> Mapping[str, Any]:
        self._read_head()
        path = self.path.partition("?")[0]
        method = _METHODS.get(path)
        if method is None:
            raise RefusedError(404, f"there is no {path}; there are {', '.join(_METHODS)}")
        if self.command != method:
            raise RefusedError(405, f"{path} takes {method}, not {self.command}", {"Allow": method})
        if path == "/predict":
            media = self._media()
            return self._answerer.answer(media, self._body())
        if path == "/health" and not self._answerer.is_well():
            raise RefusedError(503, "the exported file does not run any more; start it again")
        return {"status": "ok"} if path == "/health" else self._answerer.about

    def _read_head(self) -> None:
        self.requestline, self.request_version, self.command = "", self.protocol_version, ""
        self.raw_requestline = self.rfile.readline(_HEAD + 1)
        if len(self.raw_requestline) > _HEAD:
            raise RefusedError(414, f"the first line is longer than {_HEAD:,} bytes")
        if len(self.raw_requestline.split()) != 3:
            raise RefusedError(400, "the first line is no METHOD PATH HTTP/1.1")
        if not self.parse_request():
            raise RefusedError(400, "the head is no HTTP")
        if any(isinstance(defect, _BROKEN_HEAD) for defect in self.headers.defects):
            raise RefusedError(400, "a line of the head is no NAME: VALUE")
        self._unread = (
            self.command != "GET"
            or "Transfer-Encoding" in self.headers
            or self.headers.get("Content-Length", "0") != "0"
        )
        self._source.allow(_PATIENCE, math.inf)

    def _media(self) -> str:
        """Returns the type of the content."""
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise RefusedError(415, "the body is packed (Content-Encoding); send it as it is")
        media = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if {media, f"{media.partition('/')[0]}/*"} & {*self._answerer.media}:
            return media
        taken = ", ".join(self._answerer.media)
        raise RefusedError(415, f"the Content-Type is {media or 'not said'}; say one of {taken}")

    def _body(self) -> bytes:
        lengths = set(self.headers.get_all("Content-Length", []))
        if "Transfer-Encoding" in self.headers or not lengths:
            raise RefusedError(411, "say the number of bytes: Content-Length, not in chunks")
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdecimal()):
            raise RefusedError(400, f"the Content-Length is no number of bytes: {text}")
        largest = self._answerer.largest
        if len(text) > 18 or int(text) > largest:
            raise RefusedError(413, f"the body has {text[:18]} bytes; send {largest:,} at most")
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise RefusedError(400, f"the body ended after {len(body):,} of {int(text):,} bytes")
        self._unread = False
        if not body:
            raise RefusedError(400, "the body is empty")
        return body

    def _send(self, status: HTTPStatus, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        named = {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Connection": "close" if self.close_connection else "keep-alive",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **headers,
        }
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


class _Source(io.RawIOBase):
    """Reads a connection until a time, and so many bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.allow(_IDLE, _HEAD)

    def allow(self, seconds: float, count: float) -> None:
        """Limits what is read from now on."""
        self._end, self._left = time.monotonic() + seconds, count

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads some bytes; none is the end.

        Raises:
            TimeoutError: The time is over.
            RefusedError: There are too many bytes.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._connection.settimeout(seconds)
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise RefusedError(431, f"the head is longer than {_HEAD:,} bytes")
        return count


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False).encode() + b"\n"


def _error(reason: str) -> bytes:
    return _json({"error": reason})
