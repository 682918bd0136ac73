"""The metadata of a file, which change nothing else in it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import export
from export.tflite import metadata
from export.tflite.metadata_schema import pack, unpack

TARGETS = ("cpu", "gpu", "edge")


@pytest.fixture(scope="module")
def named_features(tmp_path_factory):
    """An export of three features with names, with a softmax, by somebody."""
    import keras

    features = keras.Input((3,))
    model = keras.Model(features, keras.layers.Dense(2, activation="softmax")(features), name="m")
    x = np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)
    output = tmp_path_factory.mktemp("named") / "out"
    about = export.About("Tells a from b.", "Someone", "MIT", ("height", "width", "weiß"))
    export.export_model(
        model,
        output,
        samples=export.Samples(x, x),
        labels=("a", "b"),
        targets=("cpu", "edge"),
        identity={"checkpoint": "m.toy"},
        about=about,
    )
    return output


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_file_says_what_clients_ask_for(exported, target):
    description = export.describe_file(exported.folder / f"{target}.tflite")
    assert description["files"] == {"labels.txt": list("0123456789")}
    (graph,) = description["metadata"]["subgraph_metadata"]
    (image,), (output,) = graph["input_tensor_metadata"], graph["output_tensor_metadata"]
    assert image["name"] == "image"
    assert image["content"]["content_properties"] == {
        "ImageProperties": {"color_space": 1, "default_size": {"width": 16, "height": 16}}
    }
    assert image["process_units"] == [
        {"options": {"NormalizationOptions": {"mean": [0.0], "std": [1.0]}}}
    ]
    assert image["stats"] == {"max": [255.0], "min": [0.0]}
    assert output["name"] == "probabilities"
    (labels,) = output["associated_files"]
    assert (labels["name"], labels["type"]) == ("labels.txt", 2)
    assert description["identity"]["checkpoint"] == "tiny.<digits>"
    assert (description["identity"]["target"], description["identity"]["versions"]["keras"]) == (
        target,
        exported.report.versions["keras"],
    )
    artifact = exported.report.artifacts[target]
    assert (description["sha256"], description["bytes"]) == (artifact.sha256, artifact.bytes)
    assert description["operators"] == artifact.operators
    for ends, info in (("inputs", artifact.input), ("outputs", artifact.output)):
        (described,) = description[ends]
        described["shape"] = tuple(described["shape"])
        assert export.tflite.tensor.TensorInfo(**described) == info


def test_named_features_and_their_author(named_features):
    for target in ("cpu", "edge"):
        description = export.describe_file(named_features / f"{target}.tflite")
        facts = description["metadata"]
        assert (facts["author"], facts["license"]) == ("Someone", "MIT")
        assert facts["description"] == "Tells a from b."
        assert description["files"] == {
            "features.txt": ["height", "width", "weiß"],
            "labels.txt": ["a", "b"],
        }
        (given,) = facts["subgraph_metadata"][0]["input_tensor_metadata"]
        assert given["content"] == {"content_properties": {"FeatureProperties": {}}}
        assert given["associated_files"][0]["name"] == "features.txt"


def test_any_unzip_reads_the_files(exported):
    with zipfile.ZipFile(exported.folder / "cpu.tflite") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["identity.json", "labels.txt"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time[0] for info in archive.infolist()} == {1980}


def test_weights_lie_where_the_schema_wants_them(exported):
    content = (exported.folder / "cpu.tflite").read_bytes()
    model = schema.Model.GetRootAs(content)
    whole = np.frombuffer(content, np.uint8)
    starts = []
    for index in range(model.BuffersLength()):
        data = model.Buffers(index).DataAsNumpy()
        if isinstance(data, np.ndarray) and data.size:
            starts.append(data.ctypes.data - whole.ctypes.data)
    assert len(starts) > 5
    assert [start % 16 for start in starts] == [0] * len(starts)


def test_attaching_changes_nothing_else(exported, tmp_path):
    path = exported.folder / "cpu.tflite"
    (tmp_path / "twice.tflite").write_bytes(path.read_bytes())
    metadata.attach(tmp_path / "twice.tflite", {"name": "x"}, {})
    first, second = (
        schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
        for file in (path, tmp_path / "twice.tflite")
    )
    assert len(second.buffers) == len(first.buffers) + 1
    for one, other in zip(first.buffers, second.buffers, strict=False):
        assert np.array_equal(one.data, other.data)
    assert [entry.name for entry in second.metadata][: len(first.metadata)] == [
        entry.name for entry in first.metadata
    ]
    x = exported.samples.test_x[:3]
    assert np.array_equal(export.LiteModel(path)(x), export.LiteModel(tmp_path / "twice.tflite")(x))


def test_pack_and_unpack_are_inverse():
    facts = {
        "name": "ü",
        "subgraph_metadata": [
            {
                "input_tensor_metadata": [
                    {
                        "dimension_names": ["batch", "x"],
                        "content": {"content_properties": {"FeatureProperties": {}}},
                        "process_units": [
                            {"options": {"NormalizationOptions": {"mean": [1.5], "std": [2.0]}}}
                        ],
                    },
                    {
                        "name": "second",
                        "content": {
                            "content_properties": {
                                "AudioProperties": {"sample_rate": 44100, "channels": 2}
                            }
                        },
                    },
                ]
            }
        ],
        "associated_files": [{"name": "a", "type": 2}, {"name": "b"}],
    }
    assert unpack(pack(facts)) == facts


def test_a_file_without_metadata_is_described_too(exported, tmp_path):
    model = schema.ModelT.InitFromPackedBuf((exported.folder / "cpu.tflite").read_bytes(), 0)
    model.metadata = None
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    (tmp_path / "bare.tflite").write_bytes(builder.Output())
    description = export.describe_file(tmp_path / "bare.tflite")
    assert (description["metadata"], description["identity"], description["files"]) == ({}, {}, {})
    assert description["inputs"][0]["name"] == "image"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"no model", "is not a .tflite file"),
        (lambda content: content[:200], "cannot be read|is damaged"),
        (lambda content: content[:4] + b"TFL3" + bytes(len(content) - 8), "cannot be|damaged"),
        (lambda content: b"\xff" * 4 + content[4:], "cannot be read|is damaged"),
    ],
)
def test_a_damaged_file_is_one_line(exported, tmp_path, damage, message):
    path = tmp_path / "broken.tflite"
    path.write_bytes(damage((exported.folder / "cpu.tflite").read_bytes()))
    with pytest.raises(export.ExportError, match=message) as error:
        export.describe_file(path)
    assert "\n" not in str(error.value)


def test_damaged_metadata_is_an_error_and_no_crash():
    good = pack({"name": "x" * 50, "associated_files": [{"name": "y"}]})
    random = np.random.default_rng(1)
    for _ in range(300):
        bad = bytearray(good)
        bad[random.integers(8, len(bad))] = random.integers(256)
        with contextlib.suppress(ValueError):
            unpack(bytes(bad))


def test_describing_needs_no_tensorflow(exported):
    code = (
        "import sys, export, json; "
        f"print(json.dumps(export.describe_file({str(exported.folder / 'cpu.tflite')!r}))); "
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["file"] == "cpu.tflite"


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (("a", "b"), "2 feature names for 8 features"),
        (("a\n", *"bcdefgh"), r"feature name 'a\\n' cannot be a line"),
        (tuple("abcdefg\n"), r"feature name '\\n' cannot be a line of features.txt"),
    ],
)
def test_feature_names_that_do_not_fit(untrained, few, tmp_path, features, message):
    with pytest.raises(export.ExportError, match=message):
        export.export_model(
            untrained,
            tmp_path / "out",
            samples=few,
            labels=("a", "b", "c"),
            about=export.About(features=features),
        )


@pytest.mark.parametrize("rate", [0, -8000])
def test_a_rate_that_is_none(untrained, few, tmp_path, rate):
    with pytest.raises(export.ExportError, match=f"rate is {rate} for inputs of shape"):
        export.export_model(
            untrained,
            tmp_path / "out",
            samples=few,
            labels=("a", "b", "c"),
            about=export.About(rate=rate),
        )


def test_pictures_have_no_feature_names(exported, tmp_path):
    with pytest.raises(export.ExportError, match="3 feature names for a model of images"):
        export.export_model(
            exported.model,
            tmp_path / "out",
            samples=exported.samples,
            labels=tuple("0123456789"),
            about=export.About(features=("r", "g", "b")),
        )
