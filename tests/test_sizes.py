"""A file is short enough to be read at one sitting."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT

MOST = 400


@pytest.mark.parametrize("folder", ["zoo", "export", "tests", "benchmarks"])
def test_no_file_is_longer_than_400_lines(folder):
    lines = {path: path.read_text().count("\n") for path in (ROOT / folder).rglob("*.py")}
    assert lines
    assert not {str(path): count for path, count in lines.items() if count > MOST}
