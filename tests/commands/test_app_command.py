"""`zoo app`: what its folder holds, and what is refused. In a browser: tests/artifacts."""

import json
import re
import subprocess

import pytest

from export.clients.web import TEMPLATES
from zoo.artifacts.serving import app as apps
from zoo.artifacts.serving import litertjs
from zoo.errors import RequestError


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A `node_modules` as npm makes it, but empty files."""
    folder = tmp_path_factory.mktemp("node_modules")
    core, other = folder / "@litertjs/core", folder / "@litertjs/wasm-utils"
    forms = ("internal", "compat_internal", "jspi_internal", "threaded_internal")
    wasm = [f"wasm/litert_wasm_{form}.{kind}" for form in forms for kind in ("js", "wasm")]
    for file in (*(core / name for name in ("dist/index.js", *wasm)), other / "dist/index.js"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (core / "package.json").write_text('{"version": "9.8.7"}')
    return folder


@pytest.fixture
def no_npm(packages, monkeypatch):
    monkeypatch.setattr(apps, "runtime_folder", lambda: packages)


def test_the_folder(zoo_command, exported_digits, no_npm, tmp_path):
    folder = tmp_path / "some" / "app"
    title = 'A "digit" </title> é'
    arguments = (f"--artifact={exported_digits}", f"--output={folder}", f"--title={title}")
    code, out, err = zoo_command("app", *arguments, "--threshold=0.6")
    assert (code, err) == (0, "")
    assert str(folder) in out.splitlines()[0]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<h1>A &#34;digit&#34; &lt;/title&gt; é</h1>" in page
    assert json.loads((folder / "manifest.webmanifest").read_text())["name"] == title
    assert (folder / "model.tflite").read_bytes() == (exported_digits / "cpu.tflite").read_bytes()
    facts = json.loads((folder / "model.json").read_text())
    assert facts["labels"] == [str(digit) for digit in range(10)]
    assert facts["threshold"] == 0.6
    assert facts["form"]["shape"] == [32, 32, 3]
    assert "9.8.7" in (folder / "litert/README.txt").read_text()
    assert not any("threaded" in file.name for file in folder.rglob("*"))
    # Whatever the page or a module names is there.
    names = set(re.findall(r'(?:href|src|from|import)[=( ]+[`"](?:\./)?([a-z0-9-]+\.[a-z]+)', page))
    for module in folder.glob("*.js"):
        names |= set(re.findall(r'from "\./([a-z-]+\.js)"', module.read_text()))
    assert {"app.js", "pixels.js", "style.css", "manifest.webmanifest"} <= names
    assert {name for name in names if not (folder / name).is_file()} == set()
    worker = (folder / "service-worker.js").read_text()
    kept = json.loads(re.search(r"FILES = (\[.*?\]);", worker, re.DOTALL)[1])
    assert {file for file in kept if not (folder / file).exists()} == set()
    assert {"./", "index.html", "model.tflite", "litert/index.js"} <= set(kept)


@pytest.mark.slow
def test_a_changed_app_is_another_version(exported_digits, no_npm, tmp_path):
    """A device that keeps the app takes the new one."""
    folders = [
        apps.app(exported_digits, output=tmp_path / title, title=title).folder
        for title in ("one", "two")
    ]
    one, two = [(folder / "service-worker.js").read_text() for folder in folders]
    assert one != two


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say what to make an app of"),
        (("--artifact=nothing",), "there is no exported file 'nothing'"),
        (("--artifact={empty}",), "gpu.tflite, cpu.tflite, edge.tflite: zoo export writes them"),
        (("--artifact={digits}/labels.txt",), "is not a .tflite file"),
        (("--artifact={digits}", "--platform=wap"), "unknown platform 'wap'"),
        (("--artifact={digits}", "--output={empty}"), "exists; remove it, or choose another"),
        (("--artifact={digits}", "--threshold=1.5"), "--threshold must be between 0 and 1"),
        (("--artifact={digits}", "more"), "unexpected argument 'more'"),
    ],
)
def test_what_is_refused(zoo_command, exported_digits, no_npm, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    places = {"empty": tmp_path / "empty", "digits": exported_digits}
    code, _, err = zoo_command("app", *(argument.format(**places) for argument in arguments))
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize(
    ("npm", "message"),
    [
        (None, "npm, which fetches LiteRT.js, is not installed"),
        ("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n", "(npm error code ENOTFOUND)"),
        ("#!/bin/sh\nexit 7\n", "(no reason given)"),
    ],
)
def test_npm_does_not_answer(monkeypatch, tmp_path, npm, message):
    (tmp_path / "bin").mkdir()
    if npm is not None:
        (tmp_path / "bin/npm").write_text(npm)
        (tmp_path / "bin/npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(RequestError, match="npm") as error:
        litertjs.runtime_folder()
    assert message in str(error.value)
    assert "on another computer, and copy its node_modules to" in str(error.value)
    assert list((tmp_path / "cache/npm").glob("[!.]*")) == []


def test_npm_is_asked_once(monkeypatch, tmp_path):
    asked = []

    def install(command, cwd, **options):
        asked.append(command)
        assert {path.name for path in cwd.iterdir()} == {"package.json", "package-lock.json"}
        (cwd / "node_modules").mkdir()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(litertjs.shutil, "which", lambda name: name)
    monkeypatch.setattr(litertjs.subprocess, "run", install)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    assert litertjs.runtime_folder() == litertjs.runtime_folder()
    assert litertjs.runtime_folder().is_dir()
    assert [command[:2] for command in asked] == [["npm", "ci"]]
    assert "--ignore-scripts" in asked[0]


def test_the_lock_names_hashes_and_no_host():
    lock = json.loads((TEMPLATES / "package-lock.json").read_text())
    wanted = json.loads((TEMPLATES / "package.json").read_text())["dependencies"]
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert {"node_modules/@litertjs/core", "node_modules/@litertjs/wasm-utils"} == set(packages)
    assert wanted == lock["packages"][""]["dependencies"]
    assert wanted["@litertjs/core"] == packages["node_modules/@litertjs/core"]["version"]
    for facts in packages.values():
        assert facts["integrity"].startswith("sha512-")
        assert "resolved" not in facts
