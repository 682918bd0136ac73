import numpy as np
import pytest

from zoo.analysis.landscape import grid
from zoo.errors import RequestError

_AXES = [np.linspace(0, 1, 3), np.linspace(0, 3, 4)]


def _sum(place):
    return (sum(place), place[0] * place[1])


def test_fills_all_places(tmp_path):
    figures = grid.fill(tmp_path / "g.npz", {"a": 1}, _AXES, ("sum", "product"), _sum)
    assert figures["sum"] == pytest.approx(np.add.outer(*_AXES))
    assert figures["product"] == pytest.approx(np.multiply.outer(*_AXES))
    assert [path.name for path in tmp_path.iterdir()] == ["g.npz"]
    with np.load(tmp_path / "g.npz") as file:
        assert file["axis1"] == pytest.approx(_AXES[1])


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(grid, "_SAVED_EVERY", -1.0)
    figures = grid.fill(None, {"a": 1}, _AXES, ("sum", "product"), _sum)
    assert figures["sum"] == pytest.approx(np.add.outer(*_AXES))
    assert list(tmp_path.iterdir()) == []


def test_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "_SAVED_EVERY", -1.0)
    asked, steps = [], []

    def stopped_at(limit):
        def figures(place):
            if len(asked) == limit:
                raise KeyboardInterrupt
            asked.append(tuple(place))
            return _sum(place)

        return figures

    path = tmp_path / "g.npz"
    with pytest.raises(KeyboardInterrupt):
        grid.fill(path, {}, _AXES, ("sum", "product"), stopped_at(5))
    assert not path.exists()
    grid.fill(path, {}, _AXES, ("sum", "product"), stopped_at(99), lambda *n: steps.append(n))
    assert len(asked) == len(set(asked)) == 12
    assert steps[0] == (6, 12)
    assert steps[-1] == (12, 12)
    grid.fill(path, {}, _AXES, ("sum", "product"), stopped_at(12))  # Complete: computes nothing.


def test_refuses_a_file_of_other_settings(tmp_path):
    path = tmp_path / "g.npz"
    grid.fill(path, {"seed": 1}, _AXES, ("sum", "product"), _sum)
    with pytest.raises(RequestError, match="another seed"):
        grid.fill(path, {"seed": 2}, _AXES, ("sum", "product"), _sum)
    with pytest.raises(RequestError, match="another axes"):
        grid.fill(path, {"seed": 1}, _AXES[:1], ("sum", "product"), _sum)


@pytest.mark.parametrize("damage", ["all", "cut", "settings", "member"])
def test_refuses_a_file_that_is_damaged(tmp_path, damage):
    path = tmp_path / "g.npz"
    grid.fill(path, {}, _AXES, ("sum", "product"), _sum)
    content = path.read_bytes()
    if damage == "settings":
        np.savez(path, settings="[1]", sum=np.zeros(3))
    else:
        changed = {"all": b"no archive", "cut": content[:-9],
                   "member": content.replace(b"NUMPY", b"NUMBY")}  # fmt: skip
        path.write_bytes(changed[damage])
    with pytest.raises(RequestError, match="not a file of this command"):
        grid.fill(path, {}, _AXES, ("sum", "product"), _sum)
