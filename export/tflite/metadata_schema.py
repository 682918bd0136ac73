"""The tables of TFLite metadata, and their flatbuffer form.

The fields, their order and the numbers are from metadata_schema.fbs (identifier M001) in
tensorflow/tflite-support; only the fields that are used here are listed. A union is written
`A | B`; its value is a dictionary of one table by name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

import flatbuffers
from flatbuffers import number_types, table

IDENTIFIER = b"M001"
AXIS_LABELS = 2  # AssociatedFileType.TENSOR_AXIS_LABELS: a line for each entry of the last axis.
RGB, GREYSCALE = 1, 2  # ColorSpaceType

Values = Mapping[str, Any]

_TABLES: dict[str, dict[str, str]] = {
    "ModelMetadata": {
        "name": "string",
        "description": "string",
        "version": "string",
        "subgraph_metadata": "[SubGraphMetadata]",
        "author": "string",
        "license": "string",
        "associated_files": "[AssociatedFile]",
        "min_parser_version": "string",
    },
    "SubGraphMetadata": {
        "name": "string",
        "description": "string",
        "input_tensor_metadata": "[TensorMetadata]",
        "output_tensor_metadata": "[TensorMetadata]",
    },
    "TensorMetadata": {
        "name": "string",
        "description": "string",
        "dimension_names": "[string]",
        "content": "Content",
        "process_units": "[ProcessUnit]",
        "stats": "Stats",
        "associated_files": "[AssociatedFile]",
    },
    "AssociatedFile": {"name": "string", "description": "string", "type": "byte"},
    "Content": {
        "content_properties": (
            "FeatureProperties | ImageProperties | BoundingBoxProperties | AudioProperties"
        )
    },
    "FeatureProperties": {},
    "BoundingBoxProperties": {},
    "AudioProperties": {"sample_rate": "uint", "channels": "uint"},
    "ImageProperties": {"color_space": "byte", "default_size": "ImageSize"},
    "ImageSize": {"width": "uint", "height": "uint"},
    "ProcessUnit": {"options": "NormalizationOptions"},
    "NormalizationOptions": {"mean": "[float]", "std": "[float]"},
    "Stats": {"max": "[float]", "min": "[float]"},
}
# A union of one table would look like that table. This one has more members than are used here.
_UNIONS = {("ProcessUnit", "options"), ("Content", "content_properties")}
_SCALARS = {"byte": number_types.Int8Flags, "uint": number_types.Uint32Flags}


def pack(metadata: Values) -> bytes:
    """Writes a ModelMetadata table and all that it contains."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, "ModelMetadata", metadata), IDENTIFIER)
    return bytes(builder.Output())


def unpack(content: bytes) -> dict[str, Any]:
    """Reads what `pack` writes, without unknown fields and tables.

    Raises:
        ValueError: It is something else, or it is damaged.
    """
    if content[4:8] != IDENTIFIER:
        raise ValueError("it does not start like TFLite metadata")
    try:
        (root,) = struct.unpack_from("<I", content)
        return _read(table.Table(bytearray(content), root), "ModelMetadata")
    except (struct.error, IndexError, TypeError, RecursionError) as error:
        raise ValueError("its metadata is damaged") from error


def _write(builder: flatbuffers.Builder, name: str, values: Values) -> int:
    slots: list[Callable[[], None]] = []
    slot = 0
    for field, kind in _TABLES[name].items():
        union = (name, field) in _UNIONS
        if field in values:
            slots.extend(_slots(builder, slot, kind, values[field], union))
        slot += 2 if union else 1
    builder.StartObject(slot)
    for fill in slots:
        fill()
    return builder.EndObject()


def _slots(
    builder: flatbuffers.Builder, slot: int, kind: str, value: Any, union: bool
) -> list[Callable[[], None]]:
    """Writes the content of a field, and returns functions that fill its slots afterwards."""
    if kind in _SCALARS:
        flags = _SCALARS[kind]
        return [lambda: builder.PrependSlot(flags, slot, value, 0)]
    if union:
        ((member, content),) = value.items()
        number = kind.split(" | ").index(member) + 1
        offset = _write(builder, member, content)
        return [
            lambda: builder.PrependUint8Slot(slot, number, 0),
            lambda: builder.PrependUOffsetTRelativeSlot(slot + 1, offset, 0),
        ]
    if kind.startswith("["):
        offset = _write_vector(builder, kind[1:-1], value)
    else:
        offset = _write_one(builder, kind, value)
    return [lambda: builder.PrependUOffsetTRelativeSlot(slot, offset, 0)]


def _write_one(builder: flatbuffers.Builder, kind: str, value: Any) -> int:
    return builder.CreateString(value) if kind == "string" else _write(builder, kind, value)


def _write_vector(builder: flatbuffers.Builder, kind: str, values: Any) -> int:
    if kind == "float":
        fill, items = builder.PrependFloat32, list(values)
    else:
        fill = builder.PrependUOffsetTRelative
        items = [_write_one(builder, kind, value) for value in values]
    builder.StartVector(4, len(items), 4)
    for item in reversed(items):
        fill(item)
    return builder.EndVector()


def _read(entry: table.Table, name: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    slot = 0
    for field, kind in _TABLES[name].items():
        union = (name, field) in _UNIONS
        place = entry.Offset(4 + 2 * slot)
        if place and union:
            values.update(_read_union(entry, field, kind, place, slot))
        elif place:
            values[field] = _read_field(entry, kind, place)
        slot += 2 if union else 1
    return values


def _read_union(entry: table.Table, field: str, kind: str, place: int, slot: int) -> dict[str, Any]:
    members = kind.split(" | ")
    number = entry.Get(number_types.Uint8Flags, place + entry.Pos)
    at = entry.Offset(4 + 2 * (slot + 1))
    if not at or not 1 <= number <= len(members):
        return {}
    member = members[number - 1]
    return {field: {member: _read_one(entry, member, at + entry.Pos)}}


def _read_field(entry: table.Table, kind: str, place: int) -> Any:
    if not kind.startswith("["):
        return _read_one(entry, kind, place + entry.Pos)
    start, count = entry.Vector(place), entry.VectorLen(place)
    return [_read_one(entry, kind[1:-1], start + 4 * index) for index in range(count)]


def _read_one(entry: table.Table, kind: str, at: int) -> Any:
    if kind in _SCALARS:
        return entry.Get(_SCALARS[kind], at)
    if kind == "float":
        return entry.Get(number_types.Float32Flags, at)
    if kind == "string":
        return entry.String(at).decode("utf-8", errors="replace")
    return _read(table.Table(entry.Bytes, entry.Indirect(at)), kind)
