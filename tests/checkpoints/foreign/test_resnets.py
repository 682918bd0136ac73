"""Foreign weights are imported, adapted to another task, moved elsewhere, and converted back."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
import safetensors.numpy

import export
import zoo
from zoo.checkpoints.card import Card
from zoo.checkpoints.foreign.resnets import (
    check_sha256,
    classes_and_channels,
    with_two_outputs,
    write_checkpoint,
    write_torchvision,
)
from zoo.checkpoints.tensor_files import read_tensors
from zoo.data.pictures.prepare import prepare_picture
from zoo.errors import DamagedError, RequestError
from zoo.forms import Picture
from zoo.models.imagenet import IMAGENET_MEAN, IMAGENET_STD, imagenet_labels

SMALL_INPUT = Picture((32, 32, 3), IMAGENET_MEAN, IMAGENET_STD)
LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SMALL = Card("resnet8", LABELS, SMALL_INPUT)


@pytest.fixture
def imported(small, tmp_path):
    _, tensors = small
    folder = tmp_path / "imported"
    write_checkpoint(tensors, SMALL, folder)
    return folder


def test_the_labels_of_imagenet():
    labels = imagenet_labels()
    assert len(labels) == 1000
    assert (labels[0], labels[207], labels[999]) == ("tench", "golden retriever", "toilet tissue")


def test_the_usual_statistics_are_those_of_the_models():
    from zoo.models import build

    norm = build("resnet8").get_layer("normalization")
    np.testing.assert_allclose(np.ravel(norm.mean), IMAGENET_MEAN, rtol=1e-6)
    np.testing.assert_allclose(np.ravel(norm.variance), np.square(IMAGENET_STD), rtol=1e-6)


@pytest.mark.parametrize(("classes", "channels"), [(1000, 3), (37, 3), (7, 4)])
def test_head_and_stem_tell_classes_and_channels(torch_tensors, classes, channels):
    tensors = torch_tensors("resnet8", num_classes=classes, input_shape=(32, 32, channels))
    assert classes_and_channels("resnet8", tensors) == (classes, channels)


@pytest.mark.parametrize("name", ["fc.weight", "conv1.weight"])
def test_what_is_no_resnet_is_refused(small, name):
    tensors = {key: value for key, value in small[1].items() if key != name}
    with pytest.raises(RequestError, match=f"no tensor '{name}'"):
        classes_and_channels("resnet8", tensors)


def test_two_outputs_are_the_sigmoid_of_one():
    random = np.random.default_rng(0)
    weight, bias = random.normal(size=(1, 8)), random.normal(size=1)
    two = with_two_outputs({"fc.weight": weight, "fc.bias": bias, "conv1.weight": weight})
    assert two["conv1.weight"] is weight
    features = random.normal(size=(5, 8))
    logits = features @ two["fc.weight"].T + two["fc.bias"]
    one = features @ weight.T + bias
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax[:, 1:], 1 / (1 + np.exp(-one)), rtol=1e-12)


def test_in_and_out_is_bit_exact(imported, small, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.checkpoints.foreign.resnets._check_standard", lambda card: None)
    count = write_torchvision(imported, tmp_path / "back.safetensors")
    back = safetensors.numpy.load_file(tmp_path / "back.safetensors")
    assert count == len(back) == len(small[1])
    for name, tensor in small[1].items():
        assert back[name].dtype == tensor.dtype
        assert back[name].tobytes() == tensor.tobytes()


def card(**config):
    return Card("resnet18", LABELS, Picture((224, 224, 3), IMAGENET_MEAN, IMAGENET_STD), config)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (
            dataclasses.replace(card(), model="resnet8"),
            "torchvision and timm have no resnet8; they have",
        ),
        (card(shortcut="none"), "torchvision's and timm's resnet18 has no shortcut='none'"),
        (card(order="linear_output"), "has no order='linear_output'"),
        (card(block="bottleneck"), "has no block='bottleneck'"),
        (card(norm="none"), "has no norm='none'"),
    ],
)
def test_other_networks_are_not_called_torchvisions(tmp_path, described, message):
    (tmp_path / "card.json").write_text(described.to_json())
    with pytest.raises(RequestError, match=message):
        write_torchvision(tmp_path, tmp_path / "back.safetensors")
    assert not (tmp_path / "back.safetensors").exists()


def test_tensors_that_are_not_finite_are_named(small, tmp_path):
    tensors = {**small[1], "layer2.0.bn1.bias": np.full(32, np.nan, np.float32)}
    with pytest.raises(RequestError, match=r"'layer2\.0\.bn1\.bias' is not finite"):
        write_checkpoint(tensors, SMALL, tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


def test_a_hash_is_checked(small):
    path, _ = small
    digest = check_sha256(path, None)
    assert check_sha256(path, digest.upper()) == digest
    with pytest.raises(DamagedError, match=f"has sha256 {digest}, not {'0' * 64}"):
        check_sha256(path, "0" * 64)


def test_float16_files_are_read_as_float32(tmp_path):
    path = tmp_path / "half.safetensors"
    path.write_bytes(safetensors.numpy.save({"x": np.array([1.5], np.float16)}))
    value = read_tensors(path)["x"]
    assert value.dtype == np.float32
    assert value == 1.5


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RequestError, match="there is no file"):
        read_tensors(tmp_path / "missing.safetensors")


def test_into_another_task(imported, caplog):
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    whole = zoo.load(imported).model
    given = {"checkpoint": str(imported)}
    assert caplog.messages == []

    model = zoo.create_model("resnet8", num_classes=5, input_shape=(48, 64, 3), **given)
    assert model(np.zeros((1, 48, 64, 3))).shape == (1, 5)
    assert caplog.messages == [
        "resnet8: the head is fresh, for 5 classes; the checkpoint tells 10 apart"
    ]

    caplog.clear()
    model = zoo.create_model("resnet8", input_shape=(32, 32, 4), **given)
    four = np.concatenate([pictures, np.full((2, 32, 32, 1), 99, np.float32)], axis=-1)
    np.testing.assert_allclose(np.asarray(model(four)), np.asarray(whole(pictures)), rtol=1e-4)
    assert caplog.messages == ["resnet8: the stem is adapted from 3 to 4 channels"]

    model = zoo.create_model("resnet8", input_shape=(32, 32, 1), **given)
    grey = pictures[..., :1]
    as_rgb = np.asarray(whole(np.repeat(grey, 3, axis=-1)))
    error = np.abs(np.asarray(model(grey)) - as_rgb).max() / np.abs(as_rgb).max()
    assert error < 0.1  # The three channels' statistics differ a little.

    features = zoo.create_model("resnet8", num_classes=0, **given)(pictures)
    kernel, bias = whole.get_layer("logits").get_weights()
    np.testing.assert_allclose(
        np.asarray(features) @ kernel + bias, np.asarray(whole(pictures)), rtol=1e-3, atol=1e-4
    )


@pytest.mark.slow
def test_a_folder_on_another_machine(imported, tmp_path, monkeypatch, no_network):
    from PIL import Image
    from sklearn.datasets import load_sample_image

    picture = Image.fromarray(load_sample_image("flower.jpg"))
    first = zoo.load(imported)
    form = first.card.input
    pixels = prepare_picture(picture, form)[None].astype(np.float32)
    expected = np.asarray(first.model(pixels))

    elsewhere = tmp_path / "elsewhere" / "disk"
    elsewhere.parent.mkdir()
    shutil.move(imported, elsewhere)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.delenv("ZOO_CACHE", raising=False)
    moved = zoo.load(elsewhere)
    logits = np.asarray(moved.model(pixels))
    np.testing.assert_array_equal(logits, expected)
    assert moved.labels[logits.argmax()] in LABELS

    samples = np.random.default_rng(0).uniform(0, 255, (8, 32, 32, 3)).astype(np.float32)
    report = export.export_model(
        moved.model,
        tmp_path / "export",
        samples=export.Samples(samples, samples, np.arange(8)),
        labels=moved.labels,
        targets=["cpu"],
        outputs="logits",
    )
    assert report.artifacts["cpu"].verdict == "pass"
    assert (tmp_path / "export" / "labels.txt").read_text().split() == list(LABELS)
