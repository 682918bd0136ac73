"""A web app for an exported file: one static folder, which any host can serve."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from export.clients.app import FACTS, MODEL, App
from export.errors import ExportError

TEMPLATES = Path(__file__).parent / "templates" / "web"
# What npm has to install for the app: LiteRT.js, in the versions that the lock file names.
LOCK_FILES = ("package.json", "package-lock.json")
FAMILIES = {
    "picture": ("picture.js", "pixels.js"),
    "sound": ("sound.js", "resample.js", "microphone.js"),
    "recording": ("recording.js", "log.js", "motion.js", "windows.js"),
    "table": ("table.js",),
}

_WORKER, _MANIFEST = "service-worker.js", "manifest.webmanifest"
_SHARED = ("app.js", "answer.js", "offline.js", "runtime.js", "style.css")
_ICONS = ("icon.svg", "icon-192.png", "icon-512.png")
_RUNTIME = "@litertjs"
# The forms of the runtime: with fast SIMD, without it, and with what the GPU needs. A browser loads
# one. That with threads needs headers that static hosts do not send.
_WASM = ("internal", "compat_internal", "jspi_internal")
_IMPORTS = {
    "@litertjs/core": "./litert/index.js",
    "@litertjs/wasm-utils": "./litert/wasm-utils.js",
}
_DTYPES = ("float32", "uint8", "int32")  # Those that LiteRT.js has tensors of.


def check(described: Mapping[str, Any]) -> None:
    """Checks that browsers can run a file.

    Args:
        described: What `export.describe_file` says about it.

    Raises:
        ExportError: They cannot.
    """
    file = described["file"]
    for info in (*described["inputs"], *described["outputs"]):
        if info["dtype"] not in _DTYPES:
            raise ExportError(
                f"browsers cannot open {file}: it holds {info['dtype']}, and LiteRT.js only has "
                f"{', '.join(_DTYPES)}; take cpu.tflite or gpu.tflite"
            )


def write(folder: Path, app: App, facts: Mapping[str, Any], model: Path, runtime: Path) -> None:
    """Writes the app into an empty folder.

    Args:
        folder: The folder.
        app: What its page shows.
        facts: What `export.clients.app.facts` returned for it.
        model: The `.tflite` file.
        runtime: The `node_modules` that npm made from `LOCK_FILES`.
    """
    policy, imports = _policy()
    known = {"title": app.title, "about": app.about, "form": app.form, "task": app.task}
    shutil.copyfile(model, folder / MODEL)
    (folder / FACTS).write_text(json.dumps(facts, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in (*_SHARED, *_ICONS, *FAMILIES[app.form["kind"]]):
        shutil.copyfile(TEMPLATES / name, folder / name)
    for name, text in app.code.items():
        if name.endswith(".js"):
            (folder / name).write_text(text, encoding="utf-8")
    _write(folder, "index.html", policy=policy, imports=imports, **known)
    _write(folder, _MANIFEST, **known)
    _copy_runtime(runtime / _RUNTIME, folder / "litert")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    version = hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files))
    names = [path.relative_to(folder).as_posix() for path in files]
    kept = ["./", *(name for name in names if not name.startswith("litert/wasm/"))]
    _write(folder, _WORKER, files=kept, version=version.hexdigest()[:16])


def _policy() -> tuple[str, str]:
    """Returns the content security policy of the page, and its only inline script."""
    imports = json.dumps({"imports": _IMPORTS})
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'wasm-unsafe-eval' 'sha256-{digest}'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items()), imports


def _write(folder: Path, name: str, **known: Any) -> None:
    text = _PAGES.get_template(name).render(**known)
    (folder / name).write_text(text, encoding="utf-8")


def _copy_runtime(packages: Path, folder: Path) -> None:
    (folder / "wasm").mkdir(parents=True)
    shutil.copyfile(packages / "core/dist/index.js", folder / "index.js")
    shutil.copyfile(packages / "wasm-utils/dist/index.js", folder / "wasm-utils.js")
    for form in _WASM:
        for suffix in ("js", "wasm"):
            name = f"wasm/litert_wasm_{form}.{suffix}"
            shutil.copyfile(packages / "core" / name, folder / name)
    version = json.loads((packages / "core/package.json").read_text(encoding="utf-8"))["version"]
    text = (TEMPLATES / "litert.txt").read_text(encoding="utf-8").format(version=version)
    (folder / "README.txt").write_text(text, encoding="utf-8")


_PAGES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=lambda name: str(name).endswith(".html"),
)
