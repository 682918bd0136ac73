"""PyTorch's files, read as data: what is in them is never run."""

from __future__ import annotations

import argparse
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from tests.checkpoints.torch_files import BFLOAT16, Parameter, Strided, torch_save
from zoo.checkpoints.tensor_files import open_tensors, read_tensors
from zoo.checkpoints.torch_file import Opaque, read_torch_file
from zoo.errors import RequestError

NUMBERS = np.arange(24.0).reshape(2, 3, 4)


class AttributeDict(dict):
    """Stands for a dict of Lightning's."""


@pytest.fixture(params=[False, True], ids=["zip", "stream"])
def save(request, tmp_path):
    """Writes into either layout, and returns the path."""

    def write(content, name="file.pth"):
        torch_save(content, tmp_path / name, stream=request.param)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float32, np.float16, BFLOAT16, np.int64, np.bool_]
)
def test_numbers_of_every_kind(save, dtype):
    value = NUMBERS.astype(dtype)
    (array,) = read_tensors(save({"a": value})).values()
    wide = value.astype(np.float32) if value.dtype.itemsize == 2 else value
    assert array.dtype == wide.dtype
    np.testing.assert_array_equal(array, wide)


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (Parameter(NUMBERS), NUMBERS),
        (Strided(np.arange(12.0), 0, (4, 3), (1, 4)), np.arange(12.0).reshape(3, 4).T),
        (Strided(np.arange(12.0), 5, (2, 2), (3, 1)), [[5, 6], [8, 9]]),
        (Strided(np.arange(3.0), 2, (), ()), 2),
        (Strided(np.arange(3.0), 0, (0, 4), (4, 1)), np.zeros((0, 4))),
    ],
)
def test_parameters_and_views(save, tensor, expected):
    np.testing.assert_array_equal(read_tensors(save({"a": tensor}))["a"], expected)


def test_a_training_is_read_with_all_its_own_objects(save):
    file = open_tensors(
        save(
            {
                "epoch": 3,
                "state_dict": OrderedDict(a=NUMBERS, b=NUMBERS),
                "optimizer": {"state": {0: {"exp_avg": NUMBERS}}, "param_groups": [{"lr": 0.1}]},
                "hyper_parameters": AttributeDict(class_names=["x", "y"]),
                "args": argparse.Namespace(img_size=128),
                "scores": {("top1", 3), 4.0},
                "best": complex(1, 2),
            }
        )
    )
    assert sorted(file.tensors) == ["optimizer.state.0.exp_avg", "state_dict.a", "state_dict.b"]
    assert file.rest["hyper_parameters"].items == {"class_names": ["x", "y"]}
    assert file.rest["args"] == Opaque("argparse.Namespace", {"img_size": 128})
    assert file.rest["epoch"] == 3


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, path, call=open):
        self.path, self.call = path, call

    def __reduce__(self):
        return self.call, (str(self.path), "w") if self.call is open else (f"touch {self.path}",)


@pytest.mark.parametrize("call", [open, os.system], ids=["open", "system"])
def test_nothing_is_run(save, tmp_path, call):
    evil = Evil(tmp_path / "touched", call)
    with pytest.raises(RequestError, match=r"an object of .*, whose code is not run"):
        open_tensors(save(evil))
    for content in ({"a": NUMBERS, "b": evil}, {"a": NUMBERS, "b": [{"c": evil}]}):
        assert list(read_tensors(save(content))) == ["a"]
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("content", [{}, [NUMBERS], 7, {"a": 3}, {"a": [NUMBERS]}])
def test_files_without_named_tensors(save, content):
    with pytest.raises(RequestError, match="holds no tensors by name"):
        open_tensors(save(content))


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ((0, (4, 4), (4, 1)), "reaches beyond its storage"),
        ((9, (2,), (1,)), "reaches beyond its storage"),
        ((0, (2, 2), (1,)), "wrong shape"),
        ((0, (-1,), (1,)), "wrong shape"),
        ((-1, (1,), (1,)), "wrong shape"),
        ((0, (2,), (2**70,)), "reaches beyond its storage"),
    ],
)
def test_views_that_lead_out(save, view, message):
    path = save({"a": Strided(np.arange(10.0), *view)})
    with pytest.raises(RequestError, match=message):
        open_tensors(path)


def test_a_tensor_that_repeats_its_numbers_is_no_bomb(save):
    path = save({"a": Strided(np.arange(1.0), 0, (10**6, 10**6), (0, 0)), "b": NUMBERS})
    assert list(read_tensors(path)) == ["b"]


def archive(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"archive/{name.replace('_', '.', 1)}", content)
    return path


EMPTY = pickle.dumps({}, protocol=2)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"x": b""}, r"a zip without PyTorch's data\.pkl"),
        ({"data_pkl": EMPTY, "constants_pkl": EMPTY}, "a TorchScript program"),
        ({"data_pkl": EMPTY, "byteorder": b"big"}, "not in little-endian order"),
        ({"data_pkl": EMPTY, "compression": zipfile.ZIP_DEFLATED}, r"data\.pkl is compressed"),
        ({"data_pkl": pickle.dumps([], protocol=2)[:-1]}, "not a file of PyTorch's weights"),
        ({"data_pkl": b"\x80\x02cos\nsystem\nP0\n."}, "has PERSID, which PyTorch does not write"),
        ({"data_pkl": b"\x80\x02\x82\x01."}, "has EXT1"),
        ({"data_pkl": b"\x80\x02K\x01Q."}, "refers to something else than a storage"),
        ({"data_pkl": b"."}, "weights: pop from empty list"),
        ({"data_pkl": b"\x80\x02" + b"(" * 10**5 + b"t" * 10**5 + b"."}, "no tensors by name"),
    ],
)
def test_other_zips(tmp_path, members, message):
    with pytest.raises(RequestError, match=message):
        open_tensors(archive(tmp_path / "file.pth", **members))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "run git lfs pull"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x80\x04cos\nsystem\n", "is not a safetensors file, nor one of PyTorch"),
        (b"", "is not a safetensors file, nor one of PyTorch"),
    ],
)
@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_files_are_known_by_their_content(tmp_path, name, start, message):
    (tmp_path / name).write_bytes(start)
    with pytest.raises(RequestError, match=message):
        open_tensors(tmp_path / name)


def test_mutated_files_are_read_or_refused(save, tmp_path):
    good = save({"state_dict": {"a": NUMBERS, "b": Parameter(NUMBERS)}, "n": [1, "x", None]})
    content = good.read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "mutated"
    refusals = []
    for _ in range(300):
        mutated = bytearray(content)
        for place in random.integers(0, len(mutated), random.integers(1, 5)):
            mutated[place] = random.integers(256)
        cut = random.integers(1, len(mutated)) if random.random() < 0.2 else len(mutated)
        path.write_bytes(mutated[:cut])
        try:
            read_tensors(path)
        except RequestError as error:
            refusals.append(str(error))
    assert 30 < len(refusals) < 300
    assert not any("\n" in line for line in refusals)


def test_a_file_of_pytorch_itself(tmp_path):
    torch = pytest.importorskip("torch")
    content = {"model": {"a": torch.nn.Parameter(torch.tensor(NUMBERS)), "b": torch.ones(3).half()}}
    for layout in (True, False):
        torch.save(content, tmp_path / "x.pt", _use_new_zipfile_serialization=layout)
        tensors = read_tensors(tmp_path / "x.pt")
        np.testing.assert_array_equal(tensors["model.a"], NUMBERS)
        np.testing.assert_array_equal(tensors["model.b"], np.ones(3, np.float32))


def test_the_machine_alone(tmp_path):
    torch_save({"a": (1, 2), "b": b"x"}, tmp_path / "x.pth")
    assert read_torch_file(tmp_path / "x.pth") == {"a": (1, 2), "b": Opaque("_codecs.encode")}
