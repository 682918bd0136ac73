"""The hash that a published file must have: the table's, or that of its first download."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from zoo.cache import cache_folder, locked
from zoo.checkpoints.hub import Download, download
from zoo.checkpoints.published import WEIGHTS_ON_HUB, Published
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import DamagedError, RequestError
from zoo.files import write_text

_LOG = logging.getLogger("zoo")


@dataclass(frozen=True)
class Pin:
    """A published file at its first download here. Later downloads must be the same."""

    sha256: str
    revision: str


def download_published(row: Published) -> Download:
    """Downloads the file of a published checkpoint, and compares it with its pin.

    If the table has no hash, the first download is pinned in the cache, and the logger `zoo` warns.

    Raises:
        NoNetworkError: It cannot be downloaded.
        DamagedError: It differs from the pinned one.
        RequestError: The file of pins is damaged.
    """
    if row.sha256:
        return download(
            row.hub_id, WEIGHTS_ON_HUB, row.sha256, revision=row.revision, model=row.name
        )
    with locked(cache_folder() / "pins"):
        pins = _read_pins()
        if (pin := pins.get(row.name)) is not None:
            try:
                return download(
                    row.hub_id, WEIGHTS_ON_HUB, pin.sha256, revision=pin.revision, model=row.name
                )
            except DamagedError as error:
                raise DamagedError(
                    f"{error}, as it had when it first came; where its publisher means that, "
                    f"remove {row.name!r} from {_pins_file()}"
                ) from error
        file = download(row.hub_id, WEIGHTS_ON_HUB, model=row.name)
        pins[row.name] = Pin(file.sha256, file.revision)
        text = {name: dataclasses.asdict(pin) for name, pin in pins.items()}
        write_text(_pins_file(), json.dumps(text, indent=2) + "\n")
    _LOG.warning(
        "%s: no sha256 of it was known; from now on it has to be that of today, %s… (%s)",
        row.name, file.sha256[:12], _pins_file(),
    )  # fmt: skip
    return file


def _pins_file() -> Path:
    return cache_folder() / "pins.json"


def _read_pins() -> dict[str, Pin]:
    try:
        text = _pins_file().read_text(encoding="utf-8")
        return {name: construct(Pin, pin, name) for name, pin in parse_json(text).items()}
    except FileNotFoundError:
        return {}
    except (AttributeError, ValueError) as error:
        raise RequestError(
            f"{_pins_file()}, which keeps the hashes of what was fetched, is damaged: {error}; "
            "remove it to trust the Hub anew"
        ) from error
