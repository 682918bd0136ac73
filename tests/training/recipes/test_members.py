import keras
import numpy as np
import pytest

from zoo.data.dataset import Dataset, Split
from zoo.models import build
from zoo.models.names import LOGITS, MEMBERS
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.regression import REGRESSION
from zoo.training.fit import fit
from zoo.training.recipes.members import apart
from zoo.training.recipes.recipe import PRECISIONS, Recipe, compile_model

X = np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32)
TRUTH = {"classification": (X[:, 0] > X[:, 1]).astype(np.int64), "regression": 3 * X[:, 0] + 50}


def network(outputs, members=3, **config):
    keras.utils.set_random_seed(0)
    small = {"depth": 1, "width": 8, "norm": "none", "input_shape": (5,), "num_classes": outputs}
    return build("residual_mlp", members=members, **{**small, **config})


@pytest.mark.parametrize(
    "task",
    [CLASSIFICATION, pytest.param(REGRESSION, marks=pytest.mark.slow)],
    ids=["classes", "values"],
)
def test_each_member_learns_by_itself_and_their_mean_is_measured(task):
    outputs = 2 if task.learns == "classes" else 1
    model = network(outputs, dropout=0.0)
    y = np.asarray(task.targets(TRUTH[task.name].astype(np.float32), outputs))
    if task.learns == "classes":
        y = np.eye(2, dtype=np.float32)[TRUTH[task.name]]
    own = np.asarray(keras.Model(model.input, model.get_layer(MEMBERS).input)(X))
    kernel, bias = model.get_layer(LOGITS).get_weights()
    heads = kernel.reshape(3, 8, outputs)
    logits = np.stack([own[:, member] @ heads[member] + bias for member in range(3)], axis=1)
    np.testing.assert_allclose(logits.mean(axis=1), model(X), rtol=1e-4, atol=1e-6)
    assert logits.shape == (64, 3, outputs)
    alone = [float(task.loss()(y, logits[:, member])) for member in range(3)]
    assert len({round(loss, 4) for loss in alone}) == 3

    trained = apart(model)
    compile_model(trained, Recipe(epochs=1, batch_size=64, label_smoothing=0.0), 1, task)
    together = trained.evaluate(X, y, verbose=0, return_dict=True)
    assert together["loss"] == pytest.approx(float(task.loss()(y, np.asarray(model(X)))), rel=1e-5)
    measured = task.measured(np.asarray(model(X)), TRUTH[task.name])
    assert together[task.watched] == pytest.approx(measured[task.watched], rel=1e-4)
    learnt = trained.train_on_batch(X, y, return_dict=True)
    assert learnt["loss"] == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize(
    "task",
    [CLASSIFICATION, pytest.param(REGRESSION, marks=pytest.mark.slow)],
    ids=["classes", "values"],
)
def test_an_ensemble_is_fitted_and_gives_one_answer(task, tmp_path):
    labels = ("no", "yes") if task.learns == "classes" else ("value",)
    splits = {name: Split(X, TRUTH[task.name], task=task) for name in ("train", "validation")}
    model = network(len(labels))
    recipe = Recipe(
        epochs=2, batch_size=32, class_weights="balanced" if len(labels) == 2 else None, patience=5
    )
    history = fit(model, Dataset("d", labels, splits), recipe, tmp_path / "state.safetensors")
    outputs = np.asarray(model(X))
    assert outputs.shape == (64, len(labels))
    best = max(history, key=lambda row: task.rank(row, 64))
    measured = task.measured(outputs, TRUTH[task.name])
    assert measured[task.watched] == pytest.approx(best[f"val_{task.watched}"], rel=1e-3)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("members", [1, 3])
def test_the_loss_of_float16_is_scaled(members, precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[precision])
    try:
        model = network(2, members)
    finally:
        keras.config.set_dtype_policy(before)
    trained = apart(model)
    assert trained.compute_dtype == precision  # Which several devices may refuse.
    compile_model(trained, Recipe(epochs=1), 1, CLASSIFICATION)
    scaled = isinstance(trained.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "float16")
    assert trained(X).dtype == "float32"


def test_a_network_of_one_is_as_it_was():
    alone = network(2, members=1)
    assert apart(alone) is alone
    assert MEMBERS not in {layer.name for layer in alone.layers}
