"""LiteRT's GPU accelerator: the kernels of phones and browsers, on whatever Vulkan device there is.

Without a GPU, a browser's own software device does: Chromium brings one, and a Vulkan loader.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from export.checks.parity import cosines
from export.checks.provers.prover import Absent, Figures, Prover, Subject
from export.errors import one_line
from export.forms.outputs import EMBEDDING
from export.precisions import INTEGERS
from export.samples import evenly_spaced
from export.targets import Target
from export.tflite.flatbuffer import read_graph
from export.tflite.runtime import LiteModel
from export.tflite.tensor import dequantise, quantise

# A software device is slow. As many samples are run as the time allows, in each precision.
_SAMPLES, _SECONDS = 50, 10.0
# Seconds after which it is stopped: a driver hangs, or the computer is too slow or too busy.
_PATIENCE = 300
_LABELS_KEPT = 0.98
# Largest errors, as shares of the largest output. By default the accelerator computes in float16
# where the device can. Integers are float between the layers there, and may round to other steps.
_ERRORS = {"float32": 1e-4, "default": 2e-2}
_INTEGER_ERROR = 1e-1
# Least cosines between two vectors of features.
_COSINES = {"float32": 0.9999, "default": 0.999}
_INTEGER_COSINE = 0.99
# A GPU may be wrong by 2⁻¹¹ in a sine (WGSL, "Accuracy of Concrete Floating Point Expressions"), of
# which the waves of a table's numbers are made.
_SINES, _SINE_ERROR = ("SIN", "COS"), 2e-2
_LOADER = "libvulkan.so.1"
_SOFTWARE = "vk_swiftshader_icd.json"
BROWSERS = (
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/usr/lib64/chromium-browser",
    "/opt/google/chrome",
)
DRIVERS = ("/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d")
_CHOSEN = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES")
_MISSING = "no Vulkan device (that of Chromium is enough: apt install chromium)"


def unfit(subject: Subject) -> str:
    """Returns why a file does not suit this accelerator; empty: it does."""
    if subject.streams:
        return "the proof is made of whole inputs, and this is a stream"
    return "the GPU accelerator has no int16" if subject.target.precision == "16x8" else ""


def absent() -> str:
    """Returns why there can be no device; empty: there may be one."""
    if sys.platform != "linux":
        return "looked for on Linux only"
    chosen = next((os.environ[name] for name in _CHOSEN if name in os.environ), None)
    if chosen is not None:
        return "" if any(map(os.path.exists, chosen.split(":"))) else _MISSING
    own = any(path for folder in DRIVERS for path in Path(folder).glob("*.json"))
    return "" if own or _browser() else _MISSING


def judge(figures: Figures, target: Target) -> tuple[bool, str]:
    """Compares errors with limits, and labels or features."""
    whole, parts = figures["whole_graph"], figures["refused"]
    left = "" if whole else f"; it leaves a part to the CPU{': ' if parts else ''}{parts}"
    passed = whole or target.integers
    said = []
    for precision, run in figures["precisions"].items():
        limit = _INTEGER_ERROR if target.integers else _ERRORS[precision]
        limit = max(limit, _SINE_ERROR) if figures["sines"] else limit
        same, alike = _alike(run, _INTEGER_COSINE if target.integers else _COSINES[precision])
        passed = passed and run["max_error"] <= limit and same
        said.append(
            f"{precision}: {alike}, largest error {run['max_error']:.1e}, at most {limit:.0e}"
        )
    if not said:
        passed, left = False, f"it does not take this file: {parts or 'it does not say why'}"
    advice = "; not for a GPU" if target.integers and not passed else ""
    return passed, f"{figures['device']}: {'; '.join(said)}{left}{advice}"


def _alike(run: Figures, least: float) -> tuple[bool, str]:
    """Judges labels, or the directions of features; values have neither."""
    count = run["samples"]
    if (kept := run.get("labels_kept")) is not None:
        return kept >= _LABELS_KEPT * count, f"{kept} of {count} labels kept"
    if (cosine := run.get("cosine")) is not None:
        detail = f"cosine {cosine:.5f} for the farthest of {count}, at least {least}"
        return cosine >= least, detail
    return True, f"{count} compared"


def measure(path: Path, x: np.ndarray, labels: tuple[str, ...]) -> Figures:
    """Compares a file on the GPU with the same file on LiteRT's CPU, in float32 and by default."""
    signal.alarm(_PATIENCE)
    _load_driver()
    lite = LiteModel(path)
    x = evenly_spaced(x, _SAMPLES)
    # Of integers there is only the default.
    precisions = ("default",) if lite.input.scale or lite.output.scale else tuple(_ERRORS)
    runs: dict[str, Any] = {}
    whole, why = False, ""
    with _standard_error() as log:
        for precision in precisions:
            try:
                answers, whole = _answers(path, lite, x, precision)
            except RuntimeError as error:
                if "No adapters found" in _text(log):
                    raise Absent(_MISSING) from error
                runs, whole, why = {}, False, one_line(error)
                break
            runs[precision] = _compared(answers, lite(x[: len(answers)]), lite.output.name)
        said = _text(log)
    signal.alarm(0)
    device = re.search(r"Selected adapter: ([^,\n]+)", said)
    return {
        "device": device[1] if device else "an unnamed device",
        "whole_graph": whole,
        "sines": sum(read_graph(path).operators.get(name, 0) for name in _SINES),
        "refused": _refused(said) or why,
        "precisions": runs,
    }


def _answers(path: Path, lite: LiteModel, x: np.ndarray, precision: str) -> tuple[np.ndarray, bool]:
    """Runs as many samples as the time allows; also says whether the GPU takes the whole graph."""
    from ai_edge_litert.compiled_model import CompiledModel, GpuOptions, Options
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    options = Options(
        hardware_accelerators=HardwareAccelerator.GPU,
        gpu_options=GpuOptions(enforce_f32=precision == "float32"),
    )
    model = CompiledModel.from_file(str(path), options=options)
    (given,), (result,) = model.create_input_buffers(0), model.create_output_buffers(0)
    size, dtype = int(np.prod(lite.output.shape)), np.dtype(lite.output.dtype)
    rows, end = [], time.process_time() + _SECONDS
    for sample in x:
        given.write(np.ascontiguousarray(quantise(sample[None], lite.input)))
        model.run_by_index(0, [given], [result])
        rows.append(np.array(result.read(size, dtype)).reshape(lite.output.shape)[0])
        if time.process_time() > end:
            break
    return dequantise(np.stack(rows), lite.output), bool(model.is_fully_accelerated())


def _compared(answers: np.ndarray, expected: np.ndarray, output: str) -> dict[str, Any]:
    finite = np.isfinite(answers)
    largest = max(float(np.abs(expected).max()), 1e-12)
    # What is not finite is wrong altogether.
    errors = np.where(finite, np.abs(np.where(finite, answers, 0) - expected) / largest, 1.0)
    figures = {"samples": len(answers), "max_error": float(errors.max())}
    if output == EMBEDDING:
        whole = np.where(finite, answers, 0)
        figures["cosine"] = float(np.where(finite.all(axis=1), cosines(whole, expected), 0).min())
    elif output != "values":
        # Of two equal scores, either may be first.
        chosen = np.take_along_axis(expected, answers.argmax(axis=1)[:, None], axis=1)[:, 0]
        kept = (chosen >= expected.max(axis=1)) & finite.all(axis=1)
        figures["labels_kept"] = int(kept.sum())
    return figures


def _load_driver() -> None:
    """Loads Vulkan's loader, and lets it know of a browser's device.

    Raises:
        Absent: There is no loader.
    """
    browser = _browser()
    if browser is not None:
        # Beside the machine's own drivers, which are better where there are any.
        os.environ.setdefault("VK_ADD_DRIVER_FILES", str(browser / _SOFTWARE))
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    for loader in (_LOADER, *([] if browser is None else [str(browser / _LOADER)])):
        try:
            # The accelerator finds it by its name, once it is loaded.
            ctypes.CDLL(loader, ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        return
    raise Absent(_MISSING)


def _browser() -> Path | None:
    """Returns the folder of a browser with a software device and a loader."""
    folders = map(Path, BROWSERS)
    whole = (f for f in folders if (f / _SOFTWARE).exists() and (f / _LOADER).exists())
    return next(whole, None)


@contextmanager
def _standard_error() -> Iterator[IO[bytes]]:
    """Collects what native code writes, since the accelerator says its reasons only there."""
    with tempfile.TemporaryFile() as log:
        before = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield log
        finally:
            os.dup2(before, 2)
            os.close(before)


def _text(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")


def _refused(log: str) -> str:
    """Returns which operations the accelerator does not support; empty: it names none."""
    _, said, after = log.partition("not supported by GPU delegate:\n")
    lines = [line for line in after.splitlines() if re.match(r"[A-Z0-9_]+: ", line)] if said else []
    return "; ".join(dict.fromkeys(lines[:3]))


LITERT_GPU = Prover(
    "litert_gpu",
    measure,
    judge,
    unfit,
    absent=absent,
    # A file of integers is for other hardware: its user only has to know.
    advisory=lambda target: target.precision in INTEGERS,
)
