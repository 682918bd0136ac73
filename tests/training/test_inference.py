import numpy as np
import pytest

from zoo.training.inference import evaluate, run


def test_run_gives_logits_in_parts(shipped, digits):
    x = digits.test.x
    logits = np.asarray(shipped.model(x.astype(np.float32)))
    np.testing.assert_allclose(run(shipped.model, x, batch_size=30), logits, atol=1e-4)


def test_the_shipped_card_tells_what_is_measured(shipped):
    from zoo.data.sources import load_for

    dataset = load_for(shipped.card, "digits")
    result = evaluate(shipped.model, dataset.test, dataset.labels)
    (metric,) = shipped.card.metrics
    assert metric.examples == result.examples
    assert result.figures["top1"] == pytest.approx(metric.value, abs=0.003)
