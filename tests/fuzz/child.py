"""The process that reads damaged files, with a limit of memory and time for each.

    python -m tests.fuzz.child FOLDER SEED COUNT SUBJECT…

COUNT may be "few" or "many": the subject decides how many these are.

Before each file, it writes into `FOLDER/last` what it will read. It prints a line of JSON for each
fault. Reading a damaged file must give a right result, or an error of one line.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.subjects import SUBJECTS, Subject
from zoo.errors import RequestError

_MEMORY = 1 << 30  # Bytes above what is taken when the first right file has been read.
_SECONDS = 20


def main(folder: Path, seed: int, count: str, names: list[str]) -> None:
    """Reads damaged files of each kind."""
    for name in names:
        subject = SUBJECTS[name]
        numbers = range(int({"few": subject.few, "many": subject.many}.get(count, count)))
        right = folder / "right"
        right.mkdir()
        subject.make(right)
        expected = subject.read(right)
        _limit_memory()
        for number in numbers:
            spoiled = folder / "spoiled"
            shutil.copytree(right, spoiled)
            (folder / "last").write_text(f"{name}, seed {seed}, number {number}")
            _spoil(subject, spoiled, random.Random(f"{name} {seed} {number}"))
            before = set(_below(folder))
            if problem := _problem(subject, spoiled, expected):
                print(
                    json.dumps({"input": f"{name} {seed} {number}", "problem": problem}), flush=True
                )
            if new := set(_below(folder)) - before:
                print(json.dumps({"input": f"{name} {seed} {number}", "problem": f"wrote {new}"}))
            shutil.rmtree(spoiled)
        shutil.rmtree(right)
    print(json.dumps({"done": names}))


def _spoil(subject: Subject, folder: Path, chance: random.Random) -> None:
    pattern = chance.choice(list(subject.files))
    path = chance.choice(sorted(folder.glob(pattern)))
    path.write_bytes(subject.files[pattern](path.read_bytes(), chance))


def _problem(subject: Subject, folder: Path, expected: object) -> str:
    """Returns the fault in how a damaged file is read; empty if there is none."""
    signal.alarm(_SECONDS)
    try:
        result = subject.read(folder)
    except (RequestError, OSError) as error:
        text = str(error)
        return "" if text.strip() else f"an empty message of {type(error).__name__}"
    except BaseException as error:  # noqa: BLE001 - That is what is looked for.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        code = place.tb_frame.f_code if place is not None else None
        where = f"{code.co_filename}:{place.tb_lineno}" if place is not None and code else ""
        return f"{type(error).__name__}: {str(error)[:300]} at {where}"
    finally:
        signal.alarm(0)
    return "" if expected is None or result == expected else "another result"


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if folder / "spoiled" not in path.parents:
            yield path


def _limit_memory() -> None:
    taken = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmData:")
    )
    resource.setrlimit(resource.RLIMIT_DATA, (taken + _MEMORY, resource.RLIM_INFINITY))


class _TooSlowError(BaseException):
    """A file took longer than it may. No reader catches it."""


def _too_slow(*_: object) -> None:
    raise _TooSlowError


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _too_slow)
    os.chdir(sys.argv[1])
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
