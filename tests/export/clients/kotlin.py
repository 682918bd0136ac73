"""The Kotlin compiler, which npm has, for tests that are marked with `COMPILES`."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from zoo.cache import cache_folder, locked
from zoo.files import whole_folder

VERSION = "2.4.20"
COMPILES = [
    pytest.mark.provers,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="needs Java"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm"),
]
_INSTALL = ("install", "--ignore-scripts", "--no-audit", "--no-fund", f"kotlin-compiler@{VERSION}")


def compiler():
    """Returns the folder of the compiler, which npm fetches once."""
    folder = cache_folder() / "npm" / f"kotlin-{VERSION}"
    with locked(folder):
        if not folder.is_dir():
            with whole_folder(folder) as unfinished:
                subprocess.run(["npm", *_INSTALL], cwd=unfinished, check=True, capture_output=True)
    return folder / "node_modules/kotlin-compiler"


def compile_kotlin(files, output):
    """Compiles files into a jar. Returns what the compiler said."""
    home = compiler()
    jars = f"{home}/lib/kotlin-compiler.jar:{home}/lib/kotlin-stdlib.jar"
    program = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"
    options = ["-kotlin-home", home, "-no-reflect", "-d", output]
    command = ["java", "-cp", jars, program, *options, *files]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return done.stderr


def run(jar, folder):
    """Runs `main` of a `Main.kt` in a folder; returns its lines."""
    jars = f"{jar}:{compiler()}/lib/kotlin-stdlib.jar"
    done = subprocess.run(
        ["java", "-cp", jars, "MainKt"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
