import numpy as np
import pytest

from zoo.errors import RequestError
from zoo.tasks.coverage import check_threshold, coverage_of

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.55, 0.45], [0.3, 0.7]], np.float32)
Y = np.array([0, 1, 1, 0])


def test_what_a_threshold_leaves():
    rows = coverage_of(PROBABILITIES, Y, (0.0, 0.6, 0.8, 0.95))
    assert [row.examples for row in rows] == [4, 3, 2, 0]
    assert [row.share for row in rows] == [1.0, 0.75, 0.5, 0.0]
    assert [row.accuracy for row in rows] == [0.5, pytest.approx(2 / 3), 1.0, None]
    assert rows[2].text == (
        "threshold 0.8: 50.00% of the examples have an answer (2), of which 100.00% are right; "
        "the others are unknown"
    )
    assert rows[3].text.endswith("have an answer (0); the others are unknown")


@pytest.mark.parametrize(
    ("threshold", "learns", "message"),
    [
        (0.0, "classes", "between 0 and 1, not 0"),
        (1.0, "classes", "between 0 and 1, not 1"),
        (float("nan"), "classes", "between 0 and 1, not nan"),
        (0.5, "values", "is of classes, and this model predicts values"),
    ],
)
def test_a_wrong_threshold_is_refused(threshold, learns, message):
    with pytest.raises(RequestError, match=message):
        check_threshold(threshold, learns)
