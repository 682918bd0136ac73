"""What an export writes, and what it does not write when something goes wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import export
import export.artifact
from export import child
from export.tflite.flatbuffer import read_graph

TARGETS = ("cpu", "gpu", "edge")
THREE = ("a", "b", "c")


def test_an_export_is_these_files(exported):
    assert {path.name for path in exported.folder.iterdir()} == {
        "saved_model",
        "cpu.tflite",
        "gpu.tflite",
        "edge.tflite",
        "labels.txt",
        "INTEGRATION.md",
        "report.json",
        "report.html",
    }
    assert (exported.folder / "labels.txt").read_text() == "".join(f"{n}\n" for n in range(10))
    assert (exported.folder / "saved_model" / "1" / "saved_model.pb").is_file()
    assert [path.name for path in exported.folder.parent.iterdir()] == ["tiny"]


@pytest.mark.parametrize(
    ("target", "precision", "dtype", "weights"),
    [
        ("cpu", "float32", "float32", "float32"),
        ("gpu", "float16", "float32", "float16"),
        ("edge", "int8", "uint8", "int8"),
    ],
)
def test_each_target_keeps_its_contract(exported, target, precision, dtype, weights):
    artifact = exported.report.artifacts[target]
    graph = read_graph(exported.folder / artifact.file)
    assert artifact.precision == precision
    assert (artifact.input.name, artifact.output.name) == ("image", "probabilities")
    assert (artifact.input.dtype, artifact.output.dtype) == (dtype, dtype)
    assert artifact.input.shape == (1, 16, 16, 3)
    assert artifact.output.shape == (1, 10)
    assert list(graph.signatures) == ["serving_default"]
    assert graph.subgraphs == 1
    assert weights in {tensor.dtype for tensor in graph.tensors}
    assert {"CONV_2D", "ADD", "FULLY_CONNECTED", "SOFTMAX"} <= set(artifact.operators)
    assert artifact.verdict == "pass"


def test_bytes_go_into_the_edge_file_as_they_are(exported):
    edge = exported.report.artifacts["edge"]
    assert (edge.input.scale, edge.input.zero_point) == (1.0, 0)
    assert "pixel_input" in {check.name for check in edge.checks}
    assert not [
        tensor
        for tensor in read_graph(exported.folder / "edge.tflite").tensors
        if tensor.dtype.startswith("float")
    ]


@pytest.mark.slow
def test_edge_files_of_two_exports_are_the_same_bytes(exported, tmp_path):
    again = export.export_model(
        exported.model,
        tmp_path / "again",
        samples=exported.samples,
        labels=tuple("0123456789"),
        targets=("edge",),
        identity=exported.report.identity,
    )
    assert again.artifacts["edge"].sha256 == exported.report.artifacts["edge"].sha256


@pytest.mark.slow
def test_edge_can_take_and_give_int8(exported, tmp_path):
    report = export.export_model(
        exported.model,
        tmp_path / "int8",
        samples=exported.samples,
        labels=tuple("0123456789"),
        targets=("edge",),
        edge_io="int8",
    )
    edge = report.artifacts["edge"]
    assert (edge.input.dtype, edge.input.scale, edge.input.zero_point) == ("int8", 1.0, -128)
    assert edge.output.dtype == "int8"


def test_accuracy_is_measured_on_the_files_themselves(exported):
    truth = exported.samples.test_y
    logits = exported.model.predict(exported.samples.test_x, verbose=0)
    assert exported.report.reference_top1 == pytest.approx((logits.argmax(1) == truth).mean())
    assert exported.report.reference_top1 > 0.9
    for target in TARGETS:
        answers = export.LiteModel(exported.folder / f"{target}.tflite")(exported.samples.test_x)
        assert exported.report.artifacts[target].top1 == (answers.argmax(1) == truth).mean()


def test_report_json_has_the_promised_form(exported):
    document = json.loads((exported.folder / "report.json").read_text())
    assert list(document) == [
        "schema",
        "checkpoint",
        "model",
        "versions",
        "outputs",
        "samples",
        "reference",
        "artifacts",
    ]
    assert document["schema"] == 1
    assert document["outputs"] == {
        "kind": "logits",
        "decided": "the model is compiled with sparse_categorical_crossentropy from logits",
    }
    assert set(document["reference"]) == {"top1", "calibration_error"}
    assert document["samples"] == len(exported.samples.test_x)
    assert set(document["versions"]) == {
        "tensorflow",
        "keras",
        "ai_edge_litert",
        "numpy",
        "python",
    }
    assert set(document["artifacts"]) == {*TARGETS, "saved_model"}
    for artifact in document["artifacts"].values():
        assert set(artifact) - {"worst_layers", "computed_arena_bytes"} == {
            "file",
            "bytes",
            "sha256",
            "precision",
            "input",
            "output",
            "operators",
            "parity",
            "accuracy",
            "calibration_error",
            "latency_ms",
            "proofs",
            "weak",
            "checks",
            "verdict",
        }
        assert set(artifact["input"]) == {"name", "dtype", "shape", "scale", "zero_point"}
        assert set(artifact["parity"]) == {
            "max_abs_error",
            "max_rel_error",
            "sqnr_db",
            "r2",
            "top1_agreement",
            "cosine",
        }
        assert set(artifact["latency_ms"]) == {"median", "p90", "threads"}
        assert 0 < artifact["latency_ms"]["median"] <= artifact["latency_ms"]["p90"]


def test_sizes_and_hashes_are_those_of_the_files(exported):
    for target in TARGETS:
        content = (exported.folder / f"{target}.tflite").read_bytes()
        artifact = exported.report.artifacts[target]
        assert artifact.bytes == len(content)
        assert artifact.sha256 == hashlib.sha256(content).hexdigest()


def test_weights_are_stored_once(exported):
    folder = exported.folder / "saved_model" / "1" / "variables"
    stored = sum(path.stat().st_size for path in folder.glob("*.data-*"))
    needed = sum(4 * weight.numpy().size for weight in exported.model.weights)
    assert stored < 1.5 * needed


def test_a_dead_child_is_a_reported_failure_of_what_it_made(untrained, few, tmp_path, monkeypatch):
    suicide = [sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"]
    monkeypatch.setattr(child, "command", lambda module, job: suicide)
    with pytest.raises(export.GateFailure, match="SIGSEGV") as failure:
        export.export_model(untrained, tmp_path / "out", samples=few, labels=THREE)
    assert names_in(tmp_path / "out") == {*PAGES, *USES, "saved_model"}
    assert os.listdir(tmp_path) == ["out"]
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    for target in TARGETS:
        assert document["artifacts"][target]["checks"]["conversion"].startswith("fail: ")
        assert document["artifacts"][target]["verdict"] == "fail"
        assert failure.value.report.artifacts[target].bytes is None
    assert document["artifacts"]["saved_model"]["verdict"] == "pass"
    assert "SIGSEGV" in (tmp_path / "out" / "report.html").read_text()


PAGES, USES = {"report.json", "report.html"}, {"labels.txt", "INTEGRATION.md"}
NOTHING_PASSES = export.Gates(max_abs_error=0.0, sqnr_db=201.0)


def names_in(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("failing", "rest"),
    [
        (("cpu",), {"gpu.tflite", "saved_model", *USES}),
        (("gpu", "saved_model"), {"cpu.tflite", *USES}),
        (("cpu", "gpu", "saved_model"), set()),
    ],
    ids=lambda names: " ".join(sorted(names)),
)
def test_what_fails_its_gates_does_not_hold_back_the_rest(
    untrained, few, tmp_path, monkeypatch, failing, rest
):
    for name in {"cpu", "gpu"} & set(failing):
        strict = dataclasses.replace(export.TARGETS[name], gates=NOTHING_PASSES)
        monkeypatch.setitem(export.TARGETS, name, strict)
    if "saved_model" in failing:
        run = export.artifact.run_saved_model

        def wrong(*arguments):
            right = run(*arguments)
            return dataclasses.replace(right, values=right.values[:, ::-1])

        monkeypatch.setattr("export.artifact.run_saved_model", wrong)
    output = tmp_path / "out"
    output.mkdir()
    for name in ("report.json", "cpu.tflite", "edge.tflite", "labels.txt"):
        (output / name).write_text("from before")
    with pytest.raises(export.GateFailure) as failure:
        export.export_model(untrained, output, samples=few, labels=THREE, targets=("cpu", "gpu"))
    assert names_in(output) == PAGES | rest
    report = json.loads((output / "report.json").read_text())["artifacts"]
    page = (output / "report.html").read_text()
    guide = (output / "INTEGRATION.md").read_text() if rest else ""
    passed = [name for name in report if name not in failing]
    for name, file in (
        ("cpu", "cpu.tflite"),
        ("gpu", "gpu.tflite"),
        ("saved_model", "saved_model/1"),
    ):
        written = name in passed
        assert report[name]["verdict"] == ("pass" if written else "fail")
        assert report[name]["file"] == (file if written else None)
        assert (f"<code>{file}</code>" in page) == (file in guide) == written
    assert f"not written: {', '.join(failing)}; " in str(failure.value)
    assert str(failure.value).endswith(f"; written: {', '.join(passed) or 'the report alone'}")
    assert all(f"{name}" in str(failure.value) for name in failing)
    assert list(failure.value.report.written) == passed


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(28, "No space left on device"), export.ExportError),
        (RuntimeError("x"), RuntimeError),
    ],
)
def test_an_error_half_way_leaves_what_was_there(
    untrained, few, tmp_path, monkeypatch, error, raised
):
    def broken(*args):
        raise error

    output = tmp_path / "out"
    export.export_model(untrained, output, samples=few, labels=THREE, targets=())
    before = (output / "report.json").read_bytes()
    monkeypatch.setattr("export.artifact.run_saved_model", broken)
    with pytest.raises(raised):
        export.export_model(untrained, output, samples=few, labels=THREE, targets=())
    with pytest.raises(raised):
        export.export_model(untrained, tmp_path / "new", samples=few, labels=THREE, targets=())
    assert os.listdir(tmp_path) == ["out"]
    assert (output / "report.json").read_bytes() == before


def test_an_earlier_export_is_replaced_whole(untrained, few, tmp_path):
    output = tmp_path / "out"
    export.export_model(untrained, output, samples=few, labels=THREE, targets=())
    (output / "stale.tflite").write_text("from before")
    export.export_model(untrained, output, samples=few, labels=("x", "y", "z"), targets=())
    assert (output / "labels.txt").read_text() == "x\ny\nz\n"
    assert not (output / "stale.tflite").exists()
    assert os.listdir(tmp_path) == ["out"]


def test_values_need_no_labels(few, tmp_path):
    import keras

    features = keras.Input((8,))
    model = keras.Model(features, keras.layers.Dense(1)(features))
    report = export.export_model(model, tmp_path / "out", samples=few, targets=())
    assert report.artifacts["saved_model"].parity.r2 == pytest.approx(1)
    artifact = report.artifacts["saved_model"]
    assert artifact.output.name == "values"
    assert artifact.parity.top1_agreement is None
    assert not (tmp_path / "out" / "labels.txt").exists()


def test_values_have_no_accuracy(untrained, few, tmp_path):
    labelled = dataclasses.replace(few, test_y=np.zeros(12, int))
    with pytest.raises(export.ExportError, match="test_y is given"):
        export.export_model(untrained, tmp_path / "out", samples=labelled, outputs="values")


def test_a_folder_called_export_is_not_mistaken_for_the_package(
    untrained, few, tmp_path, monkeypatch
):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    report = export.export_model(untrained, "out", samples=few, labels=THREE, targets=("cpu",))
    assert report.artifacts["cpu"].verdict == "pass"
    assert (tmp_path / "out" / "cpu.tflite").exists()


def test_progress_is_reported_and_nothing_is_printed(untrained, few, tmp_path, capsys):
    lines: list[str] = []
    export.export_model(
        untrained, tmp_path / "o", samples=few, labels=THREE, targets=(), progress=lines.append
    )
    assert any("saved_model" in line for line in lines)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": ("gpuu",)}, r"unknown target 'gpuu'; did you mean 'gpu'\?"),
        ({"targets": "cpu"}, r"targets is the string 'cpu'; pass a tuple"),
        ({"targets": ("cpu", "cpu")}, r"target 'cpu' is listed twice"),
        ({"labels": ("a", "b")}, r"2 labels for 3 outputs"),
        ({"labels": ()}, r"0 labels for 3 outputs"),
        ({"labels": "abc"}, r"labels is the string 'abc'"),
        ({"labels": ("a", "b\nc", "d")}, r"label 'b\\nc' cannot be a line of labels.txt"),
        ({"labels": ("a\n", "b\n", "d\n")}, r"label 'a\\n' cannot be a line"),
        ({"labels": ("a", " ", "d")}, r"label ' ' cannot be a line"),
        ({"outputs": "logit"}, r"unknown kind of outputs 'logit'; did you mean 'logits'\?"),
        ({"edge_io": "uint9"}, r"unknown edge_io 'uint9'; did you mean 'uint8'\?"),
        ({"gpu_precision": "int8"}, r"unknown gpu_precision 'int8'; known: float32, float16"),
        ({"cpu_precision": "int8"}, r"unknown cpu_precision 'int8'; known: float32"),
        ({"rescue": "all"}, r"unknown rescue 'all'; known: none, rounding, mixed, 16x8"),
        ({"gates": {"edge.sqnr": 20}}, r"unknown gate of edge 'sqnr'; did you mean 'sqnr_db'\?"),
        ({"threads": 0}, r"threads is 0; pass 1 or more"),
        ({"identity": {"samples": "1"}}, r"identity cannot hold 'samples'"),
        ({"identity": {"folder": Path("a")}}, r"holds 'folder': PosixPath\('a'\); pass texts"),
    ],
)
def test_a_wrong_request_is_one_line_and_writes_nothing(untrained, few, tmp_path, change, message):
    request = {"samples": few, "labels": THREE, **change}
    with pytest.raises(export.ExportError, match=message) as error:
        export.export_model(untrained, tmp_path / "out", **request)
    assert "\n" not in str(error.value)
    assert not os.listdir(tmp_path)


def test_a_model_that_gives_nan_is_refused(untrained, few, tmp_path):
    untrained.set_weights([np.full_like(weight, np.nan) for weight in untrained.get_weights()])
    with pytest.raises(export.ExportError, match="gives NaN or infinity"):
        export.export_model(untrained, tmp_path / "out", samples=few, labels=THREE)
    assert not os.listdir(tmp_path)
