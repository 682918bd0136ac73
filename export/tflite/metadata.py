"""TFLite metadata: the description of a model inside its `.tflite` file.

TensorFlow Lite defines two parts: a table in the model's own flatbuffer, and files (labels, the
identity) in an uncompressed zip archive at the end. Runtimes ignore both; MediaPipe Tasks and
Android Studio read them.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.about import About
from export.errors import ExportError
from export.targets import Target
from export.tflite.metadata_schema import AXIS_LABELS, GREYSCALE, RGB, pack, unpack
from export.tflite.sharing import TFLITE, packed

if TYPE_CHECKING:
    from export.forms.form import Form

LABELS = "labels.txt"
FEATURES = "features.txt"
COLUMNS = "columns.json"
THRESHOLDS = "thresholds.txt"
IDENTITY = "identity.json"
OUTPUTS = "outputs"  # What the identity and the report say of the outputs.
CHANNELS = 1  # Of a sound.
ENTRY = b"TFLITE_METADATA"

# The earliest date of a zip file, so that the same export gives the same bytes.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
# The first version of TFLite metadata already had every field that is written here but one.
_PARSER, _PARSER_OF_SOUNDS = "1.0.0", "1.3.0"
# Labels are kilobytes. A larger file is not shown.
_MOST_BYTES = 1 << 20
# Errors of the readers of flatbuffers and zip archives for damaged files.
DAMAGED = (
    *(ValueError, TypeError, LookupError, AttributeError, NotImplementedError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error, EOFError),
)
_STATE = "What is remembered between steps: zeros at the start, then what came out last."
_OUTPUTS = {
    "probabilities": "A probability from 0 to 1 for each label.",
    "values": "The predicted values.",
    "embedding": "The features: inputs that are alike have vectors of nearly the same direction.",
}


def whole_metadata(
    form: Form,
    target: Target,
    about: About,
    identity: Mapping[str, Any],
    *,
    labels: Sequence[str],
    pixels: bool,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Puts together all that the file of a target says.

    Args:
        form: The model.
        target: What the file is for.
        about: The caller's description of the model.
        identity: Origin of the model; "model" and "checkpoint" among others.
        labels: One for each output; may be empty.
        pixels: Whether inputs are images in 0..255, which clients can pass unchanged.

    Returns:
        The metadata, as `export.tflite.metadata_schema` writes it, and associated files by name.
    """
    identity = {**identity, OUTPUTS: said_outputs(form.outputs, about.thresholds)}
    purpose = f" for {target.name}, {target.precision}."
    metadata, files = shared_metadata(
        about, identity, target.name, target.precision, purpose, labels=labels
    )
    if about.rate is not None:
        metadata["min_parser_version"] = _PARSER_OF_SOUNDS
    if about.features:
        files[FEATURES] = _lines(about.features)
    if about.columns:
        files[COLUMNS] = columns_text(about)
    if about.thresholds:
        files[THRESHOLDS] = _lines([f"{threshold:g}" for threshold in about.thresholds])
    states = [{"name": state, "description": _STATE} for state in form.states]
    metadata["subgraph_metadata"] = [
        {
            "input_tensor_metadata": [_input(form, about, pixels), *states],
            "output_tensor_metadata": [_output(form, labels, about), *states],
        }
    ]
    return metadata, files


def said_outputs(kind: str, thresholds: Sequence[float]) -> dict[str, Any]:
    """Returns what a file and the report say of the outputs: how a client has to read them.

    Args:
        kind: See `export.forms.outputs`.
        thresholds: Of sets of labels: from which probability on each is said.
    """
    return {"kind": kind, **({"thresholds": list(thresholds)} if thresholds else {})}


def shared_metadata(
    about: About,
    identity: Mapping[str, Any],
    target: str,
    precision: str,
    purpose: str,
    *,
    labels: Sequence[str],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Puts together what every file says: what it was made from, by whom, and its labels.

    Args:
        about: As the caller described the model.
        identity: What it is, and what made it; "model" and "checkpoint" among others.
        target: What the file is for.
        precision: Number type of its weights.
        purpose: Words after the model's name in the description, if the caller gives none.
        labels: One for each output; may be empty.
    """
    own = {**identity, "target": target, "precision": precision}
    files = {IDENTITY: json.dumps(own, indent=2, sort_keys=True, ensure_ascii=False) + "\n"}
    if labels:
        files[LABELS] = _lines(labels)
    name = identity.get("checkpoint") or identity["model"]
    metadata = {
        "name": name,
        "description": about.description or f"{name}{purpose}",
        **({"author": about.author} if about.author else {}),
        **({"license": about.licence} if about.licence else {}),
        "associated_files": [{"name": IDENTITY, "description": "What this file was made from."}],
        "min_parser_version": _PARSER,
    }
    return metadata, files


def attach(path: Path, metadata: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """Writes metadata and associated files into a `.tflite` file that has none.

    Args:
        path: The file; replaced.
        metadata: As `export.tflite.metadata_schema` writes it; tensors in any order.
        files: Contents by name.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    if "subgraph_metadata" in metadata:
        _order_tensors(metadata, model)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(pack(metadata), np.uint8)
    model.buffers.append(buffer)
    entry.name, entry.buffer = ENTRY, len(model.buffers) - 1
    model.metadata = [*(model.metadata or ()), entry]
    path.write_bytes(packed(model))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content)


def _order_tensors(metadata: Mapping[str, Any], model: Any) -> None:
    """Sorts inputs and outputs as in the graph, since readers go by their order."""
    graph, (signature,) = model.subgraphs[0], model.signatureDefs
    for key, ends, order in (
        ("input_tensor_metadata", signature.inputs, graph.inputs),
        ("output_tensor_metadata", signature.outputs, graph.outputs),
    ):
        place = {end.name.decode(): list(order).index(end.tensorIndex) for end in ends}
        for facts in metadata["subgraph_metadata"]:
            facts[key].sort(key=lambda tensor, place=place: place[tensor["name"]])


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Reads the metadata and the associated text files of a `.tflite` file of any origin.

    Returns:
        Both are empty if the file has none.

    Raises:
        ExportError: It is not a `.tflite` file, or its metadata is damaged.
    """
    from ai_edge_litert import schema_py_generated as schema

    check_is_tflite(path)
    content = Path(path).read_bytes()
    try:
        model = schema.Model.GetRootAs(content)
        entries = [model.Metadata(index) for index in range(model.MetadataLength())]
        numbers = [entry.Buffer() for entry in entries if entry.Name() == ENTRY]
        metadata = unpack(model.Buffers(numbers[0]).DataAsNumpy().tobytes()) if numbers else {}
        return metadata, _files(io.BytesIO(content))
    except DAMAGED as error:
        raise ExportError(f"{str(path)!r} cannot be read: {error}") from error


def check_is_tflite(path: str | Path) -> None:
    """Checks the first bytes of a file.

    Raises:
        ExportError: It is not a `.tflite` file.
    """
    with Path(path).open("rb") as file:
        if file.read(8)[4:] != TFLITE:
            raise ExportError(f"{str(path)!r} is not a .tflite file")


def labels_inside(path: str | Path) -> tuple[str, ...]:
    """Reads the labels inside a `.tflite` file of any origin.

    Returns:
        One for each output, in their order; empty if the file has none.

    Raises:
        ExportError: It is not a `.tflite` file, or its metadata is damaged.
    """
    metadata, files = read(path)
    graphs = metadata.get("subgraph_metadata", ())
    tensors = [tensor for graph in graphs for tensor in graph.get("output_tensor_metadata", ())]
    named = [
        file.get("name", "")
        for tensor in tensors
        for file in tensor.get("associated_files", ())
        if file.get("type") == AXIS_LABELS
    ]
    text = next((files[name] for name in [*named, LABELS] if name in files), "").rstrip("\r\n")
    return tuple(line.rstrip("\r") for line in text.split("\n")) if text else ()


def sound_inside(path: str | Path) -> tuple[int, int] | None:
    """Reads how many samples a second and how many channels a `.tflite` file takes.

    Returns:
        None if it does not say that its input is a sound.

    Raises:
        ExportError: It is not a `.tflite` file, or its metadata is damaged.
    """
    graphs = read(path)[0].get("subgraph_metadata", ())
    tensors = [tensor for graph in graphs for tensor in graph.get("input_tensor_metadata", ())]
    for tensor in tensors:
        properties = tensor.get("content", {}).get("content_properties", {})
        if (sound := properties.get("AudioProperties")) is not None:
            return sound.get("sample_rate", 0), sound.get("channels", 0)
    return None


def file_inside(path: str | Path, name: str) -> str:
    """Returns an associated text file inside a `.tflite` file; empty if it is not there.

    It reads no more of the file than that, so a file of any origin may be asked.

    Raises:
        ExportError: It is not a `.tflite` file, or its archive is damaged.
    """
    check_is_tflite(path)
    try:
        return _files(path, name).get(name, "")
    except (*DAMAGED, OSError) as error:
        raise ExportError(f"{str(path)!r} cannot be read: {error}") from error


def columns_text(about: About) -> str:
    """Returns the text of `columns.json`."""
    return json.dumps(about.columns, indent=1, ensure_ascii=False) + "\n"


def _files(source: str | Path | io.BytesIO, only: str | None = None) -> dict[str, str]:
    if not zipfile.is_zipfile(source):
        return {}
    with zipfile.ZipFile(source) as archive:
        return {
            name: archive.read(name).decode("utf-8", errors="replace")
            for name in archive.namelist()
            if only in (None, name) and archive.getinfo(name).file_size <= _MOST_BYTES
        }


def _input(form: Form, about: About, pixels: bool) -> dict[str, Any]:
    if about.rate is not None:
        sound = {"sample_rate": about.rate, "channels": CHANNELS}
        return {
            "name": form.kind,
            "description": f"{form.taken[0]} samples, {about.rate} a second, from -1 to 1.",
            "content": {"content_properties": {"AudioProperties": sound}},
        }
    if form.kind != "image":
        shape = "×".join(map(str, form.taken))
        what = "features" if form.kind == "features" else "steps × features"
        named = {"associated_files": [axis_labels(FEATURES, "Names of the features.")]}
        return {
            "name": form.kind,
            "description": f"{shape} {what}.",
            "content": {"content_properties": {"FeatureProperties": {}}},
            **(named if about.features else {}),
        }
    height, width, channels = form.input_shape
    colours = {1: GREYSCALE, 3: RGB}.get(channels, 0)
    values = "values from 0 to 255" if pixels else "values as the model was trained on"
    # Models normalise inside, so that clients need only pass the pixels.
    as_they_are = {
        "process_units": [{"options": {"NormalizationOptions": {"mean": [0.0], "std": [1.0]}}}],
        "stats": {"max": [255.0], "min": [0.0]},
    }
    size = {"width": width, "height": height}
    properties = {"color_space": colours, "default_size": size}
    return {
        "name": form.kind,
        "description": f"A picture, {height}×{width}×{channels}, {values}.",
        "content": {"content_properties": {"ImageProperties": properties}},
        **(as_they_are if pixels else {}),
    }


def _output(form: Form, labels: Sequence[str], about: About) -> dict[str, Any]:
    probable = form.output_name == "probabilities"
    files = [axis_labels(LABELS, "A label for each output.")] if labels else []
    if about.thresholds:
        said = "The probability from which on each label is said."
        files.append({"name": THRESHOLDS, "description": said})
    named = {"associated_files": files}
    return {
        "name": form.output_name,
        "description": _OUTPUTS[form.output_name],
        "content": {"content_properties": {"FeatureProperties": {}}},
        **({"stats": {"max": [1.0], "min": [0.0]}} if probable else {}),
        **(named if files else {}),
    }


def axis_labels(name: str, description: str) -> dict[str, Any]:
    """Describes an associated file with a line for each entry of a tensor's last axis."""
    return {"name": name, "description": description, "type": AXIS_LABELS}


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
