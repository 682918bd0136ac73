"""One HTML page that shows pictures and figures, for a browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

_STYLE = """
body { margin: 2rem auto; max-width: 1000px; padding: 0 1rem; color: #1d2430;
  font: 15px/1.5 system-ui, sans-serif; }
h2 { margin-top: 2rem; font-size: 1.1rem; }
img { max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid #e3e7ed; text-align: right; }
th:first-child, td:first-child { text-align: left; }
p.note { color: #5b6675; }
.wide { overflow-x: auto; }
.confusion td { padding: 2px 6px; min-width: 1.6rem; text-align: center; border: 0; }
.confusion thead th { vertical-align: bottom; text-align: left; border: 0; }
.confusion thead span { writing-mode: vertical-rl; max-height: 14rem; overflow: hidden; }
.mistakes { display: flex; flex-wrap: wrap; gap: 1rem; }
.mistakes figure { margin: 0; max-width: 240px; overflow-wrap: anywhere; font-size: 13px; }
.mistakes img { image-rendering: pixelated; }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """Returns a page.

    Args:
        title: Plain text, for the browser's tab.
        parts: HTML of its body.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def picture(title: str, file: str) -> str:
    """Returns HTML of a title, and below it a picture whose file lies beside the page."""
    return f'<h2>{escape(title)}</h2><img src="{escape(file)}" alt="{escape(title)}">'


def with_pictures(text: str, folder: Path) -> str:
    """Returns a page that holds the pictures beside it, so that it can be mailed as one file."""

    def held(match: re.Match[str]) -> str:
        path = folder / match[1]
        if not path.is_file():
            return match[0]
        return f'<img src="data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"'

    return re.sub(r'<img src="([a-z]+\.png)"', held, text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table of plain texts."""
    above = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<div class='wide'><table><thead><tr>{above}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
