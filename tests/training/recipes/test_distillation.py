"""A network that learns from a teacher's probabilities too."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.checkpoints.store import build_from_card, save
from zoo.data.batches import training_batches
from zoo.data.dataset import Dataset, Split
from zoo.errors import RequestError
from zoo.tasks.multilabel import MULTILABEL
from zoo.tasks.regression import REGRESSION
from zoo.training.fit import fit
from zoo.training.recipes.distillation import Distilled, check_teacher, open_teacher
from zoo.training.recipes.members import LossOfEach
from zoo.training.recipes.recipe import Recipe
from zoo.training.train import new_card, train_model

LABELS = ("ant", "bee", "cat")
SMALL = {"depth": 1, "width": 8}


def made(labels=LABELS, shape=(4,), count=48):
    """Returns a data set of noise."""
    draw = np.random.default_rng(0)

    def split(size):
        x = draw.normal(100, 50, (size, *shape)).astype(np.float32)
        return Split(x, np.arange(size) % len(labels))

    sizes = {"train": count, "validation": 12, "test": 12}
    return Dataset("noise", labels, {name: split(size) for name, size in sizes.items()})


def checkpoint(folder, dataset, model="residual_mlp", config=SMALL):
    """Writes a checkpoint of random weights; returns its name."""
    keras.utils.set_random_seed(7)
    card = new_card(model, dataset, config)
    network = build_from_card(card)
    kernel = network.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(1).normal(0, 1, kernel.shape))
    save(network, folder, card)
    return str(folder)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """One that has the classes in another order."""
    return checkpoint(tmp_path_factory.mktemp("teachers") / "one", made(LABELS[::-1]))


def student():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    scaled = keras.layers.Rescaling(0.02, -2)(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(scaled))


def test_the_loss_by_hand():
    loss = Distilled(keras.losses.CategoricalCrossentropy(from_logits=True), 2.0, 0.25)
    said = [2 * np.log(3), 0]  # Softened: 3/4 and 1/4.
    # ln 2 of the truth; 3/4 ln 3/2 + 1/4 ln 1/2 = 0.130812 of the teacher.
    value = loss(np.array([[1, 0, *said]], "float32"), np.zeros((1, 2), "float32"))
    assert float(value) == pytest.approx(0.75 * 0.693147 + 0.25 * 4 * 0.130812, abs=1e-6)
    other = loss(np.array([[1, 0, *said[::-1]]], "float32"), np.array([[1, 0]], "float32"))
    assert float(other) == pytest.approx(0.75 * 0.313262 + 0.25 * 4 * 0.286742, abs=1e-5)
    # In validation there is no teacher.
    value = loss(np.array([[1, 0]], "float32"), np.zeros((1, 2), "float32"))
    assert float(value) == pytest.approx(0.693147, abs=1e-6)
    # The members of an ensemble learn each by itself.
    members = np.array([[[0, 0], [1, 0]]], "float32")
    apart = LossOfEach(loss)(np.array([[1, 0, *said]], "float32"), members)
    alone = [loss(np.array([[1, 0, *said]], "float32"), members[:, one]) for one in (0, 1)]
    assert float(apart) == pytest.approx(float(sum(alone)) / 2, abs=1e-6)


def test_the_gradient_keeps_its_size_at_any_temperature():
    said, logits = [[1.0, -2.0, 0.5]], tf.constant([[0.3, 0.1, -0.4]])

    def gradient(temperature):
        loss = Distilled(keras.losses.CategoricalCrossentropy(from_logits=True), temperature, 1.0)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(tf.concat([[[1.0, 0, 0]], said], 1), logits)
        return tape.gradient(value, logits).numpy()

    # Hinton et al. 2015, equation 4: at high temperatures, of centred logits.
    centred = [np.array(row[0]) - np.mean(row) for row in (logits.numpy(), said)]
    expected = (centred[0] - centred[1]) / 3
    for temperature in (50.0, 500.0):
        np.testing.assert_allclose(gradient(temperature)[0], expected, rtol=0.05)


def test_it_says_the_classes_in_the_order_of_the_data(teacher):
    data = made()
    logits = np.asarray(zoo.load(teacher).model(data.train.x))
    said = open_teacher(teacher, data).known
    np.testing.assert_allclose(said, np.log(keras.ops.softmax(logits[:, ::-1])), atol=1e-5)
    assert np.abs(said - np.log(keras.ops.softmax(logits))).max() > 0.1


def test_pictures_are_scaled_to_what_it_learnt(tmp_path):
    large, small = made(shape=(32, 32, 3), count=6), made(shape=(48, 40, 3), count=6)
    config = {"depths": (1,), "widths": (4,)}
    name = checkpoint(tmp_path / "t", large, "resnet8", config)
    said = open_teacher(name, small).known
    scaled = tf.image.resize(small.train.x, (32, 32), antialias=True)
    logits = zoo.load(name).model(scaled, training=False)
    np.testing.assert_allclose(said, keras.ops.log_softmax(logits), atol=1e-4)


def test_what_it_says_of_changed_examples_is_of_the_changed_ones(teacher):
    data = made()
    one, how = open_teacher(teacher, data), {"seed": 3, "epochs": range(2)}

    def changed(x, y, key):  # Every second batch.
        return x + 40.0 * tf.cast(key[1] % 2, x.dtype), y

    live = training_batches(data.train, 20, 3, **how, augment=one.beside(changed))
    cached = training_batches(data.train, 20, 3, **how, beside=one.known)
    same = []
    for (_, y), (_, other) in zip(live, cached, strict=True):
        assert y.shape == other.shape
        np.testing.assert_array_equal(y[:, :3], other[:, :3])
        same.append(np.allclose(y, other, atol=1e-5))
    assert same == [True, False] * 3


def test_what_it_says_once_is_of_the_unchanged_ones_and_blended_as_the_truth(teacher):
    data = made()
    one, how = open_teacher(teacher, data), {"seed": 3, "epochs": range(1)}

    def blended(x, y, key):
        return x + 40.0, 0.75 * y + 0.25 * tf.roll(y, 1, 0)

    once = one.apart_from(blended)
    plain = training_batches(data.train, 20, 3, **how, beside=one.known)
    changed = training_batches(data.train, 20, 3, **how, beside=one.known, augment=once)
    for (x, y), (other, mixed) in zip(plain, changed, strict=True):
        np.testing.assert_array_equal(other, x + 40.0)
        shares = np.concatenate([y[:, :3], np.exp(y[:, 3:])], 1)
        shares = 0.75 * shares + 0.25 * np.roll(shares, 1, 0)
        np.testing.assert_allclose(mixed[:, :3], shares[:, :3])
        np.testing.assert_allclose(np.exp(mixed[:, 3:]), shares[:, 3:], rtol=1e-4, atol=1e-7)
    # A probability of zero stays a number.
    y = tf.constant([[1.0, 0, 0, 0, -200, -200]])
    assert np.isfinite(once(tf.zeros((1, 4)), y, None)[1]).all()


@pytest.mark.parametrize("once", [None, True])
def test_a_teacher_that_sees_once_does_not_see_the_changes(tmp_path, once):
    data = made(shape=(32, 32, 3), count=16)
    name = checkpoint(tmp_path / "t", data, "resnet8", {"depths": (1,), "widths": (4,)})
    one, seen = open_teacher(name, data), []
    one.__dict__["known"] = np.zeros((16, 3), np.float32)
    one.network.predict_on_batch = lambda x: seen.append(len(x)) or np.zeros((len(x), 3))
    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3))
    network = keras.layers.GlobalAveragePooling2D()(inputs)
    network = keras.Model(inputs, keras.layers.Dense(3, name="logits")(network))
    recipe = Recipe(epochs=1, batch_size=8, augment="strong", teacher=name, teacher_once=once)
    fit(network, data, recipe, tmp_path / "state", teacher=one)
    assert bool(seen) is (once is None)


def test_what_it_says_is_kept_in_a_file_while_a_training_is_unfinished(teacher, tmp_path):
    data, path, seen = made(), tmp_path / "teacher.safetensors", []
    first = open_teacher(teacher, data, lambda *counts: seen.append(counts), path)
    said = first.known
    assert seen
    assert path.is_file()
    again = open_teacher(teacher, data, lambda *counts: pytest.fail("it saw them again"), path)
    np.testing.assert_array_equal(again.known, said)
    seen.clear()
    path.write_bytes(path.read_bytes()[:-1] + b"x")  # Damaged; so it sees them again.
    np.testing.assert_array_equal(
        open_teacher(teacher, data, lambda *counts: seen.append(counts), path).known, said
    )
    assert seen
    other = checkpoint(tmp_path / "other", data)
    assert np.abs(open_teacher(other, data, None, path).known - said).max() > 0.1


RECIPE = Recipe(epochs=3, batch_size=16, learning_rate=0.05)


@pytest.mark.parametrize("class_weights", [pytest.param(None, marks=pytest.mark.slow), "balanced"])
def test_a_stopped_training_goes_on_as_one_that_was_not(teacher, tmp_path, class_weights):
    data = made()
    recipe = dataclasses.replace(RECIPE, teacher=teacher, class_weights=class_weights)
    one = open_teacher(teacher, data)
    before = [np.copy(v) for v in one.network.get_weights()]

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    whole, stopped, alone = student(), student(), student()
    history = fit(whole, data, recipe, tmp_path / "whole", teacher=one)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, data, recipe, tmp_path / "state", [Stop()], teacher=one)
    resumed = student()
    fit(resumed, data, recipe, tmp_path / "state", teacher=open_teacher(teacher, data))
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    fit(alone, data, RECIPE, tmp_path / "alone")
    assert np.abs(alone.get_weights()[0] - whole.get_weights()[0]).max() > 0.01
    assert set(history[0]) >= {"accuracy", "val_accuracy"}
    # The teacher learns nothing, and a training accuracy is of the truth.
    assert all(map(np.array_equal, one.network.get_weights(), before))
    said = np.asarray(whole(data.train.x)).argmax(1)
    assert history[-1]["accuracy"] == pytest.approx((said == data.train.y).mean(), abs=0.25)


@pytest.mark.slow
def test_a_student_may_become_its_teacher(teacher, tmp_path):
    data = made(count=240)
    one = open_teacher(teacher, data)
    agreement = []
    for taught in (False, True):
        recipe = Recipe(
            epochs=6, batch_size=16, learning_rate=0.05, teacher=teacher if taught else None,
            distillation_weight=1.0 if taught else None,
        )  # fmt: skip
        network = student()
        fit(network, data, recipe, tmp_path / str(taught), teacher=one if taught else None)
        said = np.asarray(network(data.train.x)).argmax(1)
        agreement.append((said == one.known.argmax(1)).mean())
    assert agreement[0] < 0.6 < 0.7 < agreement[1]  # The truth is noise.


def test_what_cannot_teach_is_refused(teacher, tmp_path):
    values = replace_task(made(), REGRESSION)
    for task, text in ((REGRESSION, "a regression"), (MULTILABEL, "a multilabel")):
        with pytest.raises(RequestError, match=f"the student learns {text}; leave it out"):
            check_teacher(teacher, task)
    name = checkpoint(tmp_path / "values", values)
    with pytest.raises(RequestError, match="values knows a regression; leave it out"):
        open_teacher(name, made())
    with pytest.raises(RequestError, match=r"unknown checkpoint 'resnet8\.digit'; did you mean"):
        check_teacher("resnet8.digit", made().task)
    for labels, text in (
        (("ant", "bee", "dog"), "than noise: not 'dog', also 'cat'; a teacher has the same"),
        (("ant", "bee", "cat", "dog"), "than noise: not 'dog'; a"),
        (("ant", "bee"), "than noise: also 'cat'; a"),
    ):
        with pytest.raises(RequestError, match=f"knows other classes {text}"):
            open_teacher(teacher, made(labels))
    with pytest.raises(RequestError, match=r"another vector: shape \(4,\), not shape \(5,\)"):
        open_teacher(teacher, made(shape=(5,)))
    with pytest.raises(RequestError, match="another kind of data: a picture"):
        open_teacher(teacher, made(shape=(32, 32, 3)))


def replace_task(dataset, task):
    changed = dataset.map(lambda split: dataclasses.replace(
        split, y=split.y.astype(np.float32), task=task))  # fmt: skip
    return dataclasses.replace(changed, labels=("value",))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distillation_weight": 0.5}, "distillation_weight is of a teacher, and there is none"),
        ({"distillation_temperature": 2.0}, "is of a teacher, and there is none; give --teacher"),
        ({"teacher_once": True}, "teacher_once is of a teacher, and there is none"),
        ({"teacher": "a", "distillation_weight": 1.5}, "must be more than 0, up to 1, not 1.5"),
        ({"teacher": "a", "distillation_weight": 0.0}, "must be more than 0, up to 1, not 0.0"),
        (
            {"teacher": "a", "distillation_temperature": -1.0},
            "must be more than 0, up to 1000, not -1",
        ),
    ],
)
def test_what_a_recipe_refuses(settings, message):
    with pytest.raises(RequestError, match=message):
        Recipe(**settings)


@pytest.mark.slow
def test_a_run_names_its_teacher(teacher, tmp_path):
    data, output = made(), tmp_path / "run"
    recipe = dataclasses.replace(RECIPE, teacher=teacher)
    card = train_model("residual_mlp", data, recipe, output, config=SMALL)
    assert card.source == f"trained from scratch with zoo train, taught by {teacher}"
    assert teacher in (output / "result.html").read_text()
    record = json.loads((output / "run.json").read_text())
    assert (record["teacher"], record["distillation_temperature"]) == (teacher, 4.0)
    assert card.training.recipe["teacher_sha256"] == record["teacher_sha256"]
    assert train_model("residual_mlp", data, recipe, output, config=SMALL) == card
    for other, message in (
        (RECIPE, f"teacher: was {teacher}, now not given. Choose"),
        (dataclasses.replace(recipe, distillation_temperature=2.0), "temperature: was 4.0, now 2"),
    ):
        with pytest.raises(RequestError, match=message):
            train_model("residual_mlp", data, other, output, config=SMALL)
    longer = train_model(
        "residual_mlp", data, dataclasses.replace(recipe, epochs=4), output, config=SMALL
    )
    assert longer.notes.startswith("3 epochs, and 1 more")


@pytest.mark.slow
def test_a_finetuning_with_a_teacher(tmp_path):
    how = {"epochs": 1, "head_epochs": 1, "batch_size": 256, "teacher": "resnet8.digits"}
    trained = zoo.finetune("resnet8.cifar10", "digits", output=tmp_path / "run", **how)
    training = trained.card.training
    assert training.recipe["whole"]["augment"] == "light"
    for part in ("head", "whole"):
        assert training.recipe[part]["teacher"] == "resnet8.digits"
    assert trained.card.source.endswith("with zoo finetune, taught by resnet8.digits")
    with pytest.raises(RequestError, match="--folds does not go with --teacher; leave one out"):
        zoo.finetune("resnet8.cifar10", "digits", output=tmp_path / "f", folds=5, **how)
    with pytest.raises(RequestError, match=r"knows other classes than digits: not '0', also 'air"):
        zoo.train("resnet8", "digits", output=tmp_path / "t", teacher="resnet8.cifar10")
