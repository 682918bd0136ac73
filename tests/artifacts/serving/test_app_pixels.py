"""The page of a web app makes the pixels that `zoo predict` makes: JavaScript under node."""

import dataclasses
import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from export.clients.web import TEMPLATES
from zoo.data.pictures.prepare import prepare_picture
from zoo.forms import Picture

# A canvas of node's, which draws an array of RGBA at an offset.
MAIN = """
import { readFileSync, writeFileSync } from "node:fs";
import { pixelsOf } from "./pixels.js";

globalThis.document = {
  createElement: () => ({
    getContext: () => ({
      fillRect: () => {},
      drawImage(source, left, top) { this.drawn = { ...source, top }; },
      getImageData(x, y, wide, high) {
        const start = -this.drawn.top * wide * 4;
        return { data: this.drawn.bytes.slice(start, start + wide * high * 4) };
      },
    }),
  }),
};
for (const { name, wide, high, form } of JSON.parse(readFileSync("cases.json"))) {
  const source = { bytes: new Uint8ClampedArray(readFileSync(`${name}.rgba`)) };
  writeFileSync(`${name}.pixels`, Uint8Array.from(pixelsOf(source, wide, high, form)));
}
"""
SIZES = [(640, 480), (613, 37), (37, 613), (20, 31), (32, 24), (33, 25)]
FORMS = [
    Picture((24, 32, 3), (), ()),
    Picture((24, 32, 1), (), ()),
    Picture((24, 24, 3), (), (), resize=27, interpolation="bicubic"),
    Picture((24, 30, 3), (), (), resize=29),  # Halves of both parities are cut off.
    Picture((24, 32, 3), (), (), resize=40, interpolation="lanczos"),
    Picture((24, 24, 3), (), (), resize=27, interpolation="nearest"),
]


def picture(wide, high):
    """Returns a picture with an edge in it, smooth elsewhere, and some noise."""
    random = np.random.default_rng(wide)
    y, x = np.mgrid[:high, :wide]
    waves = np.stack([np.sin(x / 9), np.cos(y / 7), np.sin((x + y) / 11)], axis=-1)
    values = 128 + 90 * waves + random.normal(scale=20, size=waves.shape)
    values[:, wide // 2] = 255
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_pixels_are_pillow_s(tmp_path):
    cases = []
    for size in SIZES:
        for index, form in enumerate(FORMS):
            name = f"{size[0]}x{size[1]}-{index}"
            (tmp_path / f"{name}.rgba").write_bytes(picture(*size).convert("RGBA").tobytes())
            case = {"name": name, "wide": size[0], "high": size[1]}
            cases.append({**case, "form": dataclasses.asdict(form)})
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    (tmp_path / "main.js").write_text(MAIN)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(TEMPLATES / "pixels.js", tmp_path)
    done = subprocess.run(
        ["node", "main.js"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for case in cases:
        size, form = (case["wide"], case["high"]), FORMS[int(case["name"].split("-")[1])]
        wanted = prepare_picture(picture(*size), form).ravel()
        made = np.frombuffer((tmp_path / f"{case['name']}.pixels").read_bytes(), np.uint8)
        # Pillow 13 scales a very high picture in the other order, which rounds otherwise.
        most = 1 if size[1] > size[0] else 0
        assert np.abs(made.astype(int) - wanted).max() <= most, case
