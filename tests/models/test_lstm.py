import keras
import numpy as np
import pytest

from zoo.errors import RequestError
from zoo.models import build

ORDERS = ("post_activation", "relu_output", "linear_output")
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(3, 2, size=(4, 6, 5)).astype(np.float32)
MEAN, STD = [3.0] * 5, [2.0] * 5


def lstm(**config):
    keras.utils.set_random_seed(0)
    small = {"width": 8, "num_classes": 3, "input_shape": (6, 5), "mean": MEAN, "std": STD}
    return build("residual_lstm", **{**small, **config})


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def outputs(model, x):
    return np.asarray(model(x))


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("shortcut", ["auto", "pad", "projection", "none"])
@pytest.mark.parametrize("order", ORDERS)
def test_every_variant(order, shortcut, activation):
    model = lstm(order=order, shortcut=shortcut, activation=activation)
    parameters = 4 * 8 * (5 + 8 + 1) + 4 * 8 * (8 + 8 + 1) + 2 * 16 + 8 * 3 + 3
    # The first unit widens 5 features to 8, the second keeps 8.
    parameters += {"auto": 5 * 8, "projection": 5 * 8 + 8 * 8}.get(shortcut, 0)
    # A norm of its own before the head, since no sum has an activation there.
    parameters += 16 if (order, activation) == ("linear_output", "relu") else 0
    assert trainable(model) == parameters
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (0 if shortcut == "none" else 2)
    assert model.input.name == "sequence"
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize(("bidirectional", "features"), [(False, 8), (True, 16)])
def test_norms_and_directions(norm, bidirectional, features):
    model = lstm(norm=norm, bidirectional=bidirectional, num_classes=0)
    assert model.output_shape == (None, features)
    assert np.isfinite(outputs(model, X)).all()


def test_identity_takes_features_of_the_width_only():
    assert lstm(shortcut="identity", width=5).output_shape == (None, 3)
    with pytest.raises(RequestError, match="shortcut 'identity' cannot add"):
        lstm(shortcut="identity", width=8)


@pytest.mark.parametrize("pool", ["last", "mean"])
def test_the_plain_network_is_a_stack_of_lstms(pool):
    """`shortcut="none"` against Keras's own stack with the same weights."""
    model = lstm(shortcut="none", norm="none", depth=3, pool=pool)
    stack = keras.Sequential(
        [
            keras.Input((6, 5)),
            keras.layers.LSTM(8, return_sequences=True),
            keras.layers.LSTM(8, return_sequences=True),
            keras.layers.LSTM(8, return_sequences=pool == "mean"),
            *([keras.layers.GlobalAveragePooling1D()] if pool == "mean" else []),
            keras.layers.Dense(3),
        ]
    )
    recurrent = [v for layer in model.layers[1:] for v in layer.weights if "norm" not in v.path]
    for variable, value in zip(stack.weights, recurrent, strict=True):
        variable.assign(value)
    expected = outputs(stack, (X - 3) / 2)
    np.testing.assert_allclose(outputs(model, X), expected, rtol=1e-4, atol=1e-5)


VARIANTS = [
    {},
    {"pool": "mean"},
    {"bidirectional": True},
    {"bidirectional": True, "pool": "mean", "norm": "batch"},
    {"norm": "none", "shortcut": "none"},
    {"norm": "batch", "shortcut": "projection"},
    {"activation": "relu", "order": "linear_output"},
    {"activation": "relu", "order": "relu_output", "shortcut": "pad", "pool": "mean"},
    {"recurrent_dropout": 0.3, "depth": 3},
]


@pytest.mark.parametrize("config", VARIANTS, ids=str)
def test_logits_do_not_depend_on_padding(config):
    """Alone, padded far, and in a batch with longer ones; and as of a model without masks."""
    model = lstm(input_shape=(None, 5), **config)
    short = X[:1, :4]
    expected = outputs(model, short)
    for steps in (5, 12):
        padded = np.pad(short, ((0, 0), (0, steps - 4), (0, 0)))
        np.testing.assert_allclose(outputs(model, padded), expected, rtol=1e-4, atol=1e-5)
    batch = np.concatenate([np.pad(short, ((0, 0), (0, 2), (0, 0))), X])
    np.testing.assert_allclose(outputs(model, batch)[:1], expected, rtol=1e-4, atol=1e-5)
    unmasked = lstm(input_shape=(4, 5), **config)
    assert unmasked.count_params() == model.count_params()
    unmasked.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(unmasked, short), expected, rtol=1e-4, atol=1e-5)


def test_a_graph_gives_what_the_layers_give():
    model = lstm(input_shape=(None, 5), bidirectional=True)
    padded = np.pad(X, ((0, 0), (0, 3), (0, 0)))
    np.testing.assert_allclose(
        model.predict_on_batch(padded), outputs(model, X), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("pool", ["last", "mean"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_only_the_end_is_padding(pool, bidirectional):
    """Steps of zeros before a real one are data, as to a model without masks."""
    gaps = np.insert(X, [0, 2, 2], 0, axis=1)
    masked = lstm(input_shape=(None, 5), pool=pool, bidirectional=bidirectional)
    unmasked = lstm(input_shape=(gaps.shape[1], 5), pool=pool, bidirectional=bidirectional)
    unmasked.set_weights(masked.get_weights())
    expected = outputs(unmasked, gaps)
    assert np.abs(expected - outputs(masked, X)).max() > 0.1
    np.testing.assert_allclose(outputs(masked, gaps), expected, rtol=1e-4, atol=1e-5)


def test_a_zero_value_is_no_zero_step():
    model = lstm(input_shape=(None, 5))
    sparse = X.copy()
    sparse[:, -1, 1:] = 0
    assert not np.allclose(outputs(model, sparse), outputs(model, X[:, :-1]))


@pytest.mark.parametrize(
    ("input_shape", "masked", "is_masked"),
    [
        ((None, 5), None, True),
        ((6, 5), None, False),
        ((6, 5), True, True),
        ((None, 5), False, False),
    ],
)
def test_steps_are_masked_where_their_number_is_open(input_shape, masked, is_masked):
    model = lstm(input_shape=input_shape, masked=masked)
    ending = X.copy()
    ending[:, 4:] = 0
    shorter = lstm(input_shape=(4, 5), masked=False)
    shorter.set_weights(model.get_weights())
    same = np.allclose(outputs(model, ending), outputs(shorter, X[:, :4]), rtol=1e-4, atol=1e-5)
    assert same == is_masked


@pytest.mark.parametrize("masked", [False, True])
def test_pooling_against_numpy(masked):
    """Both poolings of the stream of the last unit."""
    x = X.copy()
    x[0, 3:] = 0
    real = x.any(axis=-1) if masked else np.ones(x.shape[:2], bool)
    for pool in ("last", "mean"):
        model = lstm(pool=pool, masked=masked, num_classes=0)
        stream = outputs(keras.Model(model.input, model.get_layer("block2_add").output), x)
        expected = {
            "last": [row[keep][-1] for row, keep in zip(stream, real, strict=True)],
            "mean": [row[keep].mean(axis=0) for row, keep in zip(stream, real, strict=True)],
        }[pool]
        np.testing.assert_allclose(outputs(model, x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_zero_init_starts_the_model_as_its_projection(norm):
    model = lstm(norm=norm, zero_init=True, depth=4, num_classes=0)
    kernel = model.get_layer("block1_shortcut_dense").get_weights()[0]
    expected = (X[:, -1] - 3) / 2 @ kernel
    np.testing.assert_allclose(outputs(model, X), expected, rtol=1e-4, atol=1e-5)


def test_the_plain_network_does_not_start_as_nothing():
    assert outputs(lstm(zero_init=True, shortcut="none"), X).std(axis=0).min() > 0


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
def test_dropout_in_training_only(kind):
    model = lstm(**{"dropout": 0.0, kind: 0.5})
    still = lstm(dropout=0.0)
    assert np.array_equal(model(X), model(X))
    assert not np.array_equal(model(X, training=True), model(X, training=True))
    assert np.array_equal(still(X, training=True), still(X, training=True))


@pytest.mark.parametrize("num_classes", [5, 1])
def test_heads(num_classes):
    assert lstm(num_classes=num_classes).output_shape == (None, num_classes)


WRONG = [
    ({"depth": 0}, "depth must be a whole number from 1 up, not 0"),
    ({"width": 2.0}, "width must be a whole number from 1 up, not 2.0"),
    ({"dropout": -0.1}, r"dropout must be in \[0, 1\), not -0.1"),
    ({"recurrent_dropout": 1}, r"recurrent_dropout must be in \[0, 1\), not 1"),
    ({"pool": "maximum"}, "unknown pool 'maximum'; known: last, mean"),
    ({"norm": "group"}, "unknown norm 'group'; known: batch, layer, none"),
    ({"order": "odd"}, "unknown order 'odd'"),
    ({"shortcut": "skip"}, "unknown shortcut 'skip'"),
    ({"activation": "tanh"}, "unknown activation 'tanh'; known: relu, linear"),
    ({"zero_init": True, "norm": "none"}, "zero_init needs a norm"),
    ({"block": "mlp"}, "residual_lstm cannot be built with .*block='mlp'"),
    ({"input_shape": (64,)}, r"takes sequences of shape \(steps, features\), not \(64,\)"),
    ({"input_shape": (0, 5)}, r"takes sequences of shape \(steps, features\), not \(0, 5\)"),
    ({"input_shape": (6, None)}, r"takes sequences of shape \(steps, features\), not \(6, None\)"),
    ({"std": [1.0]}, "std has 1 values for an input of 5 channels"),
    ({"std": [0.0] * 5}, "std must be positive"),
    ({"masked": "yes"}, "masked must be true or false, not 'yes'"),
    ({"bidirectional": "yes"}, "bidirectional must be true or false, not 'yes'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_requests_are_refused(arguments, message):
    with pytest.raises(RequestError, match=message) as error:
        lstm(**arguments)
    assert "\n" not in str(error.value)
