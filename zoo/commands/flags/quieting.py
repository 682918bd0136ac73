"""The flag that leaves out the progress."""

from __future__ import annotations

from absl import flags


def define_quiet(values: flags.FlagValues) -> None:
    """Adds the flag to those of a command."""
    flags.DEFINE_bool("quiet", False, "print the result alone, no progress", flag_values=values)
