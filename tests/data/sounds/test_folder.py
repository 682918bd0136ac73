"""Folders of sounds as data sets."""

import numpy as np
import pytest
import soundfile

from tests.data.sounds.written_sounds import tone, write_sounds
from zoo.data.dataset import form_of
from zoo.data.reading import Reading
from zoo.data.sounds.form import choose_form
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Picture, Sequence, Sound, Vector
from zoo.tasks.regression import REGRESSION


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds") / "tones")


@pytest.mark.parametrize("kind", [Sequence, Picture])
def test_a_folder(tones, kind):
    dataset = load_dataset(str(tones), kind)
    assert dataset.labels == ("high", "low")
    assert [len(split) for split in dataset.splits.values()] == [14, 2, 4]
    assert dataset.train.x.shape == (14, 4000)
    assert dataset.divided
    form = form_of(dataset)
    assert isinstance(form, Sound)
    assert (form.rate, form.shape, len(form.mean)) == (8000, (4000,), form.mels)
    assert dataset.notes[0] == (
        "sounds are 0.5 seconds at 8,000 samples a second: 0 of 20 are longer and cut, 0 are "
        "shorter and end in silence"
    )


def test_rate_and_seconds(tones):
    reading = Reading(rate=4000, seconds=0.25)
    dataset = load_dataset(str(tones), Sequence, reading=reading)
    assert dataset.train.x.shape[1:] == (1000,)
    assert "20 of 20 are longer and cut" in dataset.notes[0]
    assert "resampled to 4,000: 20 from 8,000" in dataset.notes


def test_splits_rates_lengths_and_broken_files(tmp_path):
    write_sounds(tmp_path / "train", 12)
    write_sounds(tmp_path / "test", 3)
    soundfile.write(tmp_path / "train/low/long.wav", tone(300, 60), 8000)
    soundfile.write(tmp_path / "train/low/silence.wav", np.zeros(800), 16000)
    (tmp_path / "train/low/cut.wav").write_bytes(b"RIFF" + bytes(9))
    (tmp_path / "train/low/notes.txt").write_text("none")
    dataset = load_dataset(str(tmp_path), Sequence)
    assert len(dataset.train) + len(dataset.validation) == 26
    assert len(dataset.test) == 6
    assert not dataset.divided
    assert dataset.train.x.shape[1] == 4000
    assert not np.concatenate([dataset.train.x, dataset.validation.x]).any(axis=1).all()
    notes = "\n".join(dataset.notes)
    assert "1 of 32 are longer and cut, 1 are shorter" in notes
    assert "resampled to 8,000: 1 from 16,000" in notes
    assert "cut.wav: no WAV" in notes
    assert "1 of 33 sounds is broken and skipped" in notes
    assert "1 .txt" in notes


def test_background_noise_is_a_class_of_pieces(tmp_path):
    write_sounds(tmp_path, 6)
    (tmp_path / "_background_noise_").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).normal(scale=0.1, size=8000 * (number + 2))
        soundfile.write(tmp_path / f"_background_noise_/{number}.wav", noise, 8000)
    dataset = load_dataset(str(tmp_path), Sequence)
    assert dataset.labels == ("_background_noise_", "high", "low")
    y = np.concatenate([split.y for split in dataset.splits.values()])
    assert np.bincount(y).tolist() == [4 + 6 + 8, 6, 6]
    assert "_background_noise_ is a class of 18 pieces of 0.5 seconds" in dataset.notes
    # The pieces of one recording are in one split.
    assert all(
        np.sum(split.y == 0) in (0, 4, 6, 8, 10, 12, 14) for split in dataset.splits.values()
    )


@pytest.mark.parametrize(
    ("kind", "reading", "message"),
    [
        (Vector, Reading(), "holds sounds, and the model takes vector data; choose --model="),
        (Sequence, Reading(task=REGRESSION), "holds classes, not values"),
        (Sequence, Reading(rate=100), "rate is 100; sounds have a whole number"),
        (Sequence, Reading(rate=8000.5), "rate is 8000.5; sounds have a whole number"),
        (Sequence, Reading(seconds=0.0), "seconds is 0; a model takes 0.1 to 60"),
    ],
)
def test_wrong_requests(tones, kind, reading, message):
    with pytest.raises(RequestError, match=message):
        load_dataset(str(tones), kind, reading=reading)


def test_an_image_size_makes_no_sense(tones):
    with pytest.raises(RequestError, match="sounds, which have no --image_size"):
        load_dataset(str(tones), Picture, image_size=64)


def test_too_few(tmp_path):
    write_sounds(tmp_path, 1)
    with pytest.raises(RequestError, match="too few examples: none is left for the validation"):
        load_dataset(str(tmp_path), Sequence)


def test_nothing_whole(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.wav").write_bytes(b"")
    with pytest.raises(RequestError, match="no file is a whole sound; the first is"):
        load_dataset(str(tmp_path), Sequence)


@pytest.mark.parametrize(
    ("rate", "seconds", "steps"),
    [(8000, 0.1, 33), (8000, 0.3, 33), (8000, 1.0, 61), (16000, 1.0, 61), (16000, 10.0, 127),
     (48000, 60.0, 127), (1000, 0.1, 33), (22050, 2.5, 127)],
)  # fmt: skip
def test_every_length_has_steps_for_a_resnet_and_not_too_many_for_an_lstm(rate, seconds, steps):
    form = choose_form([(rate, seconds)], rate, seconds)
    counted = 1 + (form.shape[0] - form.frame) // form.hop
    assert 32 <= counted <= 128
    assert abs(counted - steps) <= 5
    assert form.frame >= form.hop
