"""Folders appear whole or not at all, also after errors and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from export import publish as publishing
from export.errors import ExportError
from export.publish import check_output, publish, working_folder

ROOT = Path(__file__).parent.parent.parent


def write_export(output: Path, version: str, *names: str) -> None:
    """Publishes files that all hold the same text."""
    with working_folder(output) as folder:
        finished = folder / "artifacts"
        for name in ("report.json", "saved_model/1/saved_model.pb", *names):
            (finished / name).parent.mkdir(parents=True, exist_ok=True)
            (finished / name).write_text(version)
        publish(finished, output)


def files_of(output: Path) -> dict[str, str]:
    return {
        str(path.relative_to(output)): path.read_text()
        for path in output.rglob("*")
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def flushed(monkeypatch):
    """Notes what would be flushed to the disk, which takes its time over it."""
    names: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: names.append(os.readlink(f"/proc/self/fd/{handle}"))
    )
    return names


@pytest.fixture(params=["beside", "mount", "unowned parent", "no swapping"])
def place(request, monkeypatch):
    """An ordinary folder, and places where the output cannot swap names with its neighbour."""
    if request.param == "mount":
        monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "out")
    if request.param == "unowned parent":
        partial_in = publishing._partial_in

        def refuse(parent: Path, output: Path) -> Path:
            if parent != output:
                raise PermissionError(13, "Permission denied", str(parent))
            return partial_in(parent, output)

        monkeypatch.setattr(publishing, "_partial_in", refuse)
    if request.param == "no swapping":
        monkeypatch.setattr(publishing, "_swap", lambda folder, output: False)
    return request.param


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["thesis.txt", "report.json"], r"not just an earlier export \(it has 'thesis.txt'\)"),
        (["mine.tflite"], r"not just an earlier export \(it has 'mine.tflite'\)"),
        (["labels.txt", "saved_model"], r"it has 'labels.txt'"),
        ([".DS_Store", "photo.jpg"], r"it has 'photo.jpg'"),
        (["report.json", "lost+found"], r"it has 'lost\+found'"),
    ],
)
def test_a_folder_with_other_things_in_it_is_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).write_text("years of work")
    with pytest.raises(ExportError, match=message):
        check_output(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(names)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["report.json"],
        ["report.json", "mine.tflite", "saved_model"],
        [".DS_Store"],
        ["report.json", ".DS_Store", "._cpu.tflite", "Thumbs.db", "desktop.ini", ".directory"],
        ["cpu.tflite", ".out.abc.partial"],  # Killed on a volume, between two files.
    ],
)
def test_new_empty_and_earlier_are_accepted(tmp_path, names):
    output = tmp_path / "out"
    check_output(output)
    output.mkdir()
    for name in names:
        (output / name).write_text("{}")
    check_output(output)
    write_export(output, "new")
    assert set(files_of(output).values()) == {"new"}
    assert os.listdir(tmp_path) == ["out"]


def test_a_fresh_volume_keeps_what_its_file_system_made(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "out")
    output = tmp_path / "out"
    (output / "lost+found").mkdir(parents=True)
    check_output(output)
    write_export(output, "new")
    assert {path.name for path in output.iterdir()} == {"lost+found", "report.json", "saved_model"}


@pytest.mark.parametrize("name", ["model.tflite", "link", "model.tflite/below", "/proc/x"])
def test_what_cannot_be_written_is_refused_before_any_work(tmp_path, name):
    (tmp_path / "model.tflite").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ExportError, match=r"is not a folder|cannot write") as error:
        check_output(tmp_path / name)
    assert len(str(error.value).splitlines()) == 1
    assert sorted(os.listdir(tmp_path)) == ["link", "model.tflite"]


def test_the_check_makes_no_folder(tmp_path):
    check_output(tmp_path / "a" / "b" / "c")
    assert not os.listdir(tmp_path)


def test_an_export_takes_the_place_of_the_earlier_one(tmp_path, place):
    output = tmp_path / "out"
    output.mkdir()
    write_export(output, "old", "cpu.tflite", "labels.txt", "saved_model/1/stale")
    output.chmod(0o750)
    write_export(output, "new", "edge.tflite", "saved_model/1/variables/data")
    assert files_of(output) == {
        "report.json": "new",
        "edge.tflite": "new",
        "saved_model/1/saved_model.pb": "new",
        "saved_model/1/variables/data": "new",
    }
    assert os.listdir(tmp_path) == ["out"]
    assert output.stat().st_mode & 0o777 == 0o750


def test_a_name_appears_when_all_below_it_is_on_the_disk(tmp_path, flushed, monkeypatch):
    swap, before = publishing._swap, []

    def note_and_swap(folder: Path, output: Path) -> bool:
        before.extend(flushed)
        return swap(folder, output)

    monkeypatch.setattr(publishing, "_swap", note_and_swap)
    (tmp_path / "out").mkdir()
    write_export(tmp_path / "out", "new", "cpu.tflite")
    names = {Path(name).name for name in before}
    assert names == {
        *("report.json", "cpu.tflite", "saved_model.pb"),
        *("artifacts", "saved_model", "1"),
    }
    assert flushed[-1] == str(tmp_path)


def test_an_error_half_way_leaves_what_was_there(tmp_path, place):
    def interrupted() -> None:
        with working_folder(output) as folder:
            (folder / "half").write_text("")
            raise KeyboardInterrupt

    output = tmp_path / "out"
    output.mkdir()
    write_export(output, "old", "cpu.tflite")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert set(files_of(output)) == {"report.json", "saved_model/1/saved_model.pb", "cpu.tflite"}
    assert os.listdir(tmp_path) == ["out"]


def test_readers_of_an_open_folder_always_find_one_whole_export(tmp_path):
    output, done = tmp_path / "out", threading.Event()
    seen: list[set[str]] = []
    write_export(output, "0", "cpu.tflite")

    def read() -> None:
        while not done.is_set():
            folder = os.open(output, os.O_RDONLY)
            texts = set()
            for name in ("report.json", "cpu.tflite"):
                try:
                    file = os.open(name, os.O_RDONLY, dir_fd=folder)
                except FileNotFoundError:  # The replaced one, which is being removed.
                    texts.clear()
                    break
                texts.add(os.read(file, 9).decode())
                os.close(file)
            os.close(folder)
            seen.append(texts)

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 40):
        write_export(output, str(version), "cpu.tflite")
    done.set()
    reader.join()
    assert len(seen) > 40  # The reader itself ends early where the folder is missing.
    assert all(len(texts) <= 1 for texts in seen)


def test_what_a_killed_export_leaves_is_removed_by_the_next(tmp_path, place):
    script = (
        "import sys, time, pathlib\n"
        "from export.publish import publish, working_folder\n"
        "output = pathlib.Path(sys.argv[1])\n"
        "with working_folder(output) as folder:\n"
        "    (folder / 'artifacts').mkdir()\n"
        "    (folder / 'artifacts' / 'report.json').write_text('killed')\n"
        "    print('working', flush=True)\n"
        "    time.sleep(600)\n"
    )
    output = tmp_path / "out"
    output.mkdir()
    write_export(output, "old", "cpu.tflite")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(output)], stdout=subprocess.PIPE, env=environment
    )
    assert process.stdout.readline() == b"working\n"
    (partial,) = tmp_path.glob(".out.*.partial")
    write_export(output, "during", "cpu.tflite")
    assert partial.is_dir()  # Its process is alive.
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert partial.is_dir()
    write_export(output, "after", "cpu.tflite")
    assert set(files_of(output).values()) == {"after"}
    assert os.listdir(tmp_path) == ["out"]


def test_wherever_an_export_is_killed_one_whole_export_is_there(tmp_path):
    script = (
        "import os, sys, pathlib\n"
        "os.fsync = lambda handle: None\n"
        "from export.publish import publish, working_folder\n"
        "output, version = pathlib.Path(sys.argv[1]), 0\n"
        "while True:\n"
        "    version += 1\n"
        "    with working_folder(output) as folder:\n"
        "        (folder / 'artifacts').mkdir()\n"
        "        for name in ('cpu.tflite', 'report.json'):\n"
        "            (folder / 'artifacts' / name).write_text(str(version))\n"
        "        publish(folder / 'artifacts', output)\n"
        "    print(version, flush=True)\n"
    )
    output = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for kill in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(output)], stdout=subprocess.PIPE, env=environment
        )
        for _ in range(1 + 2 * kill):  # Now in the middle of the next.
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        texts = files_of(output)
        assert set(texts) == {"cpu.tflite", "report.json"}
        assert len(set(texts.values())) == 1
    with working_folder(output):
        assert len(list(tmp_path.glob(".out.*.partial"))) == 1
    assert os.listdir(tmp_path) == ["out"]
