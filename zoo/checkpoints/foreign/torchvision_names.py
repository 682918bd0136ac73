"""The weights of a ResNet in torchvision's names and layouts (timm's are the same), and back.

torchvision keeps kernels as (out, in, height, width) and (out, in), Keras as (height, width, in,
out) and (in, out). Every translation here only renames and transposes: a round trip is bit-exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from zoo.checkpoints.tensor_files import listed, name_problems
from zoo.errors import RequestError
from zoo.models.names import LOGITS, stage_and_index, unit_of

_LEAVES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_STEM = re.compile(r"stem_(conv|bn)")
_HEAD_NORM = "head_bn"  # Of a ResNet-V2, see `resnet_v2_names`.
# timm's stem of three convolutions is a sequence, whose ReLUs count, and then `bn1`.
_DEEP_STEM = {
    "stem_1_conv": "conv1.0", "stem_1_bn": "conv1.1", "stem_2_conv": "conv1.3",
    "stem_2_bn": "conv1.4", "stem_3_conv": "conv1.6", "stem_3_bn": "bn1",
}  # fmt: skip
_IN_UNIT = re.compile(r"_(\d+|shortcut|pooled_shortcut|squeeze|excite)_(conv|bn)")
# In timm, a pooled shortcut has a place for the pooling, where nothing is pooled too.
_BESIDE = {
    "shortcut_conv": "downsample.0", "shortcut_bn": "downsample.1",
    "pooled_shortcut_conv": "downsample.1", "pooled_shortcut_bn": "downsample.2",
    "squeeze_conv": "se.fc1", "excite_conv": "se.fc2",
}  # fmt: skip
# torch counts the batches that a norm has seen; neither framework reads it at momentum 0.1.
_IGNORED = re.compile(r"(.*\.)?num_batches_tracked")


def torchvision_name(path: str) -> str:
    """Returns torchvision's name for the path of a variable of a ResNet of the zoo.

    Raises:
        RequestError: torchvision's ResNet has no such tensor.
    """
    layer, _, leaf = path.rpartition("/")
    if layer == LOGITS:
        module = "fc"
    elif layer == _HEAD_NORM:
        module = "bn_head"
    elif match := _STEM.fullmatch(layer):
        module = f"{match[1]}1"
    elif layer in _DEEP_STEM:
        module = _DEEP_STEM[layer]
    elif (unit := unit_of(layer)) and (match := _IN_UNIT.fullmatch(layer.removeprefix(unit))):
        stage, index = stage_and_index(unit)
        if stage is None:
            raise RequestError(f"torchvision's ResNet has stages, and {path!r} is in none")
        place, kind = match.groups()
        part = _BESIDE.get(f"{place}_{kind}", f"{kind}{place}")
        module = f"layer{stage}.{index - 1}.{part}"
    else:
        raise RequestError(f"torchvision's ResNet has no counterpart of {path!r}")
    return f"{module}.{_LEAVES[leaf]}"


def from_torchvision(
    tensors: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """Translates torchvision's tensors into those of a model of the zoo.

    Args:
        tensors: By torchvision's names.
        shapes: Shapes of the model's variables, by path.

    Returns:
        Views of the tensors in Keras's layout, by path.

    Raises:
        RequestError: Tensors are missing, unknown, of other shapes or not floats; the message names
            them.
    """
    wanted = {torchvision_name(path): path for path in shapes}
    present = {name for name in tensors if not _IGNORED.fullmatch(name)}
    translated = {
        path: _to_keras(tensors[name], len(shapes[path]))
        for name, path in wanted.items()
        if name in tensors
    }
    misshapen = [
        f"{torchvision_name(path)} {tensors[torchvision_name(path)].shape} in place of "
        f"{_torchvision_shape(shapes[path])}"
        for path, value in translated.items()
        if value.shape != tuple(shapes[path])
    ]
    other = [
        f"{torchvision_name(path)} ({value.dtype})"
        for path, value in translated.items()
        if value.dtype.kind != "f"
    ]
    problems = [
        *name_problems(present, set(wanted)),
        *([f"has misshapen {listed(misshapen)}"] if misshapen else []),
        *([f"has other numbers than floats in {listed(other)}"] if other else []),
    ]
    if problems:
        raise RequestError(f"the file {'; '.join(problems)}")
    return translated


def to_torchvision(variables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Translates the variables of a ResNet of the zoo, by path, into torchvision's tensors.

    Raises:
        RequestError: torchvision's ResNet has no such tensor.
    """
    return {
        torchvision_name(path): np.ascontiguousarray(_to_torchvision(value))
        for path, value in variables.items()
    }


def _to_keras(value: np.ndarray, axes: int) -> np.ndarray:
    if axes == 2 and value.shape[2:] == (1, 1):
        value = value[..., 0, 0]  # The head of timm's ResNet-V2 is a convolution.
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T


def _to_torchvision(value: np.ndarray) -> np.ndarray:
    return value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T


def _torchvision_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    height_width, rest = shape[:-2], shape[-2:]
    return (*reversed(rest), *height_width)
