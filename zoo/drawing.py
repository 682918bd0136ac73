"""Pictures as PNG files. Names in them are plain text, never formulas."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from zoo.files import whole_file
from zoo.printable import printable

# Where one of these is installed, it draws the letters that matplotlib's own font lacks.
_WIDE_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Droid Sans Fallback", "Arial Unicode MS", "Hiragino Sans",
    "PingFang SC", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Noto Emoji", "Symbola",
    "Unifont",
)  # fmt: skip


@contextlib.contextmanager
def drawn(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Gives a figure to draw on, and writes it if the block ends without an error.

    A dollar sign in a title or a label is drawn as it is; matplotlib would read a formula, and
    might raise. A letter that no installed font has is drawn as a box. So text that may be in any
    script belongs on an HTML page, where the browser has the fonts.

    Args:
        path: Path of the PNG, 120 pixels to the inch.
        width: In inches.
        height: In inches.
    """
    known = set(font_manager.get_font_names())
    fonts = [*matplotlib.rcParams["font.family"], *(font for font in _WIDE_FONTS if font in known)]
    with (
        matplotlib.rc_context({"text.parse_math": False, "font.family": fonts}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        for text in figure.findobj(Text):
            text.set_text(printable(text.get_text()))
        with whole_file(path) as temporary:
            figure.savefig(temporary, dpi=120)
