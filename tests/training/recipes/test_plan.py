import pytest

from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound, Table
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.multilabel import MULTILABEL
from zoo.tasks.regression import REGRESSION
from zoo.training.recipes.plan import choose_plan

# Training pictures -> batch, epochs of the head and of the network, whether statistics are kept.
BY_SIZE = [
    (20, 16, 60, 30, True),
    (500, 32, 60, 11, True),
    (999, 32, 46, 8, True),
    (1645, 64, 57, 6, False),
    (100_000, 64, 10, 3, False),
]


@pytest.mark.parametrize(("examples", "batch", "head", "whole", "kept"), BY_SIZE)
def test_the_size_of_the_data_decides(examples, batch, head, whole, kept):
    plan = choose_plan(examples)
    assert plan.head.batch_size == plan.whole.batch_size == batch
    assert (plan.head.epochs, plan.whole.epochs, plan.frozen_statistics) == (head, whole, kept)
    assert plan.whole.learning_rate <= 1e-3
    text = "\n".join(plan.lines)
    for said in (f"up to {head} epochs", f"up to {whole} epochs", f"batch {batch}", "light"):
        assert said in text
    assert f"normalisation {'kept' if kept else 'adapted and trained'}" in text


# Form, model, examples -> epochs of the network, its learning rate, its augmentation.
BY_FORM = [
    (Sound, "residual_lstm", 90, 200, 5e-3, "light"),
    (Sound, "residual_lstm", 2000, 10, 5e-3, "light"),
    (Sound, "resnet8", 90, 200, 5e-4, "light"),
    (Recording, "residual_encoder", 400, 50, 3e-3, "none"),
    (Table, "residual_mlp", 20_000, 3, 3e-3, "none"),
    (Table, "of_somebody", 20_000, 3, 1e-3, "none"),
    (Picture, "residual_vit", 20_000, 3, 1e-3, "light"),
]


@pytest.mark.parametrize(("kind", "model", "examples", "epochs", "rate", "augment"), BY_FORM)
def test_small_networks_learn_longer(kind, model, examples, epochs, rate, augment):
    whole = choose_plan(examples, kind, model=model).whole
    assert (whole.epochs, whole.augment) == (epochs, augment)
    assert whole.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize(
    ("task", "asked", "smoothing"),
    [
        (CLASSIFICATION, None, 0.1),
        (REGRESSION, None, 0.1),  # Which ignores it: runs from before stay the same ones.
        (MULTILABEL, None, 0.0),
        (MULTILABEL, 0.1, 0.1),
        (CLASSIFICATION, 0.0, 0.0),
    ],
)
def test_sets_of_labels_are_not_smoothed_unless_that_is_asked_for(task, asked, smoothing):
    plan = choose_plan(100, task=task, label_smoothing=asked)
    assert plan.head.label_smoothing == plan.whole.label_smoothing == smoothing


def test_what_is_given_is_kept():
    plan = choose_plan(
        500, epochs=7, head_epochs=5, batch_size=8, learning_rate=0.1, freeze="stage1",
        augment="none", precision="bfloat16", seed=3,
    )  # fmt: skip
    assert (plan.whole.epochs, plan.head.epochs, plan.whole.batch_size) == (7, 5, 8)
    assert (plan.whole.learning_rate, plan.whole.seed, plan.head.seed) == (0.1, 3, 3)
    assert "frozen up to stage1, augmentation none" in plan.lines[1]
    assert len(choose_plan(500, freeze="backbone").lines) == 1
    assert choose_plan(5000, batch_size=8).frozen_statistics


@pytest.mark.parametrize(("epochs", "patience"), [(None, 5), (1, 1), (8, 8), (100, 100)])
def test_epochs_that_are_asked_for_are_all_trained(epochs, patience):
    """The rate is high until its end: a network that was good before them would end them early."""
    assert choose_plan(500, epochs=epochs).whole.patience == patience


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be positive, not 0"),
        ({"head_epochs": -1}, "epochs must be positive, not -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"augment": "lots"}, "unknown augmentation 'lots'"),
        ({"precision": "half"}, "unknown precision 'half'"),
    ],
)
def test_wrong_values(settings, message):
    with pytest.raises(RequestError, match=message):
        choose_plan(100, **settings)
