import json

import pytest

HELP = [
    "list",
    "show",
    "train",
    "finetune",
    "data",
    "clean",
    "evaluate",
    "predict",
    "embed",
    "import",
    "convert-back",
    "export",
    "app",
    "serve",
    "compare",
    "gradients",
    "push",
    "benchmark",
]


def test_the_commands_are_listed(zoo_command):
    code, out, _ = zoo_command("--help")
    assert code == 0
    assert all(f"\n  {command} " in out for command in HELP)
    assert zoo_command()[0] == 2


def test_list_as_json(zoo_command):
    code, out, _ = zoo_command("list", "resnet8*", "--json")
    assert code == 0
    data = json.loads(out)
    assert [model["name"] for model in data["models"]] == ["resnet8"]
    by_name = {checkpoint["name"]: checkpoint for checkpoint in data["checkpoints"]}
    data_sets = ("cifar10", "digits", "fashion_mnist", "spoken_digits")
    assert set(by_name) == {f"resnet8.{name}" for name in data_sets}
    checkpoint = by_name["resnet8.digits"]
    assert checkpoint["on_disk"]
    assert checkpoint["bytes"] < 200_000
    assert {"parameters", "model", "licence", "metrics"} <= set(checkpoint)


def test_list_as_tables(zoo_command):
    code, out, _ = zoo_command("list")
    assert code == 0
    for text in ("resnet18", "11.69 M", "resnet8.digits", "Apache-2.0", "digits"):
        assert text in out


def test_show(zoo_command):
    code, out, _ = zoo_command("show", "resnet8.digits", "--json")
    assert code == 0
    assert json.loads(out)["model"] == "resnet8"
    assert "resnet8" in zoo_command("show", "resnet8.digits")[1]


def test_evaluate(zoo_command, tmp_path):
    output = tmp_path / "figures.json"
    code, out, _ = zoo_command("evaluate", "--checkpoint=resnet8.digits", f"--output={output}")
    assert code == 0
    figures = json.loads(output.read_text())
    low, high = (100 * end for end in figures["intervals"]["top1"])
    interval = f"(95% interval {low:.1f} to {high:.1f})"
    assert f"top1 {figures['top1']:.2%} {interval} on 359 test examples of digits" in out
    assert figures["top1"] > 0.98
    assert sum(map(sum, figures["confusion"])) == 359


def test_train(zoo_command, tmp_path):
    output = tmp_path / "run"
    arguments = ("train", "--model=resnet8", "--epochs=1", "--batch_size=256",
                 "--config=shortcut=pad,zero_init=true", f"--output={output}")  # fmt: skip
    code, out, _ = zoo_command(*arguments)
    assert code == 0
    assert "1,259 training, 179 validation, 359 test examples of 32×32×3, 10 classes" in out
    assert "epoch   1/1  loss" in out
    card = json.loads((output / "card.json").read_text())
    assert card["config"] == {"shortcut": "pad", "zero_init": True}
    assert card["training"]["command"] == (
        "zoo train --batch_size=256 --config=shortcut=pad,zero_init=true --epochs=1 --model=resnet8"
    )


WRONG = [
    (("trian",), "unknown command 'trian'; did you mean 'train'?"),
    (("train", "--model=resnet81"), "unknown model 'resnet81'; did you mean"),
    (("train", "--epoch=3"), "zoo train has no flag --epoch; did you mean --epochs?"),
    (("train", "--epochs=many"), "--epochs is a whole number, not 'many'"),
    (("train", "--epochs=0"), "epochs must be positive, not 0"),
    (("train", "--precision=half"), "unknown precision 'half'; known: float32"),
    (("train", "--data=no/such"), "there is no data 'no/such'"),
    (("train", "--image_size=31"), "image size 31 is under 32, the smallest allowed"),
    (("train", "--config=order"), "--config takes key=value pairs, not 'order'"),
    (("train", "--config=order=odd"), "unknown order 'odd'"),
    (("train", "--learning_rate=nan"), "learning_rate must be positive, not nan"),
    (("train", "--seed=-1"), "seed must be from 0"),
    (("train", "--model=resnet8", "--config=depths=3"), "depths=3"),
    (("train", "--model=resnet8", "--config=widths=[16]"), "there are 3 depths for 1 widths"),
    (("train", "--model=resnet8", "--config=order=3"), "unknown order 3"),
    (("train", "--config=num_classes=3"), "config cannot set 'num_classes'"),
    (("train", "--config=name=x"), "config cannot set 'name'"),
    (("export", "--checkpoint=resnet8.digits", "--calibration_samples=0"), "calibration_samples"),
    (("export", "--checkpoint=resnet8.digits", "--targets="), "say which targets"),
    (("train", "extra"), "unexpected argument 'extra'"),
    (("evaluate",), "say what to evaluate"),
    (("evaluate", "--checkpoint=nothing"), "unknown checkpoint 'nothing'"),
    (("evaluate", "--artifact=nothing.tflite"), "nothing.tflite is not a file or folder"),
    (("evaluate", "--artifact=setup.py"), "--artifact setup.py: "),
    (("export",), "say what to export"),
    (("export", "--checkpoint=resnet8.digit"), "did you mean 'resnet8.digits'"),
    (("export", "--checkpoint=resnet8.digits", "--targets=cpu,tpu"), "unknown target 'tpu'"),
    (("export", "--checkpoint=resnet8.digits", "--gpu_precision=int8"), "unknown gpu_precision"),
    (("export", "--checkpoint=resnet8.digits", "--cpu_precision=int8"), "unknown cpu_precision"),
    (("export", "--checkpoint=resnet8.digits", "--rescue=16x9"), "did you mean '16x8'"),
    (("export", "--checkpoint=resnet8.digits", "--gate=edge.sqnr=20"), "did you mean 'sqnr_db'"),
    (("export", "--checkpoint=resnet8.digits", "--gate=edge.sqnr_db"), "is no TARGET.GATE=NUMBER"),
    (("export", "--checkpoint=resnet8.digits", "--data=no/such"), "there is no data 'no/such'"),
    (("export", "--checkpoint=resnet8.digits", "--output=/proc/x"), "'/proc/x'"),
    (("export", "--checkpoint=resnet8.digits", "--labels=no.txt"), "No such file or directory"),
    (("compare", "--model=residual_mpl"), "did you mean 'residual_mlp'"),
    (("compare", "--vary=depth=4"), "twins differ in something: --vary=shortcut=auto,none"),
    (("compare", "--vary=depth"), "--vary takes key=value,value, not 'depth'"),
    (("compare", "--seeds=0"), "--seeds must be from 1 up, not 0"),
    (("gradients",), "say what to measure: --model=NAME or --checkpoint=NAME"),
    (("gradients", "--model=residual_mpl"), "did you mean 'residual_mlp'"),
    (("gradients", "--model=resnet8", "--points=64"), "a multiple of 100, not 64"),
    (("gradients", "--model=resnet8", "--seeds=0"), "--seeds must be from 1 up, not 0"),
    (("gradients", "--checkpoint=resnet8.digits", "--epochs=2"), "are of --model, not of a"),
    (("benchmark",), "say what to time"),
    (("benchmark", "--artifact=nothing.tflite"), "nothing.tflite is not a file or folder"),
    (("benchmark", "--artifact=setup.py"), "--artifact setup.py: "),
    (("show",), "say which checkpoint"),
    (("show", "no.tflite"), "there is no file 'no.tflite'"),
    (("show", "bad.tflite"), "'bad.tflite' is not a .tflite file"),
    (("show", "nothing"), "unknown checkpoint 'nothing'"),
    (("list", "a", "b"), "one pattern at a time"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_a_wrong_request_is_one_line_and_exit_2(
    zoo_command, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    for name in ("setup.py", "bad.tflite"):
        (tmp_path / name).write_text("no artifact")
    code, out, err = zoo_command(*arguments)
    assert code == 2
    assert err.startswith("zoo: ")
    assert message in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err
    assert {path.name for path in tmp_path.iterdir()} == {"setup.py", "bad.tflite"}


def test_verbosity_shows_the_traceback(zoo_command):
    code, _, err = zoo_command("train", "--model=resnet81", "--verbosity=1")
    assert code == 2
    assert "Traceback" in err
