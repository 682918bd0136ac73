"""`zoo.import_weights`: its arguments, the facts in the file, and its assumptions."""

import argparse

import numpy as np
import pytest
import safetensors.numpy

import zoo
from tests.checkpoints.torch_files import Parameter, torch_save
from zoo.errors import RequestError
from zoo.models.imagenet import IMAGENET_MEAN, IMAGENET_STD

PICTURES = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def network(torch_tensors):
    """Tensors of a ResNet-8 of 3 classes."""
    return torch_tensors("resnet8", num_classes=3)


@pytest.fixture
def imported(tmp_path):
    """Writes tensors and imports them as a ResNet-8."""

    def run(content, *, name="weights.safetensors", texts=None, **arguments):
        path = tmp_path / name
        if name.endswith(".safetensors"):
            path.write_bytes(safetensors.numpy.save(content, metadata=texts))
        else:
            torch_save(content, path)
        return zoo.import_weights(path, model="resnet8", output=tmp_path / "in", **arguments)

    return run


def logits(folder):
    return np.asarray(zoo.load(folder).model(PICTURES))


def one_output(network):
    return {**network, "fc.weight": network["fc.weight"][:1], "fc.bias": network["fc.bias"][:1]}


def test_one_output_is_a_sigmoid(network, imported, tmp_path):
    result = imported(one_output(network))
    assert result.card.labels == ("0", "1")
    assert "taken for a sigmoid's logit" in str(result)
    assert "sigmoid's logit" in result.card.notes
    two = logits(result.folder)
    value = zoo.import_weights(
        tmp_path / "weights.safetensors", model="resnet8", output=tmp_path / "value",
        task="regression", labels=["age"],
    )  # fmt: skip
    assert (value.card.task, value.card.labels) == ("regression", ("age",))
    np.testing.assert_allclose(two[:, 1:] - two[:, :1], logits(value.folder), rtol=1e-5)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(["cat"], ("not cat", "cat")), (["dog", "cat"], ("dog", "cat")), (["a", "b", "c"], None)],
)
def test_labels_of_one_output(network, imported, labels, expected):
    if expected is None:
        with pytest.raises(RequestError, match="there are 3 labels for the 2 classes"):
            imported(one_output(network), labels=labels)
    else:
        assert imported(one_output(network), labels=labels).card.labels == expected


def test_what_nothing_says_is_assumed_aloud(network, imported):
    result = imported(network)
    assert result.card.labels == ("0", "1", "2")
    assert result.card.input.resize is None
    text = str(result)
    for flag in ("--labels", "--image_size", "--resize", "--mean, --std", "--interpolation"):
        assert flag in text
        assert flag in result.card.notes
    assert text.startswith("resnet8: ")
    assert text.endswith(f"checkpoint: {result.folder}")


def test_what_is_asked_for_is_not_assumed(network, imported):
    result = imported(
        network, labels=["a", "b", "c"], image_size=64, crop_pct=0.8, mean=[0.5], std=[0.25],
        interpolation="bicubic", licence="MIT",
    )  # fmt: skip
    form = result.card.input
    assert (form.shape, form.resize, form.interpolation) == ((64, 64, 3), 80, "bicubic")
    assert (form.mean, form.std) == ((127.5,) * 3, (63.75,) * 3)
    assert result.assumed == ()
    assert "assumed" not in str(result) + result.card.notes
    assert result.card.licence == "MIT"


def test_a_lightning_checkpoint_says_what_it_knows(network, imported):
    parameters = {f"net.backbone.{name}": Parameter(value) for name, value in network.items()}
    content = {
        "epoch": 3,
        "state_dict": {**parameters, "loss.weight": np.ones(3, np.float32)},
        "optimizer_states": [{"state": {0: {"exp_avg": np.ones(3)}}}],
        "hyper_parameters": argparse.Namespace(class_names=["x", "y", "z"], img_size=48),
    }
    result = imported(content, name="last.ckpt", resize="squash")
    assert result.card.labels == ("x", "y", "z")
    assert result.card.input.shape == (48, 48, 3)
    assert result.left_out == ("state_dict.loss.weight",)
    assert "'state_dict.net.backbone'" in str(result)
    assert [line.split()[0] for line in result.assumed] == ["ImageNet's", "bilinear"]
    kernel = np.asarray(zoo.load(result.folder).model.get_layer("logits").kernel)
    np.testing.assert_array_equal(kernel, network["fc.weight"].T)


@pytest.mark.parametrize("key", [None, "ema"])
def test_a_moving_average_is_named_or_chosen(network, imported, key):
    average = {**network, "fc.bias": network["fc.bias"] + 1}
    result = imported({"model": network, "ema": average}, name="run.pth.tar", weights_key=key)
    bias = np.asarray(zoo.load(result.folder).model.get_layer("logits").bias)
    np.testing.assert_array_equal(bias, (average if key else network)["fc.bias"])
    assert "another such network at 'model'" if key else "'ema'" in str(result)


def test_labels_of_something_else_in_the_file_are_not_taken(network, imported):
    assert imported(network, texts={"classes": '["a", "b"]'}).card.labels == ("0", "1", "2")


@pytest.mark.parametrize("texts", [{"problem_type": "multi_label_classification"}, {}])
def test_several_labels_a_picture_are_refused(network, imported, texts, tmp_path):
    tensors = network if texts else {**network, "loss.pos_weight": np.ones(3, np.float32)}
    with pytest.raises(RequestError, match=r"several labels of one picture.*--task=classification"):
        imported(tensors, texts=texts)
    assert not (tmp_path / "in").exists()
    assert imported(tensors, texts=texts, task="classification").card.labels == ("0", "1", "2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "regression"}, "--task=regression is of one output, and the head has 3"),
        ({"image_size": 10**9}, "image_size must be from 8"),
        ({"resize": 30}, "shorter side of 30 cannot be cut to 32×32"),
        ({"mean": [0.5, 0.5], "std": [0.5, 0.5]}, "--mean has 2 values for the 3 channels"),
        ({"mean": [0.5]}, "give both"),
        ({"mean": ["x"], "std": [1]}, "could not convert string to float"),
        ({"labels": ["a"]}, "there are 1 labels for the 3 classes"),
        ({"sha256": "ab"}, "64 hexadecimal digits"),
        ({"weights_key": "ema"}, "no ResNet at --weights_key=ema"),
    ],
)
def test_wrong_arguments_leave_nothing(network, imported, tmp_path, arguments, message):
    with pytest.raises(RequestError, match=message):
        imported(network, **arguments)
    assert not (tmp_path / "in").exists()


def test_the_usual_statistics(network, imported):
    form = imported(network).card.input
    assert (form.mean, form.std) == (IMAGENET_MEAN, IMAGENET_STD)
