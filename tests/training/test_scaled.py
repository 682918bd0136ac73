import keras
import numpy as np
import pytest

from zoo.data.dataset import Split
from zoo.models import build
from zoo.tasks import find_task
from zoo.training.scaled import scale_logits

CLASSES = 3


def too_sure(members=1, factor=6.0):
    """A network whose logits are far too large, and examples of which it often is wrong."""
    keras.utils.set_random_seed(0)
    model = build(
        "residual_mlp", members=members, num_classes=CLASSES, input_shape=(5,), width=8, depth=1
    )
    layer = model.get_layer("logits")
    layer.set_weights([factor * values for values in layer.get_weights()])
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 5)).astype(np.float32)
    best = np.asarray(model(x)).argmax(1)
    return model, Split(x, np.where(random.random(200) < 0.6, best, random.integers(0, 3, 200)))


@pytest.mark.parametrize("members", [1, 4])
def test_the_last_layer_holds_the_temperature(members):
    model, split = too_sure(members)
    before = np.asarray(model(split.x))
    temperature = scale_logits(model, split)
    after = np.asarray(model(split.x))
    assert temperature > 1.5
    np.testing.assert_allclose(after, before / temperature, rtol=1e-4, atol=1e-5)
    measured = (split.task.measured(logits, split.y) for logits in (before, after))
    (was, now) = measured
    assert now["accuracy"] == was["accuracy"]
    assert now["loss"] < was["loss"]
    assert scale_logits(model, split) == pytest.approx(1, abs=0.15)  # Little is left to do.


def test_what_cannot_be_scaled_is_left():
    model, split = too_sure()
    weights = model.get_weights()
    few = Split(split.x[:19], split.y[:19])
    values = Split(split.x, split.x[:, 0], task=find_task("regression"))
    none = Split(split.x[:0], split.y[:0])
    model.get_layer("logits").activation = keras.activations.softmax
    assert scale_logits(model, split) == 1
    model.get_layer("logits").activation = keras.activations.linear
    assert [scale_logits(model, part) for part in (few, values, none)] == [1, 1, 1]
    for was, now in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
