"""`zoo import`: weights of torchvision or timm into a checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from absl import flags

from zoo.artifacts.open import read_labels
from zoo.checkpoints.cache import cache_folder, locked
from zoo.checkpoints.card import Card
from zoo.checkpoints.foreign.resnets import check_sha256, describe, with_origin
from zoo.checkpoints.foreign.timm_config import check_network, labels_of, read_config, with_config
from zoo.checkpoints.foreign.torchvision_names import plain_names
from zoo.checkpoints.published import PUBLISHED, WEIGHTS_ON_HUB, published_card
from zoo.checkpoints.tensor_files import read_tensors
from zoo.commands.console import console
from zoo.commands.runner import DONE, Command, no_more
from zoo.errors import RequestError
from zoo.quiet import import_keras

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "source", None, "a .safetensors or .pth file, a folder that timm saved (model.safetensors or "
    "pytorch_model.bin, and config.json), or a Hugging Face Hub id such as timm/resnet50.a1_in1k",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "model", None, "what it is: resnet50; or resnet50.a1_in1k, to take labels, preprocessing and "
    "licence of that checkpoint of zoo list", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder; default for a checkpoint of zoo list: its place in the cache",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("sha256", None, "that the file must have", flag_values=FLAGS)
flags.DEFINE_string("labels", None, "text file with a label a line", flag_values=FLAGS)
flags.DEFINE_string("licence", None, "of the weights, an SPDX name", flag_values=FLAGS)
flags.DEFINE_enum(
    "dtype", "float32", ["float32", "float16"], "of the stored weights", flag_values=FLAGS
)

_SHA256 = re.compile("[0-9a-fA-F]{64}")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class _Source:
    """Weights that lie on this disk, and what is known of them."""

    name: str
    path: Path
    sha256: str
    origin: dict[str, str]
    config: dict[str, Any]


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Imports."""
    no_more(rest)
    if not values.source:
        raise RequestError("say what to import: --source=FILE.safetensors or a Hub id")
    if values.sha256 is not None and not _SHA256.fullmatch(values.sha256):
        raise RequestError(f"--sha256 is 64 hexadecimal digits, not {values.sha256!r}")
    name = values.model or values.source.removeprefix("timm/")
    published = PUBLISHED.get(name)
    output = _output(values.output, name if published else None)
    labels = read_labels(values.labels) if values.labels else None

    expected = values.sha256
    if expected is None and published and Path(values.source).name == published.original:
        expected = published.original_sha256 or None
    source = _find(values.source, expected, name if published else values.model)
    model = published.model if published else values.model or source.config.get("architecture")
    if not isinstance(model, str):
        raise RequestError("say what it is: --model=resnet18, resnet34 or resnet50")
    check_network(source.config, model)
    tensors = plain_names(read_tensors(source.path))
    if published:
        card = published_card(published)
        if labels:
            card = dataclasses.replace(card, labels=labels)
    else:
        card = describe(model, tensors, labels or labels_of(source.config))
        card = with_config(card, source.config)
    if values.licence:
        card = dataclasses.replace(card, licence=values.licence)
    origin = {**card.origin, **source.origin, "sha256": source.sha256}
    card = with_origin(card, card.source or source.name, **origin)

    import_keras()
    from zoo.checkpoints.foreign.resnets import write_checkpoint

    with contextlib.nullcontext() if values.output else locked(output):
        card = write_checkpoint(tensors, card, output, dtype=values.dtype)
    _tell(card, output, named=bool(labels or published or labels_of(source.config)))
    return DONE


def _output(given: str | None, name: str | None) -> Path:
    if given is None and name is None:
        raise RequestError("say where to write the checkpoint: --output=FOLDER")
    output = Path(given) if given else cache_folder() / str(name)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise RequestError(f"{output} exists already; remove it or choose another --output")
    return output


def _is_on_hub(source: str) -> bool:
    looks_like_a_file = Path(source).suffix in (".safetensors", ".pth", ".pt", ".bin")
    return not Path(source).exists() and not looks_like_a_file and bool(_HUB_ID.fullmatch(source))


def _find(source: str, expected: str | None, model: str | None) -> _Source:
    if _is_on_hub(source):
        return _download(source, expected, model or "MODEL")
    path = Path(source)
    weights = path
    if path.is_dir():  # timm writes both, or the second alone.
        files = [path / WEIGHTS_ON_HUB, path / "pytorch_model.bin"]
        weights = next(filter(Path.is_file, files), files[0])
    if not weights.is_file():
        raise RequestError(f"--source {weights} is not there, and no Hub id")
    beside = path / "config.json"
    return _Source(
        name=path.resolve().name,  # The rest of the path is of this machine alone.
        path=weights,
        sha256=check_sha256(weights, expected),
        origin={"file": weights.name},
        config=read_config(beside) if beside.is_file() else {},
    )


def _download(hub_id: str, expected: str | None, model: str) -> _Source:
    from zoo.checkpoints.hub import download, download_text

    got = download(hub_id, WEIGHTS_ON_HUB, expected, model=model)
    beside = download_text(hub_id, "config.json")
    return _Source(
        name=f"https://huggingface.co/{hub_id}",
        path=got.path,
        sha256=got.sha256,
        origin={"hub_id": hub_id, "file": WEIGHTS_ON_HUB, "revision": got.revision},
        config=read_config(beside) if beside else {},
    )


def _tell(card: Card, output: Path, *, named: bool) -> None:
    terminal = console()
    terminal.print(
        f"{card.model}: {card.parameters or 0:,} parameters, {len(card.labels):,} classes, "
        f"licence {card.licence}",
        soft_wrap=True,
    )
    if not named:
        known = "ImageNet's" if len(card.labels) == 1000 else f"0 to {len(card.labels) - 1}"
        terminal.print(f"no labels were given: they are taken to be {known}; see --labels")
    terminal.print(f"checkpoint: {output}", soft_wrap=True)


COMMAND = Command(
    "import", "weights of a torchvision or timm ResNet into a checkpoint.", FLAGS, main
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
