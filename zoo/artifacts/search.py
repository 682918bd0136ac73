"""A network that fits a microcontroller, chosen before it is trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export import ExportError
from zoo.artifacts.small_networks import ROW, Network, networks, sides_of
from zoo.checkpoints.provenance import SEARCH_RECORD
from zoo.checkpoints.typed_json import parse_json
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.forms import Picture, Sound
from zoo.models import build
from zoo.quiet import import_keras, need_tensorflow
from zoo.result import Result, TextTable

if TYPE_CHECKING:
    from export import Needs
    from zoo.data.dataset import Dataset
    from zoo.data.reading import Reading

# So many that fit are shown; the first of them is taken. And so many are tried at most.
_ENOUGH, _MOST = 4, 24
_PICTURES = 8  # Of noise, to calibrate with: neither bytes nor memory depend on them.


@dataclass(frozen=True)
class Budget:
    """What a device has, in bytes; None: enough.

    Attributes:
        flash: For the file.
        arena: Working memory.
    """

    flash: int | None
    arena: int | None

    def holds(self, flash: int, arena: int) -> bool:
        """Returns whether it is enough."""
        return flash <= (self.flash or flash) and arena <= (self.arena or arena)

    def __str__(self) -> str:
        """Returns the limits, for a person."""
        limits = (("flash", self.flash), ("arena", self.arena))
        return " and ".join(f"{_kilo(size)} of {name}" for name, size in limits if size)


@dataclass(frozen=True)
class Tried:
    """A network and what it takes.

    Attributes:
        network: Its shape.
        needs: As int8.
        fits: Whether the budget is enough.
    """

    network: Network
    needs: Needs
    fits: bool


@dataclass(frozen=True)
class Searched(Result):
    """What was tried, and what is trained.

    Attributes:
        folder: Of the run.
        budget: Of the device.
        tried: In the order in which they were tried.
        side: Height and width of the data's own pictures.
    """

    folder: Path
    budget: Budget
    tried: tuple[Tried, ...]
    side: int

    @property
    def chosen(self) -> Network:
        """The first that fits: it has the most multiply-accumulates."""
        return next(one.network for one in self.tried if one.fits)

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `zoo.train` that train what was chosen."""
        side = self.chosen.side
        size = {} if side == self.side else {"image_size": side}
        return {"model": ROW, "config": self.chosen.config, "output": self.folder, **size}

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each network that was tried."""
        head = ("network", "picture", "parameters", "MACs", "flash", "arena", "NPU", "fits")
        title = f"int8 networks for at most {self.budget}"
        return (TextTable(title, head, tuple(map(_row, self.tried))),)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is trained and why, and what was not asked."""
        missing = dict.fromkeys(why for one in self.tried for why in one.needs.missing)
        computed = [] if all(one.needs.tried for one in self.tried) else ["arenas are computed"]
        return (
            f"trained: {self.chosen}, the most multiply-accumulates of those that fit",
            *computed,
            *missing,
        )


def search(
    data: str = "digits",
    *,
    flash: int | None = None,
    arena: int | None = None,
    output: str | Path | None = None,
    image_size: int | None = None,
    reading: Reading | None = None,
    progress: Callable[[str], None] | None = None,
) -> Searched:
    """Looks for the small ResNet of pictures that fits, and may learn most.

    Networks are converted with random weights, and tried on TensorFlow Lite Micro and vela where
    they are installed, those of the most multiply-accumulates first. The folder keeps the result:
    the same call on it returns that.

    Args:
        data: What to learn, as for `zoo.train`.
        flash: Most bytes of the int8 file; None: any.
        arena: Most bytes of working memory; None: any.
        output: Folder of the run; None: runs/budget-DATA.
        image_size: Height and width in pixels; None: it is searched too, up to the data's own.
        reading: How to read the data; None: as it is.
        progress: Called with a line of text for each network.

    Returns:
        What was tried. `zoo.train(data, **searched.arguments)` trains what was chosen.

    Raises:
        RequestError: No network fits, the data are no pictures, or the folder holds another search.
    """
    import_keras()
    need_tensorflow()
    from zoo.data.sources import AS_IT_IS, load_dataset

    dataset = load_dataset(data, Picture, image_size=image_size, reading=reading or AS_IT_IS)
    if isinstance(dataset.form, Sound) or len(dataset.example_shape) != 3:
        raise RequestError(f"--flash and --arena are for pictures; {data} holds none")
    folder = Path(output or f"runs/budget-{dataset.name}")
    height, _, channels = (side or 1 for side in dataset.example_shape)
    budget = Budget(flash, arena)
    asked = {
        **asdict(budget),
        "image_size": image_size,
        "data": dataset.name,
        "shape": list(dataset.example_shape),
        "classes": len(dataset.labels),
    }
    if (folder / SEARCH_RECORD).exists():
        return _read(folder, budget, asked)
    check_writable(folder)
    sides = sides_of(height) if image_size is None else (height,)
    listed = networks(channels, len(dataset.labels), sides, budget.holds)
    tried = _try(listed, dataset, budget, progress)
    if not any(one.fits for one in tried):
        raise RequestError(_nothing(tried, budget))
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"asked": asked, "tried": [asdict(one) for one in tried]}, indent=2)
    write_text(folder / SEARCH_RECORD, text + "\n")
    return Searched(folder, budget, tuple(tried), height)


def _try(
    listed: list[Network],
    dataset: Dataset,
    budget: Budget,
    progress: Callable[[str], None] | None,
) -> list[Tried]:
    """Tries networks in their order, until enough fit."""
    tried: list[Tried] = []
    for network in listed:
        try:
            taken = _needs(network, dataset)
        except ExportError as error:
            raise RequestError(f"{network}: {error}") from error
        one = Tried(network, taken, budget.holds(taken.flash, taken.arena))
        tried.append(one)
        if progress:
            progress("  ".join(_row(one)))
        if sum(one.fits for one in tried) == _ENOUGH or len(tried) == _MOST:
            break
    return tried


def _needs(network: Network, dataset: Dataset) -> Needs:
    from export import needs

    shape = (network.side, network.side, network.channels)
    model = build(ROW, num_classes=network.classes, input_shape=shape, **network.config)
    noise = np.random.default_rng(0).integers(0, 256, (_PICTURES, *shape)).astype(np.float32)
    return needs(model, noise, dataset.labels)


def _read(folder: Path, budget: Budget, asked: Mapping[str, Any]) -> Searched:
    from export import Needs

    path = folder / SEARCH_RECORD
    try:
        kept = parse_json(path.read_text(encoding="utf-8"))
        before = kept["asked"]
        tried = tuple(
            Tried(
                Network(**{name: _tuple(value) for name, value in one["network"].items()}),
                Needs(**{name: _tuple(value) for name, value in one["needs"].items()}),
                one["fits"],
            )
            for one in kept["tried"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestError(f"{path} is damaged: {error}; choose another --output") from error
    changed = [
        f"{name}: {before.get(name)!r}, now {value!r}"
        for name, value in asked.items()
        if before.get(name) != value
    ]
    if changed:
        raise RequestError(
            f"--output {folder} holds another search: {'; '.join(changed)}. Choose another folder, "
            "or ask for the same"
        )
    return Searched(folder, budget, tried, asked["shape"][0])


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _row(one: Tried) -> tuple[str, ...]:
    network, taken = one.network, one.needs
    latency = "" if taken.latency_ms is None else f"{taken.latency_ms:.2f} ms"
    return (
        str(network),
        f"{network.side}×{network.side}",
        f"{network.parameters:,}",
        f"{network.macs / 1e6:.1f} M",
        _kilo(taken.flash),
        _kilo(taken.arena),
        latency,
        "yes" if one.fits else "no",
    )


def _kilo(size: int) -> str:
    return f"{size / 1024:,.1f} KiB"


def _nothing(tried: list[Tried], budget: Budget) -> str:
    if not tried:
        return f"no small ResNet can fit into {budget}; allow more"
    least = min(tried, key=lambda one: (one.needs.flash, one.needs.arena))
    return (
        f"none of {len(tried)} networks fits into {budget}: {least.network} takes "
        f"{_kilo(least.needs.flash)} and {_kilo(least.needs.arena)}; allow more"
    )
