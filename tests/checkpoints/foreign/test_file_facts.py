"""Facts beside the weights are understood in many spellings, and nonsense is ignored."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from tests.checkpoints.torch_files import torch_save
from zoo.checkpoints.foreign.file_facts import facts_of
from zoo.checkpoints.foreign.preprocessing import Preprocessing
from zoo.checkpoints.tensor_files import TensorFile, open_tensors

CATS = ("cat", "dog")


def facts(rest, tensors=None):
    return facts_of(TensorFile(Path("x"), tensors or {}, rest))


@pytest.mark.parametrize(
    "rest",
    [
        {"class_names": ["cat", "dog"]},
        {"classes": ("cat", "dog")},
        {"CLASSES": ["cat", " dog\n"]},
        {"class_to_idx": {"dog": 1, "cat": 0}},
        {"idx_to_class": {0: "cat", 1: "dog"}},
        {"id2label": {"1": "dog", "0": "cat"}},
        {"hyper_parameters": {"data": {"label_names": ["cat", "dog"]}}},
        {"classes": 2, "meta": {"labels": ["cat", "dog"]}},
    ],
)
def test_labels(rest):
    assert facts(rest).labels == CATS


@pytest.mark.parametrize(
    "value",
    [2, "cat", [], [0, 1, 0], ["cat", ""], ["cat", None], {"cat": 0, "dog": 2}, {0: "a", 2: "b"},
     {"cat": [1]}, ["half \ud800"], {"cat": 0, "dog": 0}],
)  # fmt: skip
def test_what_is_no_labels(value):
    assert facts({"classes": value}).labels is None


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ({"img_size": 128}, {"image_size": (128, 128)}),
        ({"image_size": [96, 128]}, {"image_size": (96, 128)}),
        ({"args": {"input_size": (3, 64, 64)}}, {"image_size": (64, 64)}),
        ({"val_crop_size": 176, "val_resize_size": 232}, {"image_size": (176, 176), "resize": 232}),
        (
            {"crop_pct": 0.9, "interpolation": "bicubic"},
            {"crop_pct": 0.9, "interpolation": "bicubic"},
        ),
        ({"mean": [0.5] * 3, "std": (0.2,) * 3}, {"mean": (0.5,) * 3, "std": (0.2,) * 3}),
        ({"cfg": {"image_mean": [1], "image_std": [2]}}, {"mean": (1.0,), "std": (2.0,)}),
        ({"resize": 256, "crop_pct": 0.9}, {"resize": 256}),
        # Values that make no sense are ignored.
        ({"img_size": 10**9, "mean": [0.5], "std": [0]}, {}),
        ({"img_size": "large", "mean": [0.5], "std": None, "interpolation": "random"}, {}),
        ({"img_size": True, "mean": "x", "std": "y", "resize": -1, "crop_pct": 10**400}, {}),
        ({"mean": [float("nan")] * 3, "std": [1] * 3}, {}),
    ],
)
def test_preprocessing(rest, expected):
    assert facts(rest).preprocessing == Preprocessing(**expected)


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ({}, ""),
        ({"task": "multiclass"}, ""),
        ({"problem_type": "multi_label_classification"}, "multilabel"),
        ({"hparams": {"task": "Multi-Label"}}, "multilabel"),
        ({"args": {"multilabel": True}}, "multilabel"),
        ({"task_type": "regression"}, "regression"),
    ],
)
def test_the_problem(rest, problem):
    assert facts(rest).problem == problem


def test_out_of_files(tmp_path):
    values = {"a": np.zeros((1, 2)), "loss.pos_weight": np.ones(2), "norm.mean": np.full(3, 0.5),
              "norm.std": np.full((1, 3, 1, 1), 0.25)}  # fmt: skip
    own = {"model": values, "args": argparse.Namespace(classes=["cat", "dog"], img_size=64)}
    torch_save(own, tmp_path / "a.pth")
    texts = {"classes": json.dumps(CATS), "img_size": "64", "mean": "not JSON"}
    (tmp_path / "a.safetensors").write_bytes(safetensors.numpy.save(values, metadata=texts))
    for name in ("a.pth", "a.safetensors"):
        facts = facts_of(open_tensors(tmp_path / name))
        assert facts.labels == CATS
        assert facts.problem == "multilabel"
        assert facts.preprocessing == Preprocessing(
            image_size=(64, 64), mean=(0.5,) * 3, std=(0.25,) * 3
        )
