"""Models that are too large are refused before they are built; large but valid ones are not."""

import resource

import keras
import pytest

from zoo.errors import RequestError
from zoo.frontends.log_mel import LogMel
from zoo.models import build
from zoo.models.sizes import MOST_PARAMETERS, check_parameters


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("resnet8", {"depths": [1, 1, 10**6]}, "depths must be 1,000 together at most"),
        ("resnet8", {"widths": [16, 32, 100_000]}, "would have .* parameters; the zoo builds up"),
        ("resnet8", {"depths": [], "widths": []}, "depths must be a list of whole numbers"),
        ("resnet8", {"depths": [1, 1]}, "there are 2 depths for 3 widths"),
        ("resnet8", {"widths": [16, 32, -64]}, "widths must be a whole number from 1 up, not -64"),
        ("resnet8", {"widths": [16, 32, "x"]}, "widths must be a whole number from 1 up, not 'x'"),
        ("resnet8", {"depths": 5}, "cannot be built with depths=5|depths must be a list"),
        ("residual_mlp", {"depth": 10**6}, "depth must be at most 1,000"),
        ("residual_mlp", {"width": 10**5}, "would have"),
        ("residual_mlp", {"input_shape": (30_000,), "width": 20_000}, "would have"),
        ("residual_mlp", {"input_shape": (10**7,)}, "an input of 10,000,000 values is too large"),
        ("resnet8", {"input_shape": (10**5, 10**5, 3)}, "an input of 100,000 × 100,000 × 3 values"),
        ("residual_mlp", {"num_classes": 10**8}, "would have"),
        ("residual_lstm", {"width": 10**5}, "would have"),
        ("residual_encoder", {"expansion": 10**7}, "would have"),
        ("residual_encoder", {"patch": 10**9}, "would have"),
        ("residual_encoder", {"input_shape": (4_000_000, 8)}, "too many for attention"),
        ("residual_vit", {"depth": 10**18}, "depth must be at most 1,000"),
    ],
)
def test_bombs(name, config, message):
    build("residual_mlp", depth=1, width=8)  # So that TensorFlow is there.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RequestError, match=message):
        build(name, **config)
    with keras.StatelessScope():  # At its end Keras gives values to whatever waits for some.
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB.


def test_only_what_looks_large_is_counted_and_by_its_own_count():
    from zoo.models.mlp import residual_mlp

    def fail():
        raise AssertionError

    check_parameters("small", {"width": 64, "depth": 4, "input_shape": (64,)}, fail)
    # The estimate is of dense blocks; a block of somebody's own may be light.
    light = {"width": 10**4, "depth": 30, "input_shape": (64,)}
    check_parameters("light", light, lambda: residual_mlp(depth=1, width=8))
    assert MOST_PARAMETERS < 30 * 10**8


@pytest.mark.parametrize("seconds", [60, 17])
def test_the_samples_of_a_sound_are_no_channels(seconds):
    frontend = LogMel(16_000, 512, 7_500, 40, 20.0, 8_000.0, 1e-3)
    shape = (seconds * 16_000,)

    def fail():
        raise AssertionError

    check_parameters("sound", {"width": 64, "input_shape": shape, "frontend": frontend}, fail)
    with pytest.raises(RequestError, match="values is too large"):
        check_parameters("row", {"width": 64, "input_shape": shape}, fail)


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), RecursionError(), ValueError("")])
def test_whatever_a_builder_raises_is_one_line(monkeypatch, error):
    def broken(**config):
        raise error

    monkeypatch.setattr("zoo.models.mlp.residual_mlp", broken)
    with pytest.raises(RequestError, match="residual_mlp cannot be built with "):
        build("residual_mlp")
