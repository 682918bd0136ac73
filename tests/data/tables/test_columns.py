"""What is said of columns of numbers that float32 cannot tell apart."""

import numpy as np
import pytest

from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.data.tables.columns import LOST
from zoo.forms import Vector


@pytest.mark.parametrize(
    ("spell", "lost"),
    [
        (lambda k: f"{1_700_000_000 + k}", True),  # Seconds since 1970, of one minute.
        (lambda k: f"{1_700_000_000 + 60 * k}", True),  # Of an hour: steps of 128.
        (lambda k: f"{1_700_000_000 + 86_400 * k}", False),
        (lambda k: f"{k}", False),
        (lambda k: f"{101_325 + k / 100}", False),  # Pascals in steps of 1/128.
        (lambda k: f"{1_013_250 + k / 100}", True),
        (lambda k: f"1e-3{k:02}"[:5], False),
        (lambda k: f"{-1_700_000_000 - k}", True),
        (lambda k: "" if k < 9 else f"{1_700_000_000 + k}", True),
        (lambda k: f"{1_700_000_000 + k // 30}", True),  # Two numbers become one.
        (lambda k: f"{1_700_000_000 + k % 2 * 9 if k else ''}", True),
        (lambda k: "1700000001" if k else "", False),  # One number, and empty cells.
        (lambda k: f"{0.1 + k % 2 / 10}", False),
        (lambda k: f"${5_000_000_000 + k}.00", True),
    ],
)
def test_numbers_that_become_one_are_said(tmp_path, spell, lost):
    random = np.random.default_rng(0)
    rows = [f"{spell(int(k))},{k % 7},{'ab'[k % 2]}\n" for k in random.integers(0, 60, 300)]
    (tmp_path / "t.csv").write_text("x,n,kind\n" + "".join(rows))
    data = load_dataset(str(tmp_path / "t.csv"), Vector, reading=Reading(label_column="kind"))
    said = [note for note in data.notes if note.startswith(LOST)]
    assert said == ([f"{LOST}: x"] if lost else [])
