import keras
import numpy as np
import pytest

from zoo.data.dataset import Dataset, Split
from zoo.errors import RequestError
from zoo.forms import Vector
from zoo.models import build
from zoo.tasks import Scale
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.regression import REGRESSION
from zoo.training.fit import check_recipe, fit
from zoo.training.recipes.recipe import Recipe

RANDOM = np.random.default_rng(0)


def test_outliers_hardly_change_a_robust_scale():
    y = RANDOM.normal(5, 2, 1000).astype(np.float32)
    scale = Scale.robust(y)
    assert scale.mean == pytest.approx(5, abs=0.2)
    assert scale.std == pytest.approx(2, rel=0.1)
    y[:50] = 1e6
    assert Scale.robust(y).mean == pytest.approx(5, abs=0.4)
    assert Scale.robust(y).std == pytest.approx(2, rel=0.15)
    assert Scale.robust(np.array([0, 0, 0, 0, 9], np.float32)).std == pytest.approx(3.6)


@pytest.mark.slow
def test_a_fit_with_huber_keeps_to_most_values(tmp_path):
    x = RANDOM.normal(size=(256, 2)).astype(np.float32)
    y = 3 * x[:, 0] + 50
    y[::16] = 5000
    splits = {name: Split(x, y, task=REGRESSION) for name in ("train", "validation")}
    errors = {}
    for loss in (None, "huber"):
        keras.utils.set_random_seed(0)
        model = build(
            "residual_mlp", depth=1, width=8, norm="none", input_shape=(2,), num_classes=1
        )
        recipe = Recipe(epochs=6, batch_size=32, learning_rate=1e-2, loss=loss)
        fit(model, Dataset("d", ("y",), splits), recipe, tmp_path / f"{loss}.safetensors")
        errors[loss] = np.median(np.abs(np.asarray(model(x))[:, 0] - y))
    assert errors["huber"] < 5
    assert errors["huber"] < errors[None] / 10


def test_a_loss_of_values_needs_values():
    with pytest.raises(RequestError, match="--loss=huber is of values; say --task=regression"):
        check_recipe(Recipe(loss="huber"), Vector, CLASSIFICATION)
    with pytest.raises(RequestError, match="loss can be huber, not 'hinge'"):
        Recipe(loss="hinge")
