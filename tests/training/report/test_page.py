import base64
import dataclasses
import html.parser
import io
import os

import numpy as np
import pytest
from PIL import Image

from zoo.checkpoints.card import Card, Metric
from zoo.checkpoints.provenance import Provenance
from zoo.data.dataset import Dataset, Split
from zoo.forms import PLAIN
from zoo.tasks.classification import CLASSIFICATION
from zoo.training.report.outcome import Outcome
from zoo.training.report.page import write_page

LABELS = ("cat", "dog <b>", "cost $x^$")
VOID = {"meta", "img", "br", "rect", "circle", "line", "polyline"}


def card(labels=LABELS, examples=6, shape=(8, 8, 3)):
    return Card(
        model="resnet8",
        labels=labels,
        input=PLAIN[len(shape)](shape, mean=(), std=()),
        metrics=(Metric("top1", 0.5, "pets & more", "test", examples, interval=(0.19, 0.81)),),
        training=Provenance("zoo finetune '--data=a & b'"),
        source="fine-tuned from x",
    )


def answers():
    """Six examples: 1, 4 and 5 are wrong, 4 with the highest confidence and 5 with the lowest."""
    probabilities = np.full((6, 3), 0.1, np.float32)
    for index, (predicted, score) in enumerate(
        [(0, 0.8), (1, 0.6), (2, 0.8), (1, 0.8), (2, 0.9), (0, 0.4)]
    ):
        probabilities[index, predicted] = score
    y = np.array([0, 0, 2, 1, 1, 2])
    x = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    return probabilities, Split(x, y)


def written(folder, card, probabilities, split, source=None, **more):
    """Returns the page of a run whose training split is its test split."""
    splits = {"train": split, "validation": split}
    learnt = Dataset("pets", card.labels, splits, source=source or {})
    score = CLASSIFICATION.score(probabilities, split.y, card.labels)
    write_page(Outcome(folder, card, learnt, split, probabilities, score, **more))
    return (folder / "result.html").read_text(encoding="utf-8")


class Links(html.parser.HTMLParser):
    """The texts of a page and what it refers to. Every element that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.files, self.text, self.alts, self._open = [], "", [], []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.files += [value for name, value in attributes if name in ("src", "href")]
        self.alts += [value for name, value in attributes if name in ("alt", "aria-label")]
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def pictures(page):
    """Returns the pixels of the pictures in a page."""
    held = [file.partition("base64,")[2] for file in page.files if file.startswith("data:")]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in held]


def test_the_page_needs_no_other_file(tmp_path):
    text = written(tmp_path, card(), *answers())
    page = Links(text)
    linked = {file for file in page.files if not file.startswith("data:")}
    assert linked == {"card.json", "run.json", "history.csv"}
    assert "http" not in text
    assert os.listdir(tmp_path) == ["result.html"]
    for said in ("50.00% (95% interval 19.0 to 81.0) of 6 test pictures of pets & more", "3 wrong",
                 "between 19.0% and 81.0%", "dog <b>", "cost $x^$", "'--data=a & b'",
                 "Expected calibration error ", "Measured on 6, it may be"):  # fmt: skip
        assert said in page.text
    assert all(page.alts)


def test_the_page_shows_the_mistakes_themselves(tmp_path):
    probabilities, split = answers()
    text = written(tmp_path, card(), probabilities, split)
    section = text[text.index("The surest mistakes") : text.index("The least sure answers")]
    page = Links(f"<h2>{section}</h2>".removesuffix("<h2></h2>"))
    np.testing.assert_array_equal(pictures(page), split.x[[4, 1, 5]])
    assert page.alts[0] == "said: cost $x^$ 90%, is: dog <b>"


def test_the_files_of_mistakes_are_named(tmp_path):
    probabilities, split = answers()
    names = np.array([f"dog <b>/{number}.jpg" for number in range(6)])
    split = dataclasses.replace(split, names=names)
    page = Links(written(tmp_path, card(), probabilities, split))
    assert "said: cost $x^$ 90%, is: dog <b>, dog <b>/4.jpg" in page.alts

    sounds = dataclasses.replace(split, x=np.zeros((6, 4, 5), np.float32))
    text = written(tmp_path, card(shape=(4, 5)), probabilities, sounds)
    mistakes = text[text.index("The surest mistakes</h2>") : text.index("The least sure")]
    assert mistakes.count("<tr><td>dog &lt;b&gt;/") == 3
    assert "<td>dog &lt;b&gt;/4.jpg</td><td>cost $x^$</td><td>90%</td>" in mistakes


@pytest.mark.parametrize("source", ["folder", "list", "list and folder"])
def test_the_pictures_are_those_of_the_files_where_they_still_are(tmp_path, source):
    probabilities, split = answers()
    data = tmp_path / "data"
    (data / "dog").mkdir(parents=True)
    (data / "list.csv").touch()
    Image.new("RGB", (20, 40), "red").save(data / "dog" / "4.png")
    (data / "dog" / "1.png").write_bytes(b"broken")
    names = np.array([f"dog/{number}.png" for number in range(6)])
    split = dataclasses.replace(split, names=names)
    where = {
        "folder": {"data": str(data)},
        "list": {"data": str(data / "list.csv")},
        "list and folder": {"data": str(tmp_path), "folder": str(data)},
    }[source]
    text = written(tmp_path, card(), probabilities, split, source=where)
    section = text[text.index("The surest mistakes</h2>") : text.index("The least sure answers")]
    shown = pictures(Links(f"<h2>{section}</h2>".removesuffix("<h2></h2>")))
    np.testing.assert_array_equal(shown[0], np.full((40, 20, 3), (255, 0, 0)))
    np.testing.assert_array_equal(shown[1:], split.x[[1, 5]])  # Broken, and not there.


def test_without_mistakes_there_is_no_word_of_them(tmp_path):
    probabilities, split = answers()
    right = dataclasses.replace(split, y=probabilities.argmax(axis=1))
    text = written(tmp_path, card(), probabilities, right)
    assert "surest mistakes</h2>" not in text
    assert "Most often confused" not in text


@pytest.mark.parametrize(
    "name", ["猫", "👩\u200d👧", "naïve", "한국어", "$\\frac$", "\udcff", "\x1b[2J"]
)
def test_names_in_any_script_are_text_of_the_page(tmp_path, name):
    text = written(tmp_path, card((name, "b", "c")), *answers())
    assert text.count(f"<th>{name}</th>") + text.count("<th>\\udcff</th>") == 1
    assert Links(text).text.count(name) >= 3 or name == "\udcff"


@pytest.mark.parametrize(
    ("classes", "shape"),
    [(2, (8, 8, 1)), (20, (8, 4, 3)), (21, (8, 8, 2)), (100, (8, 8, 4)), (3, (5,)), (3, (4, 5))],
)
def test_any_classes_and_inputs(tmp_path, classes, shape):
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(classes), 40).astype(np.float32)
    x = random.uniform(-9, 300, (40, *shape)).astype(np.float32)  # An .npz may hold what it will.
    split = Split(x, random.integers(0, classes, 40))
    labels = tuple(f"class {i}" for i in range(classes))
    text = written(tmp_path, card(labels, 40, shape), probabilities, split)
    page = Links(text)
    assert ("surest mistakes</h2>" in text) == ("data:image" in text) == (len(shape) == 3)
    assert text.count("<th><span>") == (classes if classes <= 20 else 13)
    assert ("‘others’" in page.text) == (f"{classes - 20} more" in page.text) == (classes > 20)


def test_of_many_classes_the_worst_come_first_and_unmeasured_ones_last(tmp_path):
    labels = tuple(f"class {i:02}" for i in range(30))
    y = np.repeat(np.arange(29), 4)  # None of class 29.
    said = y.copy()
    said[4 * 17 : 4 * 17 + 3], said[4 * 5] = 3, 29
    probabilities = np.eye(30, dtype=np.float32)[said]
    split = Split(np.zeros((len(y), 8, 8, 3), np.uint8), y)
    text = written(tmp_path, card(labels, len(y)), probabilities, split)
    rows = text[text.index("<h2>Per class</h2>") : text.index("<h2>Confusion")]
    order = [part[:8] for part in rows.split("<td>") if part.startswith("class")]
    assert (order[:2], order[-1]) == (["class 17", "class 05"], "class 29")
    assert rows.index("class 29") > rows.index("<details>")
    matrix = text[text.index("<h2>Confusion") :]
    assert ">3</td>" in matrix[matrix.index("<th>class 17") : matrix.index("<th>class 29")]


def test_the_page_stays_small_whatever_the_pictures(tmp_path):
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(12), 60).astype(np.float32)
    split = Split(random.integers(0, 256, (60, 180, 240, 3), np.uint8), random.integers(0, 12, 60))
    labels = tuple(f"class {i}" for i in range(12))
    text = written(tmp_path, card(labels, 60, (180, 240, 3)), probabilities, split)
    shown = pictures(Links(text))
    assert len(shown) > 30
    assert min(min(picture.shape[:2]) for picture in shown) >= 100
    assert len(text) < 3e6


def test_the_pairs_that_are_confused_most_and_classes_without_examples(tmp_path):
    y = np.array([0] * 9 + [1] * 4)
    predicted = np.array([0] * 5 + [1, 1, 1, 2] + [1] * 4)
    split = Split(np.zeros((13, 4, 5), np.float32), y)
    of_sequences = card(examples=13, shape=(4, 5))
    text = written(tmp_path, of_sequences, np.eye(3, dtype=np.float32)[predicted], split)
    dog, cost = "dog &lt;b&gt;", "cost $x^$"
    first = f"<td>cat</td><td>{dog}</td><td>3 of 9</td></tr>"
    assert f"{first}<tr><td>cat</td><td>{cost}</td><td>1 of 9</td></tr></tbody>" in text
    assert f"<td>{cost}</td><td>–</td><td>–</td><td>–</td><td></td><td>0</td>" in text
    assert "Nothing was measured of ‘cost $x^$’" in text

    split = dataclasses.replace(split, x=np.zeros((13, 8, 8, 3), np.uint8))
    text = written(tmp_path, card(examples=13), np.eye(3, dtype=np.float32)[predicted], split)
    pair = text[text.index(f"cat taken for {dog}: 3 of 9") : text.index("The surest mistakes</h2>")]
    assert f"<td>cat</td><td>{cost}</td><td>1 of 9</td>" in pair
    assert pair.count("is: cat") == 2 * 3  # In the alternative text too.
    assert pair.count(f"is: {dog}") == 2
    assert pair.count("to compare, rightly: dog") == 2
