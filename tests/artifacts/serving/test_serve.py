"""A web app is served: its files and nothing else, with HTTPS where others reach it."""

import http.client
import os
import shutil
import socket
import ssl
import urllib.parse

import pytest
import segno

from zoo.artifacts.serving import serve as serving
from zoo.artifacts.serving.certificate import certificate_for
from zoo.artifacts.serving.serve import serve
from zoo.commands import serve as command
from zoo.errors import RequestError

FILES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "litert/wasm/a.wasm": "application/wasm",
    "manifest.webmanifest": "application/manifest+json",
    "model.tflite": "application/octet-stream",
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "outer" / "app"
    for name in (*FILES, ".secret", ".git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}")
    (tmp_path / "outer" / "key.txt").write_text("outside")
    (folder / "link.txt").symlink_to("../key.txt")
    (folder / "linked").symlink_to("..")
    return folder


def ask(address, path, method="GET", **options):
    """Returns status, type and content of an answer to a path, which is sent as it is."""
    place = urllib.parse.urlsplit(address)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname, place.port, timeout=10, **options)
    connection.request(method, path)
    answer = connection.getresponse()
    content = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.headers["Content-Type"], content


def test_its_files(folder):
    with serve(app=folder, port=0) as served:
        assert served.address.startswith("http://127.0.0.1:")
        for name, kind in FILES.items():
            assert ask(served.address, f"/{name}?x=1") == (200, kind, f"this is {name}")
        assert ask(served.address, "/")[2] == "this is index.html"
        place = urllib.parse.urlsplit(served.address)
        held = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
        held.request("GET", "/app.js")
        held.getresponse().read()
    with pytest.raises(ConnectionRefusedError):
        ask(served.address, "/")
    held.auto_open = 0  # Nor is there an answer on a connection from before.
    with pytest.raises((OSError, http.client.NotConnected)):
        held.request("GET", "/app.js")


@pytest.mark.parametrize(
    "path",
    [
        "/litert/",
        "/litert",
        "/nothing",
        "/.secret",
        "/.git/config",
        "/../key.txt",
        "/%2e%2e/key.txt",
        "/litert/../../key.txt",
        "//etc/passwd",
        "/link.txt",
        "/linked/key.txt",
        "/index.html/",
        "/%00",
    ],
)
def test_nothing_else(folder, path):
    with serve(app=folder, port=0) as served:
        status, _, content = ask(served.address, path)
        assert status == 404
        assert "outside" not in content
        assert "root:" not in content
        assert ask(served.address, "/", "POST")[0] == 501
        assert ask(served.address, "/app.js")[0] == 200


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_https(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    made = certificate_for("127.0.0.1")
    assert os.stat(made.key).st_mode & 0o077 == 0
    trusting = ssl.create_default_context(cafile=made.file)
    with serve(app=folder, port=0, https=True) as served:
        assert served.address.startswith("https://127.0.0.1:")
        assert served.fingerprint == made.fingerprint  # It is kept.
        port = urllib.parse.urlsplit(served.address).port
        silent = socket.create_connection(("127.0.0.1", port))  # Others need not wait for it.
        assert ask(served.address, "/app.js", context=trusting)[2] == "this is app.js"
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(f"http://127.0.0.1:{port}", "/app.js")
        silent.close()
        assert ask(served.address, "/app.js", context=trusting)[0] == 200
    assert certificate_for("localhost").fingerprint != made.fingerprint


def test_https_is_for_others(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(serving, "shown_host", lambda host: "10.1.2.3")

    def none(host):
        asked.append(host)
        raise RequestError("no certificate")

    monkeypatch.setattr(serving, "certificate_for", none)
    with pytest.raises(RequestError, match="no certificate"), serve(app=folder, port=0):
        pass
    assert asked == ["10.1.2.3"]
    with serve(app=folder, port=0, https=False) as served:
        assert served.address.startswith("http://10.1.2.3:")
        assert not served.is_local


def test_no_openssl(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RequestError, match="openssl, which is not installed; --nohttps"):
        certificate_for("10.1.2.3")
    assert list((tmp_path / "cache/certificates").glob("[!.]*")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "say what to serve"),
        ({"app": "x", "artifact": "x"}, "say what to serve"),
        ({"app": "/nothing"}, "/nothing is no web app: it holds no index.html"),
        ({"app": "x", "title": "t"}, "--title and --threshold are of an --artifact"),
        ({"app": "{folder}", "host": "192.0.2.7"}, "cannot serve on --host=192.0.2.7"),
        ({"app": "{folder}", "host": "no such name"}, "cannot serve on --host=no such name"),
    ],
)
def test_what_is_refused(folder, arguments, message):
    filled = {name: value.format(folder=folder) for name, value in arguments.items()}
    with pytest.raises(RequestError, match=message), serve(**filled, port=0):
        pass


def test_a_port_that_is_taken(folder):
    with serve(app=folder, port=0) as served:
        port = urllib.parse.urlsplit(served.address).port
        with pytest.raises(RequestError, match=f"port {port} is taken; --port=0"):
            serve(app=folder, port=port).__enter__()


def test_the_command_ends_with_ctrl_c(zoo_command, folder, monkeypatch):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_until_stopped", stop)
    code, out, err = zoo_command("serve", f"--app={folder}", "--port=0")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("serving http://127.0.0.1:")
    assert "--host=0.0.0.0" in lines[1]
    assert lines[-1] == "stopped"


def test_the_qr_code():
    """Its characters are the modules: dark is drawn, and stands on white."""
    address = "https://192.168.178.21:8000/"
    lines = command.qr_code(address)
    rows = []
    for line in lines:
        rows.append([character in "▀█" for character in line])
        rows.append([character in "▄█" for character in line])
    wanted = [[bool(module) for module in row] for row in segno.make(address).matrix]
    edge, size = command.QUIET, len(wanted)
    inside = [row[edge : edge + size] for row in rows[edge : edge + size]]
    assert inside == wanted
    assert sum(map(sum, rows)) == sum(map(sum, wanted))
