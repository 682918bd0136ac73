import math

import numpy as np
import pytest

from zoo.analysis.units.measured import NetworkUnits, Sample, exchanged, shares_of
from zoo.analysis.units.rows import result_table
from zoo.analysis.units.units import Units
from zoo.commands.console import console, print_figures


def test_shares_count_the_paths_of_each_length():
    """If a path loses three quarters of its gradient in a branch, 3/4 + 1/4 at four units."""
    norms = 3.0 ** -np.arange(5)
    expected = [math.comb(4, k) * 3.0**-k / (4 / 3) ** 4 for k in range(5)]
    np.testing.assert_allclose(shares_of(norms), expected)
    assert np.isnan(shares_of(np.zeros(3))).all()
    assert shares_of(np.zeros(0)).size == 0
    many = shares_of(np.exp(-np.arange(400.0)))
    assert many.sum() == pytest.approx(1)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_exchanges_stay_in_their_groups(count):
    groups = [["a", "b", "c"], ["x", "y"]]
    order, tau = exchanged(groups, count, np.random.default_rng(count))
    for names in groups:
        assert sorted(order[name] for name in names) == names
    moved = sum(place != name for place, name in order.items())
    assert (tau > 0.99) == (moved == 0)
    assert moved <= 2 * count


def network(checkpoints):
    samples = [
        Sample(
            whole=0.9 + 0.01 * index,
            single=np.array([0.5, 0.8, 0.9]),
            several=np.array([[0.8, 0.6], [0.2, 0.4]]) + 0.1 * index,
            taus=np.array([[1.0, 0.5]]),
            reordered=np.array([[0.9, 0.7]]),
            norms=np.array([1.0, 0.1, 0.01, 0.001]),
            similarity=np.array([[1, 0.8, 0.2], [0.8, 1, 0.6], [0.2, 0.6, 1]]),
        )
        for index in range(checkpoints)
    ]
    units = ("block1", "block2", "block3")
    return NetworkUnits("mine", "accuracy", units, ("block1",), (1, 2), (1,), units, tuple(samples))


def test_intervals_are_over_draws_of_one_checkpoint_and_over_several():
    one, two = network(1), network(2)
    assert (one.repeated, two.repeated) == ("2 draws", "2 checkpoints")
    np.testing.assert_allclose(one.several.mean, [0.7, 0.3])
    np.testing.assert_allclose(two.several.mean, [0.75, 0.35])
    # Student's t of two values: 12.7 times half of their distance.
    np.testing.assert_allclose(two.several.half, 12.706 * 0.05, rtol=1e-3)
    assert np.isnan(one.single.half).all()
    assert one.effective == (0, 1)
    assert [one.level(share) for share in (0, 0.5, 1)] == [0, 0, 1]


def test_the_table_and_the_json_have_the_figures(capsys):
    table = result_table([network(2)])
    (row,) = table.rows
    assert len(table.head) == len(row)
    assert row[:3] == ("mine", "0.9050 ± 0.0635", "0.7333")
    assert row[3].startswith("0.5000")
    assert row[3].endswith("(block1)")
    assert row[6].endswith("(tau 0.75)")
    assert row[7].startswith("0.7000")
    result = Units((network(2),), "test", 64)
    assert result.tables == (table,)
    print_figures(console(), result)
    assert [line.split() for line in capsys.readouterr().out.splitlines() if "mine" in line] == [
        " ".join(row).split(),
        result.lines[0].split(),
    ]
    assert result.lines[0].endswith("come through 0 to 1 of 3 branches")
    json = network(2).to_json()
    assert json["several_deleted"]["units"] == [1, 2]
    assert json["paths"]["length"] == [0, 1, 2, 3]
    assert json["changing_shape"] == ["block1"]
