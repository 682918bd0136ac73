"""What a report says of its checks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from export.checks.evidence import Check
from export.report import Artifact, Report, to_json

ODD = Check("odd", "warning", "its user has to know")


def report(**checks):
    artifacts = {name: Artifact(f"{name}.tflite", "float32", c) for name, c in checks.items()}
    return Report({"model": "m"}, {}, 3, None, artifacts)


def test_a_warning_passes_and_is_reported_once_for_all_that_share_it():
    result = report(cpu=(ODD,), edge=(Check("runs", "pass", ""), ODD), gpu=())
    assert result.verdict == "pass"
    assert result.warnings() == ["cpu, edge: odd: its user has to know"]
    document = json.loads(to_json(result))
    assert document["artifacts"]["cpu"]["checks"]["odd"] == "warning: its user has to know"


@pytest.mark.parametrize("learnt", [True, False])
def test_samples_that_the_model_learnt_are_named(learnt):
    result = replace(report(cpu=()), learnt=learnt)
    assert ("samples_learnt" in json.loads(to_json(result))) == learnt


def test_a_failure_is_no_warning():
    result = report(cpu=(Check("runs", "fail", "dead"), ODD))
    assert (result.verdict, result.warnings()) == ("fail", ["cpu: odd: its user has to know"])
    assert [check.name for _, check in result.failures()] == ["runs"]


def test_a_report_reads_well_as_text_and_in_a_notebook():
    shown = report(cpu=(Check("runs", "pass", ""),), edge=(Check("runs", "fail", "dead"),))
    assert str(shown).splitlines() == [
        "target  file         size  accuracy  latency  verdict",
        "cpu     cpu.tflite                            pass",
        "edge    not written                           fail",
    ]
    assert "<tr><th>target</th>" in shown._repr_html_()
    assert "<td>edge</td><td>not written</td>" in shown._repr_html_()
