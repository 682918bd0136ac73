"""Where foreign weights come from: a file, a folder that timm saved, or the Hugging Face Hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.checkpoints.foreign.resnets import check_sha256
from zoo.checkpoints.foreign.timm_config import read_config
from zoo.checkpoints.published import WEIGHTS_ON_HUB, Published
from zoo.errors import RequestError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_FILES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar")


@dataclass(frozen=True)
class Source:
    """Weights on this disk, and what is known about them.

    Attributes:
        name: For the card: of the file or folder, or the address on the Hub.
        path: Path of the file.
        sha256: SHA-256 of the file.
        origin: For the card: file, and on the Hub its id and revision.
        config: timm's `config.json`, where there is one.
    """

    name: str
    path: Path
    sha256: str
    origin: Mapping[str, str]
    config: Mapping[str, Any] = field(default_factory=dict)


def acquire(
    source: str, expected: str | None = None, *, published: Published | None = None, model: str = ""
) -> Source:
    """Finds a file of weights on this disk, or downloads it.

    Args:
        source: A file, a folder with `model.safetensors` or `pytorch_model.bin`, or a Hub id.
        expected: The SHA-256 that the file must have; None: that of `published`, if known.
        published: The checkpoint that the file should hold.
        model: For the advice on how to import a file by hand.

    Raises:
        RequestError: There is none, or it cannot be downloaded.
        DamagedError: It has another SHA-256.
    """
    if _is_on_hub(source):
        return _download(source, expected, published, model)
    path = Path(source)
    weights = path
    if path.is_dir():  # timm writes both files, or only the second.
        files = [path / WEIGHTS_ON_HUB, path / "pytorch_model.bin"]
        weights = next(filter(Path.is_file, files), files[0])
    if expected is None and published:
        stated = {
            WEIGHTS_ON_HUB: published.sha256,
            published.original: published.original_sha256,
        }
        expected = stated.get(weights.name) or None
    if not weights.is_file():
        raise RequestError(f"--source {weights} is not there, and no Hub id")
    beside = path / "config.json"
    return Source(
        name=path.resolve().name,  # The rest of the path means nothing on other machines.
        path=weights,
        sha256=check_sha256(weights, expected),
        origin={"file": weights.name},
        config=read_config(beside) if beside.is_file() else {},
    )


def _is_on_hub(source: str) -> bool:
    is_file = Path(source).exists() or Path(source).suffix in _FILES
    return not is_file and bool(_HUB_ID.fullmatch(source))


def _download(hub_id: str, expected: str | None, published: Published | None, model: str) -> Source:
    from zoo.checkpoints.hub import download, download_text
    from zoo.checkpoints.pins import download_published

    if published and hub_id == published.hub_id and expected is None:
        file = download_published(published)
    else:
        file = download(hub_id, WEIGHTS_ON_HUB, expected, model=model or "MODEL")
    beside = download_text(hub_id, "config.json")
    return Source(
        name=f"https://huggingface.co/{hub_id}",
        path=file.path,
        sha256=file.sha256,
        origin={"hub_id": hub_id, "file": WEIGHTS_ON_HUB, "revision": file.revision},
        config=read_config(beside) if beside else {},
    )
