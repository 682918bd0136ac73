"""The page shows all results, needs no other file, and fits the screen."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def page(exported):
    return (exported.folder / "report.html").read_text()


def test_it_names_what_was_exported_and_escapes_it(page):
    assert "tiny.&lt;digits&gt;" in page
    assert "tiny.<digits>" not in page


def test_it_says_what_the_outputs_are(page):
    assert "<dt>outputs</dt><dd>logits (the model is compiled with" in page


def test_every_gate_stands_there_with_its_figures(exported, page):
    from html import escape

    for artifact in exported.report.artifacts.values():
        for check in artifact.checks:
            assert f"<code>{check.name}</code>" in page
            assert escape(check.detail) in page


def test_ten_pictures_and_a_chart(page):
    assert page.count("<figure>") == 10
    assert page.count("data:image/png;base64,") == 10
    assert page.count("<svg") == 1


def test_it_needs_no_other_file(page):
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "<script" not in page
    assert "@import" not in page


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium here")
def test_it_does_not_scroll_sideways_at_1280_pixels(page, tmp_path):
    probe = (
        "<script>document.title = document.documentElement.scrollWidth + ' in ' + innerWidth"
        "</script></body>"
    )
    path = tmp_path / "probe.html"
    path.write_text(page.replace("</body>", probe))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    done = subprocess.run(
        ["chromium", *flags, "--window-size=1280,900", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    needed, given = map(int, re.search(r"<title>(\d+) in (\d+)</title>", done.stdout).groups())
    assert needed <= given <= 1280
