"""What an Android project needs beside its templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from export.errors import ExportError


def check(described: Mapping[str, Any]) -> None:
    """Checks that LiteRT's Kotlin interface can run a file.

    Args:
        described: What `export.describe_file` says about it.

    Raises:
        ExportError: It cannot.
    """
    for info in (*described["inputs"], *described["outputs"]):
        if info["dtype"] != "float32":
            raise ExportError(
                f"an Android app takes files of floats, since LiteRT's Kotlin interface has no "
                f"{info['dtype']}; {described['file']} holds it, so take gpu.tflite or cpu.tflite"
            )


def identifier(title: str) -> str:
    """Returns the last part of the app's name on the device, of letters and digits."""
    plain = re.sub("[^a-z0-9]", "", title.lower())
    return plain if plain[:1].isalpha() else f"app{plain}"


def string(text: str) -> str:
    """Returns a text as `strings.xml` writes it."""
    plain = re.sub(r"""(["'\\])""", r"\\\1", " ".join(text.split()))
    return escape(re.sub("^([@?])", r"\\\1", plain))
