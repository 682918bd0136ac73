"""The text of `zoo COMMAND --help`: examples, then the flags, the most needed first."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from absl import flags

_NARROWEST, _WIDEST = 60, 100  # Letters in a line.
_TYPES = {"int": "N", "float": "X"}


def help_text(
    name: str,
    about: str,
    values: flags.FlagValues,
    *,
    required: Sequence[str],
    usual: Sequence[str],
    examples: Sequence[str],
) -> str:
    """Returns what `--help` prints.

    Args:
        name: The command.
        about: What it does.
        values: Its flags, in the order in which the others are listed.
        required: Flags without which it does nothing; "checkpoint|artifact" for one of two.
        usual: Flags that most users need.
        examples: Whole command lines.
    """
    width = min(max(shutil.get_terminal_size((_WIDEST, 24)).columns, _NARROWEST), _WIDEST)
    needed = [flag for group in required for flag in group.split("|")]
    others = [flag for flag in values if flag not in (*needed, *usual, "verbosity")]
    parts = ["\n".join(textwrap.wrap(line, width)) for line in about.split("\n\n")]
    parts[0] = "\n".join(textwrap.wrap(f"zoo {name}: {parts[0]}", width))
    if examples:
        parts.append("\n".join(["Examples:", *(f"  {example}" for example in examples)]))
    needs = "Required:" if needed == list(required) else "Required, one of these:"
    for title, names in (
        (needs, needed), ("Usual:", usual), ("Others:", [*others, "verbosity"]),
    ):  # fmt: skip
        if names:
            parts.append("\n".join([title, *_flags(names, values, width)]))
    return "\n\n".join(parts)


def _flags(names: Iterable[str], values: flags.FlagValues, width: int) -> Iterable[str]:
    """Yields the lines of flags: names on the left, what they mean on the right."""
    rows = [(_form(values[name]), _meaning(values[name])) for name in names]
    left = min(max(len(form) for form, _ in rows), 28) + 4
    for form, meaning in rows:
        first, *rest = textwrap.wrap(meaning, width - left) or [""]
        if len(form) + 4 > left:
            yield f"  {form}"
            form = ""
        yield f"  {form:<{left - 2}}{first}".rstrip()
        for line in rest:
            yield " " * left + line


def _form(flag: flags.Flag[Any]) -> str:
    """Returns how a flag is written: "--epochs=N", "--streaming[=slide|step]", "--json"."""
    if isinstance(flag, flags.EnumFlag):
        words = [word for word in flag.parser.enum_values if word not in ("true", "false")]
        value = f"={'|'.join(words)}"
        return f"--{flag.name}" + (f"[{value}]" if flag.boolean else value)
    if flag.boolean:
        return f"--{flag.name}"
    kind = flag.flag_type()
    return f"--{flag.name}=" + _TYPES.get(kind, "A,B" if "list" in kind else "TEXT")


def _meaning(flag: flags.Flag[Any]) -> str:
    text = str(flag.help)
    if isinstance(flag, flags.EnumFlag):
        text = text.partition(">: ")[2]  # absl writes the words before it.
    usual = flag.default
    if usual is None or usual is False or usual in ("", []):
        return text
    return f"{text} (default {','.join(map(str, usual)) if isinstance(usual, list) else usual})"
