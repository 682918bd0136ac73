"""One HTML page that shows pictures and figures, for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

# Texts have a contrast of 4.5 or more against the paper, in the light and in the dark.
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #55606e; --line: #dfe3e9;
  --paper: #ffffff; --card: #f4f6f9; --first: #1d63c4; --second: #b4560a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaef; --soft: #a7b0bd; --line: #363d48;
  --paper: #14181f; --card: #1f252e; --first: #74b3ff; --second: #f0a860; } }
body { margin: 2rem auto; max-width: 1040px; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 1.2rem 0 .3rem; font-size: 1rem; }
p { margin: .5rem 0; max-width: 46rem; }
img { max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
p.note, details, figcaption { color: var(--soft); font-size: .875rem; }
.wide { overflow-x: auto; }
.confusion td { padding: 2px 6px; min-width: 1.6rem; text-align: center; border: 0; }
.confusion thead th { vertical-align: bottom; text-align: left; border: 0; }
.confusion thead span { writing-mode: vertical-rl; max-height: 14rem; overflow: hidden; }
.right { background: color-mix(in srgb, var(--first) var(--share), var(--paper)); }
.wrong { background: color-mix(in srgb, var(--second) var(--share), var(--paper)); }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 1rem; }
.strip figure { margin: 0; }
.strip img { width: 100%; display: block; margin-bottom: 4px; border-radius: 4px;
  aspect-ratio: 1; object-fit: contain; background: var(--card); }
.strip img.small { image-rendering: pixelated; }
figcaption b { color: var(--ink); }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem; }
.chart { flex: 1 1 330px; max-width: 500px; width: 100%; height: auto; overflow: visible;
  font-size: 13px; }
.chart text { fill: var(--soft); }
.chart text.name { fill: var(--ink); font-weight: 600; }
.chart line { stroke: var(--line); }
.chart line.strong { stroke: var(--ink); stroke-dasharray: 4 3; }
.chart line.faint { stroke: var(--soft); }
.chart polyline { fill: none; stroke-width: 2.2; }
.chart .c0 { fill: var(--soft); stroke: var(--soft); }
.chart .c1 { fill: var(--first); stroke: var(--first); }
.chart .c2 { fill: var(--second); stroke: var(--second); }
.chart polyline.c0, .chart polyline.c1, .chart polyline.c2 { fill: none; }
.advice code { white-space: nowrap; }
.advice { padding: 0; list-style: none; }
.advice li { background: var(--card); border-left: 4px solid var(--second); padding: .6rem 1rem;
  margin: .8rem 0; border-radius: 0 6px 6px 0; }
pre { background: var(--card); padding: .6rem .8rem; border-radius: 6px; margin: .3rem 0 1rem;
  white-space: pre-wrap; user-select: all; font-size: .875rem; }
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
