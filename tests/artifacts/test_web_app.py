"""The web app in headless Chromium: it answers as `zoo predict` does, offline, and asks nobody."""

import base64
import dataclasses
import functools
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from zoo.artifacts.app import app
from zoo.artifacts.export import identity

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.provers,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm"),
]
UPRIGHT = 0x0112  # EXIF's orientation.
SECONDS = 60


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
    checkpoint = zoo.load("resnet8.cifar10")
    form = dataclasses.replace(checkpoint.card.input, resize=36, interpolation="bicubic")
    card = dataclasses.replace(checkpoint.card, input=form)
    noise = np.random.default_rng(0).uniform(0, 255, (100, *form.shape)).astype(np.float32)
    folder = tmp_path_factory.mktemp("exports") / "cifar10"
    export.export_model(
        checkpoint.model,
        folder,
        samples=export.Samples(calibration=noise, test_x=noise),
        labels=checkpoint.labels,
        targets=("gpu",),
        outputs="logits",
        identity=identity("resnet8.cifar10", card, "noise"),
        provers=(),
    )
    return folder / "gpu.tflite"


@pytest.fixture(scope="module")
def address(exported, tmp_path_factory):
    """The app, served from this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *of_a_request):
            pass

    folder = app(exported, output=tmp_path_factory.mktemp("apps") / "app").folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser(pictures, tmp_path_factory):
    camera = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    shutil.copy(next(path for path in pictures if path.name == "plain.jpg"), camera)
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, address):
    """The app, ready. Afterwards: it asked for nothing but itself, and has no error to tell."""
    context = browser.new_context(viewport={"width": 400, "height": 800})
    opened = context.new_page()
    asked, wrong = [], []
    context.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(address)
    wait_until_ready(opened)
    yield opened
    assert asked
    assert [url for url in asked if not url.startswith((address, f"blob:{address}"))] == []
    assert wrong == []
    context.close()


def wait_until_ready(page):
    playwright.expect(page.locator("#camera")).to_be_enabled(timeout=1000 * SECONDS)


def answer(page):
    """Returns the scores that the page shows, by label, and its answer."""
    lines = page.inner_text("#scores").split("\n")
    rows = zip(lines[::2], lines[1::2], strict=True)
    scores = {label: float(figure.removesuffix(" %")) / 100 for label, figure in rows}
    return scores, page.inner_text("#answer")


def look(page, picture):
    page.locator("#latency").evaluate("element => { element.textContent = ''; }")
    page.set_input_files("#file", picture)
    playwright.expect(page.locator("#latency")).to_contain_text("ms", timeout=1000 * SECONDS)
    return answer(page)


def predicted(exported, pictures):
    """Returns what `zoo predict` says: of each picture the scores, by label, the best first."""
    result = zoo.predict(pictures, artifact=str(exported), top=5)
    return [{best.label: best.score for best in row.labels} for row in result.predictions]


def test_answers_are_those_of_zoo_predict(page, exported, pictures):
    wanted = predicted(exported, pictures)
    assert len({next(iter(scores)) for scores in wanted}) > 1
    gaps = []
    for picture, scores in zip(pictures, wanted, strict=True):
        shown, said = look(page, picture)
        assert said == next(iter(scores)), picture.name
        gaps += [abs(shown[label] - score) for label, score in scores.items() if label in shown]
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
    playwright.expect(page.locator("#scores li")).to_have_count(5, timeout=1000 * SECONDS)
    frame = page.locator("#video").evaluate(FRAME)  # All frames are the same.
    shown, said = answer(page)
    page.click("#camera")
    assert page.inner_text("#camera") == "Camera"
    (tmp_path / "frame.png").write_bytes(base64.b64decode(frame.partition(",")[2]))
    (scores,) = predicted(exported, [tmp_path / "frame.png"])
    assert said == next(iter(scores)) == "bird"
    assert abs(shown[said] - scores[said]) <= 0.01


def test_offline_after_the_first_visit(page, exported, pictures):
    page.context.set_offline(True)
    page.reload()
    wait_until_ready(page)
    (scores,) = predicted(exported, pictures[:1])
    assert look(page, pictures[0])[1] == next(iter(scores))


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


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    for part in page.locator("header, section, footer, button").all():
        box = part.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_it_can_be_installed(browser, address, tmp_path):
    kind = browser.browser_type  # What a private window cannot install, a profile can.
    arguments = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
    with kind.launch_persistent_context(tmp_path, **arguments) as profile:
        page = profile.new_page()
        page.goto(address)
        wait_until_ready(page)
        answer = profile.new_cdp_session(page).send("Page.getInstallabilityErrors")
        assert answer["installabilityErrors"] == []
