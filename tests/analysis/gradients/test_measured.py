"""Gradients of the zoo's networks beside each other."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from zoo.analysis.fresh import initial_weights
from zoo.analysis.gradients.measured import GradientProbe, NetworkGradients, Sample, separated
from zoo.analysis.gradients.pictures import plot_depth, plot_shattering, plot_stream
from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.data.digits import load_digits
from zoo.forms import Picture, Sequence, Vector
from zoo.tasks.regression import REGRESSION
from zoo.training.train import new_card

SEEDS = 3


def measured(name, model, dataset, config, seeds=SEEDS, **settings):
    card = new_card(model, dataset, config)
    probe = GradientProbe(card, dataset, **{"lines": 2, "points": 100, **settings})
    return probe.network(name, "initial", [initial_weights(card, seed) for seed in range(seeds)])


@pytest.fixture(scope="module")
def pair():
    """12 units, which are 24 layers, of a quarter of the width."""
    config = {"depth": 12, "width": 32, "zero_init": False}
    digits = load_digits(Vector)
    return [
        measured(name, "residual_mlp", digits, {**config, "shortcut": shortcut})
        for name, shortcut in (("residual", "auto"), ("plain", "none"))
    ]


@pytest.mark.slow
def test_a_deep_plain_network_shatters(pair):
    """Balduzzi et al. 2017; with its skips, the gradients stay correlated."""
    residual, plain = pair
    assert separated(residual, plain)
    assert separated(plain, residual)
    assert residual.correlation.mean > 0.6
    assert plain.correlation.mean < 0.3


@pytest.mark.slow
def test_gradients_explode_faster_without_skips(pair):
    """Through batch normalisation they grow on their way back, by a factor for each plain unit."""
    residual, plain = pair
    assert plain.gain[1] > 2 * residual.gain[2]
    assert plain.gain[0] > 10


@pytest.mark.slow
def test_figures_are_json_and_pictures_are_drawn(pair, tmp_path):
    for network in pair:
        document = json.loads(json.dumps(network.to_json()))
        assert document["correlation"]["mean"] == pytest.approx(
            float(network.correlation.mean), 1e-4
        )
        assert len(document["correlation"]["values"]) == SEEDS
        assert document["intervals_over"] == "3 seeds"
        assert len(document["autocorrelation"]["mean"]) == 51
        assert len(document["norms"]["weights"]["mean"]) == len(document["units"]) == 12
        assert len(document["stream"]["positive"]["half"]) == 12
        cosines = document["cosine_of_batches"]
        assert -1 <= cosines["lowest"]["mean"] < cosines["mean"]["mean"] < 1
    for plot in (plot_shattering, plot_depth, plot_stream):
        plot(pair, tmp_path / "picture.png", "title")
        with Image.open(tmp_path / "picture.png") as picture:
            assert min(picture.size) > 400


FAMILIES = [
    ("residual_lstm", Sequence, {"width": 8}),
    ("residual_encoder", Sequence, {"width": 8}),
    ("resnet8", Picture, {"widths": (4, 4, 4)}),
]


@pytest.mark.parametrize(("model", "form", "config"), FAMILIES)
def test_every_family(digits, model, form, config):
    dataset = digits if form is Picture else load_digits(form)
    network = measured("residual", model, dataset, config, seeds=1)
    assert network.repeated == "2 lines"
    assert 0 < network.correlation.mean <= 1
    assert np.isfinite(network.gain[0])
    assert np.isnan(network.gain[1])  # One seed has no interval.


@pytest.mark.slow
def test_sequences_of_varied_length():
    random = np.random.default_rng(0)
    lengths = random.integers(2, 7, 60)
    x = random.normal(size=(60, 6, 3)).astype(np.float32)
    x[np.arange(6) >= lengths[:, None]] = 0
    split = Split(x, np.arange(60) % 3, lengths)
    dataset = Dataset("steps", ("a", "b", "c"), dict.fromkeys(SPLITS, split))
    network = measured("residual", "residual_lstm", dataset, {"width": 8}, seeds=1)
    assert 0 < network.correlation.mean <= 1


def test_norms_of_a_regression_do_not_know_its_units():
    """Standardised before the training; in its own units after it."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 5)).astype(np.float32)
    norms = []
    for unit in (1.0, 1000.0):
        split = Split(x, (unit * (7 + x[:, 0])).astype(np.float32), task=REGRESSION)
        dataset = Dataset("values", ("y",), dict.fromkeys(SPLITS, split))
        card = new_card("residual_mlp", dataset, {"depth": 2, "width": 8, "dropout": 0.0})
        weights = initial_weights(card, 0)
        trained = [np.array(value) for value in weights]
        trained[-2] *= split.y.std()
        trained[-1] = trained[-1] * split.y.std() + split.y.mean()
        probe = GradientProbe(card, dataset, lines=1, points=100)
        norms += [
            probe.network("residual", state, [current]).samples[0].weights
            for state, current in (("initial", weights), ("trained", trained))
        ]
    for other in norms[1:]:
        np.testing.assert_allclose(other, norms[0], rtol=1e-3)


def network(*correlations):
    curves = [np.linspace(1, 2 * value - 1, 3)[None] for value in correlations]
    norms = np.ones(1)
    rest = norms, norms, np.ones((3, 1)), norms
    samples = tuple(Sample(curve, np.ones(4), *rest) for curve in curves)
    return NetworkGradients("x", "initial", ("block1",), 100, samples)


def test_separated_by_intervals_only():
    near, wide, far = network(0.1, 0.12, 0.11), network(0.2, 0.5, 0.9), network(0.8, 0.81, 0.79)
    assert separated(near, far)
    assert not separated(near, wide)
    assert not separated(wide, far)


def test_a_branch_that_begins_at_zero_is_named():
    digits = load_digits(Vector)
    for zero_init in (True, False):
        config = {"depth": 1, "width": 8, "zero_init": zero_init}
        network = measured("residual", "residual_mlp", digits, config, seeds=1)
        assert network.zeroed is zero_init
    twin = dataclasses.replace(network, zeroed=True)
    assert "at initialisation" in twin.title
