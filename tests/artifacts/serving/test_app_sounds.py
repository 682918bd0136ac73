"""The page of a web app resamples and divides sounds as `zoo predict` does: under node."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import soxr

from export.clients.web import TEMPLATES
from zoo.artifacts.predicting.sounds import windows
from zoo.forms import Sound

MAIN = """
import { readFileSync, writeFileSync } from "node:fs";
import { divided } from "./sound.js";
import { resampled } from "./resample.js";

const { rates, lengths } = JSON.parse(readFileSync("cases.json"));
for (const [from, to] of rates) {
  const samples = new Float32Array(readFileSync(`${from}.samples`).buffer.slice(0));
  writeFileSync(`${from}-${to}.resampled`, new Uint8Array(resampled(samples, from, to).buffer));
}
const starts = lengths.map((length) =>
  divided(Float32Array.from({ length }, (_, i) => i), 1000, 500));
writeFileSync("starts.json", JSON.stringify(starts.map(({ starts, windows }) => [
  starts, windows.map((window) => [window.length, window[0], window.at(-1)]),
])));
"""
RATES = [(44100, 8000), (48000, 8000), (48000, 16000), (8000, 16000), (22050, 8000), (8000, 8000)]
LENGTHS = [1, 999, 1000, 1499, 1500, 1501, 2000, 2400, 5001]


def tones(rate, seconds=0.4):
    """Returns tones across the range that both rates hold, and one above that of the lower."""
    t = np.arange(round(rate * seconds)) / rate
    pitches = [90, 700, 1900, 3300, *([6000] if rate > 12000 else [])]
    return sum(0.2 * np.sin(2 * np.pi * hertz * t + hertz) for hertz in pitches).astype(np.float32)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_sounds_are_those_of_zoo_predict(tmp_path):
    for rate in {rate for rate, _ in RATES}:
        (tmp_path / f"{rate}.samples").write_bytes(tones(rate).tobytes())
    (tmp_path / "cases.json").write_text(json.dumps({"rates": RATES, "lengths": LENGTHS}))
    (tmp_path / "main.js").write_text(MAIN)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name in ("sound.js", "answer.js", "resample.js"):
        shutil.copy(TEMPLATES / name, tmp_path)
    done = subprocess.run(
        ["node", "main.js"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for before, after in RATES:
        made = np.frombuffer((tmp_path / f"{before}-{after}.resampled").read_bytes(), np.float32)
        wanted = soxr.resample(tones(before), before, after)
        assert len(made) == len(wanted)
        edge = after // 50  # Both filters see silence beyond the ends.
        middle = slice(edge, -edge)
        assert np.abs(made - wanted)[middle].max() < 1e-3, (before, after)
        assert np.abs(wanted[middle]).max() > 0.5
    answers = json.loads((tmp_path / "starts.json").read_text())
    for length, (starts, shown) in zip(LENGTHS, answers, strict=True):
        form = Sound((1000,), (0.0,), (1.0,), 1000, 256, 128, 1, 20.0, 400.0, 1e-3)
        wanted, times = windows(np.arange(length, dtype=np.float32), form)
        assert starts == [round(1000 * start) for start, _ in times] or not times
        assert shown == [[1000, window[0], window[-1]] for window in wanted]
