"""The notebook for newcomers runs, cell by cell, and its exported file works."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "docs" / "quickstart.ipynb"


def _run(cell: str, names: dict[str, object]) -> object:
    """Runs a cell and returns its last expression, which a notebook shows."""
    *statements, last = ast.parse(cell).body
    ending = [last] if not isinstance(last, ast.Expr) else []
    exec(compile(ast.Module([*statements, *ending], []), "cell", "exec"), names)
    return None if ending else eval(ast.unparse(last), names)  # noqa: S307


@pytest.mark.slow
def test_every_cell_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("export.artifact.prove", lambda *subject: ())  # `make test-provers` does.
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    shown = [value for value in (_run(cell, names) for cell in code) if value is not None]
    before, _, checkpoint, _, after, artifact, probabilities = shown
    digits = [Path(prediction.file).name[0] for prediction in before.predictions]
    assert [prediction.labels[0].label for prediction in before.predictions] == digits
    assert {prediction.labels[0].label for prediction in after.predictions} == {"even", "odd"}
    assert checkpoint.score.top1 > 0.8
    assert artifact.score.top1 > 0.8
    assert set(probabilities) == {"even", "odd"}
    for result in shown[:-1]:
        assert "<table" in result._repr_html_() or "<p>" in result._repr_html_()
