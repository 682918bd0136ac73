import numpy as np
import pytest

from zoo.analysis.landscape.directions import between, principal_directions, random_direction
from zoo.errors import RequestError

_RANDOM = np.random.default_rng(0)
_WEIGHTS = {
    "conv/kernel": _RANDOM.standard_normal((3, 3, 4, 8)).astype(np.float32),
    "dense/kernel": 100 * _RANDOM.standard_normal((8, 5)).astype(np.float32),
    "dense/bias": np.ones(5, np.float32),
}
_KERNELS = ["conv/kernel", "dense/kernel"]


def test_each_filter_has_the_length_of_its_weights():
    direction = random_direction(_WEIGHTS, _KERNELS, seed=1)
    assert set(direction) == set(_KERNELS)
    for path, step in direction.items():
        axes = tuple(range(step.ndim - 1))
        lengths = np.sqrt((step**2).sum(axis=axes))
        assert lengths == pytest.approx(np.sqrt((_WEIGHTS[path] ** 2).sum(axis=axes)), rel=1e-5)


def test_seeds_give_other_directions():
    first, same, other = (random_direction(_WEIGHTS, _KERNELS, seed) for seed in (1, 1, 2))
    kernel = "dense/kernel"
    assert (first[kernel] == same[kernel]).all()
    cosine = (first[kernel] * other[kernel]).sum() / np.linalg.norm(first[kernel]) ** 2
    assert abs(cosine) < 0.5


def test_a_way_in_a_plane_is_found_again():
    plane = [random_direction(_WEIGHTS, _KERNELS, seed) for seed in (1, 2)]
    ways = [(3, 1), (2, 2), (1, -1), (0.5, 0), (0, 0)]
    trajectory = [
        {path: _WEIGHTS[path] + a * plane[0][path] + b * plane[1][path] for path in _KERNELS}
        for a, b in ways
    ]
    principal = principal_directions(trajectory, _KERNELS)
    assert sum(principal.explained) == pytest.approx(1.0, abs=1e-5)
    assert principal.path[-1] == pytest.approx([0, 0])
    for at, (a, b) in zip(trajectory, principal.path, strict=True):
        for path in _KERNELS:
            projected = trajectory[-1][path] + sum(
                step * way[path] for step, way in zip((a, b), principal.directions, strict=True)
            )
            assert projected == pytest.approx(at[path], abs=1e-2, rel=1e-4)


def test_a_plane_needs_three_epochs():
    with pytest.raises(RequestError, match="3 epochs, not of 2"):
        principal_directions([_WEIGHTS, _WEIGHTS], _KERNELS)


@pytest.mark.parametrize(
    "other", [{"conv/kernel": np.zeros(1)}, {**_WEIGHTS, "dense/bias": np.zeros(6)}]
)
def test_a_line_joins_checkpoints_of_one_model(other):
    with pytest.raises(RequestError, match="not of one model: they differ in 'dense/"):
        between(_WEIGHTS, other)
