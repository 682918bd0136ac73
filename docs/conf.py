"""The site of these pages: `make docs` builds it into build/site, and any warning is an error."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # The pages of the reference import what they describe.

import zoo  # noqa: E402, F401  (Before keras, which the pages of `export` import.)

project = "zoo"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["**/.ipynb_checkpoints"]
html_theme = "furo"
html_title = "zoo: residual networks"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sphinx = html_show_copyright = html_copy_source = False
highlight_language = "text"  # Commands and their output have no language of their own.
myst_heading_anchors = 4  # As GitHub does: `page.md#a-heading`.
default_role = "code"  # Docstrings mark code as Markdown does, with single backquotes.
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
napoleon_use_ivar = True  # Attributes as a list; some of them are members with text of their own.
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

# What the menu holds. Pages themselves hold no menus, so that GitHub shows them as they are.
MENU = {
    "Start": ("Overview <start>", "gallery"),
    "Your data": ("photos", "sounds", "recordings", "tables", "sequences"),
    "Training": ("checkpoints", "recipes", "embeddings", "distribution", "speed"),
    "Export": ("clients", "integers"),
    "Apps and servers": ("phone", "apps", "serving"),
    "Research": ("analysis",),
    "Reference": (
        "reference/zoo",
        "reference/export",
        "versions",
        "building",
        "Changes <changelog>",
    ),
}
# Pages of this folder that show a file of the one above, whose links begin there.
_INCLUDED = {"README.md": "start", "BUILD.md": "building", "CHANGELOG.md": "changelog"}


def setup(app: Sphinx) -> None:
    """Registers what changes texts while they are read."""
    app.connect("source-read", _with_menu)
    app.connect("include-read", _from_here)
    app.connect("autodoc-process-docstring", _with_examples)
    app.connect("autodoc-process-signature", _readable)
    app.connect("build-finished", _without_foreign_requests)


def _with_menu(app: Sphinx, page: str, source: list[str]) -> None:
    """Appends the menu to the first page, and leads links to the folder above to pages here."""
    for file, own in _INCLUDED.items():
        source[0] = source[0].replace(f"](../{file}", f"]({own}.md")
    if page != "index":
        return
    for caption, pages in MENU.items():
        names = "\n".join(pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{names}\n```\n"


def _from_here(app: Sphinx, path: Path, page: str, content: list[str]) -> None:
    """Makes the links of a file of the folder above begin in this folder."""

    def moved(match: re.Match[str]) -> str:
        target = match[1]
        if target in _INCLUDED:
            return f"]({_INCLUDED[target]}.md)"
        return (
            f"]({target.removeprefix('docs/') if target.startswith('docs/') else '../' + target})"
        )

    content[0] = re.sub(r"\]\((?!https?:|#)([^)]+)\)", moved, content[0])


def _with_examples(
    app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Shows what a docstring indents after an empty line as code."""
    for number in range(len(lines) - 1, 0, -1):
        if lines[number].startswith("    ") and not lines[number - 1].strip():
            before = next((line for line in reversed(lines[:number]) if line.strip()), "")
            if not before.startswith((" ", ":", "..")):
                lines[number:number] = [".. code-block:: python", ""]


def _readable(
    app: Sphinx, kind: str, name: str, thing: object, options: object, takes: str | None, gives: str
) -> tuple[str | None, str]:
    """Replaces defaults that are no Python, such as <factory>, which would keep it in one line."""
    return takes and re.sub(r"<[^<>]*>", "...", takes), gives


# What makes a browser fetch something while it opens a page; links wait for a click.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'>\s]+"""
    r"""|<link\b[^>]*\bhref=["']?(?:https?:)?//[^"'>\s]+"""
    r"""|(?:url\(|@import\s)\s*["']?(?:https?:)?//[^"')\s]+""",
    re.IGNORECASE,
)


def _without_foreign_requests(app: Sphinx, error: Exception | None) -> None:
    """Refuses a site whose readers would be seen by others, such as a host of fonts."""
    if error is not None:
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        is_read = path.suffix in (".html", ".css", ".js")
        if is_read and (fetched := _FETCHED.search(path.read_text(encoding="utf-8"))):
            raise SphinxError(f"{path} fetches from elsewhere: {fetched[0]}")
