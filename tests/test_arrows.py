"""The lint step checks imports between folders: this tree passes, forbidden imports fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)

# A statement, the file it is put in, and what the lint step then says.
FORBIDDEN = {
    "upwards": (
        "from zoo.training.fit import fit",
        "zoo/data/digits.py",
        "zoo.data.digits -> zoo.training.fit",
    ),
    "upwards in a function": (
        "def late():\n    import zoo.checkpoints.store",
        "zoo/models/mlp.py",
        "zoo.models.mlp -> zoo.checkpoints.store",
    ),
    "upwards for types": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import zoo.data.dataset",
        "zoo/checkpoints/card.py",
        "zoo.checkpoints.card -> zoo.data.dataset",
    ),
    "beside": (
        "from zoo.artifacts.views import averaged",
        "zoo/training/recipes/recipe.py",
        "zoo.training.recipes.recipe -> zoo.artifacts.views",
    ),
    "library to command": (
        "from zoo.commands.runner import console",
        "zoo/artifacts/opening/open.py",
        "zoo.artifacts.opening.open -> zoo.commands.runner",
    ),
    "ground floor to blocks": (
        "import zoo.blocks.conv",
        "zoo/registry.py",
        "zoo.registry -> zoo.blocks.conv",
    ),
    "a part to the face": (
        "import zoo",
        "zoo/data/batches.py",
        "zoo.data.batches -> zoo",
    ),
    "export to zoo": (
        "def late():\n    from zoo.errors import RequestError",
        "export/samples.py",
        "export.samples -> zoo.errors",
    ),
    "zoo to export": (
        "import export",
        "zoo/training/runs/state.py",
        "zoo.training.runs.state -> export",
    ),
    "checks to pages": (
        "from export.clients.integration import render",
        "export/checks/parity.py",
        "export.checks.parity -> export.clients.integration",
    ),
    "tflite to checks": (
        "import export.checks.gates",
        "export/tflite/convert.py",
        "export.tflite.convert -> export.checks.gates",
    ),
    "a circle in a folder": (
        "def late():\n    from zoo.models.mlp import residual_mlp",
        "zoo/models/normalization.py",
        "No cycles are allowed in zoo.models.",
    ),
    "a room without a place": (
        "",
        "zoo/helpers.py",
        "zoo.helpers",
    ),
}


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the lint step says of a copy of the tree with all the forbidden imports in it."""
    folder = tmp_path_factory.mktemp("tree")
    for package in ("zoo", "export"):
        shutil.copytree(ROOT / package, folder / package, ignore=_not_code)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for statement, file, _ in FORBIDDEN.values():
        with open(folder / file, "a", encoding="utf-8") as code:
            code.write(f"\n\n{statement}\n")
    done = _lint(folder)
    assert done.returncode == 1, done.stdout
    return done.stdout


def test_the_tree_passes():
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("name", FORBIDDEN)
def test_is_refused(verdict, name):
    assert FORBIDDEN[name][2] in verdict


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False
    )


def _not_code(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]
