"""What is released: the wheel alone, in an empty environment of each Python, trains and exports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
# A Python, and whether it gets the lowest versions that are allowed, or those of constraints.txt.
CASES = [("3.11", False), ("3.12", False), ("3.13", False), ("3.11", True)]
LARGEST = 50_000_000  # Bytes of the wheel.

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in listed.splitlines():  # Without what earlier builds left in `build/`.
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "source" / name)
    command = ("-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, "./source")
    _run(sys.executable, *command, cwd=folder)
    return next(folder.glob("*.whl"))


def test_it_is_small_and_holds_the_checkpoints(wheel):
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    for name in os.listdir(ROOT / "checkpoints"):
        assert f"zoo/pretrained/{name}/model.safetensors" in names
    assert "zoo/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


@pytest.mark.parametrize(("version", "lowest"), CASES)
def test_it_trains_and_exports(wheel, tmp_path, version, lowest):
    if (interpreter := _interpreter(version)) is None:
        pytest.skip(f"there is no Python {version}")
    constraints = tmp_path / "constraints.txt"
    tested = (ROOT / "constraints.txt").read_text()
    constraints.write_text(_lowest(wheel) if lowest else tested)
    _run(interpreter, "-m", "venv", "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    _run(python, "-m", "pip", "install", "--quiet", "-c", constraints, wheel, cwd=tmp_path)
    zoo = tmp_path / "venv/bin/zoo"
    assert "resnet8.digits" in _run(zoo, "list", cwd=tmp_path)
    trained = ("--model=resnet8", "--data=digits", "--epochs=1", "--output=run")
    _run(zoo, "train", *trained, cwd=tmp_path)
    assert (tmp_path / "run/model.safetensors").is_file()
    exported = ("--checkpoint=resnet8.digits", "--data=digits", "--output=exported")
    _run(zoo, "export", *exported, cwd=tmp_path)
    for target in ("cpu", "gpu", "edge"):
        assert (tmp_path / f"exported/{target}.tflite").is_file()


def _interpreter(version: str) -> str | None:
    """Returns the path of a Python that has `venv`, also one of pyenv's that is not chosen."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    own = sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python{version}")))
    for candidate in (f"python{version}", *own):
        path = shutil.which(candidate)
        if (
            path
            and not subprocess.run([path, "-c", "import ensurepip"], capture_output=True).returncode
        ):
            return path
    return None


def _lowest(wheel: Path) -> str:
    """Returns the lower bounds of what the wheel requires, as pip's constraints."""
    with zipfile.ZipFile(wheel) as file:
        name = next(name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        lines = file.read(name).decode().splitlines()
    required = [
        Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")
    ]
    bounds = [
        f"{one.name}=={bound.version}\n"
        for one in required
        if one.marker is None
        for bound in one.specifier
        if bound.operator == ">="
    ]
    assert len(bounds) > 15
    return "".join(bounds)


def _run(*command: object, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout
