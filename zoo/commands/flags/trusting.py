"""The flag that opens a stranger's SavedModel."""

from __future__ import annotations

from absl import flags


def define_trust(values: flags.FlagValues) -> None:
    """Adds the flag to those of a command."""
    flags.DEFINE_bool(
        "trust", False,
        "open a SavedModel even if it does more than calculate: it may read and write your files",
        flag_values=values,
    )  # fmt: skip
