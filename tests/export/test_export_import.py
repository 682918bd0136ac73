"""Importing the package costs nothing, and it stands on its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import export

PACKAGE = Path(export.__file__).parent


def test_importing_it_imports_nothing_heavy():
    code = "import sys, export; dir(export); print([m for m in sys.modules if m in {heavy}])"
    heavy = {"tensorflow", "keras", "numpy", "matplotlib", "ai_edge_litert"}
    done = subprocess.run(
        [sys.executable, "-c", code.replace("{heavy}", repr(heavy))],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in export.__all__:
        assert getattr(export, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'export_modle'"):
        export.export_modle  # noqa: B018


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_it_knows_nothing_of_the_zoo_and_prints_nothing(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            assert not [name for name in names if name.split(".")[0] in ("zoo", "absl")]
        assert not (isinstance(node, ast.Name) and node.id == "print")
