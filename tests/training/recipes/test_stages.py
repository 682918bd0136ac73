"""What a fine-tuning keeps frozen."""

import pytest

from zoo.errors import RequestError
from zoo.training.recipes.stages import check_of_network, of_network


@pytest.mark.parametrize(
    ("freeze", "asked", "message"),
    [
        (
            "backbone",
            {"mixup": 0.2, "ema": None, "minutes": 3.0},
            "leave out --mixup, --minutes, of",
        ),
        ("backbone", {"epochs": 3}, r"leave out --epochs, .* \(--head_epochs is of the head\)"),
        ("backbone", {"find_learning_rate": True}, "leave out --find_learning_rate"),
        ("backbone", {"mixup": None, "find_learning_rate": False, "augment": "none"}, None),
        ("stage2", {"mixup": 0.2, "epochs": 3}, None),
        ("none", {"mixup": 0.2}, None),
        ("backbone", {"label_smoothing": 0.2, "teacher": "resnet18.cifar10"}, None),
    ],
)
def test_settings_of_a_network_that_is_not_trained(freeze, asked, message):
    if message is None:
        check_of_network(freeze, of_network(asked))
        return
    with pytest.raises(RequestError, match=message):
        check_of_network(freeze, of_network(asked))
