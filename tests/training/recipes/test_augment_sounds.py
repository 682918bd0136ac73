"""What the policies for sounds do to a sound."""

import numpy as np
import pytest

from zoo.data.dataset import Dataset, Split
from zoo.data.sounds.form import choose_form
from zoo.training.recipes.augment import changes
from zoo.training.recipes.augment_sounds import POLICIES, Policy, changed, noise_of

FORM = choose_form([(8000, 0.2)])
SIZE = FORM.shape[0]
KEY = np.array([0, 3], np.int64)


def tones(*hertz, count=64):
    time = np.arange(SIZE) / FORM.rate
    tone = sum(np.sin(2 * np.pi * f * time) for f in hertz) / len(hertz)
    return np.broadcast_to(tone, (count, SIZE)).astype(np.float32)


def change(x, noise=None, **strengths):
    return changed(x, KEY, Policy(**strengths), FORM, noise).numpy()


def spectra(x):
    return np.abs(np.fft.rfft(x, axis=1))


def test_a_policy_without_strength_changes_nothing():
    x = tones(500)
    np.testing.assert_array_equal(change(x, np.ones((2, SIZE))), x)


def test_gain_is_up_to_its_factor_either_way():
    loudest = np.abs(change(tones(500), gain=2.0)).max(axis=1)
    assert 0.49 < loudest.min() < 0.7
    assert 1.4 < loudest.max() < 2.01


def test_a_shift_moves_and_loses_no_more_than_its_share():
    ramp = np.broadcast_to(np.arange(1, SIZE + 1, dtype=np.float32), (64, SIZE))
    moved = change(ramp, shift=0.1)
    first = moved[:, SIZE // 2] - ramp[:, SIZE // 2]
    assert 0.05 * SIZE < np.abs(first).max() <= 0.1 * SIZE
    assert (first > 0).any()
    assert (first < 0).any()
    assert (np.count_nonzero(moved, axis=1) == SIZE - np.abs(first)).all()


def test_speed_makes_tones_higher_or_lower_by_up_to_its_factor():
    pitch = spectra(change(tones(1000), speed=1.2)).argmax(axis=1) * FORM.rate / SIZE
    assert 1000 / 1.21 < pitch.min() < 900
    assert 1100 < pitch.max() < 1210


def test_background_noise_is_the_given_one_at_its_level():
    noise = 0.01 * tones(1500, count=3)
    noise[1] = 0
    mixed = change(tones(500), noise, background=0.5)
    share = spectra(mixed)[:, 300] / spectra(mixed)[:, 100]
    assert 0.4 < share.max() <= 0.51
    # The silent piece of the three adds nothing.
    assert 0.1 < (share < 1e-3).mean() < 0.6
    assert not spectra(mixed)[:, 500:].max() > 1
    np.testing.assert_allclose(change(tones(500), None, background=0.5), tones(500), atol=1e-6)


def test_a_frequency_mask_silences_a_band_of_the_mel_scale():
    pitches = (200, 500, 1000, 2000, 3500)
    x = tones(*pitches)
    whole, left = spectra(x), spectra(change(x, frequency_mask=0.3))
    bins = [round(f * SIZE / FORM.rate) for f in pitches]
    kept = left[:, bins] > 0.5 * whole[:, bins]
    # Each is hit now and then, none always, and some sounds lose none.
    assert ((kept.mean(axis=0) > 0.3) & (kept.mean(axis=0) < 1)).all()
    assert kept.all(axis=1).any()
    # What is lost lies side by side.
    lost = np.diff(np.pad(~kept, ((0, 0), (1, 1))).astype(int), axis=1)
    assert ((lost == 1).sum(axis=1) <= 1).all()
    assert (left[:, bins][~kept] < 0.05 * whole[:, bins].max()).all()


def test_a_time_mask_silences_one_part():
    silent = change(np.ones((64, SIZE), np.float32), time_mask=0.25) == 0
    counts = silent.sum(axis=1)
    assert 0.15 * SIZE < counts.max() <= 0.25 * SIZE + 1
    starts = (np.diff(np.pad(silent, ((0, 0), (1, 1))).astype(int), axis=1) == 1).sum(axis=1)
    assert (starts == (counts > 0)).all()


def noisy_dataset(labels=("_background_noise_", "a", "b")):
    x = np.arange(12, dtype=np.float32)[:, None] * np.ones(SIZE, np.float32)
    splits = {
        name: Split(x[rows], np.arange(4) % 3)
        for name, rows in (("train", slice(4)), ("validation", slice(4, 8)), ("test", slice(8, 12)))
    }
    return Dataset("words", labels, splits, FORM)


def test_noise_is_of_the_training_split_only():
    noise = noise_of(noisy_dataset())
    np.testing.assert_array_equal(noise[:, 0], [0, 3])
    assert noise_of(noisy_dataset(("hiss", "a", "b"))) is None


@pytest.mark.parametrize("name", POLICIES)
def test_policies_change_every_sound_and_no_truth(name):
    x, y = tones(500, 2000, count=16), np.eye(3, dtype=np.float32)[np.arange(16) % 3]
    augment = changes(name, noisy_dataset())
    heard, truth = augment(x, y, KEY)
    assert heard.shape == x.shape
    assert (np.abs(heard.numpy() - x).max(axis=1) > 1e-3).all()
    np.testing.assert_array_equal(truth, y)
    np.testing.assert_array_equal(augment(x, y, KEY)[0], heard)
    assert np.isfinite(augment(0 * x, y, KEY)[0]).all()
