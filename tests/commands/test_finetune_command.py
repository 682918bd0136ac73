import csv
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from tests.data.written_photos import write_photos


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    counts = {"red": 30, "green": 30, "blue": 30}
    return write_photos(tmp_path_factory.mktemp("data") / "colours", counts)


def test_a_folder_of_photos_becomes_a_checkpoint(zoo_command, colours, tmp_path, monkeypatch):
    (colours / "red" / "broken.png").write_bytes(b"x")
    output = tmp_path / "run"
    arguments = ("--checkpoint=resnet8.digits", f"--data={colours}", "--epochs=1",
                 "--head_epochs=3", "--image_size=40", f"--output={output}",
                 "--precision=auto", "--tensorboard")  # fmt: skip
    code, out, err = zoo_command("finetune", *arguments)
    # Said again at the end, where --quiet leaves it too.
    assert (code, err) == (0, "zoo: warning: 1 file is broken and not in it: red/broken.png\n")
    for said in (
        "resnet8.digits on colours: 7",
        "test examples of 40×40×3, 3 classes",
        "broken.png: not a JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC picture",
        "1 of 91 pictures is broken and skipped",
        "head: up to 3 epochs on cached features",
        "network: up to 1 epochs, learning rate 0.0005 at the head",
        "head 3 of up to 3 epochs, ",
        "network epoch   1/1  loss",
        "network trains on ",
        "precision: ",
        "top1 ",
        f"checkpoint: {output}",
    ):
        assert said in out
    card = json.loads((output / "card.json").read_text())
    assert card["training"]["command"].startswith("zoo finetune --checkpoint=resnet8.digits --data")
    assert card["input"]["shape"] == [40, 40, 3]
    for stage in ("head", "network"):
        assert list((output / "tensorboard" / stage / "validation").glob("events.*"))

    assert "source" not in json.dumps(card["training"])  # Where the data lie is the run's own.
    monkeypatch.chdir(tmp_path)
    code, out, _ = zoo_command("evaluate", f"--checkpoint={output}")
    (colours / "red" / "broken.png").unlink()
    assert code == 0
    assert f"data: {colours}, which {output} was trained on" in out
    measured = card["metrics"][0]
    assert f"top1 {measured['value']:.2%} (95% interval " in out
    picture = str(colours / "red" / "000.png")
    out = zoo_command("predict", f"--checkpoint={output}", picture, "--json")[1]
    assert len(json.loads(out)["predictions"][0]["labels"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data=x"], "--checkpoint is missing"),
        (["--checkpoint=resnet8.digits"], "--data is missing"),
        (["--checkpoint=resnet8.digit", "--data=x"], "did you mean 'resnet8.digits'"),
        (["--checkpoint=resnet8.digits", "--data=x"], "there is no data 'x'"),
        (["--checkpoint=resnet8.digits", "--data=digits", "--image_size=8"], "image size 8 is"),
        # Before anything is read: there is no such data.
        (["--checkpoint=resnet8.digits", "--data=x", "--augment=much"], "unknown augment"),
        (["--checkpoint=resnet8.digits", "--data=x", "--freeze=roots"], "unknown stage"),
        (["--checkpoint=resnet8.digits", "--data=x", "--freeze=logits"], "backbone, stage1, st"),
        (["--checkpoint=resnet8.digits", "--data=x", "--freeze=backbone", "--clip=1"], "--clip"),
        (["--checkpoint=resnet8.digits", "--data=x", "--epochs=0"], "epochs must be positive"),
        (["--checkpoint=resnet8.digits", "--data=x", "--epochs=5000000000"], "less than 2,147,483"),
        (["--checkpoint=resnet8.digits", "--data=x", "--head_epochs=-1"], "head_epochs must be"),
        (["--checkpoint=resnet8.digits", "--data=x", "--batch_size=0"], "batch_size must be posi"),
        (["--checkpoint=resnet8.digits", "--data=x", "--learning_rate=nan"], "must be positive"),
        (["--checkpoint=resnet8.digits", "--data=x", "--learning_rate=-1"], "must be positive"),
        (["--checkpoint=resnet8.digits", "--data=x", "--precision=half"], "unknown precision"),
        (["--checkpoint=resnet8.digits", "--data=x", "--seed=-1"], "seed must be from 0"),
    ],
)  # fmt: skip
def test_wrong_requests_are_one_line(zoo_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = zoo_command("finetune", *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(colours, tmp_path):
    """Sends SIGKILL ten times, each after a random part of the time of a whole run."""
    command = [
        sys.executable, "-m", "zoo.commands.finetune", "--checkpoint=resnet8.digits",
        f"--data={colours}", "--epochs=6", "--head_epochs=20", "--batch_size=8",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def start(output):
        return subprocess.Popen(
            [*command, f"--output={tmp_path / output}"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def epochs(output):
        with (tmp_path / output / "history.csv").open() as file:
            return [(row["stage"], row["epoch"]) for row in csv.DictReader(file)]

    began = time.monotonic()
    process = start("whole")
    process.communicate()
    assert process.returncode == 0
    whole = time.monotonic() - began
    moments = random.Random(0)
    for _ in range(10):
        process = start("killed")
        time.sleep(moments.uniform(0.2, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start("killed")
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert epochs("killed") == epochs("whole")
    values = [
        json.loads((tmp_path / name / "card.json").read_text())["metrics"][0]["value"]
        for name in ("whole", "killed")
    ]
    assert values[0] == pytest.approx(values[1], abs=0.25)
