import keras
import numpy as np
import pytest

from zoo.errors import RequestError
from zoo.tasks import TASKS, find_task
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.interval import in_words, wilson
from zoo.tasks.multilabel import MULTILABEL
from zoo.tasks.regression import REGRESSION

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.4, 0.3], [0.0, 0.0, 3.0]], np.float32)
CLASSES = np.array([0, 1, 2])
VALUES = np.array([[1.0], [2.0], [4.0]], np.float32)
TRUTH = np.array([1.0, 3.0, 4.0], np.float32)
SETS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], np.uint8)
# Task, outputs, truth, loss of each example by hand.
EXAMPLES = [
    (
        CLASSIFICATION,
        LOGITS,
        CLASSES,
        [-(row[c] - np.log(np.exp(row).sum())) for row, c in zip(LOGITS, CLASSES, strict=True)],
    ),
    (REGRESSION, VALUES, TRUTH, [0.0, 1.0, 0.0]),
    (
        MULTILABEL,
        LOGITS,
        SETS,
        np.log1p(np.exp(np.where(SETS > 0, -LOGITS, LOGITS))).mean(axis=1).tolist(),
    ),
]


@pytest.mark.parametrize(("task", "outputs", "y", "losses"), EXAMPLES)
def test_the_loss_is_one_wherever_it_is_asked_for(task, outputs, y, losses):
    np.testing.assert_allclose(task.losses(keras.ops.convert_to_tensor(outputs), y), losses, 1e-5)
    assert task.measured(outputs, y)["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    mean = task.loss()(task.targets(y, outputs.shape[-1]), outputs)
    assert float(mean) == pytest.approx(np.mean(losses), rel=1e-5)


def test_smoothing_spreads_the_truth():
    log = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    truth = np.eye(3) * 0.7 + 0.1
    smooth = CLASSIFICATION.measured(LOGITS, CLASSES, smoothing=0.3)
    assert smooth["loss"] == pytest.approx(-(truth * log).sum(axis=1).mean(), rel=1e-5)


@pytest.mark.parametrize(("task", "outputs", "y", "losses"), EXAMPLES)
def test_what_is_watched_is_measured_as_a_training_does(task, outputs, y, losses):
    figures = task.measured(outputs, y)
    (metric,) = [m for m in task.metrics(1.0) if m.name == task.watched]
    metric.update_state(task.targets(y, outputs.shape[-1]), outputs)
    assert figures[task.watched] == pytest.approx(float(metric.result()), rel=1e-5)


def test_correct_examples_are_counted_and_values_are_neither_right_nor_wrong():
    assert float(CLASSIFICATION.correct(LOGITS, CLASSES)) == 2
    assert np.isnan(REGRESSION.correct(VALUES, TRUTH))


def test_a_better_epoch_ranks_higher():
    def rank(accuracy, loss, examples=1000):
        return CLASSIFICATION.rank({"val_accuracy": accuracy, "val_loss": loss}, examples)

    assert rank(0.9, 2) > rank(0.8, 1)
    assert rank(0.9, 1) > rank(0.9, 2)
    assert rank(1.0, 2) > rank(0.99, 1)
    better, worse = {"val_loss": 1.0, "val_r2": 0}, {"val_loss": 2.0}
    assert REGRESSION.rank(better, 30) > REGRESSION.rank(worse, 30)


@pytest.mark.parametrize(
    ("examples", "more", "counts"),
    [(30, 1, False), (30, 6, True), (1000, 10, False), (1000, 40, True), (10_000, 100, True)],
)
def test_accuracies_within_a_standard_error_are_equal_and_the_loss_decides(examples, more, counts):
    """`more` examples are right in an epoch whose loss is worse."""
    right = round(0.8 * examples)
    lucky = {"val_accuracy": (right + more) / examples, "val_loss": 1.2}
    sure = {"val_accuracy": right / examples, "val_loss": 1.1}
    rank = CLASSIFICATION.rank
    assert (rank(lucky, examples) > rank(sure, examples)) == counts


@pytest.mark.parametrize("accuracy", [-1e-7, 0.0, 1.0, 1.0000001])
def test_an_accuracy_that_float32_rounded_has_a_rank(accuracy):
    assert CLASSIFICATION.rank({"val_accuracy": accuracy, "val_loss": 1.0}, 50)


def test_scores_of_classes_by_hand():
    #                   truth: a  a  a  b  b  c
    predicted = np.eye(3)[[0, 0, 1, 1, 0, 1]]
    result = CLASSIFICATION.score(predicted, np.array([0, 0, 0, 1, 1, 2]), ("a", "b", "c"))
    assert result.figures == {"top1": pytest.approx(3 / 6)}
    assert result.examples == 6
    assert result.confusion == ((2, 1, 0), (1, 1, 0), (0, 1, 0))
    a, b, c = result.classes
    assert (a.precision, a.recall, a.examples) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert (c.precision, c.recall, c.f1, c.examples) == (0.0, 0.0, 0.0, 1)
    classes, confusion = result.tables
    # Of nine pairs of an "a" and another, five are in order and two are even.
    assert classes.rows[0] == ("a", "0.6667", "0.6667", "0.6667", "0.6667", "3")
    assert confusion.head == ("", "a", "b", "c")
    assert confusion.rows[0] == ("a", "2", "1", "·")


@pytest.mark.parametrize(
    ("second", "y", "auc"),
    [
        ([0.1, 0.9, 0.4, 0.6], [0, 1, 0, 1], 1.0),
        ([0.1, 0.9, 0.4, 0.3], [0, 1, 0, 1], 0.75),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5),
        ([0.1, 0.9, 0.4, 0.3], [1, 1, 1, 1], None),
        ([0.1, np.nan, 0.4, 0.3], [0, 1, 0, 1], None),
    ],
)
def test_the_auc_of_two_classes(second, y, auc):
    scores = np.array([[1 - score, score] for score in second])
    score = CLASSIFICATION.score(scores, np.array(y), ("no", "yes"))
    assert score.auc == auc
    assert list(score.figures) == (["top1"] if auc is None else ["top1", "auc"])


def test_the_auc_of_each_class_is_against_the_rest():
    scores = np.array([[0.5, 0.4, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.4, 0.5, 0.1]])
    score = CLASSIFICATION.score(scores, np.array([0, 1, 1, 0]), ("a", "b", "c"))
    assert [row.auc for row in score.classes] == [0.5, 0.5, None]
    assert score.auc is None


def test_scores_of_values_by_hand():
    result = REGRESSION.score(VALUES, TRUTH, ("size",))
    spread = ((TRUTH - TRUTH.mean()) ** 2).sum()
    assert result.figures == {
        "r2": pytest.approx(1 - 1 / spread, rel=1e-6),
        "mae": pytest.approx(1 / 3),
    }
    assert result.tables == ()


def test_one_value_has_an_error_alone():
    """One truth has no spread to compare with; the libraries say NaN, which is no JSON."""
    result = REGRESSION.score(VALUES[1:2], TRUTH[1:2], ("size",))
    assert result.figures == {"mae": 1}


def test_predictions_are_what_an_export_gives():
    probabilities = CLASSIFICATION.predictions(LOGITS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        np.log(probabilities) - np.log(probabilities[:, :1]), LOGITS - LOGITS[:, :1], atol=1e-5
    )
    assert (REGRESSION.predictions(VALUES) == VALUES).all()


def test_a_scale_is_learnt_and_taken_back():
    scale = REGRESSION.scale(TRUTH)
    scaled = scale.standardised(TRUTH)
    assert (scaled.mean(), scaled.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1))
    layer = keras.layers.Dense(1, kernel_initializer="ones")
    layer.build((None, 1))
    scale.restore_units(layer)
    np.testing.assert_allclose(layer(scaled[:, None])[:, 0], TRUTH, rtol=1e-5)
    assert CLASSIFICATION.scale(CLASSES) is None


def test_unknown_tasks_are_refused_by_name():
    assert {"classification", "regression"} <= set(TASKS)
    with pytest.raises(RequestError, match="did you mean 'regression'"):
        find_task("regresion")


@pytest.mark.parametrize("unit", [1e-30, 1e-24, 1.0, 1e18, 1e30])
@pytest.mark.parametrize(("error", "r2"), [(0.0, 1.0), (1.0, 0.0), (3.0, -8.0)])
def test_r2_does_not_depend_on_the_unit(unit, error, r2):
    truth = (unit * np.array([1, -1] * 8)).astype(np.float32)
    score = REGRESSION.score((truth * (1 - error))[:, None], truth, ())
    assert score.r2 == pytest.approx(r2, abs=1e-5)
    assert score.mae == pytest.approx(unit * error, rel=1e-5)


@pytest.mark.parametrize(
    ("share", "examples", "words"),
    [
        (16 / 24, 24, " (95% interval 46.7 to 82.0)"),
        (1.0, 4, " (95% interval 51.0 to 100.0)"),
        (0.0, 10, " (95% interval 0.0 to 27.8)"),
        (0.9, 1000, " (95% interval 88.0 to 91.7)"),
    ],
)
def test_a_share_of_few_examples_has_a_wide_interval(share, examples, words):
    interval = wilson(share, examples)
    assert in_words(interval) == words
    assert CLASSIFICATION.text("top1", share, interval) == f"top1 {share:.2%}{words}"


def test_windows_have_no_interval_and_their_recordings_have():
    y, recordings = np.array([0, 0, 1, 1, 1, 1]), np.array([3, 3, 5, 5, 8, 8])
    score = CLASSIFICATION.scored(np.eye(2)[[0, 0, 1, 1, 0, 0]], y, ("a", "b"), recordings)
    assert score.intervals == {"recordings_top1": wilson(2 / 3, 3)}
    assert CLASSIFICATION.score(np.eye(2)[y], y, ("a", "b")).intervals == {"top1": wilson(1.0, 6)}
    assert REGRESSION.score(VALUES, TRUTH, ("y",)).intervals == {}
