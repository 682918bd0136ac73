"""Weights of others from a seed."""

from __future__ import annotations

import contextlib
import os

import pytest
import safetensors.numpy

from zoo.checkpoints.foreign.torchvision_names import to_torchvision


@pytest.fixture(scope="session")
def torch_tensors():
    """Makes tensors of torchvision's names for a model, seeded."""
    import numpy as np

    from tests.golden.seeded import seeded_tensors
    from zoo.models import build

    def make(name: str, **config):
        model = build(name, **config)
        shapes = {
            key: value.shape
            for key, value in to_torchvision(
                {v.path: np.empty(v.shape, np.float32) for v in model.weights}
            ).items()
        }
        return seeded_tensors(shapes)

    return make


@pytest.fixture(scope="session")
def resnet18_file(torch_tensors):
    """The bytes of a whole ResNet-18 as the Hub has it."""
    return safetensors.numpy.save(torch_tensors("resnet18"), metadata={"format": "pt"})


@pytest.fixture
def small(torch_tensors, tmp_path):
    """A file of a small ResNet's tensors, 10 classes; and the tensors."""
    tensors = torch_tensors("resnet8", num_classes=10)
    path = tmp_path / "small.safetensors"
    path.write_bytes(safetensors.numpy.save(tensors))
    return path, tensors


@pytest.fixture
def no_network(monkeypatch):
    """Refuses every connection of this process."""
    import socket

    def refuse(*args, **kwargs):
        raise OSError("there is no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with contextlib.suppress(KeyError):
        monkeypatch.delitem(os.environ, "HF_ENDPOINT")
