"""A picture's source in a few words, for results and error messages."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np
from PIL import Image

from zsclip.images.kinds import is_data_uri, is_tensor, is_url

__all__ = ["describe_source", "printable", "shorten", "size_in_words"]

_LONGEST = 1000  # longer than any path that people write, shorter than a picture in base64
_PASSWORD = re.compile(r"^(https?://[^/?#@:]*):[^/?#@]*@", re.IGNORECASE)


def describe_source(source: object) -> str:
    """Says in a few words which picture is meant.

    A path stands as it was given, so that a program can find the file again, but for control
    characters, which are escaped. So does a URL, with a password masked and the middle left out if
    it is very long. The picture itself is not read.

    Args:
        source: Anything; what `load_image` takes is described best.

    Returns:
        One line.

    Examples:
        >>> describe_source("photos/fox.png")
        'photos/fox.png'
        >>> describe_source("data:image/png;base64," + "A" * 4000)
        'data:image/png;base64,… (3.0 kB)'
        >>> describe_source(bytes(12_300))
        '<bytes, 12.3 kB>'
        >>> describe_source(Image.new("RGB", (640, 480)))
        '<PIL.Image RGB 640x480>'
        >>> describe_source(np.zeros((480, 640, 3), np.uint8))
        '<array uint8 480x640x3>'
    """
    if isinstance(source, str):
        return _describe_text(source)
    if isinstance(source, Image.Image):
        return f"<PIL.Image {source.mode} {source.width}x{source.height}>"
    if isinstance(source, np.ndarray):
        return f"<array {source.dtype} {_shape(source.shape)}>"
    if is_tensor(source):
        return _describe_tensor(source)
    if isinstance(source, bytes | bytearray):
        return f"<{type(source).__name__}, {size_in_words(len(source))}>"
    if isinstance(source, memoryview):
        return _describe_memoryview(source)
    if isinstance(source, os.PathLike):
        return printable(os.fsdecode(source))
    if callable(getattr(source, "read", None)):
        name = getattr(source, "name", "")
        if not (isinstance(name, str | bytes) and name):
            name = type(source).__name__
        return f"<file {shorten(printable(os.fsdecode(name)))}>"
    return f"<{type(source).__name__}>"


def size_in_words(n_bytes: int) -> str:
    """A number of bytes in decimal units.

    Examples:
        >>> [size_in_words(n) for n in (0, 999, 12_345, 999_999, 67_000_000)]
        ['0 B', '999 B', '12.3 kB', '1.0 MB', '67.0 MB']
    """
    if n_bytes < 1000:
        return f"{n_bytes} B"
    size = n_bytes / 1000
    for unit in ("kB", "MB"):
        if round(size, 1) < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def printable(text: str) -> str:
    r"""The text with every character that cannot be printed escaped, so that it stays one line.

    Examples:
        >>> printable("a\nb é.png")
        'a\\nb é.png'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shorten(text: str, limit: int = _LONGEST) -> str:
    """The text without its middle if it is long: the end of a path or URL tells the most.

    Examples:
        >>> shorten("https://example.org/a/b/c/fox.png", 20)
        'https://ex…c/fox.png'
    """
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[-tail:]}"


def _describe_text(text: str) -> str:
    if is_data_uri(text):
        head, comma, data = text.partition(",")
        encoded = head.lower().endswith(";base64")
        size = size_in_words(len(data) * 3 // 4 if encoded else len(data))
        return f"{shorten(printable(head), 60)}{comma}… ({size})"
    if is_url(text):
        text = _PASSWORD.sub(r"\1:***@", text)
    return shorten(printable(text))


def _describe_tensor(tensor: Any) -> str:
    return f"<tensor {str(tensor.dtype).removeprefix('torch.')} {_shape(tensor.shape)}>"


def _describe_memoryview(view: memoryview) -> str:
    try:
        return f"<memoryview, {size_in_words(view.nbytes)}>"
    except ValueError:  # released
        return "<memoryview>"


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "scalar"
