"""Which stream an export makes: what the flags mean, and which are refused."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.artifacts.exporting.streaming import hop_of, kind_of_stream
from zoo.artifacts.predicting.sounds import windows
from zoo.commands.export import FLAGS
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sequence, Sound, Vector

CLIPS = Sequence((20, 3), (), ())
OPEN = Sequence((None, 3), (), ())
GESTURES = Recording((64, 1), (), (), 50.0, 16, ("x",))
WORDS = Sound((8000,), (), (), 8000, 256, 128, 40, 0, 4000, 1e-3)
PHOTOS = Picture((8, 8, 3), (), ())


@pytest.mark.parametrize(
    ("asked", "form", "kind"),
    [
        (None, CLIPS, None),
        (False, PHOTOS, None),
        ("false", OPEN, None),
        (True, CLIPS, "slide"),
        ("true", WORDS, "slide"),
        ("true", GESTURES, "slide"),
        ("true", OPEN, "step"),
        ("slide", OPEN, "slide"),
        ("step", CLIPS, "step"),
    ],
)
def test_what_a_stream_is(asked, form, kind):
    assert kind_of_stream(asked, form) == kind


@pytest.mark.parametrize(
    ("asked", "form", "says"),
    [
        ("slide", PHOTOS, "a picture is no window in time"),
        (True, Vector((4,), (), ()), "a vector is no window in time"),
        ("step", WORDS, "say --streaming=slide"),
        ("glide", CLIPS, "--streaming is slide or step, not 'glide'"),
    ],
)
def test_what_is_no_stream(asked, form, says):
    with pytest.raises(RequestError, match=says):
        kind_of_stream(asked, form)


@pytest.mark.parametrize(
    ("hop", "form", "window", "samples"),
    [
        (None, WORDS, 8000, 2000),
        (0.1, WORDS, 8000, 800),
        (1, WORDS, 8000, 8000),
        (0.32, GESTURES, 64, 16),
        (7, CLIPS, 20, 7),
        (None, CLIPS, 3, 1),
    ],
)
def test_a_hop_is_in_seconds_where_there_is_a_rate(hop, form, window, samples):
    assert hop_of(hop, form, window) == samples


@pytest.mark.parametrize(
    ("hop", "form", "window", "says"),
    [
        (1.5, WORDS, 8000, "does not fit a window of 1 s; say 0.000125 to 1 s"),
        (0.001, GESTURES, 64, "say 0.02 to 1.28 s"),
        (21, CLIPS, 20, "does not fit a window of 20 steps; say 1 to 20 steps"),
    ],
)
def test_a_hop_that_leaves_samples_out_is_refused(hop, form, window, says):
    with pytest.raises(RequestError, match=says):
        hop_of(hop, form, window)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ([], None),
        (["--streaming"], "true"),
        (["--streaming", "--hop=2"], "true"),
        (["--nostreaming"], "false"),
        (["--streaming=step"], "step"),
        (["--streaming=slide"], "slide"),
    ],
)
def test_the_flag_stands_alone_or_with_a_word(arguments, value):
    FLAGS.unparse_flags()
    assert FLAGS(["export", *arguments]) == ["export"]
    assert FLAGS.streaming == value


@pytest.mark.parametrize(
    ("step", "starts"),
    [
        (0, [0, 4000, 8000, 12000]),
        (2000, [0, 2000, 4000, 6000, 8000, 10000, 12000]),
        (7000, [0, 7000, 12000]),
    ],
)
def test_over_a_long_sound_the_window_moves_by_the_hop_of_the_file(step, starts):
    samples = np.arange(20_000, dtype=np.float32)
    x, times = windows(samples, WORDS, step)
    assert x[:, 0].tolist() == starts
    assert times == [(start / 8000, start / 8000 + 1) for start in starts]
