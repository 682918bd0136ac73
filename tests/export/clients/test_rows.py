"""The generated code makes the rows that Python makes: C++ with g++, JavaScript under node."""

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from export.clients.rows import FILTERS, render
from zoo.artifacts.opening.columns import document
from zoo.checkpoints.card import Card
from zoo.data.tables.columns import encode
from zoo.data.tables.csv import EMPTY, Table
from zoo.forms import Column
from zoo.forms import Table as Form

COLUMNS = (
    Column("age", "number", edges=(17.0, 22.5, 90.0), fill=37.0, indicator=True),
    Column(
        'odd "name"\\ ${x} ??/\né', "category", vocabulary=("a", "", 'b"\\n', "?x", "$y", "日本 😀")
    ),
    Column("price", "number", edges=(0.0, 1e5), fill=2.5, decimal=",", unit="€"),
    Column("rate", "number", edges=(-1.0, 1.0), fill=0.1, unit="%", indicator=True),
    Column("last", "category", vocabulary=("no", "yes")),
)
FORM = Form.of("y", True, COLUMNS)
CELLS = [
    ("17", "-3", "1e3", "45.25", "", "?", "n/a", " 30 ", "NaN", "inf", "x", "0x10", "+.5e2", "."),
    ("a", "", "A", 'b"\\n', "?x", "$y", "日本 😀", " a ", "NULL", "none"),
    ("1,5", "7", "99,99 €", "€3,25", "1e9", "-5,5", "", "2,5,1"),
    ("0.5%", "-.25", "12 %", "", "e5", "0.1"),
    ("no", "yes", "Yes", "", "maybe"),
]  # fmt: skip
# A hundred rows, in which the cells of all columns meet.
ROWS = list(itertools.islice(zip(*map(itertools.cycle, CELLS), strict=False), 100))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The generated code and the rows as JSON."""
    path = tmp_path_factory.mktemp("code")
    for name, code in render(document(Card("m", ("a", "b"), FORM))).items():
        (path / name).write_text(code, encoding="utf-8")
    named = [dict(zip((c.name for c in COLUMNS), row, strict=True)) for row in ROWS]
    (path / "rows.json").write_text(json.dumps(named))
    return path


def unspelled(rows):
    """Rows whose numbers are plain, as the code takes them; with a unit or without."""
    bare = [[cell.replace("€", "").replace("%", "").strip() for cell in row] for row in rows]
    return [[*row[:2], cell.replace(",", ".", 1), *row[3:]] for row in bare for cell in [row[2]]]


def expected():
    """The rows by Python, whose columns have one spelling each, and categories one case."""
    plain = tuple(Column(**{**vars(column), "decimal": ".", "unit": ""}) for column in COLUMNS)
    clean = [
        ["" if cell.lower() in EMPTY else cell for cell in row]
        for row in unspelled([[cell.strip() for cell in row] for row in ROWS])
    ]
    cells = [
        [cell if cell in column.vocabulary or column.kind == "number" else "other" for cell in own]
        for column, own in zip(COLUMNS, zip(*clean, strict=True), strict=True)
    ]
    columns = dict(zip((c.name for c in COLUMNS), cells, strict=True))
    return encode(Form.of("y", True, plain), Table(Path("t.csv"), True, columns, range(100)))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_javascript_makes_the_rows_of_python(folder):
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "main.js").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import { row } from "./row.js";\n'
        'const rows = JSON.parse(readFileSync("rows.json", "utf8"));\n'
        "console.log(JSON.stringify([...rows, {}].map((cells) => Array.from(row(cells)))));\n"
    )
    done = subprocess.run(
        ["node", "main.js"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    *rows, nothing = json.loads(done.stdout)
    np.testing.assert_array_equal(np.float32(rows), expected())
    np.testing.assert_array_equal(np.float32(nothing), np.float32([c.empty for c in COLUMNS]))


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_cpp_makes_the_rows_of_python_without_a_warning(folder):
    literal = FILTERS["cpp"]
    calls = ""
    for row in ROWS:
        pairs = zip(COLUMNS, row, strict=True)
        cells = (f"{{{literal(column.name)}, {literal(cell)}}}" for column, cell in pairs)
        calls += f"  print({{{', '.join(cells)}}});\n"
    (folder / "main.cpp").write_text(
        '#include "row.hpp"\n#include "row.hpp"\n#include <cstdio>\n'
        "static void print(const std::map<std::string, std::string>& cells) {\n"
        '  for (const float value : table::row(cells)) std::printf("%.9g ", double(value));\n'
        '  std::printf("\\n");\n}\n'
        f"int main() {{\n{calls}  print({{}});\n}}\n"
    )
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-pedantic", "main.cpp", "-o", "main"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    printed = subprocess.run(["./main"], cwd=folder, capture_output=True, text=True, check=True)
    *rows, nothing = [list(map(float, line.split())) for line in printed.stdout.splitlines()]
    np.testing.assert_array_equal(np.float32(rows), expected())
    np.testing.assert_array_equal(np.float32(nothing), np.float32([c.empty for c in COLUMNS]))


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("C:\\files", r'"C:\\files"'),
        ("a\fb", r'"a\u000cb"'),
        ("\\\f", r'"\\\u000c"'),
        ("\\$x", r'"\\\$x"'),
    ],
)
def test_a_backslash_of_the_text_is_no_escape_of_kotlin(text, literal):
    assert FILTERS["kotlin"](text) == literal


def test_the_literals_of_kotlin_and_swift(folder):
    kotlin, swift = (
        (folder / name).read_text(encoding="utf-8") for name in ("row.kt", "row.swift")
    )
    assert r'"odd \"name\"\\ \${x} ??/\n\u00e9"' in kotlin
    assert r'"odd \u{22}name\u{22}\u{5c} ${x} ??/\u{a}\u{e9}"' in swift
    assert r"\ud83d\ude00" in kotlin
    assert r"\u{1f600}" in swift
