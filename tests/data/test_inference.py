import numpy as np

from zoo.data.inference import run


def test_run_gives_logits_in_parts(shipped, digits):
    x = digits.test.x
    logits = np.asarray(shipped.model(x.astype(np.float32)))
    np.testing.assert_allclose(run(shipped.model, x, batch_size=30), logits, atol=1e-4)
