"""Which file a cell of a list means."""

import unicodedata

import pytest

from zoo.data.lists.paths import Files, lists

APART = unicodedata.normalize("NFD", "Käse")  # As a Mac may write it.
WHOLE = unicodedata.normalize("NFC", "Käse")
ON_DISK = [
    "IMG_1.JPG", f"{APART}/a.png", f"{WHOLE} 2/b.png", "Deep/Er/C.Png", "both.jpg", "BOTH.jpg",
    "one.jpg", "one.png", "Two.jpg", "two.png", "dot.1.jpg", "notes.txt", "twins/x.jpg",
    "TWINS/y.jpg",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("files")
    for name in ON_DISK:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("IMG_1.JPG", ["IMG_1.JPG"]),
        ("IMG_1.jpg", ["IMG_1.JPG"]),
        ("img_1.jpg", ["IMG_1.JPG"]),
        ("img_1", ["IMG_1.JPG"]),
        ("img_1.png", []),
        ("img_11.jpg", []),
        (f"{APART}/a.png", [f"{APART}/a.png"]),
        (f"{WHOLE}/a.png", [f"{APART}/a.png"]),
        (f"{WHOLE}/A", [f"{APART}/a.png"]),
        (f"{APART} 2\\b.PNG", [f"{WHOLE} 2/b.png"]),
        ("deep/er/c.png", ["Deep/Er/C.Png"]),
        ("./Deep/../deep/er/c", ["Deep/Er/C.Png"]),
        ("deep/err/c.png", []),
        ("both.jpg", ["both.jpg"]),
        ("BOTH.jpg", ["BOTH.jpg"]),
        ("Both.jpg", ["BOTH.jpg", "both.jpg"]),
        ("one", ["one.jpg", "one.png"]),
        ("one.png", ["one.png"]),
        ("two", ["two.png"]),
        ("Two", ["Two.jpg"]),
        ("TWO", ["Two.jpg", "two.png"]),
        ("dot.1", ["dot.1.jpg"]),
        ("dot", []),
        ("twins/x.jpg", ["twins/x.jpg"]),
        ("Twins/x.jpg", []),
        ("notes.txt", []),
        ("notes", []),
        ("Deep", []),
        ("", []),
        ("..", []),
    ],
)
def test_files_of_a_cell(folder, cell, names):
    files = Files(folder, (".jpg", ".png"))
    assert [path.resolve() for path in files.of(cell)] == [folder / name for name in names]


@pytest.mark.parametrize(
    ("name", "rows", "is_list"),
    [
        ("l.csv", ["img_1.jpg,a", "gone.jpg,b"], True),
        ("L.CSV", ["IMG_1,a", "one,b"], True),
        ("l.csv", ["img_1,a", "ONE,b"], True),
        ("l.csv", ["img_1,a", "1,b"], False),
        ("l.csv", ["img_1.jpg,a;b", "gone.jpg,b"], True),
        ("l.csv", ["one.jpg,b", "img_1.jpg,a;b", "gone.jpg,b;c;d"], True),
        ("l.csv", ["a;img_1.jpg", "b;gone.jpg"], True),
        ("l.csv", ["img_1.jpg"], True),
        ("l.txt", ["IMG_1.JPG,a"], False),
    ],
)
def test_lists_name_files(folder, name, rows, is_list):
    path = folder / name
    path.write_text("\n".join(["file,label", *rows]))
    assert lists(str(path), (".jpg", ".png")) == is_list
