"""The web apps of recordings in Chromium, from files and sensors: they answer as `zoo predict`."""

import numpy as np
import pytest

import zoo
from tests.artifacts import chromium, gestures
from tests.artifacts.chromium import answer, playwright
from tests.artifacts.gestures import FORM, LABELS, write
from zoo.artifacts.serving.serve import serve

pytestmark = chromium.IN_BROWSER


@pytest.fixture(scope="module", params=["whole", "slide", "step"])
def exported(request, tmp_path_factory):
    return gestures.exported(tmp_path_factory.mktemp("exports") / request.param, request.param)


@pytest.fixture
def app(exported):
    """A browser, the page in it, and its address."""
    with (
        serve(artifact=exported, port=0) as served,
        chromium.launched() as browser,
        chromium.opened(browser, served.address) as page,
    ):
        yield browser, page, served.address


@pytest.fixture
def page(app):
    return app[1]


def check(page, wanted):
    shown, said = answer(page)
    scores = {best.label: best.score for best in wanted.labels}
    assert said == wanted.labels[0].label
    assert chromium.gaps(shown, scores).mean() <= 0.01
    assert len(shown) == len(LABELS)


def test_a_file(app, page, exported, tmp_path):
    t = np.cumsum(np.random.default_rng(0).uniform(0.03, 0.05, 90))
    values = np.stack([2 * np.sin(3 * t), 3 * np.cos(2 * t), 3 * np.sin(t**2)], 1)
    write(tmp_path / "new.csv", t, values)
    whole, *windows = zoo.predict(tmp_path / "new.csv", artifact=str(exported)).predictions
    with chromium.awaited(page):
        page.set_input_files("#file", tmp_path / "new.csv")
    check(page, whole)
    parts = [line.split("\n") for line in page.locator("#parts li").all_inner_texts()]
    assert len(parts) == len(windows) > 8
    assert [said for _, said in parts] == [row.labels[0].label for row in windows]
    assert len({said for _, said in parts}) > 1
    assert [float(when.partition("–")[0]) for when, _ in parts] == [
        pytest.approx(row.seconds[0], abs=0.006) for row in windows
    ]
    (tmp_path / "other.csv").write_text("t,light\n1,2\n2,3\n")
    page.set_input_files("#file", tmp_path / "other.csv")
    playwright.expect(page.get_by_role("alert")).to_contain_text("no column ax", timeout=5000)
    chromium.check_app(*app, tmp_path)


MOVE = """async () => {
  const seen = [];
  for (let count = 0; count < 40; count++) {
    const [x, y] = [2 * Math.sin(count / 8), 3 * Math.cos(count / 6)];
    const event = new DeviceMotionEvent("devicemotion", {
      accelerationIncludingGravity: { x, y, z: 9.8 },
      rotationRate: { alpha: 1, beta: 2, gamma: x * y },
    });
    dispatchEvent(event);
    seen.push([event.timeStamp / 1000, x, y, x * y]);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return seen;
}"""


def test_the_sensors(page, exported, tmp_path):
    page.click("#sensors")
    seen = np.array(page.evaluate(MOVE))
    with chromium.awaited(page):
        pass  # The answer to what was there at the end.
    with chromium.awaited(page):
        pass
    start = seen[-1, 0] - (FORM.shape[0] - 1) / FORM.rate
    first = [np.interp(start, seen[:, 0], column) for column in seen[:, 1:].T]
    last = seen[seen[:, 0] > start]
    write(tmp_path / "seen.csv", [start, *last[:, 0]], [first, *last[:, 1:]])
    (wanted,) = zoo.predict(tmp_path / "seen.csv", artifact=str(exported)).predictions
    check(page, wanted)
    page.click("#sensors")
    assert page.inner_text("#sensors") == "Sensors"


def test_a_channel_that_nobody_knows_has_to_be_chosen(page):
    page.locator("summary").click()
    page.locator("select[name=gz]").select_option("")
    page.click("#sensors")
    playwright.expect(page.get_by_role("alert")).to_contain_text("what the channel gz is")
    assert page.inner_text("#sensors") == "Sensors"
