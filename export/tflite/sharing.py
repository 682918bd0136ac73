"""Writes a `.tflite` file in which tables and vectors of the same content are there once.

A flatbuffer refers to its tables, vectors and strings by their place, so that many may refer to one
place. The code that is generated from the schema writes each anew.
"""

from __future__ import annotations

from typing import Any

import flatbuffers

TFLITE = b"TFL3"
_TABLES = 65_536  # A first guess at their bytes, beside those of the weights.
_LENGTH = 4  # Bytes before a vector, which hold the number of its elements.
_WEIGHTS = 16  # Bytes, to multiples of which TFLite's schema aligns weights.


def packed(model: Any) -> bytes:
    """Returns the bytes of a file.

    Args:
        model: A `ModelT` of `ai_edge_litert.schema_py_generated`.
    """
    builder = _SharingBuilder(_TABLES)
    builder.Finish(model.Pack(builder), TFLITE)
    return bytes(builder.Output())


class _SharingBuilder(flatbuffers.Builder):
    """Takes back what it has just written if the same was written before.

    It also aligns vectors of bytes, which hold the weights: the generated code ignores the schema's
    `force_align`.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._places: dict[Any, int] = {}  # By content.
        self._fields: list[Any] = []  # Of the table that is being written.
        # Of the vector that is being written: the place before it, what it holds, and its bytes.
        self._start, self._holds, self._element = 0, "", 1

    def StartObject(self, numfields: int) -> None:  # noqa: N802 (flatbuffers' own names)
        super().StartObject(numfields)
        self._fields = []

    def PrependSlot(self, flags: Any, o: int, x: Any, d: Any) -> None:  # noqa: N802
        if x != d:
            self._fields.append((o, flags, x))
        super().PrependSlot(flags, o, x, d)

    def PrependUOffsetTRelativeSlot(self, o: int, x: int, d: int) -> None:  # noqa: N802
        if x != d:
            self._fields.append((o, None, x))
        super().PrependUOffsetTRelativeSlot(o, x, d)

    def EndObject(self) -> int:  # noqa: N802
        content = tuple(self._fields)
        if content in self._places:
            self.head = len(self.Bytes) - self.objectEnd
            self.current_vtable, self.nested = None, False
            return self._places[content]
        place = int(super().EndObject())
        self._places[content] = place
        return place

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
        self._start, self._holds, self._element = self.Offset(), f"{elemSize} bytes", elemSize
        if elemSize == 1:
            alignment = _WEIGHTS
        return int(super().StartVector(elemSize, numElems, alignment))

    def CreateString(self, *text: str | bytes) -> int:  # noqa: N802
        self._start, self._holds, self._element = self.Offset(), "text", 1
        return int(super().CreateString(*text))

    def PrependUOffsetTRelative(self, off: int) -> None:  # noqa: N802
        self._holds = ""  # Places in a vector are relative to it, so that equal bytes mean little.
        super().PrependUOffsetTRelative(off)

    def EndVector(self) -> int:  # noqa: N802
        size = self.vectorNumElems * self._element
        place = int(super().EndVector())
        end = self.head + _LENGTH + size
        content = (self._holds, bytes(self.Bytes[self.head : end]))
        if self._holds and content in self._places:
            self.head = len(self.Bytes) - self._start
            return self._places[content]
        self._places[content] = place
        return place
