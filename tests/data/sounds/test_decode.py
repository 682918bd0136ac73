"""Sound files of every kind, whole and broken."""

import numpy as np
import pytest
import soundfile

from tests.data.sounds.written_sounds import tone
from zoo.data.sounds.decode import BrokenSoundError, of_length, read_sound, sound_facts


@pytest.mark.parametrize(
    ("suffix", "subtype", "close"),
    [
        ("wav", "PCM_U8", 0.02),
        ("wav", "PCM_16", 1e-3),
        ("wav", "PCM_24", 1e-3),
        ("wav", "PCM_32", 1e-3),
        ("wav", "FLOAT", 1e-3),
        ("wav", "ULAW", 0.02),
        ("flac", None, 1e-3),
        ("ogg", None, 0.05),
    ],
)
def test_kinds_of_files(tmp_path, suffix, subtype, close):
    path = tmp_path / f"tone.{suffix}"
    left = tone(440, rate=44100)
    soundfile.write(path, np.stack([left, -0.5 * left], axis=1), 44100, subtype=subtype)
    sound = read_sound(path, 8000)
    assert sound.dtype == np.float32
    # Resampled by a filter, whose start and end differ; channels are averaged.
    middle = slice(400, 3600)
    np.testing.assert_allclose(sound[middle], 0.25 * tone(440)[middle], atol=close)
    assert sound_facts(path) == (44100, pytest.approx(0.5, abs=0.01))


def test_a_file_in_which_one_cannot_seek(tmp_path):
    path = tmp_path / "phone.wav"
    soundfile.write(path, tone(440, 1.0), 8000, subtype="GSM610")
    whole = read_sound(path, 8000)
    np.testing.assert_allclose(whole[400:7600], tone(440, 1.0)[400:7600], atol=0.06)
    np.testing.assert_array_equal(read_sound(path, 8000, 0.25), whole[:2000])
    np.testing.assert_array_equal(read_sound(path, 8000, 0.25, start=0.5), whole[4000:6000])
    assert len(read_sound(path, 8000, 0.5, start=5.0)) == 0
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(BrokenSoundError, match="it is cut off"):
        read_sound(path, 8000)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 48000])
def test_what_the_rate_cannot_hold_is_filtered_out(tmp_path, rate):
    path = tmp_path / "high.wav"
    soundfile.write(path, tone(20000, rate=48000), 48000)
    sound = read_sound(path, rate)
    assert len(sound) == rate // 2
    assert (np.abs(sound[rate // 20 : -rate // 20]).max() < 1e-3) == (rate < 40000)


def test_a_part_is_the_same_as_in_the_whole(tmp_path):
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(scale=0.1, size=44100), 44100)
    whole = read_sound(path, 8000)
    np.testing.assert_allclose(read_sound(path, 8000, 0.25), whole[:2000], atol=1e-5)
    part = read_sound(path, 8000, 0.25, start=0.5)
    assert part.shape == (2000,)
    np.testing.assert_allclose(part[200:], whole[4200:6000], atol=1e-3)
    assert len(read_sound(path, 8000, 2.0)) == 8000
    assert len(read_sound(path, 8000, 1.0, start=5.0)) == 0


def test_cut_and_filled_with_silence():
    np.testing.assert_array_equal(of_length(np.arange(5), 3), [0, 1, 2])
    np.testing.assert_array_equal(of_length(np.arange(2), 4), [0, 1, 0, 0])


def cut(path):
    soundfile.write(path, tone(440), 8000)
    path.write_bytes(path.read_bytes()[:3000])


def text(path):
    path.write_text("RIFF, they say, is a kind of music.")


def of_floats(values):
    return lambda path: soundfile.write(path, np.array(values), 8000, subtype="FLOAT")


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (cut, "it is cut off: it has 3,000 of 8,044 bytes"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (text, "no WAV, FLAC, Ogg, AIFF or MP3 sound"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), "no WAV"),
        (lambda path: soundfile.write(path, np.zeros(0), 8000), "it holds no samples"),
        (of_floats([0.0, np.nan]), "it holds NaN or infinity"),
        (of_floats([0.0, 32000.0]), "its samples go up to 32000; floats must be from -1 to 1"),
        (lambda path: soundfile.write(path, np.zeros(9), 100), "it has 100 samples a second"),
        (lambda path: path.mkdir(), "it is no regular file"),
        (lambda path: path.symlink_to("nothing"), "is it a link to nothing"),
    ],
)
def test_broken(tmp_path, write, reason):
    path = tmp_path / "sound.wav"
    write(path)
    with pytest.raises(BrokenSoundError, match=reason):
        read_sound(path, 8000)


def test_right_files_that_look_odd(tmp_path):
    path = tmp_path / "sound.wav"
    # A writer to a pipe does not know the size.
    soundfile.write(path, tone(440), 8000)
    streamed = bytearray(path.read_bytes())
    streamed[4:8] = streamed[40:44] = b"\xff" * 4
    path.write_bytes(streamed)
    np.testing.assert_allclose(read_sound(path, 8000), tone(440), atol=1e-4)
    # A little over full scale is distortion; digital silence is data.
    soundfile.write(path, tone(440, amplitude=1.5), 8000, subtype="FLOAT")
    assert np.abs(read_sound(path, 8000)).max() > 1.4
    soundfile.write(path, np.zeros(100), 8000)
    assert not read_sound(path, 8000).any()
