"""What is read from timm's `config.json`, and which of its values mean another network."""

from __future__ import annotations

import json

import pytest

from zoo.checkpoints.foreign.preprocessing import Preprocessing
from zoo.checkpoints.foreign.timm_config import (
    check_network,
    labels_of,
    preprocessing_of,
    problem_of,
    read_config,
)
from zoo.errors import RequestError


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["cat", "dog"], ("cat", "dog")),
        ({"0": "cat", "1": "dog"}, ("cat", "dog")),
        ({"1": "dog", "0": "cat"}, ("cat", "dog")),
        ([], None),
        (None, None),
        ("cat", None),
    ],
)
def test_labels(names, labels):
    assert labels_of({"label_names": names}) == labels


def test_labels_with_gaps_are_refused():
    with pytest.raises(RequestError, match="label_names that do not count from 0"):
        labels_of({"label_names": {"0": "cat", "2": "dog"}})


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"architecture": "resnet18", "global_pool": "avg", "num_features": 512},
        {"model_args": {"num_classes": 5, "in_chans": 1, "global_pool": "avg", "drop_rate": 0.2}},
        {"model_args": {"output_stride": 32}},
    ],
)
def test_the_same_network(config):
    check_network(config, "resnet18")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"architecture": "resnetblur18"}, "says 'resnetblur18', not resnet18"),
        ({"global_pool": "max"}, "says global_pool='max'"),
        ({"model_args": {"global_pool": "max"}}, "says global_pool='max'"),
        ({"model_args": {"act_layer": "silu"}}, "act_layer='silu': the same weights, but another"),
        ({"model_args": {"output_stride": 16}}, "output_stride=16"),
        ({"model_args": ["silu"]}, "wrong model_args"),
    ],
)
def test_another_network_of_the_same_weights(config, message):
    with pytest.raises(RequestError, match=message):
        check_network(config, "resnet18")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Preprocessing()),
        (
            {"crop_pct": 0.95, "interpolation": "bicubic"},
            Preprocessing(crop_pct=0.95, interpolation="bicubic"),
        ),
        ({"crop_pct": 0.95, "crop_mode": "squash"}, Preprocessing(resize="squash")),
        (
            {"input_size": [3, 96, 128], "mean": [0.5], "std": [0.2]},
            Preprocessing(image_size=(96, 128), mean=(0.5,), std=(0.2,)),
        ),
    ],
)
def test_preprocessing(changes, expected):
    config = {"pretrained_cfg": {**changes, "license": "mit"}}
    assert preprocessing_of(config) == (expected, "mit")
    assert preprocessing_of({}) == (Preprocessing(), None)


@pytest.mark.parametrize(
    "changes",
    [
        {"crop_pct": 0},
        {"crop_pct": 1e-320},
        {"crop_pct": "wide"},
        {"crop_mode": "border"},
        {"input_size": 3},
        {"input_size": [3]},
        {"mean": 5},
        {"std": [0, 1, 1]},
        {"mean": [float("nan")] * 3},
        {"interpolation": "random"},
        ["crop_pct"],
    ],
)
def test_a_wrong_preprocessing_is_refused(changes):
    with pytest.raises(RequestError, match="wrong pretrained_cfg"):
        preprocessing_of({"pretrained_cfg": changes})


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({}, ""),
        ({"problem_type": "single_label_classification"}, ""),
        ({"problem_type": "multi_label_classification"}, "multilabel"),
        ({"problem_type": "regression"}, "regression"),
    ],
)
def test_the_problem(config, problem):
    assert problem_of(config) == problem


@pytest.mark.parametrize("text", ["", "[1]", "[" * 100_000, json.dumps("x")])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RequestError, match=r"config\.json is not"):
        read_config(tmp_path / "config.json")
