import keras
import numpy as np
import pytest

from zoo.errors import RequestError
from zoo.models import build

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(3, 2, size=(4, 10, 5)).astype(np.float32)


def encoder(**config):
    keras.utils.set_random_seed(0)
    small = {
        "width": 8,
        "heads": 2,
        "num_classes": 3,
        "input_shape": (None, 5),
        "mean": [3.0] * 5,
        "std": [2.0] * 5,
    }
    return build("residual_encoder", **{**small, **config})


def outputs(model, x):
    return np.asarray(model(x))


@pytest.mark.parametrize("patch", [1, 3])
@pytest.mark.parametrize("pool", ["mean", "last"])
def test_padding_changes_nothing(pool, patch):
    model = encoder(pool=pool, patch=patch)
    padded = np.pad(X, ((0, 0), (0, 7), (0, 0)))
    np.testing.assert_allclose(outputs(model, padded), outputs(model, X), atol=1e-5)
    fixed = encoder(pool=pool, patch=patch, input_shape=(17, 5), masked=True)
    fixed.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(fixed, padded), outputs(model, X), atol=1e-5)
    plain = encoder(pool=pool, patch=patch, input_shape=(10, 5))
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(plain, X), outputs(model, X), atol=1e-5)


@pytest.mark.parametrize("patch", [1, 3])
def test_what_a_step_holds_and_where_it_stands_count(patch):
    model = encoder(patch=patch)
    louder, turned = X.copy(), X[:, ::-1]
    louder[:, 9] += 1  # The last patch holds it alone.
    assert np.abs(outputs(model, louder) - outputs(model, X)).min() > 1e-5
    assert np.abs(outputs(model, turned) - outputs(model, X)).min() > 1e-5


def test_a_picture_becomes_patches():
    model = build("residual_vit", width=8, heads=2, patch=8, num_classes=3)
    assert model.input.name == "image"
    assert model.get_layer("stem_steps").output.shape == (None, 16, 8)
    picture = RANDOM.uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    assert outputs(model, picture).shape == (2, 3)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"heads": 3}, "3 heads cannot share a width of 8"),
        ({"patch": 0}, "patch must be a whole number from 1 up, not 0"),
        ({"input_shape": (5,)}, r"takes \(steps, features\) or \(height, width, channels\)"),
        ({"input_shape": (32, 30, 3), "patch": 4}, "patches of 4 pixels do not fill 32×30"),
        ({"order": "pre"}, "unknown order 'pre'"),
        ({"pool": "first"}, "unknown pool 'first'"),
    ],
)
def test_wrong_configurations_are_refused(config, message):
    with pytest.raises(RequestError, match=message):
        encoder(**config)
