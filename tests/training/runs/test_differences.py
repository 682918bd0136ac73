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
    ],
)
def test_a_difference_is_named_once_and_in_words(record, now, words):
    settings = {key: value for key, value in record.items() if key not in ("command", "versions")}
    assert differences(record, {**settings, **now}) == words


def test_what_left_the_configuration_is_a_difference():
    assert differences(RUN, {"config": {}}) == ["depth: was 3, now not given"]


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
    ],
)
def test_more_epochs_alone_extend_a_run(record, now, more):
    settings = {key: value for key, value in record.items() if key not in ("command", "versions")}
    assert more_epochs(record, {**settings, **now}) == more


def test_a_training_is_no_fine_tuning():
    assert differences(RUN, TUNED) == ["was a training from scratch, now a fine-tuning"]
    assert differences({**TUNED, "model": "x"}, RUN) == [
        "was a fine-tuning, now a training from scratch"
    ]
