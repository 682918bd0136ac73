"""Seeded damage: to bytes, to JSON, to the members of a zip file."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from typing import Any

_BYTES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\n", b'"', b"\x1b")
_DEEP = "[" * 5_000 + "]" * 5_000
# What a field of a JSON file may hold that nobody wrote there: as text, since not all of it is a
# value in Python.
_VALUES = (
    "null", "true", "-1", "0", "1e999", "NaN", "-Infinity", "0.5", '""', '"\\ud800"',
    '"\\u001b]52;c;x\\u0007"', '"../../x"', '"$x^$"', '"' + "a" * 10_000 + '"', "[]", "{}",
    "[[]]", '{"a": 1}', "9" * 400, "9" * 5_000, "1000000000", "-9223372036854775809", _DEEP,
)  # fmt: skip


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Returns bytes with one to four pieces of damage."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(content) + 1)
        stop = min(len(content), start + chance.choice((1, 1, 2, 8, 64, 4096)))
        match chance.randrange(7):
            case 0:  # A bit.
                changed = bytes(byte ^ 1 << chance.randrange(8) for byte in content[start:stop][:1])
                content = content[:start] + changed + content[start + len(changed) :]
            case 1:  # A number, such as a size or an offset.
                number = chance.choice((0, 1, 2**31, 2**32 - 1, 2**63, chance.getrandbits(64)))
                raw = number.to_bytes(8, "little")[: chance.choice((2, 4, 8))]
                content = content[:start] + raw + content[start + len(raw) :]
            case 2:
                content = content[:start] + content[stop:]
            case 3:
                content = (
                    content[:stop] + content[start:stop] * chance.choice((1, 3)) + content[stop:]
                )
            case 4:
                content = content[:start]
            case 5:
                content = content[:start] + chance.randbytes(stop - start) + content[stop:]
            case 6:
                content = content[:start] + chance.choice(_BYTES) + content[start:]
    return content


def mutated_json(content: bytes, chance: random.Random) -> bytes:
    """Returns the text of a JSON file in which some values are others, gone, or new."""
    tree = copy.deepcopy(json.loads(content))
    marks: dict[str, str] = {}
    for number in range(chance.randint(1, 3)):
        mark = f"@{number}@"
        marks[json.dumps(mark)] = chance.choice(_VALUES)
        tree = _with(tree, mark, chance)
    text = json.dumps(tree)
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text.encode()


def _with(tree: Any, mark: str, chance: random.Random) -> Any:
    """Returns a tree in which one place holds a mark, or is gone, or comes twice."""
    if not isinstance(tree, dict | list) or not tree or chance.random() < 0.05:
        return mark
    key = chance.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
    if chance.random() < 0.6:
        tree[key] = _with(tree[key], mark, chance)
    elif chance.random() < 0.6:
        tree[key] = mark
    elif isinstance(tree, dict) and chance.random() < 0.5:
        tree[f"{key}_"] = tree.pop(key)
    elif isinstance(tree, list) and chance.random() < 0.5:
        tree.append(tree[key])
    else:
        del tree[key]
    return tree


def mutated_zip(content: bytes, chance: random.Random) -> bytes:
    """Returns a zip file in which a member's content, name or form is another."""
    if chance.random() < 0.4:
        return mutated(content, chance)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w") as after:
        names = before.namelist()
        victim = chance.choice(names)
        for name in names:
            inside = before.read(name)
            way = chance.randrange(5) if name == victim else -1
            if way == 0:
                continue
            if way == 1:
                name = chance.choice(
                    ("../" + name, "/tmp/" + name, "", name + "/", "y.npy", "\x1b")
                )
            if way in (2, 3):
                inside = mutated(inside, chance)
            kind = zipfile.ZIP_BZIP2 if way == 4 else zipfile.ZIP_DEFLATED
            after.writestr(name or "_", inside, kind)
    return made.getvalue()
