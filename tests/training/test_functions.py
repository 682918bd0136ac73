"""`zoo.train` and `zoo.finetune`: what the commands do, from Python."""

import importlib
import inspect
import json

import pytest

import zoo
from zoo.errors import RequestError
from zoo.training.recipes.options import Options
from zoo.training.trained import Trained


@pytest.mark.parametrize("name", ["train", "finetune"])
def test_the_arguments_are_the_flags(name):
    values = importlib.import_module(f"zoo.commands.{name}").FLAGS
    flags = {flag: values[flag].default for flag in values}  # Another test may have parsed some.
    arguments = inspect.signature(getattr(zoo, name)).parameters
    named = {*arguments, *Options.__annotations__} - {"options"}
    # A search for a network comes before the training: `zoo.search`.
    flags = {flag: value for flag, value in flags.items() if flag not in ("arena", "flash")}
    assert named == {*flags, "command", "progress", "steps"} - {"verbosity", "quiet"}
    assert all(flags[option] is None for option in Options.__annotations__)
    for flag, value in flags.items():
        if flag in arguments and flag not in ("config", "checkpoint", "data"):
            assert arguments[flag].default == value, flag


def test_train_says_what_it_does_and_returns_what_came(tmp_path):
    lines, steps = [], []
    arguments = {
        "epochs": 1, "batch_size": 256, "output": tmp_path / "run", "config": {"depth": 1},
    }  # fmt: skip
    trained = zoo.train(
        "residual_mlp", **arguments, progress=lines.append, steps=lambda *step: steps.append(step)
    )
    assert lines[0].startswith("residual_mlp on digits: 1,259 training, 179 validation, 359 test")
    assert lines[1].startswith("epoch   1/1  loss ")
    assert lines[2].startswith("trains on ")
    assert steps == [("epoch 1/1", done, 5) for done in range(1, 6)]
    assert trained.card.training.recipe["epochs"] == 1
    assert zoo.load(trained.folder).card == trained.card
    assert [row["epoch"] for row in trained.history] == [1]
    (metric,) = trained.card.metrics
    figures = json.loads((tmp_path / "run" / "result.json").read_text())
    before, after, chance = figures["calibration_error"].values()
    temperature = trained.card.training.temperature
    assert figures["temperature"] == temperature != 1
    assert figures["top1"] == pytest.approx(metric.value, abs=1e-6)
    assert figures["coverage"][0] == {
        "threshold": 0.0, "share": 1.0, "accuracy": figures["top1"], "examples": 359,
    }  # fmt: skip
    assert after < before  # After one epoch, the network is far from sure enough.
    assert str(trained) == (
        f"{trained.card.text(metric)} on 359 test examples\n"
        f"expected calibration error {after:.4f}, where a perfect one would have {chance:.4f} by "
        f"chance ({before:.4f} before the temperature {temperature:.4g}, which was fitted on 179 "
        f"validation examples)\ncheckpoint: {tmp_path / 'run'}"
    )
    html = trained._repr_html_()
    assert "<img src='data:image/png;base64," in html
    assert "359 test examples" in html
    assert zoo.train("residual_mlp", **arguments) == trained  # All is done already.
    with pytest.raises(RequestError, match="holds another run: seed: was 0, now 1"):
        zoo.train("residual_mlp", **{**arguments, "seed": 1})


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("train", {"model": "resnet81"}, "unknown model 'resnet81'; did you mean"),
        ("train", {"epochs": 0}, "epochs must be positive, not 0"),
        ("train", {"batch_size": 2**40}, "batch_size must be less than"),
        ("train", {"learning_rate": float("inf")}, "learning_rate must be positive"),
        ("train", {"augment": "much"}, "unknown augment"),
        ("train", {"model": "residual_mlp", "augment": "light"}, "is of pictures and sounds, and"),
        ("train", {"task": "regression", "class_weights": "balanced"}, "a regression has none"),
        ("train", {"task": "ranking"}, "unknown task 'ranking'"),
        ("train", {"teacher": "resnet8.digit"}, "did you mean 'resnet8.digits'"),
        ("train", {"distillation_weight": 0.5}, "is of a teacher, and there is none"),
        ("finetune", {"teacher": "resnet8.digits", "task": "regression"}, "learns a regression; l"),
        ("train", {"precision": "half"}, "unknown precision 'half'"),
        ("train", {"weights": "float8"}, "weights can be float32 or float16, not 'float8'"),
        ("train", {"config": {"depths": [1, 1]}}, "there are 2 depths for 4 widths"),
        ("train", {"model": "residual_mlp", "config": {"norm": "bach"}}, "unknown norm 'bach'"),
        ("train", {"model": "residual_lstm", "config": {"width": 0}}, "width must be a whole num"),
        ("train", {"config": {"num_classes": 3}}, "config cannot set 'num_classes'"),
        ("train", {"model": "residual_vit", "config": {"patch": 5}, "image_size": 64}, "do not fi"),
        ("train", {"model": "residual_vit", "config": {"patch": 5}}, "there is no data 'nowhere'"),
        ("train", {"worker_timeout": float("nan")}, "--worker_timeout must be seconds"),
        ("train", {"worker_timeout": -1.0}, "from 0 up, not -1.0"),
        ("finetune", {"worker_timeout": float("inf")}, "from 0 up, not inf"),
        ("train", {"distribution": "all"}, "unknown distribution or cluster 'all'"),
        ("train", {}, "there is no data 'nowhere'"),
        ("finetune", {"checkpoint": "resnet8.digit"}, "did you mean 'resnet8.digits'"),
        ("finetune", {"freeze": "roots"}, "unknown stage to freeze: 'roots'"),
        ("finetune", {"head_epochs": 0}, "head_epochs must be positive"),
        ("finetune", {"weights": "int8"}, "weights can be float32 or float16"),
        ("finetune", {}, "there is no data 'nowhere'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_the_data_are_read(
    tmp_path, monkeypatch, function, arguments, message
):
    monkeypatch.chdir(tmp_path)
    usual = {"checkpoint": "resnet8.digits"} if function == "finetune" else {}
    with pytest.raises(RequestError, match=message):
        getattr(zoo, function)(**{**usual, "data": "nowhere", **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_is_not_there_any_more_still_prints(tmp_path, shipped):
    trained = Trained(tmp_path / "gone", shipped.card)
    assert str(trained).endswith(f"checkpoint: {tmp_path / 'gone'}")
    assert "<img" not in trained._repr_html_()
