"""Every error of a command is one line and an exit code that says whose fault it was."""

import sys
import types

import pytest
from absl import flags

from zoo.cache import cache_folder
from zoo.commands.runner import Command
from zoo.errors import DamagedError, RequestError, StoppedError
from zoo.quiet import check_backend


def command(error):
    def main(values, rest):
        raise error

    return Command("try", "tries.", flags.FlagValues(), main)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RequestError("no\nsuch"), 2, "zoo: no such\n"),
        (DamagedError("bad"), 1, "zoo: bad\n"),
        (FileNotFoundError(2, "No such file", "x\x1b"), 2, "zoo: No such file: x\ufffd\n"),
        (BrokenPipeError(32, "Broken pipe"), 2, "zoo: Broken pipe\n"),  # Of some other pipe.
        (StoppedError("goes on"), 130, "zoo: goes on\n"),
        (KeyboardInterrupt(), 130, "zoo: interrupted\n"),
        (MemoryError(), 2, "zoo: there is not enough memory for this; give it less at a time\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_foreseen(capsys, cache, error, code, line):
    assert command(error).run([]) == code
    assert capsys.readouterr() == ("", line)
    assert not cache.exists()


class NobodysError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [ValueError("odd\x1b[2J\nthing"), KeyError("x"), RecursionError(), NobodysError("y" * 9000),
     UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no"), AssertionError()],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_fault_is_one_line_with_the_place_of_its_traceback(capsys, cache, error):
    assert command(error).run([]) == 3
    out, err = capsys.readouterr()
    (file,) = (cache / "faults").iterdir()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert len(err) < 500
    assert err.startswith(f"zoo: a fault of zoo's, not of what was asked: {type(error).__name__}")
    assert err.endswith(f"its traceback is in {file}\n")
    assert "\x1b" not in err
    text = file.read_text()
    assert "Traceback" in text
    assert "raise error" in text


def test_a_fault_without_a_place_for_its_traceback(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert command(KeyError("x")).run([]) == 3
    assert capsys.readouterr().err.endswith(
        "nothing could be written, --verbosity=1 shows its traceback\n"
    )


def test_a_fault_falls_back_to_the_folder_of_temporary_files(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", "/proc/none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert command(KeyError("x")).run([]) == 3
    (file,) = tmp_path.glob("try-*.txt")
    assert capsys.readouterr().err.endswith(f"{file}\n")


def test_a_fault_with_verbosity_shows_its_traceback(capsys):
    assert command(KeyError("x")).run(["--verbosity=1"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_module_that_does_not_import_is_a_fault_too(zoo_command, monkeypatch, cache):
    broken = types.ModuleType("zoo.commands.list")  # Without COMMAND.
    monkeypatch.setitem(sys.modules, "zoo.commands.list", broken)
    code, _, err = zoo_command("list")
    assert code == 3
    assert "has no attribute 'COMMAND'" in err
    assert len(list((cache / "faults").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [("nonsense", "KERAS_BACKEND is 'nonsense'; unset it"), ("", "KERAS_BACKEND is ''; unset it"),
     ("openvino", "'openvino', which is not installed; unset it")],
)  # fmt: skip
def test_a_backend_that_there_is_not(zoo_command, monkeypatch, tmp_path, name, message):
    monkeypatch.setenv("KERAS_BACKEND", name)
    for arguments in (
        ("train", f"--output={tmp_path}/run"),
        ("predict", "--checkpoint=resnet8.digits", __file__),
    ):
        code, _, err = zoo_command(*arguments)
        assert code == 2
        assert message in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["tensorflow", "jax"])
def test_a_backend_that_there_is(monkeypatch, name):
    monkeypatch.setenv("KERAS_BACKEND", name)
    check_backend()


def test_a_user_without_a_home_has_a_list_and_no_cache(zoo_command, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ZOO_CACHE")
    monkeypatch.setattr("pathlib.Path.home", no_home)
    code, out, err = zoo_command("list", "resnet8*")
    assert (code, err) == (0, "")
    assert "resnet8.digits" in out
    with pytest.raises(RequestError, match="no home folder; set ZOO_CACHE"):
        cache_folder()
    code, _, err = zoo_command("predict", "--checkpoint=resnet18.a1_in1k", __file__)
    assert code == 2
    assert "set ZOO_CACHE" in err
