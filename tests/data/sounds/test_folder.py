"""Folders of sounds as data sets."""

import dataclasses
import itertools

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


def speakers(folder, count=10, names="abcde"):
    """Class folders in which the loudness of a tone tells the speaker."""
    for label, hertz in (("high", 1500), ("low", 300)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number, name in itertools.product(range(count), names):
            sound = tone(hertz, 0.2, amplitude=0.1 + 0.1 * ord(name) - 9.7)
            soundfile.write(folder / label / f"{label}_{name}_{number}.wav", sound, 8000)
    return folder


def heard(split):
    return {round(float(np.abs(x).max()), 1) for x in split.x}


def test_no_speaker_is_in_two_splits(tmp_path):
    folder = speakers(tmp_path / "words", 4)
    (folder / "_background_noise_").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).normal(scale=0.01, size=8000)
        soundfile.write(folder / f"_background_noise_/{number}.wav", noise, 8000)
    dataset = load_dataset(str(folder), Sequence, reading=Reading(group=r"_(\w)_\d"))
    words = [
        heard(dataclasses.replace(split, x=split.x[split.y > 0]))
        for split in dataset.splits.values()
    ]
    assert all(words)
    assert sum(map(len, words)) == len(set.union(*words)) == 5
    assert "no group by '_(\\\\w)_\\\\d' (8) is in two splits" in dataset.notes
    assert form_of(dataset).group == r"_(\w)_\d"
    # Whoever measures a checkpoint divides as it was divided, whatever the names are.
    again = load_dataset(str(folder), Sequence, form=form_of(dataset))
    np.testing.assert_array_equal(again.test.y, dataset.test.y)
    # Whoever learns on with other groups keeps these.
    own = load_dataset(str(folder), Sequence, form=form_of(dataset), reading=Reading(group=r"\d"))
    assert own.form.group == r"\d"
    other = write_sounds(tmp_path / "other", 10)
    assert len(load_dataset(str(other), Sequence, form=form_of(dataset)).test) == 4
    # Without it, the same speakers are everywhere.
    assert len(heard(load_dataset(str(folder), Sequence).test)) > 2


def test_a_speaker_in_two_given_splits_is_refused(tmp_path):
    speakers(tmp_path / "train", 3, "abc")
    speakers(tmp_path / "test", 1, "cd")
    with pytest.raises(RequestError, match="group 'c' is in the train split and in the test split"):
        load_dataset(str(tmp_path), Sequence, reading=Reading(group=r"_(\w)_\d"))


@pytest.mark.parametrize(
    ("kind", "reading", "message"),
    [
        (Vector, Reading(), "holds sounds, and the model takes vector data; choose --model="),
        (Sequence, Reading(task=REGRESSION), "holds classes, not values"),
        (Sequence, Reading(rate=100), "rate is 100; sounds have a whole number"),
        (Sequence, Reading(rate=8000.5), "rate is 8000.5; sounds have a whole number"),
        (Sequence, Reading(seconds=0.0), "seconds is 0; a model takes 0.1 to 60"),
        (Sequence, Reading(group="_(x)_"), "no pattern in its path; give one that fits every file"),
        (Sequence, Reading(group="("), "is no pattern: missing"),
        (Sequence, Reading(group="wav"), "all examples are of one group, 'wav'"),
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
    with pytest.raises(RequestError, match=r"none is left for the validation.*zoo finetune learns"):
        load_dataset(str(tmp_path), Sequence)


def test_what_is_odd_is_named_and_the_rest_is_learnt(tmp_path):
    write_sounds(tmp_path, 30, 0.1)
    (tmp_path / "one").mkdir()
    soundfile.write(tmp_path / "one/x.wav", tone(700, 0.1), 8000)
    soundfile.write(tmp_path / "low/minute.wav", tone(300, 60), 8000)
    soundfile.write(tmp_path / "low/packed.wav", tone(300, 0.1), 8000, subtype="IMA_ADPCM")
    soundfile.write(tmp_path / "low/six.wav", np.stack([tone(300, 0.1)] * 6, axis=1), 8000)
    (tmp_path / "high/damaged.flac").write_bytes(b"fLaC" + bytes(99))
    dataset = load_dataset(str(tmp_path), Sequence)
    assert sum(len(split) for split in dataset.splits.values()) == 64
    assert dataset.train.x.shape[1] == 800
    notes = "\n".join(dataset.notes)
    assert " of 64 are longer and cut" in notes
    assert "damaged.flac: " in notes
    assert "1 of 65 sounds is broken and skipped" in notes
    assert "no example in the test split of class one" in notes


def test_sounds_of_other_formats_are_named(tmp_path):
    for name in ("a/1.m4a", "b/2.M4A", "b/3.aac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\0\0\x20ftypM4A ")
    message = (
        r"holds no sounds, but 2 \.m4a, 1 \.aac; put WAV, FLAC, Ogg, AIFF or MP3 files of each"
    )
    for kind in (Sequence, Picture):
        with pytest.raises(RequestError, match=message):
            load_dataset(str(tmp_path), kind)


def test_nothing_whole(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.wav").write_bytes(b"")
    with pytest.raises(
        RequestError, match=r"no file is a whole sound; .*0\.wav: the file is empty"
    ):
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
