import keras
import numpy as np
import pytest

from zoo.analysis.fresh import initial_weights, without_dropout
from zoo.checkpoints.store import build_from_card
from zoo.data.digits import load_digits
from zoo.errors import RequestError
from zoo.forms import Picture, Sequence, Vector
from zoo.training.recipes.recipe import Recipe
from zoo.training.train import new_card, train_model


class Begin(keras.callbacks.Callback):
    """Keeps the weights before the first step."""

    def on_train_begin(self, logs=None):
        self.weights = self.model.get_weights()


def test_weights_and_card_are_those_that_a_training_begins_with(tmp_path):
    digits, config, begin = load_digits(Vector), {"depth": 2, "width": 8}, Begin()
    recipe = Recipe(epochs=1, batch_size=512, seed=3)
    trained = train_model(
        "residual_mlp", digits, recipe, tmp_path / "run", config=config, callbacks=[begin]
    )
    card = new_card("residual_mlp", digits, config)
    for ours, theirs in zip(initial_weights(card, 3), begin.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name in ("model", "labels", "input", "config", "task"):
        assert getattr(card, name) == getattr(trained, name), name


@pytest.mark.parametrize(
    ("model", "form", "config"),
    [
        ("residual_mlp", Vector, {"dropout": 0.5, "zero_init": False}),
        ("residual_lstm", Sequence, {"dropout": 0.5, "recurrent_dropout": 0.5}),
        ("resnet8", Picture, {"widths": (4, 4, 4)}),
    ],
)
def test_without_dropout_training_is_no_chance(digits, model, form, config):
    dataset = digits if form is Picture else load_digits(form)
    card = new_card(model, dataset, config)
    still, whole = without_dropout(card), build_from_card(card)
    assert [w.shape for w in still.get_weights()] == [w.shape for w in whole.get_weights()]
    x = dataset.train.x[:16].astype(np.float32)
    again = [np.asarray(network(x, training=True)) for network in (still, still, whole, whole)]
    np.testing.assert_array_equal(again[0], again[1])
    assert np.array_equal(again[2], again[3]) == (model == "resnet8")


def test_what_follows_from_the_data_is_not_configured():
    with pytest.raises(RequestError, match="config cannot set 'num_classes'"):
        new_card("residual_mlp", load_digits(Vector), {"num_classes": 3})
