import dataclasses

import pytest

import zoo
from tests.data.written_photos import write_photos
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.forms import Picture
from zoo.training.recipes.picture_size import in_words, larger_form

# Network, size of the pretraining -> size of large pictures; None: as in the pretraining.
SIZES = [
    ("resnet18", 112, 160),
    ("resnet18", 64, 96),
    ("resnet50", 160, 224),
    ("resnet18", 224, None),
    ("resnet18", 40, None),
    ("resnet8", 32, None),  # Its paper has no more.
    ("residual_vit", 32, None),  # Its weights are of one size.
    ("of_somebody", 112, None),
]


def form(size, **settings):
    return Picture((size, size, 3), mean=(), std=(), **settings)


@pytest.mark.parametrize(("model", "size", "expected"), SIZES)
def test_half_as_much_again_at_most(model, size, expected):
    larger = larger_form(form(size), model)
    assert (larger and larger.shape) == (expected and (expected, expected, 3))


def test_the_share_that_is_cropped_stays():
    assert larger_form(form(112, resize=128), "resnet18").resize == 183


def test_a_form_that_is_no_square_stays():
    assert larger_form(dataclasses.replace(form(112), shape=(112, 96, 3)), "resnet18") is None


@pytest.mark.parametrize(("size", "expected"), [(95, 64), (96, 96), (200, 96)])
def test_only_pictures_that_have_them_get_more_pixels(tmp_path, size, expected):
    write_photos(tmp_path / "photos", {"red": 2, "blue": 2}, size=(size, size + 9))
    reading = Reading(larger=form(96), few=True)
    dataset = load_dataset(str(tmp_path / "photos"), form=form(64), reading=reading)
    assert dataset.example_shape == (expected, expected, 3)


def test_the_better_start_is_named():
    card = checkpoint_card("resnet18.cifar10")
    said = in_words(form(160), "resnet18.cifar10", card)
    assert "160 pixels" in said
    assert "learnt from 112" in said
    assert "--checkpoint=resnet18.a1_in1k" in said
    assert "better" not in in_words(form(48), "resnet8.digits", checkpoint_card("resnet8.digits"))


@pytest.mark.slow
def test_a_fine_tuning_takes_the_larger_size(tmp_path):
    photos = str(write_photos(tmp_path / "photos", {"red": 9, "blue": 9}, size=(100, 120)))
    config = {"depths": [1], "widths": [8]}
    start = zoo.train(
        "resnet18", photos, config=config, image_size=64, epochs=1, output=tmp_path / "start"
    )
    lines: list[str] = []
    asked = {"epochs": 1, "head_epochs": 1, "folds": 0, "progress": lines.append}
    larger = zoo.finetune(str(start.folder), photos, output=tmp_path / "larger", **asked)
    assert larger.card.input.shape == (96, 96, 3)
    assert "pictures: 96 pixels" in "\n".join(lines)
    kept = zoo.finetune(str(start.folder), photos, output=tmp_path / "64", image_size=64, **asked)
    assert kept.card.input.shape == (64, 64, 3)
