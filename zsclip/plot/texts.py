"""Texts of strangers as matplotlib can draw them: short, in one line, no formula, no lost glyph.

What a font lacks would be a warning each time a figure is drawn. So each character is looked up
before: in the fonts that the user chose, then in well-known ones that are installed.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import PurePath
from typing import TypedDict

from zsclip.needs import needed
from zsclip.wording import printable, shown

with needed("A figure", "plot"):
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
    from matplotlib.ft2font import FT2Font

__all__ = ["Plain", "called", "drawable", "whole"]

# Families that cover much of what the usual one lacks, of the three systems.
_FAMILIES = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Emoji",
    "Segoe UI Symbol",
    "Segoe UI Emoji",
)


class Plain(TypedDict):
    """Properties of a text of matplotlib that is no formula and no TeX."""

    fontfamily: list[str]
    parse_math: bool
    usetex: bool


def whole(text: str) -> str:
    """A text in one line, as a description tells it: nothing that cannot be printed, no secrets."""
    return printable(shown(_in_one_line(text), 1000))


def called(source: str, number: int) -> str:
    """What a picture is called in a figure: by its file, or else by its number, from 1 on.

    The folders that it lies in are nobody's business to whom the figure is passed on.

    Examples:
        >>> called("photos/fox.png", 1), called("<bytes, 2.2 kB>", 2)
        ('fox.png', 'picture 2')
    """
    if source.startswith("<") and not source.startswith("<file"):
        return f"picture {number}"
    return PurePath(source).name or source


def drawable(text: str, limit: int = 32) -> tuple[str, Plain]:
    """A text as it can be drawn, and the properties to draw it with.

    Args:
        text: Any text.
        limit: As many letters of usual width as there is room for; a longer text loses its middle.

    Returns:
        The text, in which a character that no font has is a box, and its properties.

    Examples:
        >>> drawable("$x_1$")
        ('$x_1$', {'fontfamily': ['sans-serif'], 'parse_math': False, 'usetex': False})
    """
    line = _in_one_line(text)
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
    room = limit * len(line) // width if width > limit else limit
    return _with_fonts(shown(line, max(room, 3)))


def _in_one_line(text: str) -> str:
    kept = (c for c in unicodedata.normalize("NFC", text) if not _says_only_how(c))
    return " ".join("".join(kept).split())


def _says_only_how(character: str) -> bool:
    """Whether it is not drawn itself: joiners, marks of direction, selectors of variants."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _with_fonts(text: str) -> tuple[str, Plain]:
    families = list(rcParams["font.family"])
    lacking = {c for c in text if not c.isascii() and not _in_any(families, c)}
    if lacking:
        installed = set(fontManager.get_font_names())
        for family in _FAMILIES:
            found = {c for c in lacking if family in installed and _in_any([family], c)}
            if found:
                families.append(family)
                lacking -= found
    if lacking:
        box = "□" if _in_any(families, "□") else "?"
        text = "".join(box if c in lacking else c for c in text)
    return text, Plain(fontfamily=families, parse_math=False, usetex=False)


def _in_any(families: list[str], character: str) -> bool:
    fonts = (_font(_path(family)) for family in families)
    return any(font and font.get_char_index(ord(character)) for font in fonts)


def _path(family: str) -> str:
    try:
        return str(findfont(FontProperties(family=[family]), fallback_to_default=False))
    except ValueError:  # it is not installed
        return ""


@cache
def _font(path: str) -> FT2Font | None:
    return get_font(path) if path else None
