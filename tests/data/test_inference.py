import numpy as np
import pytest

from zoo.data.inference import run


@pytest.mark.parametrize("batch_size", [30, 5])
def test_run_gives_logits_in_parts(shipped, digits, batch_size):
    """Few batches are calculated at once; many as a graph."""
    x = digits.test.x
    logits = np.asarray(shipped.model(x.astype(np.float32)))
    np.testing.assert_allclose(run(shipped.model, x, batch_size), logits, atol=1e-4)
