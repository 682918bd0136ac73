"""`zoo data`: packs a folder of photos into TFRecord shards, for data too large for one machine."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from zoo.commands.console import console
from zoo.commands.runner import DONE, Command, no_more
from zoo.commands.terminal import bar
from zoo.errors import RequestError
from zoo.quiet import quiet

FLAGS = flags.FlagValues()
flags.DEFINE_string("data", None, "a folder of photos, or tfds:NAME", flag_values=FLAGS)
flags.DEFINE_string("output", None, "folder of the shards", flag_values=FLAGS)
flags.DEFINE_integer("shards", 16, "files that the training split becomes", flag_values=FLAGS)
flags.DEFINE_string(
    "exclude", None, "leave out files: a .csv such as that of zoo clean, or a text of one path a "
    "line", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data_dir", None, "tfds: where prepared data sets are; default that of tensorflow-datasets",
    flag_values=FLAGS,
)  # fmt: skip


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Packs."""
    no_more(rest)
    for name in ("data", "output"):
        if not values[name].value:
            raise RequestError(f"--{name} is missing: zoo data --data=FOLDER --output=SHARDS")
    if values.shards < 1:
        raise RequestError(f"--shards must be positive, not {values.shards}")
    terminal = console()
    with quiet():
        import tensorflow  # noqa: F401 - greets at import.
    from zoo.data.pictures.manifest import MANIFEST
    from zoo.data.pictures.pack import pack
    from zoo.data.reading import Reading
    from zoo.data.sources import find_pictures

    encoded = find_pictures(values.data, Reading(data_dir=values.data_dir, exclude=values.exclude))
    output = Path(values.output)
    with bar(terminal, "packing") as progress:
        manifest = pack(encoded, output, values.shards, progress)
    for note in manifest["notes"]:
        terminal.print(note)
    for broken in manifest["broken"]:
        terminal.print(f"left out {broken['file']}: {broken['reason']}")
    size = sum(shard["bytes"] for shard in manifest["shards"])
    counts = ", ".join(
        f"{split['examples']:,} {name}" for name, split in manifest["splits"].items()
    )
    terminal.print(
        f"{counts} examples of {len(manifest['labels'])} classes in {len(manifest['shards'])} "
        f"files, {size / 1e6:,.1f} MB: {output / MANIFEST}"
    )
    return DONE


COMMAND = Command(
    "data",
    "pack a folder of photos into TFRecord shards with a manifest.",
    FLAGS,
    main,
    required=("data", "output"),
    examples=(
        "zoo data --data=photos/ --output=shards/",
        "zoo data --data=tfds:beans --output=shards/ --shards=64",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
