"""Which examples are measured if a checkpoint or its exported file gets other pictures."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.data.pictures.folder import find_photos
from zoo.data.pictures.pack import pack
from zoo.data.sources import load_dataset


def write(folder, count, seed=0):
    """So many noisy pictures of each digit."""
    random = np.random.default_rng(seed)
    for digit in "0123456789":
        (folder / digit).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / digit / f"{number}.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, shipped):
    """Pictures in several arrangements, and checkpoints that were trained on two of them."""
    path = tmp_path_factory.mktemp("pictures")
    write(path / "flat", 10)
    write(path / "few", 2)
    write(path / "split/train", 10)
    write(path / "split/test", 2, seed=1)
    write(path / "measured/train", 10)
    write(path / "measured/val", 3, seed=1)
    for name in ("flat", "split"):
        pack(find_photos(path / name), path / f"packed {name}", 2)
    for name in ("flat", "packed flat"):
        print_ = load_dataset(str(path / name)).fingerprint()
        training = Provenance(data=Learnt(name, print_))
        card = dataclasses.replace(shipped.card, training=training)
        zoo.save(shipped.model, path / f"of {name}", card)
    return path


@pytest.mark.parametrize(
    ("checkpoint", "data", "split", "which"),
    [
        ("resnet8.digits", "flat", "test", "all 100 examples"),
        ("resnet8.digits", "packed flat", "test", "all 100 examples"),
        ("of flat", "few", "test", "all 20 examples"),
        ("of flat", "flat", "test", "10 test examples"),
        ("of packed flat", "packed flat", "test", "10 test examples"),
        ("resnet8.digits", "split", "test", "20 test examples"),
        ("resnet8.digits", "packed split", "test", "20 test examples"),
        ("resnet8.digits", "flat", "validation", "10 validation examples"),
        ("resnet8.digits", "flat", "val", "10 validation examples"),
        ("resnet8.digits", "measured", "val", "30 test examples"),
        ("resnet8.digits", "measured", "test", "30 test examples"),
    ],
)
def test_all_pictures_of_a_new_folder_count(zoo_command, folder, checkpoint, data, split, which):
    own = folder / checkpoint
    code, out, err = zoo_command(
        "evaluate", f"--checkpoint={own if own.exists() else checkpoint}",
        f"--data={folder / data}", f"--split={split}",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert f"on {which} of" in out
    assert ("all examples count" in out) == which.startswith("all")


def test_a_split_of_too_few_pictures_is_refused(zoo_command, folder):
    arguments = ("evaluate", "--checkpoint=resnet8.digits", f"--data={folder / 'few'}")
    code, out, err = zoo_command(*arguments, "--split=validation")
    assert (code, out) == (2, "")
    assert err == "zoo: few has too few examples: none is left for the validation split\n"
    with pytest.raises(zoo.RequestError, match="none is left for the validation split"):
        zoo.export("resnet8.digits", data=str(folder / "few"), output=folder / "out")
    assert not (folder / "out").exists()


def test_all_count_for_an_exported_file_too(zoo_command, folder, exported_digits):
    code, out, err = zoo_command(
        "evaluate", "--checkpoint=resnet8.digits", f"--data={folder / 'flat'}",
        f"--artifact={exported_digits / 'cpu.tflite'}",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "on all 100 examples of flat" in out


@pytest.mark.parametrize("which", ["--checkpoint=resnet8.digits", "--artifact={}/cpu.tflite"])
def test_classes_may_be_lacking(zoo_command, tmp_path, exported_digits, which):
    digits = load_dataset("digits").test
    for row in np.flatnonzero(np.isin(digits.y, (3, 7))):
        path = tmp_path / "two" / f"{digits.y[row]}" / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits.x[row]).save(path)
    data = f"--data={tmp_path / 'two'}"
    code, out, err = zoo_command("evaluate", which.format(exported_digits), data)
    assert (code, err) == (0, "")
    assert "top1 100.00%" in out
    (tmp_path / "two" / "7").rename(tmp_path / "two" / "seven")
    code, _, err = zoo_command("evaluate", which.format(exported_digits), data)
    assert code == 2
    assert "has the class 'seven', which the checkpoint has not" in err or "classes apart" in err


def test_shards_that_do_not_say_keep_their_test_split(folder, tmp_path):
    shutil.copytree(folder / "packed flat", tmp_path / "old")
    manifest = json.loads((tmp_path / "old/manifest.json").read_text())
    del manifest["divided"]
    (tmp_path / "old/manifest.json").write_text(json.dumps(manifest))
    data = load_dataset(str(tmp_path / "old"))
    assert not data.divided
    manifest["divided"] = "yes"
    (tmp_path / "old/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(zoo.RequestError, match="is no manifest of zoo data"):
        load_dataset(str(tmp_path / "old"))
