import keras
import numpy as np
import pytest

from zoo.analysis.units import similarity
from zoo.analysis.units.similarity import alignment, unit_similarity
from zoo.models import build

RANDOM = np.random.default_rng(0)
ONE, OTHER = (RANDOM.normal(size=(300, 40)) for _ in range(2))


def gram(x):
    return x @ x.T


def test_turned_and_scaled_is_the_same_and_the_unrelated_is_not():
    turn = np.linalg.qr(RANDOM.normal(size=(40, 40)))[0]
    made = alignment([gram(ONE), gram(3 * ONE @ turn), gram(OTHER), gram(ONE + 5)])
    np.testing.assert_allclose(np.diag(made), 1)
    np.testing.assert_allclose(made[0, [1, 3]], 1, atol=1e-6)  # The mean is taken off.
    assert abs(made[0, 2]) < 0.1
    np.testing.assert_array_equal(made, made.T)
    with pytest.raises(ValueError, match="CKA needs 4 examples or more, not 3"):
        alignment([np.eye(3)])


def test_many_examples_give_the_usual_estimate():
    """Kornblith et al. 2019, equation 5, whose bias vanishes with their number."""
    x = RANDOM.normal(size=(2000, 3))
    y = np.maximum(x @ RANDOM.normal(size=(3, 4)), 0)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    usual = (np.linalg.norm(y.T @ x) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert alignment([gram(x), gram(y)])[0, 1] == pytest.approx(usual, abs=0.01)


def test_units_that_do_nothing_are_alike():
    keras.utils.set_random_seed(0)
    model = build("residual_mlp", depth=3, width=8, input_shape=(6,), num_classes=2)
    names, still = unit_similarity(model, RANDOM.normal(size=(80, 6)).astype("float32"))
    assert names == ("block1", "block2", "block3")
    np.testing.assert_allclose(still, 1, atol=1e-6)


def test_outputs_that_do_not_fit_into_the_memory_have_passes_of_their_own(monkeypatch):
    model = build("residual_lstm", input_shape=(None, 5), depth=3, width=8, num_classes=2)
    x = np.random.default_rng(0).normal(size=(80, 6, 5)).astype(np.float32)
    names, whole = similarity.unit_similarity(model, x)
    sizes = []
    monkeypatch.setattr(similarity, "_HELD", 2 * 80 * 6 * 8 * 4)
    monkeypatch.setattr(similarity, "_COLUMNS", 7)
    outputs = similarity._outputs
    monkeypatch.setattr(
        similarity,
        "_outputs",
        lambda model, ends, x: sizes.append(len(ends)) or outputs(model, ends, x),
    )
    again, parted = similarity.unit_similarity(model, x)
    assert sizes == [2, 1]
    assert again == names
    np.testing.assert_allclose(parted, whole, atol=1e-9)
