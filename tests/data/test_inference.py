from types import SimpleNamespace

import keras
import numpy as np
import pytest

from zoo.data.inference import run


@pytest.mark.parametrize("batch_size", [30, 5])
def test_run_gives_logits_in_parts(shipped, digits, batch_size):
    """Few batches are calculated at once; many as a graph."""
    x = digits.test.x
    logits = np.asarray(shipped.model(x.astype(np.float32)))
    np.testing.assert_allclose(run(shipped.model, x, batch_size), logits, atol=1e-4)


class Model:
    """Adds 1, and notes in which sizes it was asked, and how."""

    layers = ()

    def __init__(self, devices=1):
        self.distribute_strategy = SimpleNamespace(num_replicas_in_sync=devices)
        self.asked = []

    def __call__(self, x, training):
        assert not training
        self.asked.append(("at once", len(x)))
        return x + 1

    def predict_on_batch(self, x):
        self.asked.append(("graph", len(x)))
        return x + 1


@pytest.mark.parametrize(
    ("count", "devices", "asked"),
    [
        (5, 1, [("at once", 4), ("at once", 1)]),
        (33, 1, [("graph", 4)] * 9),  # The last is filled up.
        (33, 2, [("at once", 4)] * 8 + [("at once", 1)]),  # Each would give all.
    ],
)
def test_many_examples_run_in_a_graph(monkeypatch, count, devices, asked):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    model = Model(devices)
    x = np.arange(2 * count).reshape(count, 2)
    np.testing.assert_array_equal(run(model, x, batch_size=4), x + 1)
    assert model.asked == asked


def test_of_large_pictures_fewer_are_run_at_a_time():
    model = Model()
    assert run(model, np.zeros((3, 448, 448, 3), np.uint8)).shape == (3, 448, 448, 3)
    assert [size for _, size in model.asked] == [2, 1]
