"""LiteRT.js, which runs files in browsers: npm installs it once, into the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from export.clients.web import LOCK_FILES, TEMPLATES
from zoo.cache import cache_folder, locked
from zoo.errors import RequestError
from zoo.files import whole_folder

_INSTALL = ("ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
_LONGEST = 300  # Seconds. It is 5 MB.


def runtime_folder() -> Path:
    """Returns the `node_modules` with LiteRT.js, in the versions and with the hashes of the lock.

    Raises:
        RequestError: It is not in the cache, and npm is missing or cannot fetch it.
    """
    lock = b"".join((TEMPLATES / name).read_bytes() for name in LOCK_FILES)
    folder = cache_folder() / "npm" / hashlib.sha256(lock).hexdigest()[:16]
    with locked(folder):
        if not folder.is_dir():
            with whole_folder(folder) as unfinished:
                _install(unfinished, folder)
    return folder / "node_modules"


def _install(unfinished: Path, folder: Path) -> None:
    for name in LOCK_FILES:
        shutil.copyfile(TEMPLATES / name, unfinished / name)
    advice = (
        f"a web app needs it once, with a network; or run npm ci beside {TEMPLATES / LOCK_FILES[1]}"
        f" on another computer, and copy its node_modules to {folder}"
    )
    npm = shutil.which("npm")
    if npm is None:
        raise RequestError(f"npm, which fetches LiteRT.js, is not installed: {advice}")
    try:
        done = subprocess.run(
            [npm, *_INSTALL],
            cwd=unfinished,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RequestError(f"npm did not end within {_LONGEST} s: {advice}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise RequestError(f"npm cannot fetch LiteRT.js ({' '.join(lines[:2])}): {advice}")
