"""Counts lines of code: those that hold more than a comment or a docstring.

    python -m benchmarks.lines [FOLDER…]

The folders are zoo and export if none is given.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_code(source: str) -> int:
    """Returns how many lines of a Python file hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {
        line
        for token in tokens
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - _docstrings(source))


def _docstrings(source: str) -> set[int]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    texts = [node.body[0] for node in nodes if ast.get_docstring(node) is not None]
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or 0) + 1)}


def main() -> None:
    """Prints the count of each folder, and the sum."""
    total = 0
    for folder in sys.argv[1:] or ["zoo", "export"]:
        count = sum(lines_of_code(path.read_text()) for path in Path(folder).rglob("*.py"))
        print(f"{folder:12}{count:8,}")
        total += count
    print(f"{'together':12}{total:8,}")


if __name__ == "__main__":
    main()
