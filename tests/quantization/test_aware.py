"""A model that rounds as its int8 file will."""

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.errors import RequestError
from zoo.quantization import aware, ranges_of, settle, simulates
from zoo.quantization.aware import layer_in
from zoo.residual import Scaled


def plain() -> keras.Model:
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, use_bias=False, padding="same", name="first")(image)
    x = layers.BatchNormalization(name="first_bn")(x)
    x = y = layers.ReLU(name="first_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="second")(x)
    x = layers.BatchNormalization(name="second_bn")(x)
    x = layers.Add(name="sum")([x, y])
    x = layers.ReLU(6.0, name="sum_relu")(x)
    x = layers.AveragePooling2D(2, name="smaller")(x)
    x = layers.Conv2D(5, 1, activation="relu", name="third")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(3, name="logits")(x))


def before_the_sum() -> keras.Model:
    """Normalisation before its convolution, as in He et al. 2016, and one with two readers."""
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="stem")(image)
    y = layers.BatchNormalization(name="norm")(x)
    y = layers.Activation("relu", name="act")(y)
    y = layers.Conv2D(4, 3, padding="same", name="branch")(y)
    x = layers.Concatenate(name="both")([x, y])
    x = layers.Activation("gelu", name="soft")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(image, layers.Dense(3, activation="softmax", name="scores")(x))


def sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def attention() -> keras.Model:
    x = rows = keras.Input((6, 8), name="rows")
    y = layers.MultiHeadAttention(2, 4, dropout=0.1, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="sum")([x, y]))
    x = layers.EinsumDense("abc,cd->abd", (None, 8), name="einsum")(x)
    x = layers.LSTM(5, name="lstm")(x)
    return keras.Model(rows, layers.Dense(3, name="logits")(x))


def scaled() -> keras.Model:
    vector = keras.Input((6,), name="vector")
    x = layers.Dense(6, name="branch")(vector)
    x = Scaled(name="branch_scale")(layers.BatchNormalization(name="branch_bn")(x))
    x = layers.ReLU(name="sum_relu")(layers.Add(name="sum")([x, vector]))
    return keras.Model(vector, layers.Dense(2, name="logits")(x))


def normalised(shape) -> keras.Model:
    values = keras.Input(shape, name="values")
    x = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 5.0])(values)
    return keras.Model(values, layers.Dense(3, name="logits")(x))


def operations() -> keras.Model:
    """As the zoo's attention: positions are added, and products made, by operations."""
    rows = keras.Input((6, 8), name="rows")
    x = layers.Dense(8, name="first")(rows) + np.linspace(-1, 1, 8, dtype="float32")
    scores = keras.ops.softmax(keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1))) / 8)
    x = layers.LayerNormalization(name="norm")(keras.ops.matmul(scores, x))
    return keras.Model(rows, layers.Dense(3, name="logits")(x[:, -1]))


def shared() -> keras.Model:
    vector = keras.Input((6,), name="vector")
    dense = layers.Dense(6, activation="tanh", name="again")
    return keras.Model(vector, layers.Dense(2, name="logits")(dense(dense(vector))))


MODELS = {
    build.__name__: build
    for build in (plain, before_the_sum, sequential, attention, operations, scaled, shared)
}


def trained(build) -> tuple[keras.Model, np.ndarray]:
    """A model whose weights and statistics are not those of the beginning."""
    keras.utils.set_random_seed(1)
    model, random = build(), np.random.default_rng(0)
    for variable in model.weights:
        name = variable.path.rpartition("/")[2]
        if name in ("gamma", "moving_variance", "scale"):
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif name in ("beta", "moving_mean", "bias"):
            variable.assign(random.normal(0, 0.2, variable.shape))
    x = random.normal(0, 1, (32, *model.input_shape[1:])).astype("float32")
    return model, np.clip(128 + 40 * x, 0, 255) if x.ndim == 4 else x


def decibels(values, reference) -> float:
    return float(10 * np.log10((reference**2).sum() / ((values - reference) ** 2).sum()))


@pytest.fixture(scope="module", params=MODELS)
def pair(request):
    model, x = trained(MODELS[request.param])
    return model, aware(model, x), x


def test_it_gives_nearly_the_same(pair):
    model, rounding, x = pair
    noise = decibels(np.asarray(rounding(x)), np.asarray(model(x)))
    assert 18 < noise < 60  # More would mean that nothing is rounded.


def test_both_have_the_same_weights(pair):
    model, rounding, x = pair
    before = np.asarray(rounding(x))
    kernel = next(weight for weight in model.trainable_weights if len(weight.shape) > 1)
    kept = kernel.numpy()
    kernel.assign(kept * 1.5)
    assert not np.array_equal(before, np.asarray(rounding(x)))
    kernel.assign(kept)
    assert np.array_equal(before, np.asarray(rounding(x)))
    owned = {id(weight) for weight in rounding.weights}
    assert all(id(weight) in owned for weight in model.weights)


def test_ranges_are_enough_to_build_it_again(pair):
    model, rounding, x = pair
    again = aware(model, ranges=ranges_of(rounding))
    assert np.array_equal(np.asarray(again(x)), np.asarray(rounding(x)))


def test_it_can_be_saved(pair, tmp_path):
    _, rounding, x = pair
    rounding.save(tmp_path / "rounding.keras")
    again = keras.models.load_model(tmp_path / "rounding.keras")
    assert np.asarray(again(x)) == pytest.approx(np.asarray(rounding(x)), abs=1e-6)


def test_what_is_rounded():
    model, x = trained(plain)
    rounding = aware(model, x)
    # Not the convolutions before a normalisation, what a ReLU follows, and what keeps its range.
    expected = ["image", "first_relu", "second_bn", "second", "sum_relu", "third", "pool", "logits"]
    assert list(ranges_of(rounding)) == expected
    assert ranges_of(rounding)["image"] == (0.0, 255.0)
    assert layer_in(rounding, "logits") is model.get_layer("logits")


def test_what_a_number_multiplies_is_rounded_once():
    """A file names the operation by any of its layers."""
    ranges = ranges_of(aware(*trained(scaled)))
    once = ["branch_scale", "branch_bn", "branch"]
    assert list(ranges) == ["vector", *once, "sum_relu", "logits"]
    assert len({ranges[name] for name in once}) == 1


@pytest.mark.parametrize("name", ["residual_encoder", "residual_vit", "residual_lstm"])
def test_networks_of_the_zoo_of_several_steps_are_taken(name):
    """What a file rounds within attention or recurrence is not simulated: `simulates` says so."""
    shape = (32, 32, 3) if name == "residual_vit" else (12, 4)
    model = zoo.create_model(name, num_classes=3, input_shape=shape)
    x = np.random.default_rng(0).normal(size=(8, *shape)).astype("float32")
    rounding = aware(model, x)
    assert not simulates(model)
    names = {model.inputs[0].name, *(layer.name for layer in model.layers)}
    assert set(ranges_of(rounding)) <= names
    assert decibels(np.asarray(rounding(x)), np.asarray(model(x))) > 15


def one_layer(*some) -> keras.Model:
    return keras.Sequential([keras.Input((4,)), *some])


def padded(pool=1, **settings) -> keras.Model:
    image = keras.Input((8, 8, 3))
    x = keras.ops.average_pool(image, pool, 2)
    x = keras.ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, 2]], **settings)
    return keras.Model(image, layers.Conv2D(4, 1)(x))


def then_normed(*some) -> keras.Model:
    norm = layers.BatchNormalization()
    return keras.Sequential([keras.Input((8, 8, 3)), *some, norm])


def of_several(layer, count) -> keras.Model:
    vector = keras.Input((4,))
    return keras.Model(vector, layer([layers.Dense(3)(vector) for _ in range(count)]))


@pytest.mark.parametrize(
    ("build", "whole"),
    [
        (plain, True),
        (sequential, True),
        (scaled, True),
        (attention, False),
        (operations, False),
        (shared, False),  # Before a tanh inside a layer a file rounds to a range of its own.
        (lambda: one_layer(layers.Dense(3, "relu")), True),
        (lambda: one_layer(layers.Dense(3, "softmax")), True),
        (lambda: one_layer(layers.Dense(3, "sigmoid"), layers.Dense(2)), False),
        (lambda: one_layer(layers.Dense(3), layers.Activation("sigmoid"), layers.Dense(2)), True),
        (lambda: one_layer(layers.Dense(3, "relu6")), False),
        (lambda: one_layer(layers.BatchNormalization()), False),
        (lambda: then_normed(layers.ReLU()), True),
        (lambda: then_normed(layers.MaxPooling2D()), True),
        (lambda: then_normed(layers.Conv2D(4, 1, activation="relu")), True),
        (lambda: then_normed(layers.Conv2D(4, 1)), True),
        (lambda: then_normed(layers.Flatten()), False),
        # A file multiplies the factors of both, or rounds between them.
        (lambda: then_normed(layers.BatchNormalization()), False),
        (lambda: then_normed(layers.Conv2D(4, 1), layers.Dropout(0.5)), False),
        (lambda: then_normed(layers.ReLU(), layers.BatchNormalization(axis=1)), False),
        (before_the_sum, False),
        (lambda: zoo.create_model("resnet20", num_classes=3, input_shape=(32, 32, 3)), True),
        (lambda: padded(), True),
        (lambda: padded(constant_values=0), True),
        (lambda: padded(constant_values=5), False),
        (lambda: padded(mode="reflect"), False),
        (lambda: padded(pool=3), False),
        (lambda: one_layer(layers.Dense(3), layers.BatchNormalization()), True),
        (lambda: of_several(layers.Add(), 2), True),
        (lambda: of_several(layers.Multiply(), 2), True),
        (lambda: of_several(layers.Add(), 3), False),
        (lambda: of_several(layers.Concatenate(), 2), False),
        (lambda: normalised((4, 4, 2)), True),
        (lambda: normalised((4, 2)), False),
        (lambda: normalised((2,)), False),
        (lambda: one_layer(layers.Dense(3, "gelu")), False),
    ],
)
def test_what_is_simulated_whole(build, whole):
    assert simulates(build()) == whole


def test_a_softmax_has_no_range_to_learn():
    model, x = trained(before_the_sum)
    names = list(ranges_of(aware(model, x)))
    assert names == ["image", "stem", "act", "branch", "both", "soft"]


def test_training_changes_weights_ranges_and_the_given_model():
    model, x = trained(plain)
    rounding = aware(model, x)
    before = {name: np.array(high) for name, (_, high) in ranges_of(rounding).items()}
    kernel = model.get_layer("first").kernel.numpy()
    statistics = model.get_layer("first_bn").moving_mean.numpy()
    rounding.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(True))
    y = np.arange(len(x)) % 3
    losses = rounding.fit(x, y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert not np.array_equal(kernel, model.get_layer("first").kernel.numpy())
    assert np.array_equal(statistics, model.get_layer("first_bn").moving_mean.numpy())
    after = {name: high for name, (_, high) in ranges_of(rounding).items()}
    assert after.pop("image") == 255
    assert all(before[name] != high for name, high in after.items())


def test_settled_weights_are_their_own_rounding(pair):
    model, rounding, x = pair
    before, kept = np.asarray(rounding(x)), model.get_weights()
    settle(rounding)
    settled = model.get_weights()
    assert any(not np.array_equal(one, other) for one, other in zip(kept, settled, strict=True))
    assert np.asarray(rounding(x)) == pytest.approx(before, abs=float(0.01 * np.ptp(before)))
    settle(rounding)
    for one, other in zip(settled, model.get_weights(), strict=True):
        assert other == pytest.approx(one, rel=1e-5, abs=1e-7)
    model.set_weights(kept)


def test_settled_biases_are_whole_numbers_of_steps():
    """A converter calculates them in another order, so that they may not be near a half."""
    model, x = trained(plain)
    rounding = aware(model, x)
    logits = model.get_layer("logits")

    def steps() -> np.ndarray:
        of_weights = np.abs(logits.kernel.numpy()).max(axis=0) / 127
        low, high = ranges_of(rounding)["pool"]
        return logits.bias.numpy() / ((high - low) / 255 * of_weights)

    before = steps()
    settle(rounding)
    assert steps() == pytest.approx(np.round(before), abs=0.01)
    assert np.abs(steps() - before).max() > 0.05


def test_what_a_normalisation_multiplies_by_zero_stays_finite():
    vector = keras.Input((6,), name="vector")
    x = layers.Dense(4, name="branch")(vector)
    x = layers.BatchNormalization(gamma_initializer="zeros", name="branch_bn")(x)
    model = keras.Model(vector, layers.Dense(2, name="logits")(x))
    before = model.get_layer("branch").get_weights()
    settle(aware(model, np.ones((4, 6), np.float32)))
    for kept, now in zip(before, model.get_layer("branch").get_weights(), strict=True):
        assert np.array_equal(kept, now)


def test_the_front_stays_as_it_is():
    model, x = trained(sequential)
    first = model.layers[0].name
    rounding = aware(model, x, front=(first,))
    assert next(iter(ranges_of(rounding))) == first
    front = rounding.get_layer(f"{first}_range").input
    unrounded = keras.Model(rounding.inputs, front)
    assert np.array_equal(np.asarray(unrounded(x)), np.asarray(model.layers[0](x)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "samples of real inputs"),
        ({"ranges": {"image": (0, 1)}}, "none of layer 'first_relu'"),
    ],
)
def test_wrong_requests(arguments, message):
    with pytest.raises(RequestError, match=message):
        aware(plain(), **arguments)


def test_two_inputs_are_refused():
    inputs = [keras.Input((2,)), keras.Input((2,))]
    model = keras.Model(inputs, layers.Add()(inputs))
    with pytest.raises(RequestError, match="one input"):
        aware(model, np.zeros((2, 2)))


def test_the_package_has_it():
    assert zoo.quantization.aware is aware
