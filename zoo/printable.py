"""Text that others wrote, such as labels and file names, for a terminal or a picture."""

from __future__ import annotations

from unicodedata import bidirectional, category

# Controls and lone surrogates, and what ends a line or a paragraph without being "\n".
_STEERING = {"Cc", "Cs", "Zl", "Zp"}
# They change the direction of writing, and so make a name look like another one.
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def printable(text: str) -> str:
    """Returns a text with "\N{REPLACEMENT CHARACTER}" for each character that steers a terminal.

    Line ends and tabs stay. An escape sequence that is printed raw can clear the screen, write to
    the clipboard (OSC 52), or make a line look like another one.
    """
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(letter) else letter for letter in text)


def _steers(letter: str) -> bool:
    if letter in "\n\t":
        return False
    return category(letter) in _STEERING or bidirectional(letter) in _TURNING
