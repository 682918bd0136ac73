"""A network that fits a budget: what is tried, what is taken, and what a second call does."""

from __future__ import annotations

import math

import pytest

from export import Needs
from zoo.artifacts.search import search
from zoo.artifacts.small_networks import Network, networks, sides_of
from zoo.commands.flags.budgeting import parse_bytes
from zoo.commands.main import main
from zoo.errors import RequestError
from zoo.models import MODELS
from zoo.training.runs.run_folder import is_run

TINY = {"flash": 20_000, "arena": 24_000}


@pytest.fixture
def asked(monkeypatch):
    """Networks that were asked about: nothing is built, and their needs are made up."""
    calls = []

    def build(name, *, num_classes, input_shape, depths, widths):
        assert name == "resnet8"
        side, _, channels = input_shape
        return Network(tuple(depths), tuple(widths), "small", side, channels, num_classes)

    def needs(network, pictures, labels):
        calls.append(network)
        assert pictures.shape[1:] == (network.side, network.side, network.channels)
        assert len(labels) == network.classes
        return Needs(network.parameters + 12_500, 21_000, tried=False, latency_ms=None)

    monkeypatch.setattr("zoo.artifacts.search.build", build)
    monkeypatch.setattr("export.sizing.needs", needs)
    return calls


@pytest.mark.parametrize(
    ("name", "stem"), [("resnet8", "small"), ("resnet18", "imagenet"), ("resnet34", "imagenet")]
)
def test_figures_are_those_of_the_table(name, stem):
    row = MODELS.get(name)
    side, _, channels = row.input_shape
    depths, widths = row.config["depths"], row.config["widths"]
    network = Network(depths, widths, stem, side, channels, row.num_classes)
    assert (network.parameters, network.macs) == (row.parameters, row.macs)
    assert network.parameters < network.least_flash < network.parameters * 1.1 + 16_000


def test_the_list_has_the_most_work_first_and_nothing_that_cannot_fit():
    listed = networks(3, 10, (32,), lambda flash, arena: flash <= 102_400 and arena <= 65_536)
    assert [n.macs for n in listed] == sorted((n.macs for n in listed), reverse=True)
    shapes = {(n.depths, n.widths) for n in listed}
    assert ((1, 1, 1), (16, 32, 64)) in shapes  # MLPerf Tiny's.
    assert ((2, 2, 2), (16, 32, 64)) not in shapes  # 175,000 parameters.
    assert max(n.widths[0] for n in listed) == 16
    wide = networks(3, 10, (32,), lambda flash, arena: arena <= 65_536)
    assert max(n.widths[0] for n in wide) == 20  # Three of 32×32×24 are more than 64 KiB.
    assert networks(3, 10, (32,), lambda flash, arena: flash < 1_000) == []


@pytest.mark.parametrize(
    ("own", "sides"), [(32, (32,)), (50, (32, 48, 50)), (96, (32, 48, 64, 96))]
)
def test_pictures_are_made_smaller_and_never_larger(own, sides):
    assert sides_of(own) == sides


def test_the_first_that_fits_is_taken_and_kept(tmp_path, asked):
    folder = tmp_path / "run"
    searched = search("digits", **TINY, output=folder)
    fitting = [one for one in searched.tried if one.fits]
    assert len(fitting) == 4 < len(searched.tried) == len(asked)
    assert fitting[0].network == searched.chosen
    assert all(one.network.macs >= searched.chosen.macs for one in searched.tried[:1])
    assert searched.arguments["config"]["depths"] == list(searched.chosen.depths)
    assert searched.arguments["output"] == folder
    text = str(searched)
    assert "19.5 KiB of flash and 23.4 KiB of arena" in text
    assert "arenas are computed" in text
    assert not is_run(folder)  # A run can begin there.
    before = len(asked)
    assert search("digits", **TINY, output=folder) == searched
    assert len(asked) == before
    with pytest.raises(RequestError, match=r"holds another search: flash: 20000, now 30000\."):
        search("digits", **{**TINY, "flash": 30_000}, output=folder)
    (folder / "search.json").write_text('{"asked": 3}')
    with pytest.raises(RequestError, match=r"search\.json is damaged"):
        search("digits", **TINY, output=folder)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"flash": 2_000}, "no small ResNet can fit into 2.0 KiB of flash; allow more"),
        ({"arena": 20_000}, r"none of \d+ networks fits into 19.5 KiB of arena: ResNet-"),
    ],
)
def test_where_nothing_fits_nothing_is_left_behind(tmp_path, asked, budget, said):
    with pytest.raises(RequestError, match=said):
        search("digits", **budget, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "size"),
    [("64k", 65_536), ("64 KiB", 65_536), ("100kb", 102_400), ("1.5M", 1_572_864), ("900", 900)],
)
def test_sizes_are_bytes(text, size):
    assert parse_bytes(text, "arena") == size
    assert parse_bytes(None, "arena") is None


@pytest.mark.parametrize("text", ["", "0", "k", "64g", "-1k", "64k k", "0.1"])
def test_other_sizes_are_refused(text):
    with pytest.raises(RequestError, match="--arena takes a number of bytes, as in 64k, not"):
        parse_bytes(text, "arena")


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--model=resnet8", "in place of --model; leave it out"),
        ("--config=depths=[1,1,1]", "in place of --config; leave it out"),
        ("--distribution=mirrored", "leave out --distribution"),
    ],
)
def test_what_is_searched_cannot_be_given(flag, said, capsys):
    assert main(["train", "--arena=64k", flag]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_trains_what_was_found_and_goes_on_without_a_search(tmp_path, asked, capsys):
    run = ["train", "--flash=20000", "--arena=24000", f"--output={tmp_path / 'run'}", "--epochs=1"]
    assert main(run) == 0
    assert "ResNet-" in capsys.readouterr().out
    before = len(asked)
    assert main(run) == 0
    assert len(asked) == before
    assert (tmp_path / "run" / "card.json").is_file()


@pytest.mark.slow
@pytest.mark.provers
def test_real_files_take_what_was_said_at_least():
    import numpy as np

    from export import needs
    from zoo.models import build

    network = Network((2, 1, 1), (4, 8, 16), "small", 32, 3, 2)
    model = build("resnet8", num_classes=2, input_shape=(32, 32, 3), **network.config)
    noise = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    taken = needs(model, noise, ("a", "b"))
    assert taken.tried
    assert not taken.missing
    assert network.least_flash <= taken.flash <= network.least_flash + 20_000
    assert network.least_arena <= taken.arena <= network.least_arena + 16_384
    assert 0 < taken.latency_ms < math.inf
