"""Files that cannot be learnt from or measured on: one line, exit code 2, nothing written."""

import json

import numpy as np
import pytest

HEADER = "weight,colour,kind"
ROWS = [f"{i % 2 + i / 100},{('red', 'green')[i % 3 == 0]},{'ab'[i % 2]}" for i in range(60)]
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 6, 3)).astype(np.float32)
Y = np.arange(40) % 2


def table(rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


FILES = {
    "ragged.csv": table([*ROWS, "1,2"]),
    "other_label.csv": table(ROWS, "weight,colour,sort"),
    "other_column.csv": table(ROWS, "size,colour,kind"),
    "new_class.csv": table([*ROWS, "1,red,z"]),
    "empty.csv": "",
    "huge.csv": table([*ROWS, "1,red,1e300"]).replace(",a", ",1").replace(",b", ",2"),
    "nan.npz": {"x": changed(X, 3, np.nan), "y": Y},
    "infinite.npz": {"x": changed(X, 3, np.inf), "y": Y},
    "zero_length.npz": {"x": X, "y": Y, "lengths": changed(np.full(40, 6), 3, 0)},
    "no_arrays.npz": {},
    "objects.npz": {"x": X.astype(object), "y": Y},
    "truncated.npz": b"PK\x03\x04",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        if isinstance(content, dict):
            np.savez(tmp_path / name, **content)
        else:
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Of a table, with the weights that it started with."""
    import zoo
    from zoo.checkpoints.card import Card
    from zoo.checkpoints.store import build_from_card
    from zoo.data.reading import Reading
    from zoo.data.sources import load_dataset
    from zoo.forms import Vector

    path = tmp_path_factory.mktemp("checkpoint")
    (path / "t.csv").write_text(table(ROWS))
    data = load_dataset(str(path / "t.csv"), Vector, reading=Reading(label_column="kind"))
    card = Card(
        "residual_mlp",
        data.labels,
        data.form,
        config={"depth": 1, "width": 4},
    )
    zoo.save(build_from_card(card), path / "run", card)
    return path / "run"


MLP, LSTM = "--model=residual_mlp", "--model=residual_lstm"
LABEL = "--label_column=kind"
TRAIN = [
    ((MLP, LABEL, "--data=ragged.csv"), "ragged.csv, line 62: 2 cells, the first line has 3"),
    ((MLP, LABEL, "--data=other_label.csv"), "unknown column 'kind'; known: weight, colour, sort"),
    ((MLP, "--data=ragged.csv"), "line 62: 2 cells"),
    ((MLP, "--data=new_class.csv"), "say which column of new_class.csv is the label"),
    ((MLP, LABEL, "--data=empty.csv"), "empty.csv is empty"),
    ((MLP, LABEL, "--data=none.csv"), "No such file or directory: none.csv"),
    ((MLP, LABEL, "--data=huge.csv", "--task=regression"), "'1e300' is too large"),
    ((LSTM, "--data=nan.npz"), "x has NaN or infinity in 1 of 40 examples, first in number 3"),
    ((LSTM, "--data=infinite.npz"), "x has NaN or infinity in 1 of 40 examples"),
    ((LSTM, "--data=zero_length.npz"), "sequence 3 has length 0"),
    ((LSTM, "--data=no_arrays.npz"), "no_arrays.npz holds no arrays"),
    ((LSTM, "--data=objects.npz"), "an array of objects, x.npy, which is not opened"),
    ((LSTM, "--data=truncated.npz"), "truncated.npz is not an .npz file"),
    ((MLP, "--augment=light"), "--augment=light is of pictures"),
    ((LSTM, LABEL, "--data=other_column.csv"), "name the column that tells these apart"),
    ((LSTM, "--config=bidirectional=no"), "bidirectional must be true or false, not 'no'"),
    ((LSTM, "--config=norm=none,zero_init=true"), "zero_init needs a norm"),
    ((MLP, "--config=depth=0"), "depth must be a whole number from 1 up, not 0"),
]
MEASURE = [
    ("ragged.csv", "line 62: 2 cells, the first line has 3"),
    ("other_label.csv", "unknown column 'kind'; known: weight, colour, sort"),
    ("other_column.csv", "missing column: weight; it has: size, colour, kind"),
    ("new_class.csv", "new_class.csv, line 62: class 'z' is not one of a, b"),
    ("empty.csv", "empty.csv is empty"),
    ("nan.npz", "no table data; the model takes 2 dimensions"),
]


def refused(zoo_command, folder, arguments, message):
    before = sorted(path.name for path in folder.iterdir())
    code, out, err = zoo_command(*arguments)
    assert code == 2
    assert err.startswith("zoo: ")
    assert message in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(("arguments", "message"), TRAIN, ids=[" ".join(a) for a, _ in TRAIN])
def test_train(zoo_command, folder, arguments, message):
    refused(zoo_command, folder, ("train", *arguments, "--output=run"), message)


@pytest.mark.parametrize("command", ["evaluate", "export"])
@pytest.mark.parametrize(("data", "message"), MEASURE, ids=[data for data, _ in MEASURE])
def test_evaluate_and_export(zoo_command, folder, checkpoint, command, data, message):
    arguments = (command, f"--checkpoint={checkpoint}", f"--data={data}", "--output=out")
    refused(zoo_command, folder, arguments, message)


def test_a_category_never_seen_is_measured_and_said(zoo_command, folder, checkpoint):
    (folder / "pink.csv").write_text(table([*ROWS[:-1], "1,pink,a", "inf,red,b"]))
    code, out, err = zoo_command(
        "evaluate", f"--checkpoint={checkpoint}", "--data=pink.csv", "--split=all", "--output=f"
    )
    assert (code, err) == (0, "")
    assert "cells of no known category, read as none of them: colour (1, such as 'pink'" in out
    assert "weight (1)" in out  # The infinite one.
    assert np.sum(json.loads((folder / "f").read_text())["confusion"]) == 61
