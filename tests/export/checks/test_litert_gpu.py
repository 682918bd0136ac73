"""How files on LiteRT's GPU accelerator are judged, and where a device is looked for."""

from __future__ import annotations

import numpy as np
import pytest

import export
from export.checks.provers import litert_gpu

GPU, EDGE = export.TARGETS["gpu"], export.TARGETS["edge"]
RUN = {"samples": 50, "labels_kept": 50, "max_error": 1e-6}
FEATURES = {"samples": 9, "cosine": 1.0, "max_error": 1e-6}
VALUES = {"samples": 9, "max_error": 1e-6}


def figures(precision="float32", whole=True, refused="", sines=0, of=RUN, **run):
    return {
        "device": "Some Device",
        "whole_graph": whole,
        "sines": sines,
        "refused": refused,
        "precisions": {precision: {**of, **run}},
    }


@pytest.mark.parametrize(
    ("target", "given", "passed", "says"),
    [
        (GPU, figures(), True, "Some Device: float32: 50 of 50 labels kept, largest error 1.0e-06"),
        (GPU, figures(max_error=2e-4), False, "largest error 2.0e-04, at most 1e-04"),
        (GPU, figures(max_error=2e-3, sines=1), True, "at most 2e-02"),
        (GPU, figures(max_error=3e-2, sines=1), False, "at most 2e-02"),
        (GPU, figures("default", max_error=1e-2), True, "at most 2e-02"),
        (GPU, figures("default", max_error=3e-2), False, "default: 50 of 50"),
        (GPU, figures(labels_kept=49), True, "49 of 50"),
        (GPU, figures(labels_kept=48), False, "48 of 50"),
        (GPU, figures(whole=False, refused="ELU: Not"), False, "a part to the CPU: ELU: Not"),
        (EDGE, figures("default", whole=False), True, "it leaves a part to the CPU"),
        (EDGE, figures("default", max_error=9e-2), True, "at most 1e-01"),
        (EDGE, figures("default", labels_kept=21), False, "21 of 50"),
        (EDGE, figures("default", max_error=2e-1), False, "not for a GPU"),
        (GPU, figures(of=FEATURES), True, "cosine 1.00000 for the farthest of 9, at least 0.9999"),
        (GPU, figures(of=FEATURES, cosine=0.9998), False, "cosine 0.99980"),
        (GPU, figures("default", of=FEATURES, cosine=0.9998), True, "at least 0.999, largest"),
        (GPU, figures(of=FEATURES, max_error=2e-4), False, "at most 1e-04"),
        (EDGE, figures("default", of=FEATURES, cosine=0.991), True, "at least 0.99,"),
        (EDGE, figures("default", of=FEATURES, cosine=0.98), False, "cosine 0.98000"),
        (GPU, figures(of=VALUES), True, "float32: 9 compared, largest error 1.0e-06"),
        (GPU, figures(of=VALUES, max_error=2e-4), False, "at most 1e-04"),
    ],
)
def test_files_are_judged_by_errors_and_labels(target, given, passed, says):
    verdict, detail = litert_gpu.judge(given, target)
    assert (verdict, says in detail) == (passed, True), detail
    assert ("not for a GPU" in detail) == (target is EDGE and not passed)


@pytest.mark.parametrize(
    ("answers", "kept", "error"),
    [
        ([[0.1, 0.9], [0.8, 0.2]], 2, 0.0),
        ([[0.2, 0.8], [0.8, 0.2]], 2, 0.1 / 0.9),
        ([[0.9, 0.1], [0.8, 0.2]], 1, 0.8 / 0.9),
        ([[0.1, 0.9], [np.nan, 0.2]], 1, 1.0),
        ([[0.1, 0.9], [np.inf, np.nan]], 1, 1.0),
    ],
)
def test_errors_are_shares_of_the_largest_output(answers, kept, error):
    expected = np.array([[0.1, 0.9], [0.8, 0.2]])
    run = litert_gpu._compared(np.array(answers), expected, "probabilities")
    assert (run["samples"], run["labels_kept"]) == (2, kept)
    assert run["max_error"] == pytest.approx(error)


def test_of_two_equal_scores_either_is_right():
    run = litert_gpu._compared(np.array([[0.4, 0.5]]), np.array([[0.5, 0.5]]), "probabilities")
    assert run["labels_kept"] == 1


@pytest.mark.parametrize(
    ("answers", "cosine"),
    [
        ([[3.0, 4.0], [0.0, 1.0]], 1.0),
        ([[3.0, 4.0], [1.0, 1.0]], 2**-0.5),  # Its largest feature stays the largest.
        ([[3.0, 4.0], [np.nan, 1.0]], 0.0),
    ],
)
def test_of_features_the_direction_counts(answers, cosine):
    run = litert_gpu._compared(np.array(answers), np.array([[3.0, 4.0], [0.0, 1.0]]), "embedding")
    assert "labels_kept" not in run
    assert run["cosine"] == pytest.approx(cosine)


def test_values_have_no_labels():
    assert {*litert_gpu._compared(np.ones((2, 1)), np.ones((2, 1)), "values")} == {
        "samples",
        "max_error",
    }


def test_what_the_accelerator_says_is_read():
    log = (
        "ERROR: Following operations are not supported by GPU delegate:\n"
        "ELU: Not supported op ELU\nELU: Not supported op ELU\nPOW: No\n12 operations will run on"
    )
    assert litert_gpu._refused(log) == "ELU: Not supported op ELU; POW: No"
    assert litert_gpu._refused("INFO: Created a delegate") == ""


@pytest.mark.parametrize(("refused", "says"), [("ELU: No", "file: ELU: No"), ("", "not say why")])
@pytest.mark.parametrize("target", [GPU, EDGE])
def test_what_the_accelerator_does_not_take_fails(target, refused, says):
    given = {**figures(whole=False, refused=refused), "precisions": {}}
    passed, detail = litert_gpu.judge(given, target)
    assert not passed
    assert "Some Device: it does not take this file" in detail
    assert says in detail


def test_a_device_is_looked_for_where_systems_and_browsers_keep_it(tmp_path, monkeypatch):
    for name in litert_gpu._CHOSEN:
        monkeypatch.delenv(name, raising=False)
    system, browser = tmp_path / "icd.d", tmp_path / "browser"
    system.mkdir()
    browser.mkdir()
    monkeypatch.setattr(litert_gpu.sys, "platform", "linux")
    monkeypatch.setattr(litert_gpu, "DRIVERS", (str(tmp_path / "nowhere"), str(system)))
    monkeypatch.setattr(litert_gpu, "BROWSERS", (str(tmp_path / "nowhere"), str(browser)))
    assert "apt install chromium" in litert_gpu.absent()
    (browser / litert_gpu._SOFTWARE).touch()
    assert litert_gpu.absent() != ""  # A driver alone has no loader.
    (browser / litert_gpu._LOADER).touch()
    assert litert_gpu.absent() == ""
    monkeypatch.setattr(litert_gpu, "BROWSERS", ())
    (system / "nvidia.json").touch()
    assert litert_gpu.absent() == ""
    # What somebody chose counts alone.
    monkeypatch.setenv("VK_DRIVER_FILES", str(tmp_path / "gone.json"))
    assert litert_gpu.absent() != ""
    monkeypatch.setenv("VK_DRIVER_FILES", f"{tmp_path / 'gone.json'}:{system / 'nvidia.json'}")
    assert litert_gpu.absent() == ""
    monkeypatch.setattr(litert_gpu.sys, "platform", "darwin")
    assert "Linux" in litert_gpu.absent()


def test_no_loader_is_no_device(monkeypatch):
    def load(name, mode):
        raise OSError(name)

    monkeypatch.setattr(litert_gpu.ctypes, "CDLL", load)
    with pytest.raises(litert_gpu.Absent, match="apt install chromium"):
        litert_gpu._load_driver()


def test_why_a_run_failed_is_said(exported, monkeypatch):
    def fail(*_):
        raise RuntimeError("Failed to run model: device lost\n  at line 9")

    monkeypatch.setattr(litert_gpu, "_load_driver", lambda: None)
    monkeypatch.setattr(litert_gpu, "_answers", fail)
    path = exported.folder / "gpu.tflite"
    given = litert_gpu.measure(path, exported.samples.test_x, ())
    passed, detail = litert_gpu.judge(given, GPU)
    assert not passed
    assert detail.endswith("it does not take this file: Failed to run model: device lost")
