"""Icons: files that hold pictures, of which only their own headers tell how large they are.

Pillow decodes what an ICO file holds when it opens it, and goes by its own limit of pixels. So what
is in there is looked at before.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from zsclip.images.allowance import Watched

__all__ = ["ICON_FORMATS", "MEMORY_OF_ICON", "largest_in_icon"]

ICON_FORMATS = frozenset({"ICO", "ICNS"})

MEMORY_OF_ICON = 36
"""Bytes for each pixel that decoding one takes, at most: it may hold a JPEG 2000."""

_PNG = b"\x89PNG\r\n\x1a\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
_HEAD = 64  # bytes of a picture in which its size stands


def largest_in_icon(stream: Watched) -> tuple[int, int]:
    """The sides of the largest picture in an icon; (0, 0) if it is none, or a damaged one."""
    stream.seek(0)
    signature = stream.read(4)
    sizes = [(0, 0)]
    try:
        if signature == b"\0\0\1\0":
            sizes += _in_ico(stream)
        elif signature == b"icns":
            sizes += _in_icns(stream)
    except struct.error:  # it is cut off, which Pillow says
        pass
    return max(sizes, key=lambda size: size[0] * size[1])


def _in_ico(stream: Watched) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack("<H", stream.read(2))
    entries = stream.read(16 * count)
    for i in range(min(count, len(entries) // 16)):
        (offset,) = struct.unpack_from("<I", entries, 16 * i + 12)
        stream.seek(offset)
        head = stream.read(_HEAD)
        if head.startswith(_PNG):
            yield _sides(">II", head, 16)
        else:
            is_oldest = head[:4] == b"\x0c\0\0\0"  # the length of a bitmap's first header
            width, height = _sides("<HH" if is_oldest else "<ii", head, 4)
            yield width, height // 2  # below it stands its mask


def _in_icns(stream: Watched) -> Iterator[tuple[int, int]]:
    (end,) = struct.unpack(">I", stream.read(4))
    place = 8
    while place < end:
        stream.seek(place)
        _, length = struct.unpack(">4sI", stream.read(8))
        if length <= 8:
            return
        head = stream.read(_HEAD)
        if head.startswith(_PNG):
            yield _sides(">II", head, 16)
        elif head.startswith(_CODESTREAM):
            yield _sides(">II", head, 8)
        elif (found := head.find(b"ihdr")) >= 0:
            height, width = _sides(">II", head, found + 4)
            yield width, height
        place += length


def _sides(form: str, head: bytes, offset: int) -> tuple[int, int]:
    width, height = struct.unpack_from(form, head, offset)
    return abs(width), abs(height)
