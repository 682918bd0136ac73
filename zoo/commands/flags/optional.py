"""A flag that may stand alone or have a value: `--streaming`, and `--streaming=step`."""

from __future__ import annotations

from collections.abc import Sequence

from absl import flags


class OptionalValue(flags.EnumFlag):
    """One of some words; alone, "true"; with "no" before its name, "false"."""

    def __init__(self, name: str, words: Sequence[str], text: str) -> None:
        super().__init__(name, None, text, enum_values=[*words, "true", "false"])
        # absl then takes no word after it for its value, and knows --noNAME.
        self.boolean = True
