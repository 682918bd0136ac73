import numpy as np
import pytest

from zoo.data.dataset import Split
from zoo.training.inference import predict, score


def test_scores_by_hand():
    #                 truth: a  a  a  b  b  c
    predicted = np.eye(3)[[0, 0, 1, 1, 0, 1]]
    split = Split(np.zeros((6, 1)), np.array([0, 0, 0, 1, 1, 2]))
    result = score(predicted, split, ("a", "b", "c"))
    assert result.top1 == pytest.approx(3 / 6)
    assert result.examples == 6
    assert result.confusion == ((2, 1, 0), (1, 1, 0), (0, 1, 0))
    a, b, c = result.classes
    assert (a.precision, a.recall, a.examples) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert (c.precision, c.recall, c.f1, c.examples) == (0.0, 0.0, 0.0, 1)


def test_predict_gives_probabilities(shipped, digits):
    probabilities = predict(shipped.model, digits.test.x, batch_size=30)
    assert probabilities.shape == (64, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    logits = np.asarray(shipped.model(digits.test.x[:1].astype(np.float32)))[0]
    np.testing.assert_allclose(np.log(probabilities[0]) - np.log(probabilities[0, 0]),
                               logits - logits[0], atol=1e-3)  # fmt: skip


def test_the_shipped_card_tells_what_is_measured(shipped):
    from zoo.data.sources import load_for

    dataset = load_for(shipped.card, "digits")
    result = score(predict(shipped.model, dataset.test.x), dataset.test, dataset.labels)
    (metric,) = shipped.card.metrics
    assert metric.examples == result.examples
    assert result.top1 == pytest.approx(metric.value, abs=0.003)
