"""The web app of pictures in Chromium: as `zoo predict`, offline, and without foreign requests."""

import base64
import shutil

import numpy as np
import pytest
from PIL import Image

import zoo
from tests.artifacts import chromium
from tests.artifacts.chromium import answer, playwright
from zoo.artifacts.serving.serve import serve

pytestmark = chromium.IN_BROWSER
UPRIGHT = 0x0112  # EXIF's orientation.


def photograph(wide, high, seed):
    """Returns a picture of soft spots of colour, no two sides of which are alike."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:high, :wide] / [[[high]], [[wide]]]
    values = np.zeros((high, wide, 3))
    for _ in range(6):
        (centre_y, centre_x), size = random.uniform(size=2), random.uniform(0.1, 0.4)
        spot = np.exp(-((y - centre_y) ** 2 + (x - centre_x) ** 2) / size**2)
        values += spot[..., None] * random.uniform(-150, 250, 3)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    photograph(640, 480, seed=2).save(folder / "plain.jpg", quality=95)
    turned = Image.Exif()
    turned[UPRIGHT] = 6
    photograph(1200, 900, seed=22).save(folder / "turned.jpg", quality=95, exif=turned)
    photograph(300, 500, seed=8).save(folder / "high.webp", lossless=True)
    seen_through = photograph(400, 300, seed=1)
    seen_through.putalpha(Image.linear_gradient("L").resize((400, 300)))
    seen_through.save(folder / "clear.png")
    photograph(90, 60, seed=7).convert("L").save(folder / "grey.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A shipped classifier of photographs, exported as one that cuts out the middle."""
    noise = np.random.default_rng(0).uniform(0, 255, (100, 32, 32, 3)).astype(np.float32)
    folder = tmp_path_factory.mktemp("exports") / "cifar10"
    cut = {"resize": 36, "interpolation": "bicubic"}
    return chromium.exported(folder, "resnet8.cifar10", noise, **cut)


@pytest.fixture(scope="module")
def address(exported):
    with serve(artifact=exported, port=0) as served:
        yield served.address


@pytest.fixture(scope="module")
def browser(pictures, tmp_path_factory):
    camera = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    shutil.copy(next(path for path in pictures if path.name == "plain.jpg"), camera)
    with chromium.launched(f"--use-file-for-fake-video-capture={camera}") as browser:
        yield browser


@pytest.fixture
def page(browser, address):
    with chromium.opened(browser, address) as page:
        yield page


def look(page, picture):
    with chromium.awaited(page):
        page.set_input_files("#file", picture)
    return answer(page)


def predicted(exported, pictures):
    """Returns what `zoo predict` says: of each picture the scores, by label, the best first."""
    result = zoo.predict(pictures, artifact=str(exported), top=5)
    return [{best.label: best.score for best in row.labels} for row in result.predictions]


def test_answers_are_those_of_zoo_predict(page, exported, pictures):
    wanted = predicted(exported, pictures)
    assert len({next(iter(scores)) for scores in wanted}) > 1
    gaps = list[float]()
    for picture, scores in zip(pictures, wanted, strict=True):
        shown, said = look(page, picture)
        assert said == next(iter(scores)), picture.name
        gaps += list(chromium.gaps(shown, scores))
    assert len(gaps) >= 4 * len(pictures)
    assert np.mean(gaps) <= 0.01


FRAME = """video => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/png");
}"""


def test_the_camera(page, exported, tmp_path):
    page.click("#camera")
    playwright.expect(page.locator("#scores li")).to_have_count(5, timeout=chromium.MILLISECONDS)
    frame = page.locator("#video").evaluate(FRAME)  # All frames are the same.
    shown, said = answer(page)
    page.click("#camera")
    assert page.inner_text("#camera") == "Camera"
    (tmp_path / "frame.png").write_bytes(base64.b64decode(frame.partition(",")[2]))
    (scores,) = predicted(exported, [tmp_path / "frame.png"])
    assert said == next(iter(scores))
    assert abs(shown[said] - scores[said]) <= 0.01


def test_offline_after_the_first_visit(page, exported, pictures):
    page.context.set_offline(True)
    page.reload()
    chromium.wait_until_ready(page)
    (scores,) = predicted(exported, pictures[:1])
    assert look(page, pictures[0])[1] == next(iter(scores))


def test_another_app_at_the_same_address(browser, exported):
    context = browser.new_context()
    page = context.new_page()
    port = 0
    for title in ("one", "two"):
        with serve(artifact=exported, port=port, title=title) as served:
            page.goto(served.address)
            heading = page.locator("h1")
            playwright.expect(heading).to_have_text(title, timeout=chromium.MILLISECONDS)
            chromium.wait_until_ready(page)
            port = int(served.address.rstrip("/").rpartition(":")[2])
    context.close()


def test_below_the_threshold_the_answer_is_unknown(page, pictures):
    scores, said = look(page, pictures[0])
    slider = page.locator("#threshold")
    slider.fill(str(int(100 * scores[said]) + 1))
    assert page.inner_text("#answer") == "unknown"
    slider.fill(str(int(100 * scores[said]) - 1))
    assert page.inner_text("#answer") == said


def test_what_is_no_picture(page, tmp_path):
    (tmp_path / "note.jpg").write_text("no picture")
    page.set_input_files("#file", tmp_path / "note.jpg")
    playwright.expect(page.get_by_role("alert")).to_contain_text("cannot open", timeout=5000)


def test_nothing_is_wider_than_the_screen(page):
    chromium.check_widths(page)


def test_it_can_be_installed(browser, address, tmp_path):
    chromium.check_installable(browser, address, tmp_path)
