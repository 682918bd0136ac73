"""The Android project: its plain Kotlin runs on the JVM beside Python, the rest is parsed."""

import re
import shutil
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from export.clients import phones, project, versions
from export.errors import ExportError
from export.tflite.tensor import TensorInfo
from tests.export.clients import kotlin
from tests.export.clients.written_projects import FORMS, TITLE, written
from zoo.data.pictures.prepare import prepare_picture
from zoo.forms import Picture

MODEL = "app/src/main/kotlin/com/example/app/model"


@pytest.mark.parametrize("_", [pytest.param(0, marks=kotlin.COMPILES)])
def test_plain_kotlin_answers_as_python(_, tmp_path):
    files = [tmp_path / "Main.kt"]
    shutil.copy(Path(__file__).with_name("Main.kt"), files[0])
    for kind in FORMS:
        (tmp_path / "sources" / kind).mkdir(parents=True)
        for path in (written(tmp_path, "android", kind) / MODEL).glob("*.kt"):
            files.append(tmp_path / "sources" / kind / path.name)
            own = path.read_text().replace(
                "package com.example.app.model", f"package com.example.{kind}.model"
            )
            files[-1].write_text(own)
    picture = Image.fromarray(
        np.random.default_rng(0).integers(0, 255, (9, 11, 3)).astype(np.uint8)
    ).resize((61, 43), Image.Resampling.BICUBIC)
    pixels = np.asarray(picture).astype(np.int64)
    argb = (255 << 24) | (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    (tmp_path / "argb.bin").write_bytes(argb.astype(np.uint32).astype(">u4").tobytes())
    t = np.cumsum(np.random.default_rng(1).uniform(0.08, 0.12, 40))
    v = np.sin(t).astype(np.float32)
    (tmp_path / "log.txt").write_text("\n".join(f"{a} {b}" for a, b in zip(t, v, strict=True)))
    said = kotlin.compile_kotlin(files, tmp_path / "out.jar")
    assert "error:" not in said, said
    assert "warning:" not in said, said
    lines = kotlin.run(tmp_path / "out.jar", tmp_path)
    named = dict(line.split(": ") for line in lines if ": " in line and "ring" not in line)
    for name in ("NEAREST", "BILINEAR", "BICUBIC", "LANCZOS"):
        for resize, channels in ((None, 3), (21, 1)):
            form = Picture((18, 16, channels), (), (), resize=resize, interpolation=name.lower())
            mine = np.array(named[f"{name} {resize or 0}"].split(), float).reshape(form.shape)
            assert np.array_equal(mine, prepare_picture(picture, form)), (name, resize)
    assert [line for line in lines if "ring" in line][1:] == [
        "ring false: 0.0 0.0 1.0 2.0 3.0",
        "ring false: 0.0 0.0 1.0 2.0 3.0",
        "ring true: 3.0 4.0 5.0 6.0 7.0",
        "ring true: 5.0 6.0 7.0 8.0 9.0",
    ]
    at = t[-1] - 0.7 + np.arange(8) / 10
    np.testing.assert_allclose(
        np.array(named["log"].split(), float), np.interp(at, t, v), atol=1e-5
    )
    for start, mean in zip(t[-1] - 1.5 + np.arange(4) / 2, named["means"].split(), strict=True):
        low, high = start - 0.25, min(start + 0.25, t[-1])
        knots = np.concatenate([[low], t[(t > low) & (t < high)], [high]])
        area = np.trapezoid(np.interp(knots, t, v), knots)
        assert float(mean) == pytest.approx(area / (high - low), abs=1e-5)
    assert named["early"] == "true"
    assert (named["slides"], named["steps"], named["whole"]) == ("609.0", "15.0", "15.0")
    assert lines[-9:-4] == [
        "dog", "unknown", 'a "$b"\\, cat', 'cat 0.20000, dog 0.50000, a "$b"\\ 0.30000',
        '[ 50.0 %  dog,  30.0 %  a "$b"\\]',
    ]  # fmt: skip
    assert lines[-4:] == ["row: 30.0 0.0", "row: -100.0 1.0", "row: 90.0 1.0", "row: 17.0 3.0"]


@pytest.mark.parametrize("_", [pytest.param(0, marks=kotlin.COMPILES)])
def test_kotlin_with_android_and_gradle_has_no_wrong_syntax(_, tmp_path):
    files = []
    for kind in FORMS:
        folder = written(tmp_path, "android", kind)
        (tmp_path / "sources" / kind).mkdir(parents=True)
        for path in (
            *folder.glob("app/src/main/kotlin/com/example/app/*.kt"),
            *folder.rglob("*.gradle.kts"),
        ):
            text = path.read_text()
            if path.suffix == ".kts":
                text = f"fun {path.parent.name}{path.name.partition('.')[0]}() {{\n{text}\n}}"
            name = f"{path.parent.name}_{path.name.replace('.', '_')}.kt"
            files.append(tmp_path / "sources" / kind / name)
            files[-1].write_text(
                text.replace("package com.example.app", f"package com.example.{kind}")
            )
    files[0].with_name("Wrong.kt").write_text("fun wrong() { val = 3 }")
    assert (
        "syntax error"
        in kotlin.compile_kotlin([files[0].with_name("Wrong.kt")], tmp_path / "no").lower()
    )
    said = kotlin.compile_kotlin(files, tmp_path / "out.jar")
    assert "unresolved reference" in said  # Android's classes are not here.
    assert "syntax error" not in said.lower(), said


@pytest.mark.parametrize("kind", FORMS)
def test_the_files(kind, tmp_path):
    folder = written(tmp_path, "android", kind)
    assert (folder / "app/src/main/assets/model.tflite").read_bytes() == b"model"
    name = "{http://schemas.android.com/apk/res/android}name"
    manifest = ElementTree.parse(folder / "app/src/main/AndroidManifest.xml").getroot()
    asked = {node.get(name) for node in manifest.iter("uses-permission")}
    wanted = {"picture": {"CAMERA"}, "sound": {"RECORD_AUDIO"}}.get(kind, set())
    assert asked == {f"android.permission.{permission}" for permission in wanted}
    strings = ElementTree.parse(folder / "app/src/main/res/values/strings.xml").getroot()
    texts = {node.get("name"): node.text for node in strings}
    assert texts["app_name"] == TITLE.replace("'", r"\'").replace('"', r"\"")
    for path in folder.rglob("*.xml"):
        used = set(re.findall(r"@string/(\w+)", path.read_text()))
        ElementTree.parse(path)
        assert used <= set(texts), path
    for path in folder.rglob("*.kt"):
        text = path.read_text()
        assert set(re.findall(r"R\.string\.(\w+)", text)) <= set(texts)
        assert not set(re.findall(r"\{\{|\{%", text)), path
    catalogue = tomllib.loads((folder / "gradle/libs.versions.toml").read_text())
    assert catalogue["versions"]["litert"] == versions.ANDROID["litert"]
    refs = {entry["version"]["ref"] for entry in catalogue["libraries"].values()}
    refs |= {entry["version"]["ref"] for entry in catalogue["plugins"].values()}
    assert refs == set(catalogue["versions"])
    assert set(catalogue["bundles"]["app"]) == set(catalogue["libraries"])
    assert ("camera" in catalogue["versions"]) == (kind == "picture")
    assert (
        'applicationId = "com.example.app.annasfirstappmore"'
        in (folder / "app/build.gradle.kts").read_text()
    )
    assert "{{" not in (folder / "README.md").read_text()


def test_files_of_integers_are_refused():
    info = vars(TensorInfo("image", "uint8", (1, 2, 2, 3), 1.0, 0))
    with pytest.raises(ExportError, match=r"take gpu.tflite or cpu.tflite"):
        phones.check({"file": "edge.tflite", "inputs": [info], "outputs": []}, "android")


@pytest.mark.parametrize(
    ("title", "identifier"), [("Ants & bees", "antsbees"), ("3 cats", "app3cats"), ("日本", "app")]
)
def test_identifiers(title, identifier):
    assert phones.identifier(title) == identifier


def test_the_page_names_all_versions():
    page = (project.TEMPLATES.parents[2] / "docs/apps.md").read_text(encoding="utf-8")
    table = page[page.index("| of Android") :]
    for name, version in versions.ANDROID.items():
        assert re.search(rf"[ ,]{re.escape(version)}[ ,]", table), name
