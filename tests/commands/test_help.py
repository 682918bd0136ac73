"""`--help` shows what is needed first, and a wrong flag or value is answered in words."""

import importlib
import shlex

import pytest
from absl import flags

from zoo.commands.flags.spelling import in_words, meant
from zoo.commands.main import COMMANDS


def command_of(name):
    return importlib.import_module(f"zoo.commands.{name.replace('-', '_')}").COMMAND


@pytest.mark.parametrize("name", COMMANDS)
def test_help(zoo_command, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "72")
    command = command_of(name)
    code, out, _ = zoo_command(name, "--help")
    assert code == 0
    assert out.startswith(f"zoo {name}: ")
    assert all(len(line) <= 72 for line in out.splitlines() if not line.startswith("  zoo "))
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  --")]
    names = [flag.removeprefix("--").partition("=")[0].partition("[")[0] for flag in listed]
    assert sorted(names) == sorted(command.flags)
    needed = [flag for group in command.required for flag in group.split("|")]
    assert names[: len(needed) + len(command.usual)] == [*needed, *command.usual]
    assert names[-1] == "verbosity"
    assert ("Required" in out) == bool(needed)
    assert len(command.examples) == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_have_flags_that_there_are(name):
    command = command_of(name)
    for example in command.examples:
        zoo, first, *arguments = shlex.split(example)
        assert (zoo, first) == ("zoo", name)
        command.flags.unparse_flags()
        command.flags([example, *arguments])  # Raises for an unknown flag or a wrong value.
        for group in command.required:
            assert any(command.flags[flag].present for flag in group.split("|"))
    command.flags.unparse_flags()


MEANT = [
    ("train", "lr", "learning_rate"),
    ("finetune", "lr0", "learning_rate"),
    ("train", "learning-rate", "learning_rate"),
    ("train", "Epochs", "epochs"),
    ("train", "epoch", "epochs"),
    ("finetune", "num_train_epochs", "epochs"),
    ("train", "batch", "batch_size"),
    ("finetune", "bs", "batch_size"),
    ("train", "out", "output"),
    ("export", "output_dir", "output"),
    ("finetune", "dataset", "data"),
    ("train", "imgsz", "image_size"),
    ("train", "pretrained", None),
    ("finetune", "pretrained", "checkpoint"),
    ("finetune", "model", "checkpoint"),
    ("predict", "model", "checkpoint"),
    ("benchmark", "num-threads", "threads"),
    ("predict", "topk", "top"),
    ("train", "license", "licence"),
    ("train", "learn", "learning_rate"),
    ("train", "lable_column", "label_column"),
    ("train", "no-tensorboard", "tensorboard"),
    ("export", "format", "targets"),
    ("train", "verbose", "verbosity"),
    ("train", "zzz", None),
    ("train", "e", None),
    ("show", "lr", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "typed", "flag"), MEANT)
def test_the_flag_that_was_meant(name, typed, flag):
    values = command_of(name).flags
    if "verbosity" not in values:
        flags.DEFINE_integer("verbosity", 0, "", flag_values=values)
    assert meant(typed, values) == flag


WORDS = [
    ("train", "--epochs=many", "--epochs is a whole number, not 'many'"),
    ("train", "--learning_rate=high", "--learning_rate is a number, not 'high'"),
    ("train", "--loss=mse", "--loss is huber, not 'mse'"),
    ("train", "--weights=int8", "--weights is float32 or float16, not 'int8'"),
    ("train", "--tensorboard=5", "--tensorboard is true or false, not '5'"),
    ("train", "--patience=0", "--patience=0: 0 is not a positive integer"),
    ("export", "--calibration_samples=999", "999 is not an integer in the range [1, 200]"),
    ("train", "--epochs", "Missing value for flag --epochs"),
    ("show", "--lr=1", "zoo show has no flag --lr; zoo show --help lists its flags"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "argument", "words"), WORDS)
def test_a_wrong_value_in_words(name, argument, words):
    values = command_of(name).flags
    values.unparse_flags()
    with pytest.raises(flags.Error) as caught:
        values(["zoo", argument])
    assert words in in_words(caught.value, name, values)


BEFORE = [
    ("finetune", "--folds=1", "--folds must be 2 or more"),
    ("finetune", "--folds=-2", "--folds must be 2 or more"),
    ("finetune", "--image_size=0", "image size 0 is under 32"),
    ("finetune", "--image_size=5000", "image size 5000 is over 1024"),
    ("finetune", "--output=/proc/x", "cannot write '/proc/x'"),
    ("finetune", "--output=FOLDER", "exists and is not a run"),
    ("train", "--output=/proc/x", "cannot write '/proc/x'"),
    ("train", "--output=FOLDER", "exists and is not a run"),
    ("export", "--targets=x", "unknown target 'x'"),
    ("export", "--targets=cpu,cpu", "listed twice"),
    ("export", "--edge_io=x", "unknown edge_io 'x'"),
    ("export", "--edge_precision=x", "unknown edge_precision 'x'"),
    ("export", "--gpu_precision=x", "unknown gpu_precision 'x'"),
    ("export", "--labels=no.txt", "No such file"),
    ("export", "--sequence_length=4", "--sequence_length is for models of sequences"),
    ("export", "--streaming", "a picture is no window in time"),
    ("export", "--hop=1", "--hop is of --streaming=slide"),
    ("evaluate", "--threshold=2", "--threshold must be between 0 and 1"),
    ("evaluate", "--decision_threshold=0", "--decision_threshold must be between 0 and 1"),
    ("evaluate", "--output=/proc/x/y.json", "cannot write '/proc/x/y.json'"),
    ("landscape", "--output=/proc/x", "cannot write '/proc/x'"),
    ("compare", "--output=/proc/x", "cannot write '/proc/x'"),
    ("gradients", "--output=/proc/x", "cannot write '/proc/x'"),
    ("units", "--output=/proc/x", "cannot write '/proc/x'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "argument", "words"), BEFORE)
def test_a_wrong_value_is_refused_before_pictures_are_read(
    zoo_command, monkeypatch, tmp_path, name, argument, words
):
    def read(source, reading):
        raise AssertionError("the pictures are read")

    (tmp_path / "a").mkdir()
    monkeypatch.setattr("zoo.data.pictures.folder.open", read)
    fresh = name in ("train", "compare", "gradients")
    subject = "--model=resnet8" if fresh else "--checkpoint=resnet8.cifar10"
    argument = argument.replace("FOLDER", str(tmp_path))
    code, _, err = zoo_command(name, subject, f"--data={tmp_path}", argument)
    assert code == 2
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
