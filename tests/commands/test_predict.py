import csv
import json
import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data.digits import load_digits


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Twelve digits as PNG files, and the truth of each."""
    folder = tmp_path_factory.mktemp("pictures")
    test = load_digits().test
    for index in range(12):
        Image.fromarray(test.x[index, ..., 0]).resize((64, 64)).save(folder / f"{index:02}.png")
    return folder, [str(y) for y in test.y[:12]]


def predictions(out):
    return json.loads(out)["predictions"]


def test_a_folder_by_checkpoint(zoo_command, files):
    folder, truth = files
    code, out, err = zoo_command("predict", "--checkpoint=resnet8.digits", str(folder), "--json")
    assert (code, err) == (0, "")
    rows = predictions(out)
    assert [row["file"] for row in rows] == [str(folder / f"{i:02}.png") for i in range(12)]
    right = [row["labels"][0]["label"] == y for row, y in zip(rows, truth, strict=True)]
    assert np.mean(right) > 0.9
    for row in rows:
        scores = [entry["score"] for entry in row["labels"]]
        assert len(scores) == 5
        assert scores == sorted(scores, reverse=True)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take UTF-8 alone")
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_odd_names_and_files(zoo_command, files, tmp_path, more):
    """A name that is no UTF-8 is printed with a sign; what is no regular file is left out."""
    shutil.copy(files[0] / "00.png", tmp_path / os.fsdecode(b"caf\xe9.png"))
    shutil.copy(files[0] / "01.png", tmp_path / "none")
    (tmp_path / "gone.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    code, out, err = zoo_command("predict", "--checkpoint=resnet8.digits", *more, str(tmp_path))
    assert code == 0
    assert "caf\N{REPLACEMENT CHARACTER}.png" in out
    assert f"{tmp_path}/none" in out
    assert err.splitlines() == [
        f"zoo: left out, since they are links to nothing: {tmp_path}/gone.png",
        f"zoo: left out, since they are pipes, sockets or devices: {tmp_path}/pipe.png",
    ]


def test_files_as_lines(zoo_command, files):
    folder, _ = files
    chosen = [str(folder / "03.png"), str(folder / "01.png")]
    code, out, _ = zoo_command("predict", "--checkpoint=resnet8.digits", *chosen, "--top=2")
    assert code == 0
    lines = out.splitlines()
    assert [line.split(": ")[0] for line in lines] == chosen
    assert all(line.count("%") == 2 for line in lines)


@pytest.mark.parametrize("name", ["cpu.tflite", "saved_model", "saved_model/1"])
def test_an_artifact_tells_the_same(zoo_command, files, exported_digits, name):
    folder, _ = files
    artifact = f"--artifact={exported_digits / name}"
    ours = predictions(zoo_command("predict", artifact, str(folder), "--json", "--top=10")[1])
    theirs = predictions(
        zoo_command("predict", "--checkpoint=resnet8.digits", str(folder), "--json", "--top=10")[1]
    )
    for a, b in zip(ours, theirs, strict=True):
        scores = [{entry["label"]: entry["score"] for entry in row["labels"]} for row in (a, b)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)


@pytest.mark.parametrize("with_file", ["checkpoint", "artifact"])
def test_below_a_threshold_the_answer_is_unknown(
    zoo_command, files, exported_digits, tmp_path, with_file
):
    given = {
        "checkpoint": "--checkpoint=resnet8.digits",
        "artifact": f"--artifact={exported_digits / 'cpu.tflite'}",
    }
    asked, folder = given[with_file], str(files[0])
    _, out, _ = zoo_command("predict", asked, folder, "--json")
    sure = [row["labels"][0]["score"] for row in predictions(out)]
    threshold = float(np.median(sure))  # Some are below, some are not.
    asked = (asked, folder, f"--threshold={threshold}", "--top=2")
    _, out, err = zoo_command("predict", *asked, "--json")
    rows = predictions(out)
    best = [row["labels"][0]["label"] for row in rows]
    answers = [
        label if score >= threshold else "unknown" for label, score in zip(best, sure, strict=True)
    ]
    assert [row["answer"] for row in rows] == answers
    assert 0 < answers.count("unknown") < 12
    assert f": {12 - answers.count('unknown')} of 12 pictures have an answer, the others" in err
    lines = zoo_command("predict", *asked)[1].splitlines()
    assert [": unknown, " in line for line in lines] == [answer == "unknown" for answer in answers]
    table = tmp_path / "all.csv"
    zoo_command("predict", *asked, f"--output={table}")
    with table.open(newline="") as file:
        assert [row["answer"] for row in csv.DictReader(file)] == answers


def test_what_a_threshold_leaves_is_measured(zoo_command, tmp_path):
    output = tmp_path / "figures.json"
    code, out, _ = zoo_command(
        "evaluate", "--checkpoint=resnet8.digits", "--threshold=0.9", f"--output={output}"
    )
    coverage = json.loads(output.read_text())["coverage"]
    assert code == 0
    assert 0.3 < coverage["share"] < 1
    assert coverage["accuracy"] >= json.loads(output.read_text())["top1"]
    assert (
        f"threshold 0.9: {coverage['share']:.2%} of the examples have an answer "
        f"({coverage['examples']}), of which {coverage['accuracy']:.2%} are right" in out
    )
    code, _, err = zoo_command(
        "evaluate", "--checkpoint=resnet8.digits", "--threshold=0.9", "--decision_threshold=0.3"
    )
    assert (code, "give --threshold or --decision_threshold, not both" in err) == (2, True)


def test_the_labels_of_an_artifact_can_be_said(zoo_command, files, exported_digits, tmp_path):
    picture = str(files[0] / "00.png")
    # As Windows' editor writes it: with a mark of its encoding first.
    (tmp_path / "names").write_text("\n".join("abcdefghij"), encoding="utf-8-sig")
    artifact = f"--artifact={exported_digits / 'cpu.tflite'}"
    arguments = (artifact, f"--labels={tmp_path / 'names'}", picture, "--json")
    named = predictions(zoo_command("predict", *arguments)[1])
    assert named[0]["labels"][0]["label"] == "abcdefghij"[int(files[1][0])]
    (tmp_path / "names").write_text("a\nb\n")
    code, _, err = zoo_command("predict", *arguments)
    assert code == 2
    assert "has 10 outputs, there are 2 labels" in err


def test_evaluate_a_saved_model(zoo_command, exported_digits):
    code, out, _ = zoo_command("evaluate", f"--artifact={exported_digits / 'saved_model'}")
    assert code == 0
    top1 = zoo.load("resnet8.digits").card.metrics[0].value
    assert f"top1 {top1:.2%} (95% interval 98.9 to 100.0) on 359 test examples" in out


def test_broken_files_are_named_and_the_others_classified(zoo_command, files, tmp_path):
    good = shutil.copy(files[0] / "00.png", tmp_path)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"x")
    code, out, err = zoo_command("predict", "--checkpoint=resnet8.digits", str(bad), str(good))
    assert code == 1
    assert out.startswith(f"{good}: ")
    assert err.splitlines() == [
        f"zoo: skipped {bad}: not a JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC picture",
        "zoo: 1 of 2 pictures are broken and were skipped",
    ]
    code, out, _ = zoo_command("predict", "--checkpoint=resnet8.digits", str(bad), "--json")
    assert code == 2
    assert json.loads(out)["broken"][0]["file"] == str(bad)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.png"], "say what to predict with"),
        (["--checkpoint=resnet8.digits"], "say which files"),
        (["--checkpoint=resnet8.digits", "x.png"], "there is no file 'x.png'"),
        (
            ["--checkpoint=resnet8.digits", "."],
            ". holds no JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC files",
        ),
        (["--checkpoint=resnet8.digits", "--labels=x", "a.txt"], "--labels is of an --artifact"),
        (["--artifact=no.tflite", "a.txt"], "--artifact no.tflite is not a file or folder"),
        (["--artifact=a.txt", "a.txt"], "does not load as a .tflite file"),
        (["--artifact=.", "a.txt"], "is not a SavedModel: it holds no saved_model.pb"),
        (["--artifact=broken", "a.txt"], "does not load as a SavedModel"),
    ],
)
def test_wrong_requests_are_one_line(zoo_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "saved_model.pb").write_text("hello")
    code, _, err = zoo_command("predict", *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
