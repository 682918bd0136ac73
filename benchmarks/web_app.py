"""How far the web app's answers are from those of `zoo predict`, over a folder of pictures.

    pip install ".[browser]"             # and Chromium, and npm
    python -m benchmarks.web_app exports/photos/gpu.tflite FOLDER

The app is served, and opened in headless Chromium. Each picture is chosen there as a user does.
"""

from __future__ import annotations

import argparse
import shutil
import sys

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright
from rich.console import Console
from rich.table import Table

import zoo

_LONGEST = 60_000  # Milliseconds.


def main() -> int:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifact", help="a .tflite file for pictures of classes")
    parser.add_argument("pictures", help="a folder")
    given = parser.parse_args()
    wanted = zoo.predict(given.pictures, artifact=given.artifact, top=5).predictions
    gaps, same = list[float](), 0
    with zoo.serve(artifact=given.artifact, port=0) as served, sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(served.address)
        expect(page.locator("#answer")).to_have_text("Ready", timeout=_LONGEST)
        for prediction in wanted:
            scores, said = _answer(page, prediction.file)
            same += said == prediction.labels[0].label
            known = [best for best in prediction.labels if best.label in scores]
            gaps.append(max(abs(scores[best.label] - best.score) for best in known))
        browser.close()
    table = Table("pictures", "the same label", "largest gap of a score, mean", "worst")
    table.add_row(
        f"{len(gaps)}", f"{same / len(gaps):.2%}", f"{np.mean(gaps):.5f}", f"{max(gaps):.5f}"
    )
    Console().print(table)
    return 0


def _answer(page: Page, file: str) -> tuple[dict[str, float], str]:
    """Returns the scores that the page shows, in steps of 0.001, and its answer."""
    page.locator("#latency").evaluate("element => { element.textContent = ''; }")
    page.set_input_files("#file", file)
    expect(page.locator("#latency")).to_contain_text("ms", timeout=_LONGEST)
    lines = page.inner_text("#scores").split("\n")
    rows = zip(lines[::2], lines[1::2], strict=True)
    scores = {label: float(figure.removesuffix(" %")) / 100 for label, figure in rows}
    return scores, page.inner_text("#answer")


if __name__ == "__main__":
    sys.exit(main())
