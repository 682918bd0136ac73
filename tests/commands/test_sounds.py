"""Sounds, from class folders of files to the answers of a checkpoint and of exported files."""

import csv
import json
import shutil

import numpy as np
import pytest
import soundfile

import zoo
from tests.data.sounds.written_sounds import tone, write_sounds

PITCHES = (("high", 2000), ("low", 200), ("mid", 700))
MODEL = ("--model=residual_encoder", "--config=depth=1,width=8")


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds") / "tones", 20, 0.2, pitches=PITCHES)


@pytest.fixture(scope="module")
def trained(tones, tmp_path_factory):
    lines = []
    run = zoo.train(
        "residual_encoder",
        str(tones),
        output=tmp_path_factory.mktemp("runs") / "tones",
        epochs=30,
        config={"depth": 1, "width": 16},
        progress=lines.append,
    )
    assert any("sounds are 0.2 seconds at 8,000 samples a second" in line for line in lines)
    assert run.card.input.kind == "sound"
    assert run.card.metrics[0].value > 0.8
    return run.folder


@pytest.fixture(scope="module")
def exported(trained, tones, tmp_path_factory):
    output = tmp_path_factory.mktemp("exports") / "tones"
    return zoo.export(str(trained), data=str(tones), targets=["cpu"], output=output).folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A folder of a short sound, a long one of another rate, and files that are no whole sounds."""
    folder = tmp_path_factory.mktemp("mixed")
    noise = np.random.default_rng(1).normal(scale=0.01, size=19200)
    soundfile.write(folder / "a.wav", tone(2000, 0.15) + noise[:1200], 8000)
    parts = [tone(hertz, 0.4, 16000) for hertz in (200, 700, 2000)]
    soundfile.write(folder / "long.flac", np.concatenate(parts) + noise, 16000)
    (folder / "cut.wav").write_bytes((folder / "a.wav").read_bytes()[:500])
    (folder / "notes.txt").write_text("none")
    return folder


def rows(zoo_command, *flags):
    code, out, err = zoo_command("predict", *flags, "--json", "--top=1")
    return code, json.loads(out) if out else None, err


def check_mixed(answer):
    code, found, err = answer
    assert code == 1  # One is broken.
    assert "cut.wav: it is cut off" in err
    assert "1 of 3 sounds are broken" in err
    assert "1 .txt" in err
    first, *others = found["predictions"]
    assert first["labels"][0]["label"] == "high"
    assert "seconds" not in first
    labels = {tuple(row["seconds"]): row["labels"][0]["label"] for row in others}
    assert len(labels) == 11
    assert labels[0.0, 0.2] == labels[0.1, 0.3] == "low"
    assert labels[0.5, 0.7] == "mid"
    assert labels[1.0, 1.2] == "high"


def test_predict_by_checkpoint(zoo_command, trained, mixed):
    check_mixed(rows(zoo_command, f"--checkpoint={trained}", str(mixed)))
    code, out, _ = zoo_command("predict", f"--checkpoint={trained}", str(mixed / "long.flac"))
    assert code == 0
    assert out.splitlines()[0].startswith(f"{mixed}/long.flac 0.00-0.20 s: low ")


def test_predictions_in_a_table(zoo_command, trained, mixed, tmp_path):
    output = tmp_path / "answers.csv"
    flags = ("predict", f"--checkpoint={trained}", f"--output={output}", "--top=2")
    code, out, err = zoo_command(*flags, str(mixed))
    assert code == 1
    assert out == f"12 predictions: {output}\n"
    assert "cut.wav: it is cut off" in err
    with output.open() as file:
        first, *parts, broken = csv.DictReader(file)
    assert (first["file"], first["start"], first["label"]) == (f"{mixed}/a.wav", "", "high")
    assert [(row["start"], row["end"], row["label"]) for row in parts[:2]] == [
        ("0.0", "0.2", "low"),
        ("0.1", "0.3", "low"),
    ]
    assert all(float(row["score"]) >= float(row["score_2"]) for row in parts)
    assert broken["broken"].startswith("it is cut off")
    assert broken["label"] == ""
    code, _, err = zoo_command(*flags, "--output=answers.txt", str(mixed))
    assert (code, "has to be called FILE.csv" in err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpu.tflite", "saved_model", "saved_model/1"])
def test_predict_by_an_artifact(zoo_command, exported, mixed, name):
    check_mixed(rows(zoo_command, f"--artifact={exported / name}", str(mixed)))


def test_an_artifact_without_its_rate(zoo_command, trained, exported, mixed, tmp_path):
    alone = shutil.copytree(exported / "saved_model/1", tmp_path / "alone")
    code, _, err = rows(zoo_command, f"--artifact={alone}", str(mixed))
    assert code == 2
    assert "say --checkpoint too" in err
    check_mixed(rows(zoo_command, f"--artifact={alone}", f"--checkpoint={trained}", str(mixed)))


@pytest.mark.slow
def test_a_head_that_learns_behind_the_front_end(trained, tones, tmp_path):
    flags = {"data": str(tones), "targets": ["cpu"], "trainable_head": True}
    report = zoo.export(str(trained), output=tmp_path / "out", **flags).report
    assert report.artifacts["trainable"].verdict == "pass"


def test_evaluate_new_sounds_all_of_them(zoo_command, trained, exported, tmp_path):
    new = write_sounds(tmp_path / "new", 4, 0.3, 11025, PITCHES[:2])
    for subject in (f"--checkpoint={trained}", f"--artifact={exported / 'cpu.tflite'}"):
        flags = (subject, f"--checkpoint={trained}", f"--data={new}")
        code, out, err = zoo_command("evaluate", *flags)
        assert (code, err) == (0, "")
        assert "on all 8 examples of new" in out
        assert "8 of 8 are longer and cut" in out
        assert "resampled to 8,000: 8 from 11,025" in out


def test_evaluate_an_artifact_alone(zoo_command, exported, tones):
    code, out, err = zoo_command(
        "evaluate", f"--artifact={exported / 'cpu.tflite'}", f"--data={tones}"
    )
    assert (code, err) == (0, "")
    assert "on 12 test examples of tones" in out


@pytest.mark.slow
def test_finetune(zoo_command, trained, tmp_path):
    new = write_sounds(tmp_path / "new", 12, 0.2, 16000, (("a", 400), ("b", 1200)))
    output = tmp_path / "run"
    code, out, err = zoo_command(
        "finetune", f"--checkpoint={trained}", f"--data={new}", f"--output={output}",
        "--epochs=2", "--head_epochs=20", r"--group=(\d+)\.wav",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "resampled to 8,000: 24 from 16,000" in out
    old, card = (json.loads((p / "card.json").read_text()) for p in (trained, output))
    assert card["input"] == {**old["input"], "group": r"(\d+)\.wav"}
    assert card["labels"] == ["a", "b"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("train", "--model=residual_mlp", "--data=TONES"), "the model takes vector data"),
        (("train", *MODEL, "--data=TONES", "--rate=10"), "rate is 10; sounds have"),
        (("train", *MODEL, "--data=TONES", "--seconds=999"), "seconds is 999; a model takes"),
        (("finetune", "--checkpoint=resnet8.digits", "--data=TONES"), "the checkpoint takes a pic"),
        (("evaluate", "--checkpoint=resnet8.digits", "--data=TONES"), "the checkpoint takes a pic"),
        (("finetune", "--checkpoint=RUN", "--data=TONES", "--image_size=32"), "makes no sense"),
        (("finetune", "--checkpoint=RUN", "--data=digits"), "digits"),
        (("predict", "--checkpoint=RUN", "nothing.wav"), "there is no file 'nothing.wav'"),
    ],
)
def test_one_line_says_what_is_wrong(zoo_command, trained, tones, tmp_path, command, message):
    command = [part.replace("TONES", str(tones)).replace("RUN", str(trained)) for part in command]
    output = () if command[0] in ("predict", "evaluate") else (f"--output={tmp_path / 'run'}",)
    code, _, err = zoo_command(*command, *output)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_augmented_resnet(zoo_command, tones, tmp_path):
    code, _, err = zoo_command(
        "train", "--model=resnet8", "--config=widths=[4,4,4]", f"--data={tones}", "--epochs=1",
        "--augment=strong", f"--output={tmp_path / 'run'}",
    )  # fmt: skip
    assert (code, err) == (0, "")
    config = json.loads((tmp_path / "run/card.json").read_text())
    assert config["training"]["recipe"]["augment"] == "strong"
