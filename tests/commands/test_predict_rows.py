"""The rows of a person's own tables, by checkpoint and by the files that were exported from it."""

import csv
import dataclasses
import json

import keras
import pytest

import export
import zoo
from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.forms import Vector
from zoo.tasks.regression import REGRESSION

COLOURS = ("red", "green", "")
ROWS = [
    f"{'' if i % 7 == 0 else i % 5 + i / 100};{COLOURS[i % 3]};{'ab'[i % 2]};{i % 4 + 0.5}"
    for i in range(120)
]
HEADER = "weight;colour;kind;size"
NEW = "colour,weight,size,kind\nred,3.5,1,a\npink,?,2,b\n,1e9,0.5,a\ngreen,0.25,,a\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of a classifier and of a regression with weights of chance, and their exports."""
    keras.utils.set_random_seed(0)  # By chance, a row may be surer than any threshold.
    path = tmp_path_factory.mktemp("rows")
    (path / "old.csv").write_text("\n".join([HEADER, *ROWS]) + "\n")
    (path / "new.csv").write_text(NEW)
    tasks = {"kind": Reading(label_column="kind")}
    tasks["size"] = Reading(label_column="size", task=REGRESSION)
    with pytest.MonkeyPatch.context() as patch:
        gates = export.Gates(accuracy_drop=1.0)
        for name, target in export.TARGETS.items():
            loose = dataclasses.replace(target, provers=(), gates=gates)
            patch.setitem(export.TARGETS, name, loose)
        for label, reading in tasks.items():
            data = load_dataset(str(path / "old.csv"), Vector, reading=reading)
            card = Card(
                "residual_mlp",
                data.labels,
                data.form,
                config={"depth": 1, "width": 8, "norm": "none", "zero_init": False},
                training={"data": {"name": "old", "fingerprint": data.fingerprint()}},
                task=data.task.name,
            )
            zoo.save(build_from_card(card), path / label, card)
            zoo.export(
                str(path / label),
                data=str(path / "old.csv"),
                targets=("cpu", "edge") if label == "kind" else ("cpu",),
                output=path / f"{label}.exported",
            )
    return path


def predictions(out):
    return json.loads(out)["predictions"]


@pytest.mark.slow
@pytest.mark.parametrize("label", ["kind", "size"])
@pytest.mark.parametrize("file", ["cpu.tflite", "saved_model", "saved_model/1"])
def test_a_file_predicts_as_its_checkpoint_does(zoo_command, folder, label, file):
    table = str(folder / "new.csv")
    code, out, err = zoo_command("predict", f"--checkpoint={folder / label}", table, "--json")
    assert code == 0
    assert err.count("zoo: ") == len(err.splitlines())
    ours = predictions(out)
    assert [row["line"] for row in ours] == [2, 3, 4, 5]
    artifact = f"--artifact={folder / f'{label}.exported' / file}"
    code, out, _ = zoo_command("predict", artifact, table, "--json")
    assert code == 0
    for a, b in zip(ours, predictions(out), strict=True):
        if label == "kind":
            assert a["prediction"] == b["prediction"]
            assert a["confidence"] == pytest.approx(b["confidence"], abs=1e-4)
        else:
            assert a["prediction"] == pytest.approx(b["prediction"], abs=1e-4)
            assert a["confidence"] is None


def test_a_line_for_each_row_and_what_was_odd(zoo_command, folder):
    table = folder / "new.csv"
    code, out, err = zoo_command("predict", f"--checkpoint={folder / 'kind'}", str(table))
    assert code == 0
    lines = out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{table}, line {n}" for n in (2, 3, 4, 5)]
    assert all(line.split(": ")[1][0] in "ab" and line.endswith("%") for line in lines)
    assert "colour (1, such as 'pink' in line 3)" in err
    assert "empty cells" in err


def test_a_threshold_and_what_it_changes(zoo_command, folder):
    model, table = f"--checkpoint={folder / 'kind'}", str(folder / "new.csv")
    for threshold, label, count in (("0.001", "b", 4), ("0.999", "a", 0)):
        asked = f"--decision_threshold={threshold}"
        code, out, err = zoo_command("predict", model, table, asked, "--json")
        assert code == 0
        assert {row["prediction"] for row in predictions(out)} == {label}
        assert f"decision threshold {threshold} in place of 0.5: {count} of 4 rows are 'b', " in err
    code, out, _ = zoo_command(
        "evaluate", model, f"--data={folder / 'old.csv'}", "--decision_threshold=0.001"
    )
    assert code == 0
    assert "decision threshold 0.001 in place of 0.5: recall of 'b' 100.00% (" in out
    for name, threshold, message in (
        ("kind", "1.5", "--decision_threshold must be between 0 and 1, not 1.5"),
        ("size", "0.3", "--decision_threshold is of two classes"),
    ):
        wrong = (f"--checkpoint={folder / name}", f"--decision_threshold={threshold}")
        for command in (("predict", table), ("evaluate", f"--data={folder / 'old.csv'}")):
            code, _, err = zoo_command(*command, *wrong)
            assert (code, message in err) == (2, True), err


def test_rows_below_a_threshold_are_unknown(zoo_command, folder):
    model, table = f"--checkpoint={folder / 'kind'}", str(folder / "new.csv")
    _, out, _ = zoo_command("predict", model, table, "--json")
    sure = sorted(row["confidence"] for row in predictions(out))
    threshold = (sure[1] + sure[2]) / 2
    code, out, err = zoo_command("predict", model, table, f"--threshold={threshold}", "--json")
    rows = predictions(out)
    unknown = [row["confidence"] < threshold for row in rows]
    assert [row["prediction"] == "unknown" for row in rows] == unknown
    assert code == 0
    assert f"{unknown.count(False)} of 4 rows have an answer, the others are unknown" in err
    for name, asked, message in (
        ("kind", ("--threshold=1",), "--threshold must be between 0 and 1, not 1"),
        ("size", ("--threshold=0.3",), "--threshold is of classes, and this model predicts values"),
    ):
        wrong = (f"--checkpoint={folder / name}", *asked)
        for command in (("predict", table), ("evaluate", f"--data={folder / 'old.csv'}")):
            code, _, err = zoo_command(*command, *wrong)
            assert (code, message in err) == (2, True), err


def test_all_rows_go_into_a_file(zoo_command, folder, tmp_path):
    output = tmp_path / "out.csv"
    code, out, _ = zoo_command(
        "predict", f"--artifact={folder / 'kind.exported/edge.tflite'}", f"--output={output}",
        str(folder / "new.csv"),
    )  # fmt: skip
    assert (code, out) == (0, f"4 rows: {output}\n")
    head, *rows = csv.reader(output.read_text().splitlines())
    assert head == ["colour", "weight", "size", "kind", "prediction", "confidence"]
    assert [row[:2] for row in rows] == [
        ["red", "3.5"],
        ["pink", ""],
        ["", "1e9"],
        ["green", "0.25"],
    ]
    assert all(row[4] in "ab" and 0.5 <= float(row[5]) <= 1 for row in rows)


def test_a_file_of_predictions_keeps_what_it_was_given(zoo_command, folder, tmp_path):
    dated = tmp_path / "dated.csv"
    dated.write_text("prediction,day,colour,weight,size\nold,2024-03-31,red,3.5,1\n")
    swapped = tmp_path / "swapped.csv"
    swapped.write_text("day,colour,prediction,weight,size\n1.4.2024,green,x,1,2\n")
    output = tmp_path / "out.csv"
    model = f"--checkpoint={folder / 'kind'}"
    code, _, err = zoo_command("predict", model, f"--output={output}", str(dated), str(swapped))
    assert code == 0, err
    head, *rows = csv.reader(output.read_text().splitlines())
    added = ["prediction_2", "confidence_2"]
    assert head == ["prediction", "day", "colour", "weight", "size", *added]
    assert [row[:5] for row in rows] == [
        ["old", "2024-03-31", "red", "3.5", "1"],
        ["x", "1.4.2024", "green", "1", "2"],
    ]
    for asked, says in (
        ((f"--output={dated}", str(dated)), "is what is to be predicted; choose another name"),
        ((f"--output={output}", str(dated), str(folder / "new.csv")), "has other columns than"),
        ((str(tmp_path),), f"{tmp_path} is a folder; name the tables in it"),
    ):
        code, _, err = zoo_command("predict", model, *asked)
        assert (code, says in err, len(err.splitlines())) == (2, True, 1), err
    assert dated.read_text().startswith("prediction,day")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("colour,size\nred,1\n", "missing column: weight"),
        (
            "colour,weight,size\nred,heavy,1\nred,light,2\n",
            "column 'weight' holds numbers, but 2 of 2 cells",
        ),
        ("colour,weight,size\nred\n", "line 2: 1 cells"),
        ("colour,weight,size\n", "a header and no rows"),
        ("", "is empty"),
        (None, "there is no file"),
    ],
)
def test_tables_that_cannot_be_predicted(zoo_command, folder, tmp_path, content, says):
    table, output = tmp_path / "t.csv", tmp_path / "out.csv"
    if content is not None:
        table.write_text(content)
    code, out, err = zoo_command(
        "predict", f"--checkpoint={folder / 'kind'}", str(table), f"--output={output}"
    )
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not output.exists()


def test_a_header_that_was_not_learnt_is_no_row(zoo_command, tmp_path):
    """The shipped checkpoint learnt a table without names; one with names goes by its order."""
    rows = [
        "25,Private,226802,11th,7,Never-married,Sales,Own-child,Black,Male,0,0,40,United-States",
        "44,Private,160323,Masters,14,Married-civ-spouse,Sales,Husband,White,Male,7688,0,40,?",
    ]
    names = "age,work,weight,school,years,marital,job,role,race,sex,gain,loss,hours,country"
    answers = []
    for head in ([], [names]):
        (tmp_path / "people.csv").write_text("\n".join([*head, *rows]) + "\n")
        code, out, err = zoo_command(
            "predict", "--checkpoint=residual_mlp.adult", str(tmp_path / "people.csv"), "--json"
        )
        assert code == 0
        assert ("read as names" in err) == bool(head)
        answers.append([row["prediction"] for row in predictions(out)])
    assert answers == [["<=50K", ">50K"]] * 2


@pytest.mark.parametrize(("label", "figure"), [("kind", "top1"), ("size", "r2")])
def test_a_file_is_measured_with_its_own_columns(zoo_command, folder, label, figure):
    data = f"--data={folder / 'old.csv'}"
    code, ours, _ = zoo_command("evaluate", f"--checkpoint={folder / label}", data)
    assert code == 0
    file = folder / f"{label}.exported/cpu.tflite"
    code, theirs, err = zoo_command("evaluate", f"--artifact={file}", data)
    assert (code, err) == (0, "")
    assert [line for line in theirs.splitlines() if line.startswith(figure)] == [
        line for line in ours.splitlines() if line.startswith(figure)
    ]
    assert "all examples count" not in theirs  # It knows which rows it learnt.


def test_what_an_export_of_a_table_says_of_its_row(folder):
    out = folder / "kind.exported"
    said = json.loads((out / "columns.json").read_text())
    assert json.loads(export.file_inside(out / "cpu.tflite", "columns.json")) == said
    assert [column["name"] for column in said["columns"]] == ["weight", "colour", "size"]
    assert {"row.kt", "row.swift", "row.hpp", "row.js"} <= {path.name for path in out.iterdir()}
    assert "| weight | number | -100 |" in (out / "INTEGRATION.md").read_text()
    shape = export.load_lite(out / "edge.tflite").input
    assert (list(shape.shape), shape.dtype) == ([1, 3], "float32")
