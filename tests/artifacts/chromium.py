"""Web apps in headless Chromium, for tests that are marked with `IN_BROWSER`."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil

import numpy as np
import pytest

import export
import zoo
from zoo.artifacts.exporting.described import about, identity
from zoo.models.front import front_names

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
IN_BROWSER = [
    pytest.mark.provers,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm"),
]
FAKE = ("--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
MILLISECONDS = 60_000


def exported(folder, name, x, streaming=None, **changed):
    """Exports a shipped checkpoint for gpu, without data; its form may be changed before.

    Args:
        folder: Where to.
        name: Name of the checkpoint.
        x: 100 examples to compare with.
        streaming: As `export.export_model` takes it.
        changed: Fields of the form.
    """
    checkpoint = zoo.load(name)
    form = dataclasses.replace(checkpoint.card.input, **changed)
    card = dataclasses.replace(checkpoint.card, input=form)
    export.export_model(
        checkpoint.model,
        folder,
        samples=export.Samples(calibration=x, test_x=x),
        labels=checkpoint.labels,
        targets=("gpu",),
        gpu_precision="float32",
        outputs="logits",
        identity=identity(name, card, "noise"),
        about=about(card),
        front=front_names(checkpoint.model),
        provers=(),
        streaming=streaming,
    )
    return folder / "gpu.tflite"


@contextlib.contextmanager
def launched(*arguments):
    """Gives a browser with a fake camera and microphone."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FAKE, *arguments])
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser, address):
    """Gives an app, ready. Afterwards: it asked for nothing but itself, and told no error."""
    context = browser.new_context(viewport={"width": 400, "height": 800})
    page = context.new_page()
    asked, wrong = [], []
    context.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    wait_until_ready(page)
    yield page
    assert asked
    assert [url for url in asked if not url.startswith((address, f"blob:{address}"))] == []
    assert wrong == []
    context.close()


def wait_until_ready(page):
    playwright.expect(page.locator("#answer")).to_have_text("Ready", timeout=MILLISECONDS)


def answer(page):
    """Returns the scores that a page shows, by label, and its answer."""
    lines = page.inner_text("#scores").split("\n")
    rows = zip(lines[::2], lines[1::2], strict=True)
    scores = {label: float(figure.removesuffix(" %")) / 100 for label, figure in rows}
    return scores, page.inner_text("#answer")


@contextlib.contextmanager
def awaited(page):
    """Waits for the answer to what is done inside the block."""
    page.locator("#latency").evaluate("element => { element.textContent = ''; }")
    yield
    playwright.expect(page.locator("#latency")).to_contain_text("ms", timeout=MILLISECONDS)


def check_widths(page):
    """Nothing is wider than a screen."""
    for width in (320, 400, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for part in page.locator("header, section, footer, button").all():
            box = part.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def check_app(browser, page, address, folder):
    """It fits screens, can be installed, and works without the network once it was open.

    Args:
        browser: The browser.
        page: The app, ready.
        address: Of the app.
        folder: An empty one, for a profile.
    """
    check_widths(page)
    page.context.set_offline(True)
    page.reload()
    wait_until_ready(page)
    page.context.set_offline(False)
    check_installable(browser, address, folder)


def check_installable(browser, address, folder):
    """Chromium offers to install it; what a private window cannot install, a profile can."""
    kind = browser.browser_type
    arguments = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
    with kind.launch_persistent_context(folder / "profile", **arguments) as profile:
        page = profile.new_page()
        page.goto(address)
        wait_until_ready(page)
        answer = profile.new_cdp_session(page).send("Page.getInstallabilityErrors")
        assert answer["installabilityErrors"] == []


def gaps(shown, wanted):
    """Returns how far scores by label are apart; a label that is not shown does not count."""
    return np.array(
        [abs(shown[label] - score) for label, score in wanted.items() if label in shown]
    )
