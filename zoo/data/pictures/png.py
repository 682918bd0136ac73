"""PNG files without the texts in them."""

from __future__ import annotations

import io
from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_AROUND = 12  # A chunk is its length in 4 bytes, its name in 4, the content, a checksum in 4.


def without_text(file: BinaryIO) -> BinaryIO | None:
    """Returns a PNG file less its text chunks; None where it has none, or is no PNG."""
    file.seek(0)
    content = file.read()
    if not content.startswith(_SIGNATURE):
        return None
    kept = [_SIGNATURE]
    place = len(_SIGNATURE)
    while place < len(content):
        end = place + _AROUND + int.from_bytes(content[place : place + 4], "big")
        if content[place + 4 : place + 8] not in _TEXTS:
            kept.append(content[place:end])
        place = end
    plain = b"".join(kept)
    return io.BytesIO(plain) if len(plain) < len(content) else None
