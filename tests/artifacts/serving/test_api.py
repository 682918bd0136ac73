"""Programs ask an exported file: answers are those of `zoo predict`, and errors are one line."""

import base64
import contextlib
import http.client
import io
import json
import random
import socket
import threading
import time
import urllib.parse

import numpy as np
import pytest
from PIL import Image

import zoo
from benchmarks.serve_api import MALFORMED
from zoo.artifacts.opening.process import Process
from zoo.artifacts.serving import api, listening
from zoo.artifacts.serving.serve import serve
from zoo.data.digits import load_digits
from zoo.errors import RequestError

JSON = "application/json"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Four digits as PNG files."""
    folder = tmp_path_factory.mktemp("pictures")
    files = [folder / f"{number}.png" for number in range(4)]
    for file, pixels in zip(files, load_digits().test.x, strict=False):
        Image.fromarray(pixels[..., 0]).resize((64, 64)).save(file)
    return files


@pytest.fixture(scope="module")
def served(exported_digits):
    with serve(artifact=exported_digits, api=True, port=0, top=3, threshold=0.9) as served:
        yield served


@pytest.fixture
def ask(served):
    """Sends a request over a connection that stays open; returns status, headers and document."""
    place = urllib.parse.urlsplit(served.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)

    def asked(method, path, body=None, media=None, **headers):
        headers = {**({"Content-Type": media} if media else {}), **headers}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())

    yield asked
    connection.close()


def send(address, content, *, ends=True):
    """Sends bytes as they are; returns all that comes back."""
    place = urllib.parse.urlsplit(address)
    with socket.create_connection((place.hostname, place.port), 30) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(content)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def refusal(answer):
    """Returns status and error of one whole answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert int(headers["Content-Length"]) == len(body)
    (error,) = json.loads(body).items()
    assert error[0] == "error"
    assert "\n" not in error[1]
    return int(lines[0].split()[1]), error[1]


def encoded(files):
    instances = [{"b64": base64.b64encode(file.read_bytes()).decode()} for file in files]
    return json.dumps({"instances": instances})


def test_answers_are_those_of_zoo_predict(ask, exported_digits, pictures):
    artifact = str(exported_digits / "cpu.tflite")
    said = zoo.predict(pictures, artifact=artifact, top=3, threshold=0.9).document
    rows = json.loads(json.dumps(said["predictions"]))
    wanted = [{key: row[key] for key in row if key != "file"} for row in rows]
    assert {*wanted[0]} == {"labels", "answer"}
    for file, row in zip(pictures, wanted, strict=True):
        status, _, document = ask("POST", "/predict", file.read_bytes(), "image/png")
        assert (status, document) == (200, {"predictions": [{"instance": 0, **row}]})
    status, _, document = ask("POST", "/predict?x=1", encoded(pictures), f"{JSON}; charset=utf-8")
    assert status == 200
    assert document["predictions"] == [{"instance": i, **row} for i, row in enumerate(wanted)]


def test_what_it_says_of_itself(ask):
    status, headers, about = ask("GET", "/")
    assert status == 200
    assert headers["Connection"] == "keep-alive"
    assert about["takes"] == "pictures"
    assert about["types"] == ["image/*", "application/octet-stream", JSON]
    assert about["labels"] == [str(digit) for digit in range(10)]
    assert ask("GET", "/health")[2] == {"status": "ok"}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_requests(served, kind):
    for seed in range(3):
        status, error = refusal(send(served.address, MALFORMED[kind](random.Random(seed))))
        assert 400 <= status < 500, error


def post(head, body=b"x"):
    return b"POST /predict HTTP/1.1\r\nContent-Type: image/png\r\n" + head + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"GET /nothing HTTP/1.1\r\n\r\n", 404, "there is no /nothing; there are /, /health"),
        (b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\n\r\n", 404, "there is no /"),
        (b"GET /predict HTTP/1.1\r\n\r\n", 405, "/predict takes POST, not GET"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 405, "/ takes GET, not POST"),
        (b"BREW / HTTP/1.1\r\n\r\n", 405, "/ takes GET, not BREW"),
        (b"GET / HTTP/2.0\r\n\r\n", 400, "HTTP"),
        (b"GET /\r\n\r\n", 400, "the first line is no METHOD PATH"),
        (b"\x16\x03\x01\x02\x00\x01", 400, "the first line"),  # HTTPS where HTTP is expected.
        (post(b"X: y"), 411, "say the number of bytes"),
        (post(b"Transfer-Encoding: chunked\r\nContent-Length: 1"), 411, "not in chunks"),
        (post(b"Content-Length: 1\r\nContent-Length: 2"), 400, "no number of bytes"),
        (post(b"Content-Length: 16777217"), 413, "send 16,777,216 at most"),
        (post(b"Content-Length: 9"), 400, "the body ended after 1 of 9 bytes"),
        (post(b"Content-Length: 0", b""), 400, "the body is empty"),
        (post(b"Content-Encoding: gzip\r\nContent-Length: 1"), 415, "send it as it is"),
        (post(b"Content-Length: 1").replace(b"image/png", b"x"), 415, "the Content-Type is x; say"),
        (post(b"Content-Length: 1"), 400, "not a JPEG, PNG"),
        (b"GET / HTTP/1.1\r\n" + b"X: %s\r\n" % (b"x" * 9000) * 9, 431, "the head is longer"),
        (b"GET /" + b"x" * 70_000, 414, "the first line is longer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(served, content, status, message):
    answer = refusal(send(served.address, content))
    assert answer[0] == status
    assert message in answer[1]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"instances": [{"b64": ""}, {"b64": ""}]}, "instance 0: the file is empty"),
        ({"instances": [{"b64": "?"}]}, "instance 0 is no base64"),
        ({"instances": [{"b64": "", "x": 1}]}, 'instance 0 has to be {"b64": "…"}'),
        ({"instances": ["x"]}, "instance 0 is no object"),
        ({"instances": {}}, 'the JSON has to be {"instances": […]}'),
        ({"instances": float("nan")}, "NaN is no number"),
    ],
)
def test_what_is_wrong_with_a_json(ask, document, message):
    status, headers, answer = ask("POST", "/predict", json.dumps(document), JSON)
    assert status == 400
    assert message in answer["error"]
    assert headers["Connection"] == "keep-alive"  # It was read to its end.
    assert ask("GET", "/health")[0] == 200


def test_a_large_picture_is_refused_before_it_is_sent(served):
    """The client waits for leave to send, as curl does."""
    head = b"Expect: 100-continue\r\nContent-Length: "
    assert refusal(send(served.address, post(head + b"99999999", b""), ends=False))[0] == 413
    answer = send(served.address, post(head + b"1"))
    leave, _, rest = answer.partition(b"\r\n\r\n")
    assert leave == b"HTTP/1.1 100 Continue"
    assert refusal(rest)[0] == 400


def test_one_that_is_too_large_is_answered_while_it_is_sent(served):
    assert (
        refusal(send(served.address, post(b"Content-Length: 30000000", b"x" * 30_000_000)))[0]
        == 413
    )


def test_a_slow_client_is_answered_in_time(served, monkeypatch, pictures):
    monkeypatch.setattr(api, "_PATIENCE", 0.2)
    start = time.monotonic()
    for content in (b"GET / HT", post(b"Content-Length: 9")):
        status, error = refusal(send(served.address, content, ends=False))
        assert (status, error[:24]) == (408, "the request was not whol")
    assert time.monotonic() - start < 5
    monkeypatch.setattr(api, "_IDLE", 0.1)
    assert send(served.address, b"", ends=False) == b""


def test_clients_at_the_same_time(served, pictures, ask):
    """Each gets the answer to what it sent."""
    wanted = [ask("POST", "/predict", file.read_bytes(), "image/png")[2] for file in pictures]
    assert len({json.dumps(document) for document in wanted}) == 4
    wrong = []

    def client(number):
        body = pictures[number].read_bytes()
        for _ in range(5):
            request = post(b"Content-Length: %d" % len(body), body)
            answer = send(served.address, request).partition(b"\r\n\r\n")[2]
            if json.loads(answer) != wanted[number]:
                wrong.append(answer)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_too_many_connections(served, monkeypatch):
    place = urllib.parse.urlsplit(served.address)
    with contextlib.ExitStack() as stack:
        for _ in range(listening.MOST):
            held = socket.create_connection((place.hostname, place.port), 30)
            stack.enter_context(held)
            held.sendall(b"G")
        deadline = time.monotonic() + 20
        while (answer := send(served.address, b"GET / HTTP/1.1\r\n\r\n"))[9:12] != b"503":
            assert time.monotonic() < deadline
        assert refusal(answer) == (503, "too many connections at once; ask again")
    while send(served.address, b"GET / HTTP/1.1\r\n\r\n")[9:12] != b"200":
        assert time.monotonic() < deadline


def test_a_file_that_stops_running(exported_digits, pictures, monkeypatch):
    """It is the server's fault, and its health says so. No connection outlives the server."""

    def ended(self, question, content=b""):
        raise RequestError("--artifact x ended the process that ran it by SIGKILL")

    with serve(artifact=exported_digits / "cpu.tflite", api=True, port=0) as served:
        monkeypatch.setattr(Process, "_ask", ended)
        body = pictures[0].read_bytes()
        answer = send(served.address, post(b"Content-Length: %d" % len(body), body))
        assert refusal(answer) == (500, "--artifact x ended the process that ran it by SIGKILL")
        assert refusal(send(served.address, b"GET /health HTTP/1.1\r\n\r\n"))[0] == 503
        place = urllib.parse.urlsplit(served.address)
        held = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
        held.request("GET", "/")
        assert held.getresponse().read().startswith(b'{"artifact": "cpu.tflite"')
    with pytest.raises(ConnectionRefusedError):
        send(served.address, b"")
    held.auto_open = 0
    with contextlib.suppress(OSError, http.client.HTTPException):
        held.request("GET", "/")
        pytest.fail(f"answered {held.getresponse().status}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"app": "x"}, "--api is of an --artifact"),
        ({"artifact": "{folder}", "title": "t"}, "--title is of an app"),
        ({"artifact": "{folder}/saved_model"}, "there is no exported file .*cpu.tflite"),
        ({"artifact": "{folder}", "top": 0}, "top is 0"),
    ],
)
def test_what_cannot_be_served(exported_digits, arguments, message):
    filled = {
        name: value.format(folder=exported_digits) if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    with pytest.raises(RequestError, match=message), serve(**filled, api=True, port=0):
        pass


@pytest.mark.slow
def test_it_needs_no_tensorflow(python, exported_digits):
    picture = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(picture, "PNG")
    text = f"""
import sys, urllib.request
from zoo.artifacts.serving.serve import serve
with serve(artifact={str(exported_digits)!r}, api=True, port=0) as served:
    request = urllib.request.Request(
        served.address + "predict", {picture.getvalue()!r}, {{"Content-Type": "image/png"}}
    )
    assert b"labels" in urllib.request.urlopen(request).read()
print("tensorflow" in sys.modules, "keras" in sys.modules)
"""
    assert python(text) == "False False\n"
