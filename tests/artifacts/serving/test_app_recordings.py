"""The page of a web app cuts recordings as `zoo predict` does, and knows sensors: under node."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from export.clients.web import TEMPLATES
from tests.artifacts.logs import BROKEN, CASES
from zoo.artifacts.predicting.recordings import read_windows

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
MAIN = """
import { readFileSync, writeFileSync } from "node:fs";
import { logOf } from "./log.js";
import { cut, latest } from "./windows.js";

const answers = JSON.parse(readFileSync("cases.json")).map(({ file, form }) => {
  try {
    const log = logOf(readFileSync(file, "utf8"), form);
    const { windows, starts } = cut(log, form);
    const last = log.times && latest(log, form);
    return { windows: windows.map((window) => [...window]), starts, last: last && [...last] };
  } catch (error) {
    return { error: error.message };
  }
});
writeFileSync("answers.json", JSON.stringify(answers));
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the page says of all cases, by name, and where their files are."""
    folder = tmp_path_factory.mktemp("recordings")
    cases = []
    for number, (text, wanted) in enumerate([*CASES.values(), *BROKEN.values()]):
        (folder / f"{number}.csv").write_text(text)
        known = {**vars(wanted), "step": wanted.hop}
        cases.append({"file": f"{number}.csv", "form": known})
    (folder / "cases.json").write_text(json.dumps(cases))
    (folder / "main.js").write_text(MAIN)
    (folder / "package.json").write_text('{"type": "module"}')
    for name in ("log.js", "windows.js"):
        shutil.copy(TEMPLATES / name, folder)
    subprocess.run(["node", "main.js"], cwd=folder, check=True)
    known = json.loads((folder / "answers.json").read_text())
    paths = [folder / case["file"] for case in cases]
    return dict(zip([*CASES, *BROKEN], zip(paths, known, strict=True), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_windows_are_those_of_zoo_predict(name, answers):
    path, made = answers[name]
    wanted = CASES[name][1]
    ((_, read),) = read_windows([path], wanted, None)
    assert not isinstance(read, str), read
    assert "error" not in made, made
    x, seconds = read
    windows = np.array(made["windows"]).reshape(x.shape)
    np.testing.assert_allclose(windows, x, atol=2e-5)
    np.testing.assert_allclose(made["starts"], [start for start, _ in seconds], atol=1e-6)


def test_the_latest_window_ends_with_the_last_row(answers):
    (_, even), (_, short) = answers["even"], answers["shorter than a window"]
    assert even["last"] == pytest.approx(even["windows"][-1])
    assert short["last"] is None


@pytest.mark.parametrize("name", BROKEN)
def test_what_zoo_predict_refuses_is_refused(name, answers):
    path, made = answers[name]
    if name != "no such clock":  # There zoo looks for another; the page does not.
        ((_, read),) = read_windows([path], BROKEN[name][1], None)
        assert isinstance(read, str)
    assert len(made["error"]) > 5


def test_channels_are_guessed_by_their_names(tmp_path):
    shutil.copy(TEMPLATES / "motion.js", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    wanted = {
        "x": "acceleration with gravity x, m/s²",
        "acc_y": "acceleration with gravity y, m/s²",
        "az": "acceleration with gravity z, m/s²",
        "Linear Acceleration z (m/s^2)": "acceleration z, m/s²",
        "gyro_x": "turning x, °/s",
        "gz": "turning z, °/s",
        "rotationRateY": "turning y, °/s",
        "beta": "turning y, °/s",
        "pressure": None,
    }
    (tmp_path / "main.js").write_text(
        'import { CHOICES, guessed } from "./motion.js";\n'
        f"const names = {json.dumps(list(wanted))};\n"
        "console.log(JSON.stringify(names.map((name) => CHOICES[guessed(name)]?.text ?? null)));\n"
    )
    done = subprocess.run(
        ["node", "main.js"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == list(wanted.values())
