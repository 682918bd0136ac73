"""A damaged file gives a right result or a one-line error: no traceback, no hang, little memory."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import ROOT
from tests.fuzz.mutate import mutated, mutated_json, mutated_zip
from tests.fuzz.subjects import SUBJECTS


def problems(folder, seed, count, names):
    """Reads damaged files in one child, and returns what was wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.child", str(folder), str(seed), str(count), *names],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ZOO_CACHE": str(folder / "cache"),
             "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines or lines.pop() != {"done": names}:
        last = (folder / "last").read_text() if (folder / "last").exists() else "its start"
        return [f"ended with {done.returncode} at {last}: {done.stderr[-2000:]}"]
    return lines


def test_a_few_of_every_kind(tmp_path):
    names = [name for name, subject in SUBJECTS.items() if subject.few]
    assert problems(tmp_path, 0, "few", names) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SUBJECTS)
def test_many(tmp_path, name):
    assert problems(tmp_path, random.SystemRandom().randrange(2**32), "many", [name]) == []


def test_the_same_seed_gives_the_same_damage(tmp_path):
    """What the suite finds can be found again."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("x.npy", bytes(200))
    packed = (tmp_path / "a.zip").read_bytes()
    text = json.dumps({"a": [1, {"b": "c"}], "d": None}).encode()
    for damage, content in ((mutated, b"abc" * 99), (mutated_json, text), (mutated_zip, packed)):
        some = [damage(content, random.Random(seed)) for seed in range(30)]
        assert some == [damage(content, random.Random(seed)) for seed in range(30)]
        assert sum(one != content for one in some) > 20


WRONG_READERS = """
import sys, signal, os, time
from pathlib import Path
import zoo.errors
from tests.fuzz import child
from tests.fuzz.mutate import mutated
from tests.fuzz.subjects import SUBJECTS, Subject

def odd(folder): raise ValueError("odd")
def silent(folder): raise zoo.errors.RequestError(" ")
def greedy(folder): bytearray(3 << 30)
def other(folder): return 1
def writer(folder): return (folder.parent / "new").write_text("")
def slow(folder): time.sleep(9)
def crash(folder): os.kill(os.getpid(), signal.SIGSEGV)

def of(reader):
    right = b"right" * 9
    return Subject(
        lambda folder: (folder / "x").write_bytes(right),
        lambda folder: 0 if (folder / "x").read_bytes() == right else reader(folder),
        {"x": mutated},
    )

child._SECONDS = 1
SUBJECTS.clear()
SUBJECTS.update({f.__name__: of(f) for f in (odd, silent, greedy, other, writer, slow, crash)})
signal.signal(signal.SIGALRM, child._too_slow)
child.main(Path(sys.argv[1]), 0, "1", list(SUBJECTS))
"""


def test_the_suite_notices_what_must_not_be(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRONG_READERS, str(tmp_path)], cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    problems = [json.loads(line)["problem"] for line in done.stdout.splitlines()]
    for problem, words in zip(
        problems,
        (
            "ValueError: odd",
            "an empty message",
            "MemoryError",
            "another result",
            "wrote",
            "TooSlow",
        ),
        strict=True,
    ):
        assert words in problem
    assert done.returncode == -11
    assert (tmp_path / "last").read_text() == "crash, seed 0, number 0"
