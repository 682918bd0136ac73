import contextlib
import json

import numpy as np
import pytest

from zoo.checkpoints.card import Card, File, Metric, read_card
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.errors import RequestError
from zoo.forms import Picture

CARD = Card(
    model="resnet8",
    labels=("cat", "dög"),
    input=Picture(shape=(32, 32, 3), mean=(1.5, 2.0, 3.0), std=(4.0, 5.0, 6.0), resize=36),
    config={"shortcut": "pad"},
    metrics=(Metric("top1", 0.9, "pets", "test", 100),),
    training=Provenance("zoo train", Learnt("digits", "ab"), {"seed": 3}),
    parameters=10,
    macs=20,
    licence="MIT",
    source="here",
    files={"model.safetensors": File(12, "ab")},
)


def write(folder, **changes):
    data = {**json.loads(CARD.to_json()), **changes}
    data = {key: value for key, value in data.items() if value != "REMOVE"}
    (folder / "card.json").write_text(json.dumps(data))


def test_round_trip(tmp_path):
    (tmp_path / "card.json").write_text(CARD.to_json(), encoding="utf-8")
    assert read_card(tmp_path) == CARD


def form(**changes):
    usual = {"kind": "picture", "shape": [32, 32, 3], "mean": [0.0] * 3, "std": [1] * 3}
    return {"input": {**usual, **changes}}


TABLE = {"kind": "table", "shape": [2], "mean": [0, 0], "std": [1, 1], "label": "y", "header": True}


METRIC = {"name": "top1", "value": 0.9, "dataset": "pets", "split": "test", "examples": 100}

WRONG = [
    ({"schema": 6}, "its schema is 6; this version reads up to 5, upgrade zoo"),
    ({"schema": "1"}, "its schema is '1'"),
    ({"schema": True}, "its schema is True"),
    ({"schema": 0}, "its schema is 0"),
    ({"model": "REMOVE"}, "field 'model' is missing"),
    ({"labels": "REMOVE"}, "field 'labels' is missing"),
    ({"input": "REMOVE"}, "field 'input' is missing"),
    ({"input": {"kind": "vector", "shape": [3], "mean": [0] * 3}}, "field 'input.std' is missing"),
    ({"input": {"shape": [3], "mean": [0], "std": [1]}}, "field 'input.kind' is missing"),
    ({"input": [32, 32, 3]}, "field 'input' is of the wrong type: it must be an object"),
    ({"labels": "cd"}, "field 'labels' is of the wrong type: it must be a list, not 'cd'"),
    ({"labels": [1, 2]}, "field 'labels[0]' is of the wrong type: it must be of type str, not 1"),
    ({"labels": []}, "field 'labels' is empty"),
    ({"config": None}, "field 'config' is of the wrong type: it must be an object, not None"),
    ({"config": {"num_classes": 10**9}}, "'config.num_classes' is decided by the other fields"),
    ({"config": {"name": "a/b"}}, "'config.name' is decided by the other fields"),
    ({"model": ["resnet8"]}, "field 'model' is of the wrong type"),
    ({"licence": 5}, "field 'licence' is of the wrong type"),
    ({"parameters": "many"}, "field 'parameters' is of the wrong type"),
    ({"task": "theft"}, "unknown task 'theft'; known: "),
    ({"colour": "red"}, "unknown field 'colour'"),
    ({"metrics": [{"name": "top1"}]}, "field 'metrics[0].value' is missing"),
    (
        {"metrics": [METRIC, {**METRIC, "value": "high"}]},
        "field 'metrics[1].value' is of the wrong",
    ),
    ({"files": {"a": {"bytes": 1, "sha256": 5}}}, "field 'files.a.sha256' is of the wrong type"),
    ({"columns": None}, "unknown field 'columns'"),
    ({"input": TABLE}, "field 'input.columns' is missing"),
    ({"input": {**TABLE, "columns": [{"name": "a"}]}}, "'input.columns[0].kind' is missing"),
    (
        {"input": {**TABLE, "columns": [{"name": "a", "kind": "number", "edges": [2, 1]}]}},
        "column 'a' needs two edges or more, rising",
    ),
    (
        form(kind="smell"),
        "'input.kind' is of the wrong type: it must be one of 'picture', 'vector'",
    ),
    (form(kind=["picture"]), "field 'input.kind' is of the wrong type"),
    (form(kind="form"), "field 'input.kind' is of the wrong type"),
    (form(kind="vector", shape=[3], resize=9), "unknown field 'input.resize'"),
    (form(shape=[32, 32]), "'input.shape' is of the wrong type: it must be a list of 3, not [32"),
    (form(shape=[None, 32, 3]), "field 'input.shape[0]' is of the wrong type"),
    (form(shape=[32, -32, 3]), "input.shape must be of sizes from 1 up, not (32, -32, 3)"),
    (form(kind="vector", shape=[0]), "input.shape must be of sizes from 1 up, not (0,)"),
    (form(kind="sequence", shape=[8, None]), "'input.shape[1]' is of the wrong type"),
    (form(shape=[True, 32, 3]), "field 'input.shape[0]' is of the wrong type"),
    (form(resize="256"), "field 'input.resize' is of the wrong type"),
    (form(resize=0), "input.resize must be 1 or more, not 0"),
    (form(mean=[0, 0, float("nan")]), "input.mean must be finite"),
    (form(std=[1, 1, 0]), "input.std must be finite and positive"),
    (form(std=[1, 1, float("inf")]), "input.std must be finite and positive"),
    (form(interpolation="bicubi"), "unknown interpolation 'bicubi'; did you mean 'bicubic'"),
    (form(antialias="no"), "field 'input.antialias' is of the wrong type"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_what_is_not_a_card_is_refused(tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(RequestError) as error:
        read_card(tmp_path)
    assert message in str(error.value)
    assert str(tmp_path / "card.json") in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"schema": 1}', "[" * 100_000])
def test_other_texts_are_refused(tmp_path, text):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(RequestError, match="is not a card"):
        read_card(tmp_path)


def test_a_folder_without_a_card_is_refused(tmp_path):
    with pytest.raises(RequestError, match=r"is not a checkpoint: it holds no card\.json"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"seed": 3', '"seed": ' + "9" * 400),
        ('"seed": 3', '"seed": ' + "[" * 60 + "]" * 60),
        ('"cat"', r'"\ud800"'),
        ('"seed"', r'"\udfff"'),
        ('"mean": [\n      1.5', '"mean": [\n      1' + "0" * 400),
    ],
)
def test_numbers_texts_and_brackets_beyond_bounds_are_refused(tmp_path, old, new):
    text = CARD.to_json()
    assert old in text
    (tmp_path / "card.json").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RequestError, match="is not a card"):
        read_card(tmp_path)


def test_a_card_of_gigabytes_is_not_read(tmp_path):
    with (tmp_path / "card.json").open("wb") as file:
        file.truncate(2**33)  # A hole, which takes no space.
    with pytest.raises(RequestError, match="it has 8,589,934,592 bytes, more than"):
        read_card(tmp_path)


def test_mutated_cards_are_read_or_refused(tmp_path):
    text = CARD.to_json()
    random = np.random.default_rng(0)
    pieces = [
        "9" * 400,
        r"\ud83d",
        "[" * 80,
        "]",
        "null",
        "-",
        "1e999",
        "NaN",
        '"',
        "{}",
        "\x00",
        "",
    ]
    path = tmp_path / "card.json"
    read = 0
    for _ in range(500):
        place = random.integers(len(text))
        cut = place + random.integers(0, 6)
        path.write_text(text[:place] + random.choice(pieces) + text[cut:], encoding="utf-8")
        with contextlib.suppress(RequestError):
            read_card(tmp_path).to_json().encode()
            read += 1
    assert 0 < read < 400
