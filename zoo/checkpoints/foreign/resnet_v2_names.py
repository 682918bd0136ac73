"""timm's names in a ResNet-V2, as they would be in torchvision's ResNet, and back.

torchvision has no ResNet-V2. So that all that reads and writes foreign weights knows one set of
names, those of timm's are translated: "stages.0.blocks.1.norm2.bias" is "layer1.1.bn2.bias". The
norm behind the last unit, which a ResNet has not, is "bn_head".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import numpy as np

_BLOCK = "stages.0.blocks.0.conv1.weight"
_IN_UNIT = re.compile(r"stages\.(\d+)\.blocks\.(\d+)\.(conv|norm|downsample\.conv)(\d*)\.(\w+)")
_BACK_IN_UNIT = re.compile(r"layer(\d+)\.(\d+)\.(conv|bn|downsample\.)(\d+)\.(\w+)")
# By the place of the stem's first tensor. The deep one is of networks with pooled shortcuts, where
# timm's ResNet counts the pooling.
_STEMS = {
    "stem.conv.weight": {"stem.conv": "conv1"},
    "stem.conv1.weight": {
        "stem.conv1": "conv1.0", "stem.norm1": "conv1.1", "stem.conv2": "conv1.3",
        "stem.norm2": "conv1.4", "stem.conv3": "conv1.6",
    },
}  # fmt: skip
_ENDS = {"norm": "bn_head", "head.fc": "fc"}


def renamed(names: Collection[str]) -> dict[str, str]:
    """Returns the name of each tensor of a file; those outside of a ResNet-V2 keep theirs.

    Args:
        names: All names in the file. There may be several networks, under any prefix.
    """
    networks = list(_networks(names))
    return {name: _renamed(name, networks) for name in names}


def as_timm(tensors: Mapping[str, np.ndarray], *, pooled: bool) -> dict[str, np.ndarray]:
    """Returns the tensors of a ResNet-V2 as timm has them; their head is a convolution.

    Args:
        tensors: By the names that `renamed` gives.
        pooled: Whether the network has a deep stem and pooled shortcuts.
    """
    return {
        _timm_name(name, pooled=pooled): value[..., None, None] if name == "fc.weight" else value
        for name, value in tensors.items()
    }


def _timm_name(name: str, *, pooled: bool) -> str:
    stem = _STEMS["stem.conv1.weight" if pooled else "stem.conv.weight"]
    back = {new: old for old, new in {**stem, **_ENDS}.items()}
    module, _, leaf = name.rpartition(".")
    if module in back:
        return f"{back[module]}.{leaf}"
    match = _BACK_IN_UNIT.fullmatch(name)
    if match is None:
        return name
    stage, block, kind, number, leaf = match.groups()
    part = "downsample.conv" if kind == "downsample." else kind.replace("bn", "norm") + number
    return f"stages.{int(stage) - 1}.blocks.{block}.{part}.{leaf}"


def _networks(names: Collection[str]) -> Iterator[tuple[str, dict[str, str], int]]:
    """Yields the prefix, the stem's names and the shortcut's number of each ResNet-V2."""
    known = set(names)
    for name in names:
        for number, (first, stem) in enumerate(_STEMS.items()):
            prefix = name.removesuffix(first)
            whole = prefix != name and (not prefix or prefix.endswith("."))
            if whole and f"{prefix}{_BLOCK}" in known:
                yield prefix, stem, number


def _renamed(name: str, networks: Collection[tuple[str, dict[str, str], int]]) -> str:
    for prefix, stem, number in networks:
        inner = name.removeprefix(prefix)
        if not name.startswith(prefix):
            continue
        module, _, leaf = inner.rpartition(".")
        if module in stem or module in _ENDS:
            return f"{prefix}{({**stem, **_ENDS})[module]}.{leaf}"
        if match := _IN_UNIT.fullmatch(inner):
            stage, block, kind, place, leaf = match.groups()
            part = f"downsample.{number}" if "." in kind else kind.replace("norm", "bn") + place
            return f"{prefix}layer{int(stage) + 1}.{block}.{part}.{leaf}"
    return name
