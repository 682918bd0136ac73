import pytest

from zoo.analysis.twinning import with_and_without


@pytest.mark.parametrize(
    ("config", "residual"),
    [
        ({"depth": 2}, {"depth": 2}),
        ({"depth": 2, "shortcut": "none"}, {"depth": 2}),
        ({"shortcut": "pad"}, {"shortcut": "pad"}),
    ],
)
def test_the_plain_twin(config, residual):
    expected = {"residual": residual, "plain": {**residual, "shortcut": "none"}}
    assert with_and_without(config) == expected
