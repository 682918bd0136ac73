import numpy as np
import pytest

from zoo.checkpoints.adapt import adapt_channels, adapt_statistics
from zoo.errors import RequestError

KERNEL = np.random.default_rng(0).normal(size=(3, 3, 3, 5))


def respond(kernel, picture):
    """The kernel at one place: (height, width, channels) to (filters,)."""
    return np.einsum("hwc,hwcf->f", picture, kernel)


def test_a_grey_picture_gives_what_it_gave_as_rgb():
    grey = np.random.default_rng(1).normal(size=(3, 3, 1))
    rgb = np.repeat(grey, 3, axis=2)
    one = adapt_channels(KERNEL, 1)
    np.testing.assert_allclose(respond(one, grey), respond(KERNEL, rgb))
    np.testing.assert_allclose(respond(adapt_channels(one, 3), rgb), respond(one, grey))


def test_new_channels_change_nothing_at_first():
    picture = np.random.default_rng(1).normal(size=(3, 3, 4))
    four = adapt_channels(KERNEL, 4)
    np.testing.assert_array_equal(four[:, :, :3], KERNEL)
    np.testing.assert_allclose(respond(four, picture), respond(KERNEL, picture[..., :3]))


def test_channels_are_not_dropped():
    with pytest.raises(RequestError, match="3 channels cannot be adapted to 2"):
        adapt_channels(KERNEL, 2)


@pytest.mark.parametrize(
    ("values", "channels", "expected"),
    [
        ((1.0, 2.0, 6.0), 3, (1.0, 2.0, 6.0)),
        ((1.0, 2.0, 6.0), 1, (3.0,)),
        ((1.0, 2.0, 6.0), 4, (1.0, 2.0, 6.0, 3.0)),
        ((5.0,), 3, (5.0, 5.0, 5.0)),
    ],
)
def test_statistics(values, channels, expected):
    assert adapt_statistics(values, channels) == expected
