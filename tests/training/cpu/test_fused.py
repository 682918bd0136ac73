import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import build
from zoo.training.cpu import fused
from zoo.training.cpu.filter_gradient import has_product
from zoo.training.cpu.fused import fused_layers
from zoo.training.fit import fit
from zoo.training.recipes.optimizers import OPTIMIZERS
from zoo.training.recipes.recipe import PRECISIONS, Recipe


def network():
    keras.utils.set_random_seed(0)
    return build("resnet8", num_classes=3, input_shape=(32, 32, 3))


def small():
    keras.utils.set_random_seed(0)
    return build("resnet8", depths=(1, 1), widths=(4, 8), num_classes=3, input_shape=(32, 32, 3))


def operators(model):
    run = tf.function(lambda x: model(x, training=True))
    graph = run.get_concrete_function(tf.TensorSpec((4, *model.input_shape[1:]))).graph
    return {operation.type for operation in graph.get_operations()}


KERAS = {"adamw": keras.optimizers.AdamW, "sgd": keras.optimizers.SGD}


def moved(make, groups):
    """Weights after three steps of given gradients.

    Args:
        make: Returns the optimizer of a group of variables.
        groups: Which variables are in each, by their paths.
    """
    random = np.random.default_rng(0)
    model = small()
    variables = model.trainable_variables
    steps = [[random.normal(size=v.shape).astype(np.float32) for v in variables] for _ in range(3)]
    for group in groups:
        places = [place for place, v in enumerate(variables) if group(v.path)]
        optimizer = make(group)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        optimizer.build([variables[place] for place in places])
        for gradients in steps:
            optimizer.apply([gradients[place] for place in places])
    return variables


def second(path):
    return "stage2" in path


def others(path):
    return "stage2" not in path


@pytest.mark.parametrize(
    ("name", "fused_steps", "share"),
    [
        ("adamw", True, 1.0),
        ("adamw", True, 0.5),
        ("adamw", False, 0.5),
        ("sgd", True, 0.0),
        ("sgd", False, 1.0),
    ],
)
def test_weights_move_and_decay_as_with_an_optimizer_of_each_rate(
    monkeypatch, name, fused_steps, share
):
    """As parameter groups of other libraries, whose rate scales the decay too."""
    if not fused_steps:
        monkeypatch.setattr(fused, "jit_compile", lambda: "auto")

    def rates(path):
        return share if second(path) else 1.0

    make, more = OPTIMIZERS[name].make, {"weight_decay": 0.5, **OPTIMIZERS[name].settings}
    ours = moved(lambda group: make(None if share == 1 else rates, 1e-2, **more), [bool])
    theirs = moved(
        lambda group: KERAS[name](1e-2 * (share if group is second else 1.0), **more),
        [second, others],
    )
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6, err_msg=one.path)
    begun = small().trainable_variables
    stay = {second(a.path) for a, b in zip(ours, begun, strict=True) if (a.numpy() == b).all()}
    assert stay == (set() if share else {True})


def normalised(precision):
    """Outputs in a step and in validation, gradients and statistics of a normalisation."""
    random = np.random.default_rng(0)
    inputs = keras.Input((5, 4, 3))
    layer = keras.layers.BatchNormalization(
        momentum=0.9,
        gamma_initializer=keras.initializers.RandomUniform(0.5, 2.0, seed=0),
        dtype=PRECISIONS[precision],
    )
    model = keras.Model(inputs, layer(inputs))
    x = tf.constant(random.normal(2.0, 3.0, (6, 5, 4, 3)), layer.compute_dtype)
    with fused_layers(model), tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=True)
        loss = tf.reduce_sum(tf.cast(y, "float32") * random.normal(size=y.shape))
        validated = model(x, training=False)  # By the statistics that have just moved.
    gradients = tape.gradient(loss, [x, *model.trainable_variables])
    tensors = [y, validated, *gradients, *model.non_trainable_variables]
    return [np.asarray(keras.ops.cast(value, "float32")) for value in tensors]


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 2e-2)])
def test_a_normalisation_is_that_of_keras(monkeypatch, precision, tolerance):
    ours = normalised(precision)
    monkeypatch.setattr(fused, "jit_compile", lambda: "auto")
    for one, other in zip(ours, normalised(precision), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_the_operators_are_those_of_tensorflow_inside_alone():
    model = network()
    with fused_layers(model):
        inside = operators(model)
    assert "FusedBatchNormV3" in inside
    assert "SquaredDifference" not in inside
    outside = operators(model)
    assert "FusedBatchNormV3" not in outside
    assert "SquaredDifference" in outside


def test_convolutions_take_the_product_inside_alone():
    model = build("resnet18", num_classes=3, input_shape=(32, 32, 3))
    large = [layer for layer in model.layers if has_product(layer)]
    assert large
    with fused_layers(model):
        assert all("call" in vars(layer) for layer in large)
    assert not any("call" in vars(layer) for layer in large)


def test_fit_takes_them(digits, tmp_path):
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append("FusedBatchNormV3" in operators(self.model))

    model = build("resnet8", num_classes=10, input_shape=(32, 32, 3))
    fit(model, digits, Recipe(epochs=1, batch_size=128), tmp_path / "state", [Look()])
    assert seen == [True]
    assert "FusedBatchNormV3" not in operators(model)


@pytest.mark.parametrize("attribute", ["synchronized", "trainable"])
def test_what_is_synchronised_or_frozen_stays_with_keras(attribute):
    model = network()
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            setattr(layer, attribute, attribute == "synchronized")
    before = [variable.numpy() for variable in model.non_trainable_variables]
    with fused_layers(model):
        assert "FusedBatchNormV3" not in operators(model)
        if attribute == "trainable":
            model(np.ones((2, 32, 32, 3)), training=True)
            for variable, value in zip(model.non_trainable_variables, before, strict=True):
                np.testing.assert_array_equal(variable, value)


def test_an_exception_leaves_the_layers_as_they_were():
    model = network()
    with pytest.raises(KeyError), fused_layers(model):
        raise KeyError
    assert not [layer for layer in model.layers if "call" in vars(layer)]
