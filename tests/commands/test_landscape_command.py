"""Surfaces of a small MLP: each picture appears, and the figures are those of the checkpoint."""

import json

import numpy as np
import pytest

import zoo


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two short trainings of one model that keep their epochs."""
    from zoo.commands.main import main

    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        arguments = ["--model=residual_mlp", "--config=depth=1,width=16", "--epochs=3"]
        arguments += ["--trajectory", f"--seed={seed}", f"--output={folder / str(seed)}"]
        assert main(["train", *arguments]) == 0
    return folder


@pytest.mark.parametrize("plane", ["random", "training"])
@pytest.mark.slow
def test_a_plane(zoo_command, runs, tmp_path, monkeypatch, plane):
    arguments = ("landscape", f"--checkpoint={runs / '0'}", f"--output={tmp_path}")
    flags = (f"--plane={plane}", "--points=5", "--curvature=2", "--examples=64")
    code, out, err = zoo_command(*arguments, *flags)
    assert code == 0, err
    assert "picture:" in out
    assert {path.name for path in tmp_path.iterdir()} == {
        "surface.npz", "curvature.npz", "landscape.json", "landscape.png",
    }  # fmt: skip
    figures = json.loads((tmp_path / "landscape.json").read_text())
    with np.load(tmp_path / "surface.npz") as file:
        assert figures["minimum"] == file["loss"].min()
    with np.load(tmp_path / "curvature.npz") as file:
        assert (file["lowest"] <= file["highest"]).all()
    assert figures["nonconvexity"] >= 0
    assert zoo_command(*arguments, *flags)[0] == 0  # Finished: draws again.
    code, _, err = zoo_command(*arguments, *flags, "--split=test")
    assert code == 2
    assert "was made with another examples_sha256" in err
    monkeypatch.chdir(tmp_path)
    again = zoo.landscape(runs / "0", plane=plane, points=5, curvature=2, examples=64)
    with np.load(tmp_path / "surface.npz") as file:
        assert again.surface.loss == pytest.approx(file["loss"])
        assert list(again.surface.axes[0]) == list(file["axis0"])
    assert again.surface.figures() == {name: pytest.approx(figures[name]) for name in figures}
    assert set(again.lines) < set(out.splitlines())  # All but where the picture is.
    assert len(list(tmp_path.iterdir())) == 4  # Nothing new is written.


@pytest.mark.slow
def test_a_line_meets_both_checkpoints(zoo_command, runs, tmp_path):
    ends = (f"--checkpoint={runs / '0'}", f"--to={runs / '1'}")
    flags = ("--points=5", "--examples=64", f"--output={tmp_path}")
    code, _, err = zoo_command("landscape", *ends, *flags)
    assert code == 0, err
    with np.load(tmp_path / "line-train.npz") as file:
        assert list(file["axis0"]) == [-0.5, 0, 0.5, 1, 1.5]
        there = file["loss"][[1, 3]]
        again = zoo.landscape(runs / "0", to=runs / "1", points=5, examples=64)
        assert again.line.loss["train"] == pytest.approx(file["loss"])
        assert again.surface is None
    for run, loss in zip(("0", "1"), there, strict=True):
        output = tmp_path / run
        flags = ("--points=3", "--examples=64", f"--output={output}")
        assert zoo_command("landscape", f"--checkpoint={runs / run}", *flags)[0] == 0
        with np.load(output / "surface.npz") as file:
            assert loss == pytest.approx(file["loss"][1, 1], rel=1e-4)
    assert (tmp_path / "line.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say where the surface is cut"),
        (("--checkpoint=resnet8.digits", "--points=1"), "--points must be from 2 up, not 1"),
        (("--checkpoint=resnet8.digits", "--reach=0"), "--reach must be positive, not 0.0"),
        (("--checkpoint=resnet8.digits", "--plane=training"), "train with --trajectory"),
        (("--checkpoint=resnet8.digits", "--to=residual_mlp.adult"), "not of one model"),
        (("--checkpoint=resnet8.digits", "--to=resnet8.digits", "--curvature=2"), "of planes"),
    ],
)
def test_bad_requests(zoo_command, tmp_path, arguments, message):
    code, _, err = zoo_command("landscape", *arguments, f"--output={tmp_path / 'none'}")
    assert code == 2
    assert message in err
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
@pytest.mark.parametrize("loss", [None, "huber"])
def test_values_are_as_the_training_had_them(tmp_path, loss):
    """The kept weights give standardised values, the checkpoint's values in their own units."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    y = 1000 + 50 * (x[:, 0] + 0.1 * random.normal(size=300))
    table = tmp_path / "table.csv"
    np.savetxt(table, np.c_[x, y], delimiter=",", header="a,b,c,price", comments="")
    zoo.train(
        "residual_mlp", str(table), task="regression", label_column="price", epochs=3, loss=loss,
        config={"depth": 2, "width": 8}, trajectory=True, output=tmp_path / "run",
    )  # fmt: skip
    surface = zoo.landscape(tmp_path / "run", plane="training", points=5, examples=100).surface
    place = tuple(int(np.abs(axis).argmin()) for axis in surface.axes)
    assert 0 < surface.loss[place] < 10
