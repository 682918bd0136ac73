"""The public face is the one that was written down: no name, flag or field is lost by accident."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import zoo
from tests.public_face import FILE, face


def test_nothing_public_was_lost_or_changed():
    lost = list(differences(json.loads(FILE.read_text()), face()))
    assert not lost, "\n".join(
        [*lost, "where it is meant: say it in CHANGELOG.md, and run python -m tests.public_face"]
    )


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Yields what differs, in words."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            inner = f"{place}/{key}" if place else key
            if key not in new:
                yield f"{inner} is gone"
            elif key not in old:
                yield f"{inner} is new"
            else:
                yield from differences(old[key], new[key], inner)
    elif isinstance(old, list) and isinstance(new, list):
        yield from differences(dict.fromkeys(old), dict.fromkeys(new), place)
    elif old != new:
        yield f"{place} was {old}, and is {new}"


OLD = {"names": {"zoo": {"load": {"name": "needed"}}}, "models": ["resnet18"]}
CHANGES = [
    ({**OLD, "names": {"zoo": {}}}, "names/zoo/load is gone"),
    ({**OLD, "names": {"zoo": {"load": {"name": "None"}}}}, "load/name was needed, and is None"),
    ({**OLD, "models": ["resnet18", "resnet8"]}, "models/resnet8 is new"),
    ({**OLD, "models": []}, "models/resnet18 is gone"),
    ({**OLD, "names": {"zoo": {"load": {"name": "needed", "b": "1"}}}}, "zoo/load/b is new"),
]


@pytest.mark.parametrize(("new", "words"), CHANGES)
def test_changes_are_named(new, words):
    (said,) = differences(OLD, new)
    assert said.endswith(words)
    assert not list(differences(OLD, OLD))


def test_the_citation_has_the_version():
    root = FILE.parent.parent
    cited = yaml.safe_load((root / "CITATION.cff").read_text())["version"]
    assert cited == zoo.__version__
    assert f'version="{cited}"' in (root / "setup.py").read_text()
