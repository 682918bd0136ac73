import json

import numpy as np
import pytest

import zoo
from zoo.commands.flags.configuring import parse_vary
from zoo.errors import RequestError

TINY = ("compare", "--vary=depth=1,2", "--config=width=8", "--seeds=2", "--landscape=3")


@pytest.mark.slow
def test_twins_side_by_side_and_again(zoo_command, tmp_path):
    """The second call trains nothing, and finds the same."""
    arguments = (*TINY, "--epochs=1", f"--output={tmp_path}")
    code, out, _ = zoo_command(*arguments)
    assert code == 0
    figures = json.loads((tmp_path / "comparison.json").read_text())
    assert [twin["varied"] for twin in figures["twins"]] == [{"depth": 1}, {"depth": 2}]
    assert [(step["from"], step["to"]) for step in figures["steps"]] == [("depth=1", "depth=2")] * 3
    assert "depth=2, seed 1: test accuracy " in out
    assert "comparison.html" in out
    for twin in figures["twins"]:
        run = tmp_path / f"depth-{twin['varied']['depth']}" / "seed1"
        card = json.loads((run / "card.json").read_text())
        assert card["config"] == twin["config"]
        assert card["training"]["recipe"]["seed"] == 1
        # As the card was measured, by its own command.
        assert twin["figures"]["test accuracy"]["values"][1] == pytest.approx(
            card["metrics"][0]["value"], abs=1e-5
        )
    weights = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("model.safetensors"))]
    assert len(weights) == 4
    assert zoo_command(*arguments)[0] == 0
    again = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("model.safetensors"))]
    assert again == weights
    assert json.loads((tmp_path / "comparison.json").read_text()) == figures
    same = zoo.compare(
        vary={"depth": [1, 2]}, config={"width": 8}, seeds=2, landscape=3, epochs=1, output=tmp_path
    )
    assert [outcome.to_json() for outcome in same.outcomes] == figures["twins"]
    assert [step.to_json() for step in same.differences] == figures["steps"]
    assert [path.is_file() for path in same.pictures] == [True] * 4
    assert set(same.lines) < set(out.splitlines())
    assert zoo_command(*TINY, "--epochs=2", f"--output={tmp_path}")[0] == 2  # Another training.


@pytest.mark.slow
def test_values_of_a_regression(zoo_command, tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 4)).astype(np.float32)
    np.savez(tmp_path / "line.npz", x=x, y=3 * x[:, 0] + 100)
    code, out, _ = zoo_command(
        "compare", "--vary=shortcut=auto,none", "--config=width=8,depth=1", "--seeds=1",
        "--epochs=1", "--landscape=0", f"--data={tmp_path}/line.npz", "--task=regression",
        f"--output={tmp_path}/out",
    )  # fmt: skip
    assert code == 0
    assert "test r2" in out
    assert not (tmp_path / "out/surfaces.png").exists()


@pytest.mark.slow
def test_curvature_is_of_every_seed(zoo_command, tmp_path):
    code, out, err = zoo_command(
        "compare", "--config=width=8,depth=1", "--seeds=2", "--epochs=1", "--landscape=0",
        "--curvature=2", f"--output={tmp_path}",
    )  # fmt: skip
    assert code == 0, err
    figures = json.loads((tmp_path / "comparison.json").read_text())
    for twin in figures["twins"]:
        assert len(set(twin["figures"]["log10 negative curvature"]["values"])) == 2
        assert twin["surface"] is None
    assert "log10 negative curvature" in out


@pytest.mark.slow
def test_depth_degrades_the_plain_network_only(zoo_command, tmp_path):
    """In the training loss already, so that it is no overfitting (He et al. 2015, figure 1)."""
    code, _, _ = zoo_command(
        "compare", "--vary=depth=2,8", "--vary=shortcut=auto,none", "--config=width=32",
        "--seeds=3", "--epochs=6", "--landscape=0", f"--output={tmp_path}",
    )  # fmt: skip
    assert code == 0
    steps = json.loads((tmp_path / "comparison.json").read_text())["steps"]
    verdicts = {step["to"]: step["verdict"] for step in steps if step["figure"] == "training loss"}
    assert verdicts["depth=8, shortcut=none (plain)"] == "worse"
    assert verdicts["depth=8, shortcut=auto"] != "worse"


@pytest.mark.parametrize(
    ("texts", "vary"),
    [
        (["depth=4,16", "shortcut=auto,none"], {"depth": [4, 16], "shortcut": ["auto", "none"]}),
        (["depths=[1,1],(2,2)"], {"depths": [[1, 1], (2, 2)]}),
        (["zero_init=true,false"], {"zero_init": [True, False]}),
    ],
)
def test_what_is_varied(texts, vary):
    assert parse_vary(texts) == vary


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["depth"], "--vary takes key=value,value, not 'depth'"),
        (["depth="], "--vary takes key=value,value, not 'depth='"),
        (["depth=1,2", "depth=3"], "--vary=depth is given twice"),
    ],
)
def test_what_cannot_be_varied(texts, message):
    with pytest.raises(RequestError, match=message):
        parse_vary(texts)
