"""The flags for the memory of a device, by which `zoo train` chooses a network."""

from __future__ import annotations

import re

from absl import flags

from zoo.errors import RequestError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|k|m)(?:i?b)?", re.IGNORECASE)
_TIMES = {"": 1, "k": 1 << 10, "m": 1 << 20}


def define_budget(values: flags.FlagValues) -> None:
    """Adds the flags to those of a command."""
    flags.DEFINE_string(
        "flash", None, "pictures: bytes for the int8 file, as in 100k; a network that fits is "
        "searched in place of --model", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "arena", None, "pictures: bytes of a microcontroller's working memory, as in 64k, for "
        "the same", flag_values=values,
    )  # fmt: skip


def parse_bytes(text: str | None, flag: str) -> int | None:
    """Returns the bytes in "64k", "64 KiB", "1.5M" or "65536"; k is 1,024. None stays None.

    Raises:
        RequestError: It has another form, or is nothing.
    """
    if text is None:
        return None
    size = _SIZE.fullmatch(text.strip())
    if size is None or not (number := int(float(size[1]) * _TIMES[size[2].lower()])):
        raise RequestError(f"--{flag} takes a number of bytes, as in 64k, not {text!r}")
    return number
