"""`zoo import`, `zoo convert-back`, and how `zoo list` chooses."""

from __future__ import annotations

import json

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

import zoo
from tests.golden.seeded import seeded_tensors
from zoo.checkpoints.foreign.torchvision_names import to_torchvision
from zoo.checkpoints.published import PUBLISHED
from zoo.files import sha256


def tensors_of(name, **config):
    from zoo.models import build

    variables = {v.path: np.empty(v.shape) for v in build(name, **config).weights}
    shapes = {key: value.shape for key, value in to_torchvision(variables).items()}
    return seeded_tensors(shapes)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """The user's cache, empty."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory):
    """A torchvision-named ResNet-18 with a head of its own, with counters of batches."""
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    tensors = tensors_of("resnet18", num_classes=6)
    assert len(tensors) == 102
    tensors["bn1.num_batches_tracked"] = np.array(7)
    path.write_bytes(safetensors.numpy.save(tensors))
    return path


def test_a_fine_tune_goes_in_and_out(zoo_command, resnet18, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_bytes(b"\xef\xbb\xbfa\r\nb\r\nc\r\nd\r\ne\r\nf\r\n")  # As Windows writes it.
    code, out, _ = zoo_command(
        "import", f"--source={resnet18}", "--model=resnet18", f"--sha256={sha256(resnet18)}",
        f"--labels={labels}", "--licence=MIT", f"--output={tmp_path / 'in'}",
    )  # fmt: skip
    assert code == 0
    assert "resnet18: 11,179,590 parameters, 6 classes, licence MIT" in out
    checkpoint = zoo.load(tmp_path / "in")
    assert checkpoint.labels == tuple("abcdef")
    assert checkpoint.card.origin == {"file": "mine.safetensors", "sha256": sha256(resnet18)}
    assert checkpoint.card.input.resize == 256

    code, out, _ = zoo_command(
        "convert-back", f"--checkpoint={tmp_path / 'in'}", f"--output={tmp_path}/out.safetensors"
    )
    assert code == 0
    assert out.startswith("102 tensors: ")
    again = zoo_command(
        "convert-back", f"--checkpoint={tmp_path / 'in'}", f"--output={tmp_path}/out.safetensors"
    )
    assert again[0] == 2
    assert "exists already" in again[2]
    given, back = map(safetensors.numpy.load_file, (resnet18, tmp_path / "out.safetensors"))
    del given["bn1.num_batches_tracked"]
    assert given.keys() == back.keys()
    assert all(given[name].tobytes() == back[name].tobytes() for name in given)


def test_what_trainings_wrap_around_weights_is_taken_off(zoo_command, tmp_path):
    tensors = tensors_of("resnet8", num_classes=3)
    head = {f"fc.1.{leaf}": tensors.pop(f"fc.{leaf}") for leaf in ("weight", "bias")}
    wrapped = {f"module.{key}": value for key, value in {**tensors, **head}.items()}
    halves = {key: value.astype(ml_dtypes.bfloat16) for key, value in wrapped.items()}
    path = tmp_path / "wrapped.safetensors"
    path.write_bytes(safetensors.numpy.save(halves))
    assert zoo_command("import", f"--source={path}", "--model=resnet8", f"--output={tmp_path}/in")[
        0
    ] == 0  # fmt: skip
    checkpoint = zoo.load(tmp_path / "in")
    assert checkpoint.card.source == "wrapped.safetensors"
    np.testing.assert_array_equal(
        np.asarray(checkpoint.model.get_layer("logits").kernel),
        halves["module.fc.1.weight"].T.astype(np.float32),
    )


@pytest.mark.slow
def test_a_hub_id_brings_its_config(hub, hub_environment, python, tmp_path):
    hub.files["me/pets/model.safetensors"] = safetensors.numpy.save(
        tensors_of("resnet8", num_classes=2)
    )
    config = {"architecture": "resnet8", "label_names": ["cat", "dog"]}
    hub.files["me/pets/config.json"] = json.dumps(config).encode()
    text = """
from zoo.commands.main import main
print(main(["import", "--source=me/pets", "--output={output}"]))
"""
    assert "\n0\n" in python(text.format(output=tmp_path / "in"), **hub_environment)
    card = zoo.load(tmp_path / "in").card
    assert card.labels == ("cat", "dog")
    assert card.source == "https://huggingface.co/me/pets"
    assert card.origin["hub_id"] == "me/pets"
    assert card.origin["revision"] == "c" * 40

    hub.files["me/pets/config.json"] = json.dumps({**config, "global_pool": "max"}).encode()
    other = {**hub_environment, "HF_HOME": str(tmp_path / "other")}
    assert "\n2\n" in "\n" + python(text.format(output=tmp_path / "max"), **other)
    assert not (tmp_path / "max").exists()


def test_a_folder_of_timm_brings_its_card(zoo_command, tmp_path):
    source = tmp_path / "timm"
    source.mkdir()
    content = safetensors.numpy.save(tensors_of("resnet8", num_classes=2))
    (source / "model.safetensors").write_bytes(content)
    config = {
        "architecture": "resnet8",
        "label_names": ["cat", "dog"],
        "pretrained_cfg": {
            "input_size": [3, 96, 96],
            "mean": [0.5, 0.5, 0.5],
            "std": [0.2, 0.2, 0.2],
            "crop_pct": 0.8,
            "interpolation": "bicubic",
            "license": "apache-2.0",
        },
    }
    (source / "config.json").write_text(json.dumps(config))
    arguments = ("import", f"--source={source}", "--model=resnet8", "--dtype=float16")
    code, out, _ = zoo_command(*arguments, f"--output={tmp_path / 'in'}")
    assert code == 0
    assert "licence apache-2.0" in out
    assert "labels" not in out
    card = zoo.load(tmp_path / "in").card
    assert card.labels == ("cat", "dog")
    assert card.input.shape == (96, 96, 3)
    assert card.input.mean == (127.5, 127.5, 127.5)
    assert (card.input.resize, card.input.interpolation) == (120, "bicubic")
    assert card.files["model.safetensors"].bytes < 0.6 * len(content)


def test_a_published_file_brought_by_hand(zoo_command, cache, tmp_path):
    path = tmp_path / "mine.safetensors"  # The published file's own name would ask for its hash.
    path.write_bytes(safetensors.numpy.save(tensors_of("resnet18")))
    arguments = ("import", f"--source={path}", "--model=resnet18.a1_in1k")
    assert zoo_command(*arguments)[0] == 0
    assert (cache / "resnet18.a1_in1k" / "card.json").is_file()
    (row,) = json.loads(zoo_command("list", "resnet18.a1*", "--json", "--offline")[1])[
        "checkpoints"
    ]
    assert row["on_disk"]
    assert row["licence"] == "Apache-2.0"
    assert zoo_command(*arguments)[0] == 2  # It is there.


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "say what to import"),
        (["--source=FILE", "--output=OUT"], 2, "say what it is: --model=resnet50"),
        (["--source=FILE", "--model=resnet18", "--output=OUT", "--sha256=ab"], 2, "not 'ab'"),
        (
            ["--source=FILE", "--model=resnet18", "--output=OUT", "--labels=FILE"],
            2,
            "is not a text file in UTF-8",
        ),
        (["--source=FILE", "--model=resnet18"], 2, "say where to write the checkpoint"),
        (["--source=FILE", "--model=resnet18", "--output=DIRECTORY"], 2, "exists already"),
        (["--source=no.safetensors", "--model=resnet18", "--output=OUT"], 2, "is not there"),
        (["--source=FILE", "--model=resnet18x", "--output=OUT"], 2, "did you mean 'resnet18'"),
        (
            ["--source=FILE", "--model=resnet18", "--output=OUT", f"--sha256={'0' * 64}"],
            1,
            f"not {'0' * 64}",
        ),
        (
            ["--source=FILE", "--model=resnet34", "--output=OUT"],
            2,
            "the file lacks 80 tensors: layer1.2.bn1.bias",
        ),
        (
            ["--source=FILE", "--model=resnet18.a1_in1k", "--output=OUT"],
            2,
            "there are 1000 labels for the 6 classes of the head",
        ),
        (
            ["--source=FILE", "--model=resnet50", "--output=OUT"],
            2,
            "misshapen layer1.0.conv1.weight (64, 64, 3, 3) in place of (64, 64, 1, 1)",
        ),
    ],
)
def test_wrong_imports_leave_nothing(zoo_command, resnet18, tmp_path, arguments, code, message):
    out = tmp_path / "out"
    named = {"FILE": resnet18, "OUT": out, "DIRECTORY": resnet18.parent}
    arguments = [
        flag.split("=")[0] + f"={named.get(flag.split('=')[1], flag.split('=')[1])}"
        for flag in arguments
    ]
    exit_code, _, err = zoo_command("import", *arguments)
    assert (exit_code, message in err) == (code, True), err
    assert len(err.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to convert"),
        (["--checkpoint=resnet8.digits"], "--output must be a .safetensors file, not None"),
        (
            ["--checkpoint=resnet8.digits", "--output=x.safetensors"],
            "torchvision and timm have no resnet8; they have resnet18, resnet34, resnet50",
        ),
    ],
)
def test_wrong_ways_back(zoo_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = zoo_command("convert-back", *arguments)
    assert code == 2
    assert message in err
    assert list(tmp_path.iterdir()) == []


def listed(zoo_command, *arguments):
    code, out, _ = zoo_command("list", "--json", *arguments)
    assert code == 0
    return json.loads(out)


def test_the_published_are_listed(zoo_command):
    rows = listed(zoo_command, "*in1k")["checkpoints"]
    assert [row["name"] for row in rows] == sorted(PUBLISHED)
    for row in rows:
        assert not row["on_disk"]
        assert row["num_classes"] == 1000
        assert row["licence"] in ("BSD-3-Clause", "Apache-2.0")
        assert all(metric["source"] in ("torchvision", "timm") for metric in row["metrics"])
    assert "46.8 MB to fetch" in zoo_command("list", "resnet18.tv*")[1]


def test_the_list_is_filtered(zoo_command):
    assert all(row["on_disk"] for row in listed(zoo_command, "--offline")["checkpoints"])
    small = listed(zoo_command, "--max_parameters=20000000")
    assert "resnet18" in [row["name"] for row in small["models"]]
    assert "resnet50" not in [row["name"] for row in small["models"]]
    held = {row["model"] for row in small["checkpoints"]}
    assert {"resnet18", "resnet8"} <= held
    assert not held & {"resnet34", "resnet50"}
    resnets = listed(zoo_command, "--family=resnet")
    assert {row["family"] for row in resnets["models"] + resnets["checkpoints"]} == {"resnet"}


def test_the_list_is_sorted_by_any_column(zoo_command):
    whole = listed(zoo_command)
    columns = {kind: {*rows[0]} - {"metrics"} for kind, rows in whole.items()}  # Has no order.
    for column in sorted(set().union(*columns.values())):
        rising, falling = (listed(zoo_command, f"--sort={sign}{column}") for sign in ("", "-"))
        for kind in (kind for kind in whole if column in columns[kind]):
            keys = [
                [[side or 0 for side in row[column]] if column == "input_shape" else row[column]
                 for row in rows[kind] if row[column] is not None]
                for rows in (rising, falling)
            ]  # fmt: skip
            assert keys[0] == sorted(keys[0]), column
            assert keys[1] == sorted(keys[1], reverse=True), column
            assert len(rising[kind]) == len(falling[kind]) == len(whole[kind])


def test_what_has_no_accuracy_comes_last(zoo_command):
    rows = listed(zoo_command, "--sort=-accuracy")["checkpoints"]
    values = [row["accuracy"] for row in rows]
    known = [value for value in values if value is not None]
    assert values == sorted(known, reverse=True) + [None] * (len(values) - len(known))


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--sort=acuracy", "unknown column 'acuracy'; did you mean 'accuracy'"),
        ("--family=resnets", "unknown family 'resnets'; did you mean 'resnet'"),
    ],
)
def test_wrong_choices(zoo_command, flag, message):
    code, _, err = zoo_command("list", flag)
    assert code == 2
    assert message in err
