import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from zoo.errors import RequestError
from zoo.files import held, sha256, whole_file, whole_folder, write_text


def test_a_file_appears_only_when_whole(tmp_path):
    path = tmp_path / "deep" / "figures.weights.h5"
    with whole_file(path) as temporary:
        assert temporary.name.endswith(".weights.h5")
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "figures.txt"
    write_text(path, "old")

    def write():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_only_when_whole(tmp_path):
    path = tmp_path / "folder"

    def write():
        with whole_folder(path) as temporary:
            (temporary / "half").write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        write()
    assert list(tmp_path.iterdir()) == []
    with whole_folder(path) as temporary:
        (temporary / "file").write_text("whole")
    assert [p.name for p in path.iterdir()] == ["file"]


def test_sha256(tmp_path):
    write_text(tmp_path / "abc", "abc")  # FIPS 180-2, appendix B.1.
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")


@pytest.mark.parametrize(("umask", "file", "folder"), [
    (0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0o002, 0o664, 0o775),
])  # fmt: skip
def test_permissions_are_what_the_umask_leaves(tmp_path, umask, file, folder):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "deep" / "file.txt", "")
        with whole_folder(tmp_path / "folder") as temporary:
            write_text(temporary / "file.txt", "")
    finally:
        os.umask(before)
    for path in (tmp_path / "deep" / "file.txt", tmp_path / "folder" / "file.txt"):
        assert path.stat().st_mode & 0o777 == file
    for path in (tmp_path / "deep", tmp_path / "folder"):
        assert path.stat().st_mode & 0o777 == folder


def test_the_content_is_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(
        "os.fsync", lambda handle: flushed.append((os.fstat(handle).st_size, path.exists()))
    )
    path = tmp_path / "file.txt"
    write_text(path, "abc")
    assert flushed == [(3, False)]
    path = tmp_path / "folder"
    with whole_folder(path) as temporary:
        (temporary / "file").write_text("abcd")
    assert flushed[1:] == [(4, False)]


def test_half_a_pair_of_utf_16_is_written_as_json_writes_it(tmp_path):
    write_text(tmp_path / "card.json", json.dumps({"name": "\udcffé"}, ensure_ascii=False))
    assert json.loads((tmp_path / "card.json").read_bytes()) == {"name": "\udcffé"}


HOLD = """
import sys, time
from pathlib import Path
from zoo.files import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_held_by_one_process_until_it_ends_however_it_ends(tmp_path):
    folder = tmp_path / "run"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    for _ in range(2):
        with pytest.raises(RequestError, match="another process is writing into"), held(folder):
            pass
    with held(tmp_path / "other"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with held(folder):
        pass
    assert list(folder.iterdir()) == []
    with pytest.raises(KeyError), held(folder):
        raise KeyError
    with held(folder):
        pass


@pytest.mark.parametrize("code", [errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_written_to(tmp_path, monkeypatch, code):
    def none(handle, kind):
        raise OSError(code, "no locks")

    monkeypatch.setattr("fcntl.flock", none)
    with held(tmp_path / "run"):
        assert (tmp_path / "run").is_dir()
