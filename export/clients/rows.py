"""Code of an app that makes the row of a table's model from the texts of its cells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from export.clients.code import code_templates
from export.publish import ROW_FILES


def render(columns: Mapping[str, Any]) -> dict[str, str]:
    """Writes the code for each language.

    Args:
        columns: The content of `columns.json`: "columns", in the order of the row, and "gaps",
            texts in lower case that mean an empty cell. A column has a "name", a "kind" ("number"
            or "category") and what stands for an "empty" cell. A number has "low" and "high", to
            which it is cut, "decimal" and "unit"; a category its "vocabulary", and what stands for
            one that is "unseen".

    Returns:
        The texts of `ROW_FILES`, by name.
    """
    return {name: _TEMPLATES.get_template(name).render(**columns) for name in ROW_FILES}


def _cpp(text: str) -> str:
    # A question mark could begin a trigraph.
    plain = (32 <= byte < 127 and chr(byte) not in '"\\?' for byte in text.encode())
    pairs = zip(text.encode(), plain, strict=True)
    return '"' + "".join(chr(byte) if fine else f"\\{byte:03o}" for byte, fine in pairs) + '"'


def _kotlin(text: str) -> str:
    # The escapes of JSON are Kotlin's, but for that of a form feed; a dollar begins a template.
    known = re.sub(r"\\(.)", lambda m: r"\u000c" if m[1] == "f" else m[0], json.dumps(text))
    return known.replace("$", "\\$")


def _swift(text: str) -> str:
    plain = (char.isascii() and char.isprintable() and char not in '"\\' for char in text)
    pairs = zip(text, plain, strict=True)
    return '"' + "".join(char if fine else f"\\u{{{ord(char):x}}}" for char, fine in pairs) + '"'


def _number(value: float) -> str:
    return repr(float(value))


FILTERS = {"cpp": _cpp, "js": json.dumps, "kotlin": _kotlin, "swift": _swift, "number": _number}
_TEMPLATES = code_templates()
_TEMPLATES.filters.update(FILTERS)
