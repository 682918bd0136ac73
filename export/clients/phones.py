"""What projects for phones need beside their templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from export.errors import ExportError

# Why the code in the templates of each platform hands over floats alone.
_FLOATS = {
    "android": "an Android app takes files of floats, since LiteRT's Kotlin interface has no",
    "ios": "an iOS app takes files of floats, for which its Swift is written, and no",
}


def check(described: Mapping[str, Any], platform: str) -> None:
    """Checks that the project of a platform can run a file.

    Args:
        described: What `export.describe_file` says about it.
        platform: "android" or "ios"; others are not for this check, and pass.

    Raises:
        ExportError: It cannot.
    """
    for info in (*described["inputs"], *described["outputs"]):
        if platform in _FLOATS and info["dtype"] != "float32":
            raise ExportError(
                f"{_FLOATS[platform]} {info['dtype']}; {described['file']} holds it, so take "
                "gpu.tflite or cpu.tflite"
            )


def identifier(title: str) -> str:
    """Returns the last part of the app's name on the device, of letters and digits."""
    plain = re.sub("[^a-z0-9]", "", title.lower())
    return plain if plain[:1].isalpha() else f"app{plain}"


def android_string(text: str) -> str:
    """Returns a text as `strings.xml` writes it."""
    plain = re.sub(r"""(["'\\])""", r"\\\1", " ".join(text.split()))
    return escape(re.sub("^([@?])", r"\\\1", plain))


def xml(text: str) -> str:
    """Returns a text on one line, as XML writes it."""
    return escape(" ".join(text.split()))
