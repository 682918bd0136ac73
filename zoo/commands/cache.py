"""`zoo cache`: shows what lies in the cache, and clears it."""

from __future__ import annotations

import dataclasses
import sys

from absl import flags

from zoo.cached import ALL, KINDS, cached, clear
from zoo.commands.console import complain, console, print_json, print_result
from zoo.commands.runner import DONE, NOT_GOOD_ENOUGH, Command, no_more
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_enum(
    "clear", None, [*KINDS, ALL],
    "what to remove: decoded pictures, unpacked archives, downloads, checkpoints of users of the "
    "Hub, tracebacks of faults, published checkpoints, or all of these", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_bool("yes", False, "remove without a question", flag_values=FLAGS)
flags.DEFINE_bool("json", False, "print JSON instead of tables", flag_values=FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Shows or clears."""
    no_more(rest)
    if values.clear is not None:
        return _clear(values)
    held = cached()
    if values.json:
        entries = [{**dataclasses.asdict(entry), "path": str(entry.path)} for entry in held.entries]
        print_json({"folder": str(held.folder), "bytes": held.bytes, "entries": entries})
    else:
        print_result(console(), held)
    return DONE


def _clear(values: flags.FlagValues) -> int:
    held = cached(values.clear)
    terminal = console()
    if not held.entries:
        terminal.print(f"{held.folder} holds nothing of {values.clear}")
        return DONE
    what = f"{len(held.entries):,} of {values.clear}, {held.bytes / 1e6:,.2f} MB, in {held.folder}"
    if not values.yes:
        if not sys.stdin.isatty():
            raise RequestError(f"this removes {what}: say --yes too")
        if input(f"remove {what}? [y/N] ").strip().lower() not in ("y", "yes"):
            terminal.print("nothing was removed")
            return DONE
    removed, left = clear(held.entries)
    size = sum(entry.bytes for entry in removed)
    terminal.print(f"removed {len(removed):,} of {values.clear}, {size / 1e6:,.2f} MB")
    for entry in left:
        complain(f"left {entry.path}: another process is writing it, or it may not be removed")
    return NOT_GOOD_ENOUGH if left else DONE


COMMAND = Command(
    "cache",
    "what lies in the cache (ZOO_CACHE, or ~/.cache/zoo), and clears it.\n\n"
    "All of it is made or fetched again when it is needed. The hashes of published checkpoints "
    "(pins.json) stay. Archives that a training is reading should stay too.",
    FLAGS,
    main,
    usual=("clear", "yes", "json"),
    examples=("zoo cache", "zoo cache --clear=pictures --yes"),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
