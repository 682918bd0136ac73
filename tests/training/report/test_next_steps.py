import dataclasses
import importlib
import re
import shlex
from html import unescape

import numpy as np
import pytest

from tests.training.report.test_page import answers, card
from zoo.checkpoints.provenance import Provenance
from zoo.data.dataset import Dataset
from zoo.training.report.next_steps import next_steps
from zoo.training.report.outcome import Outcome


def commands(tmp_path, typed, recipe, source=None):
    probabilities, split = answers()
    split = dataclasses.replace(split, names=np.array(["a.jpg"] * 6) if typed else None)
    made = Provenance(typed, recipe=recipe)
    splits = {"train": split, "validation": split}
    learnt = Dataset("pets", ("a", "b", "c"), splits, source=source or {})
    run = tmp_path / "my run"
    described = dataclasses.replace(card(), training=made)
    text = next_steps(Outcome(run, described, learnt, split, probabilities, None))
    return [shlex.split(unescape(line)) for line in re.findall("<pre>(.*?)</pre>", text)]


@pytest.mark.parametrize(
    ("typed", "recipe", "longer"),
    [
        ("zoo finetune --checkpoint=resnet8.digits '--data=my photos' --epochs=3",
         {"head": {"epochs": 9}, "whole": {"epochs": 3}}, "--epochs=6"),
        ("zoo finetune --checkpoint=resnet8.digits --data=x.csv --folder=y --freeze=backbone",
         {"head": {"epochs": 9}, "whole": {"epochs": 3}, "freeze": "backbone"},
         "--head_epochs=18"),
        ("zoo train --model=resnet8 --data=x.csv --label_column=1 --minutes=5 --output=z",
         {"epochs": 30}, "--epochs=60"),
    ],
)  # fmt: skip
def test_the_commands_are_those_of_the_run_and_can_be_typed(tmp_path, typed, recipe, longer):
    known = commands(tmp_path, typed, recipe)
    assert [words[1] for words in known] == [
        "predict", "clean", "evaluate", "export", shlex.split(typed)[1]
    ]  # fmt: skip
    run = str(tmp_path / "my run")
    for words in known:
        flags = importlib.import_module(f"zoo.commands.{words[1]}").FLAGS
        flags.unparse_flags()
        flags(words[1:])  # It knows each flag.
    data = [
        word for word in shlex.split(typed) if word.startswith(("--data", "--label_c", "--fol"))
    ]
    for words in known[1:4]:
        assert [word for word in words if word in data] == data
        assert {f"--checkpoint={run}", f"--run={run}"} & set(words)
    assert {longer, f"--output={run}-longer"} <= set(known[-1])
    replaced = "--epochs", "--output", "--minutes"
    assert len([word for word in known[-1] if word.startswith(replaced)]) <= 2


@pytest.mark.parametrize("before", ["--data=x.csv", "'--data=a && b' && zoo train --e=2"])
@pytest.mark.parametrize("data", ["--data=x.csv --header", "'--data=a && b'", "'--data=&&'"])
def test_an_extended_run_goes_on_from_its_last_command(tmp_path, before, data):
    last = f"zoo train --model=resnet8 {data} --epochs=4"
    known = commands(tmp_path, f"zoo train {before} && {last}", {"epochs": 4})
    assert known == commands(tmp_path, last, {"epochs": 4})
    assert known[-1][:2] == ["zoo", "train"]
    assert "&&" not in [word for words in known for word in words]


@pytest.mark.parametrize(
    ("source", "flags"),
    [({"data": "/my data/x.csv", "folder": "/y"}, ["--data=/my data/x.csv", "--folder=/y"]),
     ({}, ["--data=DATA"])],
)  # fmt: skip
def test_without_a_command_the_data_are_those_that_python_read(tmp_path, source, flags):
    known = commands(tmp_path, "", {}, source)
    run = f"--checkpoint={tmp_path / 'my run'}"
    assert known[1][1:] == ["evaluate", run, *flags]
    assert known[2][1:-1] == ["export", run, *flags]
