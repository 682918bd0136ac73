"""Finds a ResNet among the tensors of a file, under any prefix and among other tensors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zoo.checkpoints.foreign.resnet_v2_names import renamed
from zoo.checkpoints.tensor_files import listed
from zoo.checkpoints.torch_file import Stored
from zoo.errors import RequestError

# torchvision's names of the parts. `torch.nn.Sequential(*resnet.children())` counts them instead.
_PART = re.compile(r"(conv1|bn1|layer\d+|bn_head|fc)\.")
_COUNTED = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
_LAST_CONV = re.compile(r"layer(\d+)\.(\d+)\.conv(\d+)\.weight")
_HEAD_IN_SEQUENCE = re.compile(r"fc\.\d+\.weight")
# Words for a copy that follows the trained network.
_COPY = re.compile(r"(^|[._])(ema|swa|averaged?|shadow|teacher|momentum|target)([._]|$)")
# Tensors of a training that are not weights of the network.
_OF_TRAINING = re.compile(
    r"(^|[._])(loss\w*|criterion\w*|metrics?|\w+_metrics?|optimi[sz]ers?|optimizer_states|scaler"
    r"|\w*scheduler|aux\w*|confmat|queue)([._]|$)"
)


@dataclass(frozen=True)
class Network:
    """A ResNet in a file.

    Attributes:
        place: Its prefix, such as "state_dict.model"; "": it has none.
        tensors: Tensors of the network, by torchvision's names.
        head: Name of its head; "": it is "fc".
        copies: Prefixes of other ResNets in the file, such as a moving average of the weights.
        left_out: Names of all other tensors.
    """

    place: str
    tensors: Mapping[str, Stored]
    head: str
    copies: tuple[str, ...]
    left_out: tuple[str, ...]


def find_network(
    tensors: Mapping[str, Stored], *, weights_key: str | None = None, ignore: Sequence[str] = ()
) -> Network:
    """Finds the ResNet among tensors.

    A prefix with a stem and a first block, in torchvision's names or in those of timm's ResNet-V2,
    is a ResNet. Its head may be a sequence with one dense layer, such as dropout and "fc.1". If
    there is no "fc", the head may be the only dense layer beside the ResNet that fits its features.

    Args:
        tensors: By the names in the file.
        weights_key: Which of several ResNets: a part of its prefix, such as "state_dict_ema". None:
            the one that is not a copy.
        ignore: Layers beside the ResNet that may be left out, by the start of their names.

    Raises:
        RequestError: There is none, or there are several; other layers would be lost.
    """
    names = renamed(tensors)
    tensors = {names[name]: tensor for name, tensor in tensors.items()}
    places = dict(_places(tensors))
    place = _chosen(places, tensors, weights_key)
    copies = {other: counted for other, counted in places.items() if other != place}
    network: dict[str, Stored] = {}
    others: dict[str, Stored] = {}
    for name, tensor in tensors.items():
        if part := _part_name(name, place, counted=places[place]):
            network[part] = tensor
        elif not any(_lies_at(name, other, counted=counted) for other, counted in copies.items()):
            others[name] = tensor
    _unwrap_head(network)
    layers = [name for name in others if _is_layer(name, tensors)]
    layers = [name for name in layers if not any(name.startswith(start) for start in ignore)]
    head = _head_beside(network, others, layers)
    if head:
        for leaf in ("weight", "bias"):
            if f"{head}.{leaf}" in others:
                network[f"fc.{leaf}"] = others.pop(f"{head}.{leaf}")
    elif layers:
        raise RequestError(
            f"beside a ResNet the file holds other layers: {listed(layers, 4)}; what they compute "
            "would be lost. Where it is not needed, say so with "
            f"--ignore={layers[0].rpartition('.')[0]}"
        )
    return Network(
        place=place.rstrip("."),
        tensors=network,
        head=head,
        copies=tuple(other.rstrip(".") for other in copies),
        left_out=tuple(others),
    )


def _places(tensors: Mapping[str, Stored]) -> Iterator[tuple[str, bool]]:
    """Yields the prefixes of all ResNets, and whether their parts are numbered."""
    for name, tensor in tensors.items():
        for stem, block, counted in (
            ("conv1.weight", "layer1.0.conv1.weight", False),
            ("conv1.0.weight", "layer1.0.conv1.weight", False),
            ("0.weight", "4.0.conv1.weight", True),
        ):
            prefix = name.removesuffix(stem)
            whole = prefix != name and (not prefix or prefix.endswith("."))
            if whole and len(tensor.shape) == 4 and prefix + block in tensors:
                yield prefix, counted


def _chosen(places: Collection[str], tensors: Mapping[str, Stored], key: str | None) -> str:
    if not places:
        raise RequestError(
            "the file holds no ResNet in torchvision's names: there is no tensor 'conv1.weight' of "
            "4 axes, a stem, beside a 'layer1.0.conv1.weight', under any prefix; it holds "
            f"{listed(list(tensors), 4)}"
        )
    known = ", ".join(repr(place.rstrip(".")) for place in places)
    if key is not None:
        fitting = [place for place in places if _leads_to(key, place)]
    else:
        fitting = [place for place in places if not _COPY.search(place)] or list(places)
    if len(fitting) == 1:
        return fitting[0]
    if key is not None and not fitting:
        raise RequestError(f"there is no ResNet at --weights_key={key}; the file has {known}")
    raise RequestError(f"the file holds several ResNets; choose with --weights_key: {known}")


def _leads_to(key: str, place: str) -> bool:
    return f".{key.strip('.')}." in f".{place}" or key.strip(".") == place.strip(".")


def _part_name(name: str, place: str, *, counted: bool) -> str | None:
    """Returns torchvision's name of a tensor; None: it is not of the network at `place`."""
    if not name.startswith(place):
        return None
    inner = name.removeprefix(place)
    if counted:
        number, _, rest = inner.partition(".")
        return f"{_COUNTED[number]}.{rest}" if number in _COUNTED else None
    return inner if _PART.match(inner) else None


def _lies_at(name: str, place: str, *, counted: bool) -> bool:
    if place:
        return name.startswith(place)
    return _part_name(name, place, counted=counted) is not None


def _unwrap_head(network: dict[str, Stored]) -> None:
    """If the head is a sequence with one dense layer, renames that layer to "fc"."""
    dense = [
        name
        for name, tensor in network.items()
        if _HEAD_IN_SEQUENCE.fullmatch(name) and len(tensor.shape) == 2
    ]
    if "fc.weight" not in network and len(dense) == 1:
        layer = dense[0].removesuffix(".weight")
        for leaf in ("weight", "bias"):
            if f"{layer}.{leaf}" in network:
                network[f"fc.{leaf}"] = network.pop(f"{layer}.{leaf}")


def _is_layer(name: str, tensors: Mapping[str, Stored]) -> bool:
    """Whether a tensor belongs to a layer of a network, not to a loss, a metric or a copy.

    A layer has a kernel, or a scale with an offset or statistics. The weights of a loss have
    neither.
    """
    if not name.endswith("weight") or _OF_TRAINING.search(name) or _COPY.search(name):
        return False
    layer = name.removesuffix("weight")
    beside = f"{layer}bias" in tensors or f"{layer}running_mean" in tensors
    return tensors[name].is_float and (len(tensors[name].shape) > 1 or beside)


def _head_beside(
    network: Mapping[str, Stored], others: Mapping[str, Stored], layers: Sequence[str]
) -> str:
    """Returns the only layer beside a ResNet without "fc" that can be its head."""
    if len(layers) != 1 or any(name.startswith("fc.") for name in network):
        return ""
    blocks = [match for name in network if (match := _LAST_CONV.fullmatch(name))]
    last = max(blocks, key=lambda match: tuple(map(int, match.groups())))[0]
    fits = others[layers[0]].shape[1:] == network[last].shape[:1]
    return layers[0].removesuffix(".weight") if fits else ""
