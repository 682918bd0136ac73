import base64
import html.parser
import io
import os

import numpy as np
import pytest
from PIL import Image

from zoo.checkpoints.card import Card, Metric
from zoo.checkpoints.provenance import Provenance
from zoo.data.dataset import Split
from zoo.forms import PLAIN
from zoo.training.report.page import worst_mistakes, write_result

LABELS = ("cat", "dog <b>", "cost $x^$")


def card(labels=LABELS, examples=6, shape=(8, 8, 3)):
    return Card(
        model="resnet8",
        labels=labels,
        input=PLAIN[len(shape)](shape, mean=(), std=()),
        metrics=(Metric("top1", 0.5, "pets & more", "test", examples),),
        training=Provenance("zoo finetune --data='a & b'"),
        source="fine-tuned from x",
    )


def outputs():
    """Six examples: 1, 4 and 5 are wrong, 4 with the highest confidence and 5 with the lowest."""
    probabilities = np.full((6, 3), 0.1, np.float32)
    for index, (predicted, score) in enumerate(
        [(0, 0.8), (1, 0.6), (2, 0.8), (1, 0.8), (2, 0.9), (0, 0.4)]
    ):
        probabilities[index, predicted] = score
    y = np.array([0, 0, 2, 1, 1, 2])
    x = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    return probabilities, Split(x, y)


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.files, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.files += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_the_surest_mistakes_come_first():
    probabilities, split = outputs()
    assert worst_mistakes(probabilities, split.y).tolist() == [4, 1, 5]


def test_the_page_holds_its_pictures_and_links_the_rest(tmp_path):
    write_result(tmp_path, card(), *outputs())
    page = Links((tmp_path / "result.html").read_text())
    linked = {file for file in page.files if not file.startswith("data:")}
    assert linked == {"curves.png", "card.json", "run.json", "history.csv"}  # No curves are here.
    (tmp_path / "curves.png").write_bytes((tmp_path / "calibration.png").read_bytes())
    write_result(tmp_path, card(), *outputs())
    page = Links((tmp_path / "result.html").read_text())
    held = base64.b64encode((tmp_path / "curves.png").read_bytes()).decode()
    assert page.files.count(f"data:image/png;base64,{held}") == 2
    (tmp_path / "curves.png").unlink()
    assert set(os.listdir(tmp_path)) == {"calibration.png", "result.html"}
    with Image.open(tmp_path / "calibration.png") as picture:
        assert min(picture.size) > 200
    for said in ("50.00% of 6 test examples of pets & more", "3 wrong", "dog <b>", "cost $x^$",
                 "--data='a & b'", "Expected calibration error "):  # fmt: skip
        assert said in page.text


def test_the_page_shows_the_mistakes_themselves(tmp_path):
    probabilities, split = outputs()
    write_result(tmp_path, card(), probabilities, split)
    page = Links((tmp_path / "result.html").read_text())
    shown = [file for file in page.files if file.startswith("data:image/png;base64,")]
    shown.pop()  # The calibration.
    pixels = [np.asarray(Image.open(io.BytesIO(base64.b64decode(file[22:])))) for file in shown]
    np.testing.assert_array_equal(pixels, split.x[[4, 1, 5]])
    assert "cost $x^$ 90%is dog <b>" in page.text


def test_without_mistakes_there_is_no_word_of_them(tmp_path):
    probabilities, split = outputs()
    right = Split(split.x, probabilities.argmax(axis=1))
    write_result(tmp_path, card(), probabilities, right)
    assert "surest mistakes" not in (tmp_path / "result.html").read_text()


@pytest.mark.parametrize(
    "name", ["猫", "👩\u200d👧", "naïve", "한국어", "$\\frac$", "\udcff", "\x1b[2J"]
)
def test_names_in_any_script_are_text_of_the_page(tmp_path, name):
    write_result(tmp_path, card((name, "b", "c")), *outputs())
    text = (tmp_path / "result.html").read_text(encoding="utf-8")
    assert text.count(f"<th>{name}</th>") + text.count("<th>\\udcff</th>") == 1
    assert Links(text).text.count(name) >= 3 or name == "\udcff"


@pytest.mark.parametrize(
    ("classes", "shape"),
    [(2, (8, 8, 1)), (60, (8, 4, 3)), (61, (8, 8, 2)), (100, (8, 8, 4)), (3, (5,)), (3, (4, 5))],
)
def test_any_classes_and_inputs(tmp_path, classes, shape):
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(classes), 40).astype(np.float32)
    x = random.uniform(-9, 300, (40, *shape)).astype(np.float32)  # An .npz may hold what it will.
    split = Split(x, random.integers(0, classes, 40))
    labels = tuple(f"class {i}" for i in range(classes))
    write_result(tmp_path, card(labels, 40, shape), probabilities, split)
    text = (tmp_path / "result.html").read_text()
    assert ("surest mistakes" in text) == (len(shape) == 3)
    assert (tmp_path / "confusion.png").exists() == ('alt="Confusion"' in text) == (classes > 60)


def test_the_pairs_that_are_confused_most_and_classes_without_examples(tmp_path):
    y = np.array([0] * 9 + [1] * 4)
    predicted = np.array([0] * 5 + [1, 1, 1, 2] + [1] * 4)
    split = Split(np.zeros((13, 8, 8, 3), np.uint8), y)
    write_result(tmp_path, card(examples=13), np.eye(3, dtype=np.float32)[predicted], split)
    text = (tmp_path / "result.html").read_text()
    dog, cost = "dog &lt;b&gt;", "cost $x^$"
    first = f"<td>cat</td><td>{dog}</td><td>3 of 9</td></tr>"
    assert f"{first}<tr><td>cat</td><td>{cost}</td><td>1 of 9</td></tr></tbody>" in text
    assert f"<td>{cost}</td><td>–</td><td>–</td><td>–</td><td></td><td>0</td>" in text
