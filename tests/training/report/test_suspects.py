"""Labels of what was learnt, to look at on the page of a run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from tests.training.report.test_page import Links, answers, card, pictures, written


def doubted(sure=0.9):
    """The truth is likely, but of example 1, and of example 6 + 4 of the validation split."""
    _, split = answers()
    y = np.concatenate([split.y, split.y])
    apart = np.full((12, 3), (1 - sure) / 2, np.float32)
    apart[np.arange(12), y] = sure
    apart[1] = [0.04, 0.02, 0.94]
    apart[6 + 4] = [0.95, 0.0, 0.05]
    return apart


def named(split):
    return dataclasses.replace(split, names=np.array([f"cat/{i}.png" for i in range(6)]))


def test_the_likeliest_come_first_with_names_and_original_pictures(tmp_path):
    probabilities, split = answers()
    (tmp_path / "data" / "cat").mkdir(parents=True)
    for index in range(6):
        Image.new("RGB", (40, 30), (index, 200, 0)).save(tmp_path / f"data/cat/{index}.png")
    source = {"data": str(tmp_path / "data")}
    text = written(tmp_path, card(), probabilities, named(split), source=source, apart=doubted())
    section = text.partition("<h2>Labels to look at</h2>")[2].partition("<h2>")[0]
    assert "Of 12 pictures that it learnt, 2 may be of another class" in section
    page = Links(section)
    assert page.alts == [
        "is in: dog <b>, seems: cat, cat/4.png",
        "is in: cat, seems: cost $x^$, cat/1.png",
    ]
    assert [picture[0, 0].tolist() for picture in pictures(page)] == [[4, 200, 0], [1, 200, 0]]


@pytest.mark.parametrize("without", ["apart", "names", "suspicion"])
def test_where_nothing_is_known_there_is_no_section(tmp_path, without):
    probabilities, split = answers()
    apart = {"apart": None, "names": doubted(), "suspicion": np.eye(3)[[*split.y, *split.y]]}
    split = split if without == "names" else named(split)
    text = written(tmp_path, card(), probabilities, split, apart=apart[without])
    assert "Labels to look at" not in text
