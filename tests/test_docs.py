"""The pages of docs/ name what is public, and their links lead to files that are there."""

import re

import pytest

import export
import zoo
import zoo.quantization
import zoo.tasks
from tests.conftest import ROOT

PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *(ROOT.glob("*.md"))]
LARGEST = 60_000  # Bytes of a picture of the gallery.


@pytest.mark.parametrize("package", [zoo, export, zoo.quantization, zoo.tasks])
def test_the_reference_has_all_that_is_public(package):
    pages = "".join(path.read_text() for path in (ROOT / "docs" / "reference").glob("*.rst"))
    names = [f"{package.__name__}.{name}" for name in package.__all__]
    assert [name for name in names if not re.search(rf":: {re.escape(name)}$", pages, re.M)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_pictures_of_the_gallery_are_small():
    pictures = sorted((ROOT / "docs" / "images" / "gallery").iterdir())
    assert [path.name for path in pictures] == [
        "pictures.webp",
        "recordings.webp",
        "sounds.webp",
        "tables.webp",
    ]
    assert [path for path in pictures if path.stat().st_size > LARGEST] == []
