import html.parser
import os

import numpy as np
import pytest
from PIL import Image

from zoo.checkpoints.card import Card, Input, Metric
from zoo.data.dataset import Split
from zoo.training.report.page import worst_mistakes, write_result

LABELS = ("cat", "dog <b>", "cost $x^$")


def card(labels=LABELS, examples=6):
    return Card(
        model="resnet8",
        labels=labels,
        input=Input(shape=(8, 8, 3), mean=(), std=()),
        metrics=(Metric("top1", 0.5, "pets & more", "test", examples),),
        training={"command": "zoo finetune --data='a & b'"},
        source="fine-tuned from x",
    )


def outputs():
    """Six examples: 1 and 4 are wrong, 4 more surely; 5 is wrong and least sure."""
    probabilities = np.full((6, 3), 0.1, np.float32)
    for index, (told, score) in enumerate(
        [(0, 0.8), (1, 0.6), (2, 0.8), (1, 0.8), (2, 0.9), (0, 0.4)]
    ):
        probabilities[index, told] = score
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


def test_the_page_links_what_is_there(tmp_path):
    write_result(tmp_path, card(), *outputs())
    page = Links((tmp_path / "result.html").read_text())
    made = {"confusion.png", "calibration.png", "mistakes.png"}
    assert made | {"curves.png", "card.json", "run.json", "history.csv"} == set(page.files)
    assert set(os.listdir(tmp_path)) == made | {"result.html"}
    for name in made:
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 200
    for said in ("50.00% of 6 test examples of pets & more", "3 wrong", "dog <b>", "cost $x^$",
                 "--data='a & b'", "Expected calibration error: "):  # fmt: skip
        assert said in page.text


def test_without_mistakes_there_is_no_picture_of_them(tmp_path):
    (tmp_path / "mistakes.png").write_bytes(b"of a run before")
    probabilities, split = outputs()
    right = Split(split.x, probabilities.argmax(axis=1))
    write_result(tmp_path, card(), probabilities, right)
    assert "mistakes" not in (tmp_path / "result.html").read_text()
    assert not (tmp_path / "mistakes.png").exists()


@pytest.mark.parametrize(("classes", "shape"), [(2, (8, 8, 1)), (100, (8, 8, 3)), (3, (5,))])
def test_any_classes_and_inputs(tmp_path, classes, shape):
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(classes), 40).astype(np.float32)
    x = random.integers(0, 256, (40, *shape)).astype(np.uint8)
    split = Split(x, random.integers(0, classes, 40))
    write_result(
        tmp_path, card(tuple(f"class {i}" for i in range(classes)), 40), probabilities, split
    )
    assert (tmp_path / "mistakes.png").exists() == (len(shape) == 3)
