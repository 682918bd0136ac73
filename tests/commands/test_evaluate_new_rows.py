"""Which rows are measured if a checkpoint of a table or its exported file gets other rows."""

import pytest

import zoo
from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.data.sources import Reading, load_dataset
from zoo.forms import Vector

HEADER = "weight,size,kind"
ROWS = [f"{i % 2 + i / 100},{i % 9 / 2},{'ab'[i % 2]}" for i in range(60)]


def table(rows):
    return "\n".join([HEADER, *rows]) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table, a checkpoint of it with the weights that it started with, and its cpu file."""
    import export

    path = tmp_path_factory.mktemp("rows")
    (path / "old.csv").write_text(table(ROWS))
    (path / "new.csv").write_text(table(ROWS[::-1][:50]))
    (path / "few.csv").write_text(table(ROWS[:4]))
    (path / "split").mkdir()
    (path / "split/train.csv").write_text(table(ROWS[:40]))
    (path / "split/test.csv").write_text(table(ROWS[40:]))
    reading = Reading(label_column="kind")
    data = load_dataset(str(path / "old.csv"), Vector, reading=reading)
    card = Card(
        "residual_mlp",
        data.labels,
        data.form,
        config={"depth": 1, "width": 4},
        training={"data": {"name": "old", "fingerprint": data.fingerprint()}},
    )
    model = build_from_card(card)
    zoo.save(model, path / "run", card)
    zoo.save(build_from_card(card), path / "other", card)
    export.export_model(
        model,
        path / "out",
        samples=export.Samples(data.train.x, data.test.x),
        labels=list(data.labels),
        targets=("cpu",),
        outputs="logits",
        identity={"weights_sha256": zoo.load(path / "run").card.files["model.safetensors"].sha256},
    )
    return path


@pytest.mark.parametrize(
    ("data", "flags", "which"),
    [
        ("old.csv", (), "12 test examples"),
        ("new.csv", (), "all 50 examples"),
        ("few.csv", (), "all 4 examples"),
        ("new.csv", ("--split=validation",), "4 validation examples"),
        ("split", (), "20 test examples"),
    ],
)
@pytest.mark.parametrize("artifact", [False, True])
def test_all_rows_of_a_new_table_count(zoo_command, folder, data, flags, which, artifact):
    file = (f"--artifact={folder / 'out/cpu.tflite'}",) if artifact else ()
    code, out, err = zoo_command(
        "evaluate", f"--checkpoint={folder / 'run'}", f"--data={folder / data}", *flags, *file
    )
    assert (code, err) == (0, "")
    assert f"on {which} of" in out
    assert ("all examples count" in out) == which.startswith("all")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--label_column=kind",), "new.csv is a table"),
        ((), "say --checkpoint too, the one that it was exported from"),
        (("--checkpoint=other",), "was not exported from"),
    ],
)
def test_a_file_is_measured_with_the_columns_it_was_made_with(zoo_command, folder, flags, says):
    flags = [flag.replace("other", str(folder / "other")) for flag in flags]
    code, out, err = zoo_command(
        "evaluate", f"--artifact={folder / 'out/cpu.tflite'}", f"--data={folder / 'new.csv'}",
        *flags,
    )  # fmt: skip
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
