import pytest

from zoo.training.runs.differences import differences, more_epochs

RUN = {
    "command": "zoo train", "model": "resnet8", "config": {"depth": 3},
    "data": {"name": "digits", "fingerprint": "aa"}, "shape": [32, 32, 3], "epochs": 2,
    "patience": None, "class_weights": None, "versions": {"keras": "3"},
}  # fmt: skip
TUNED = {
    "checkpoint": "resnet8.digits", "checkpoint_sha256": "aa",
    "head": {"epochs": 10, "patience": 3, "batch_size": 16},
    "whole": {"epochs": 3, "patience": 3, "batch_size": 16}, "freeze": "none",
}  # fmt: skip
GONE = object()


def asked(record, now):
    """The settings of a record, with others; all that is no setting is left out."""
    apart = ("command", "source", "versions", "extends")
    settings = {**{key: value for key, value in record.items() if key not in apart}, **now}
    return {key: value for key, value in settings.items() if value is not GONE}


@pytest.mark.parametrize(
    ("record", "now", "words"),
    [
        (RUN, {}, []),
        (RUN, {"epochs": 3}, ["epochs: was 2, now 3"]),
        (RUN, {"epochs": 9, "patience": 3}, ["epochs: was 2, now 9"]),
        (RUN, {"patience": 3}, ["patience: was not given, now 3"]),
        (RUN, {"data": {"name": "iris", "fingerprint": "bb"}}, ["data: was digits, now iris"]),
        (
            RUN,
            {"data": {"name": "digits", "fingerprint": "bb"}},
            ["digits has other examples now"],
        ),
        (RUN, {"shape": [None, 64, 3]}, ["shape: was 32×32×3, now any×64×3"]),
        (RUN, {"config": {"depth": 4}}, ["depth: was 3, now 4"]),
        (RUN, {"config": {"depth": 3, "norm": "none"}}, ["norm: was not given, now none"]),
        (RUN, {"class_weights": "balanced"}, ["class_weights: was not given, now balanced"]),
        (TUNED, {"head": {**TUNED["head"], "epochs": 5}}, ["head_epochs: was 10, now 5"]),
        (TUNED, {"whole": {**TUNED["whole"], "patience": 9}}, []),  # Of an earlier version.
        (
            TUNED,
            {
                stage: {"epochs": TUNED[stage]["epochs"], "patience": 3, "batch_size": 8}
                for stage in ("head", "whole")
            },
            ["batch_size: was 16, now 8"],
        ),
        (TUNED, {"checkpoint_sha256": "bb"}, ["resnet8.digits has other weights now"]),
        (
            TUNED,
            {"checkpoint": "x", "checkpoint_sha256": "b"},
            ["checkpoint: was resnet8.digits, now x"],
        ),
        ({}, {"model": "resnet8"}, ["model: was not given, now resnet8"]),
        ({**RUN, "source": {"data": "x.csv"}, "extends": True}, {}, []),
        # What is gone.
        (RUN, {"config": {}}, ["depth: was 3, now not given"]),
        (RUN, {"config": {"width": 8}}, ["width: was not given, now 8",
                                         "depth: was 3, now not given"]),
        ({**TUNED, "folds": 5}, {"folds": GONE}, ["folds: was 5, now not given"]),
        (
            {**RUN, "data": {**RUN["data"], "excluded": ["a.jpg"]}},
            {"data": {"name": "digits", "fingerprint": "bb"}},
            ["--exclude leaves out other examples now"],
        ),
        (
            {**RUN, "teacher": "resnet18.cifar10", "teacher_sha256": "aa"},
            {"teacher": None, "teacher_sha256": GONE},
            ["teacher: was resnet18.cifar10, now not given"],
        ),
        ({"checkpoint_sha256": "aa"}, {"checkpoint_sha256": GONE, "model": "resnet8"},
         ["model: was not given, now resnet8", "checkpoint_sha256: was aa, now not given"]),
        # Off is as not given, but of a model it may be the opposite.
        (RUN, {"find_learning_rate": False}, []),
        ({**RUN, "teacher_once": False}, {"teacher_once": None}, []),
        ({**RUN, "teacher_once": False}, {"teacher_once": GONE}, []),
        ({**TUNED, "whole": {**TUNED["whole"], "find_learning_rate": None}},
         {"whole": {**TUNED["whole"], "find_learning_rate": False}}, []),
        (RUN, {"find_learning_rate": True}, ["find_learning_rate: was not given, now on"]),
        (
            {**RUN, "find_learning_rate": True},
            {"find_learning_rate": False},
            ["find_learning_rate: was on, now off"],
        ),
        (RUN, {"label_smoothing": 0.0}, ["label_smoothing: was not given, now 0.0"]),
        (RUN, {"config": {"depth": 3, "bias": False}}, ["bias: was not given, now off"]),
        (
            {**RUN, "config": {"depth": 3, "bias": False}},
            {"config": {"depth": 3}},
            ["bias: was off, now not given"],
        ),
    ],
)  # fmt: skip
def test_a_difference_is_named_once_and_in_words(record, now, words):
    assert differences(record, asked(record, now)) == words


@pytest.mark.parametrize(
    ("record", "now", "more"),
    [
        (RUN, {"epochs": 3}, True),
        (RUN, {"epochs": 9, "patience": 3}, True),
        (RUN, {"epochs": 1}, False),
        (RUN, {}, False),
        (RUN, {"patience": 3}, False),
        (RUN, {"epochs": 3, "shape": [1]}, False),
        (RUN, {"epochs": 3, "data": {"name": "digits", "fingerprint": "bb"}}, False),
        (RUN, {"epochs": 3, "config": {"depth": 4}}, False),
        (TUNED, {"whole": {**TUNED["whole"], "epochs": 9, "patience": 4}}, True),
        (TUNED, {"whole": {**TUNED["whole"], "epochs": 2}}, False),
        (TUNED, {"head": {**TUNED["head"], "epochs": 20}}, False),
        (TUNED, {"whole": {**TUNED["whole"], "epochs": 9}, "freeze": "backbone"}, False),
        ({**TUNED, "folds": 5}, {"whole": {**TUNED["whole"], "epochs": 9}}, False),
        ({}, {"epochs": 3}, False),
        (RUN, {"epochs": 3, "config": {}}, False),
        (RUN, {"epochs": 3, "config": {"width": 3}}, False),
        ({**RUN, "config": {"depth": 3, "bias": False}}, {"epochs": 3, "config": {"depth": 3}},
         False),
        ({**TUNED, "folds": 5}, {"whole": {**TUNED["whole"], "epochs": 9}, "folds": GONE}, False),
        (TUNED, {"whole": {**TUNED["whole"], "epochs": 9}, "folds": 5}, False),
        ({**RUN, "teacher_sha256": "aa"}, {"epochs": 3, "teacher_sha256": GONE}, False),
        ({**RUN, "teacher_once": False}, {"epochs": 3, "teacher_once": None}, True),
        ({**RUN, "source": {"data": "x.csv"}, "extends": True}, {"epochs": 3}, True),
    ],
)  # fmt: skip
def test_more_epochs_alone_extend_a_run(record, now, more):
    assert more_epochs(record, asked(record, now)) == more


def test_a_training_is_no_fine_tuning():
    assert differences(RUN, TUNED) == ["was a training from scratch, now a fine-tuning"]
    assert differences({**TUNED, "model": "x"}, RUN) == [
        "was a fine-tuning, now a training from scratch"
    ]
