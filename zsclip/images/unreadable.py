"""Why a picture cannot be read: the error inside this room, and what a file is that is no picture.

Whatever finds a fault says what it is, as an `UnreadableError`, and not of which picture: that is
added in one place, `named`, where the picture came in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import PIL

from zsclip.errors import ImageError
from zsclip.images.heif import HEIF_ADVICE
from zsclip.wording import fit_to_tell

__all__ = ["UnreadableError", "explain", "is_heic", "named"]


class UnreadableError(ValueError):
    """A picture cannot be read; does not leave this room.

    Attributes:
        reason: Why, and what to do, in whole sentences.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextmanager
def named(name: str) -> Iterator[None]:
    """Where a picture is read that `describe_source` gave this name, for errors to tell it.

    Raises:
        ImageError: It cannot be read.
    """
    try:
        yield
    except UnreadableError as error:
        # not by a name: the traceback holds this frame, and all that was to be read with
        raise _told(name, error) from fit_to_tell(error.__cause__)


def _told(name: str, error: UnreadableError) -> ImageError:
    """The error that leaves, with the traceback of the other, which keeps none.

    From Python 3.12 on the frame of a context manager made of a generator holds, by way of the one
    that called it, the error that went through it: with its traceback that would be a cycle.
    """
    told = ImageError(name, error.reason).with_traceback(error.__traceback__)
    error.__traceback__ = None
    return told


# ----------------------------------------------------------------------- what is no picture

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}

_HEIC = f"it is a HEIC picture, which Pillow reads with a plugin: {HEIF_ADVICE}"
_AVIF = "it is an AVIF picture, which Pillow reads from version 11.3 on: pip install -U pillow."
_METAFILE = "it is a Windows metafile: "
_VECTOR = "vector graphics have no pixels. Rasterize it first, to a PNG file for example."
_VIDEO = (
    "it is a video, whose frames zsclip.video.classify_video looks at, and on the command line "
    "`zsclip video`."
)
_ARCHIVE = "it is a compressed archive. Unpack it, and pass the pictures in it."

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "it is a PDF document: " + _VECTOR),
    (b"%!PS", "it is PostScript: " + _VECTOR),
    (b"\xc5\xd0\xd3\xc6", "it is PostScript: " + _VECTOR),
    (b"\xd7\xcd\xc6\x9a\x00\x00", _METAFILE + _VECTOR),
    (b"\xff\x0a", "it is a JPEG XL picture, which Pillow reads with a plugin."),
    (b"\x00\x00\x00\x0cJXL ", "it is a JPEG XL picture, which Pillow reads with a plugin."),
    (b"\x1a\x45\xdf\xa3", _VIDEO),
    (b"\x00\x00\x01\xba", _VIDEO),
    (b"\x00\x00\x01\xb3", _VIDEO),
    (b"PK\x03\x04", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"\x93NUMPY", "it is a NumPy file. Pass the array in it: numpy.load(path)."),
    (
        b"version https://git-lfs.github.com/",
        "it is a Git LFS pointer and not the picture itself. Run `git lfs pull` for that.",
    ),
)


def explain(head: bytes, damage: str = "") -> str:
    """Says what a file is that no decoder could open.

    Args:
        head: Its first bytes, some thousand of them if there are as many.
        damage: What a decoder said that thought the file its own; some think so too easily.

    Returns:
        The reason of an error message, with what to do where something can be done.

    Examples:
        >>> explain(b"")
        'it is empty (0 bytes).'
        >>> explain(b"<!DOCTYPE html><html>")
        'it is an HTML page and not a picture.'
    """
    if not head:
        return "it is empty (0 bytes)."
    for signature, reason in _SIGNATURES:
        if head.startswith(signature):
            return reason
    if head[4:8] == b"ftyp":
        return _explain_iso_media(head, damage)
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return _VIDEO
    if head[40:44] == b" EMF":
        return _METAFILE + _VECTOR
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "it is an HTML page and not a picture."
    if text.startswith(b"<") and b"<svg" in text:
        return "it is an SVG drawing: " + _VECTOR
    return damage or _explain_unknown(head)


def is_heic(head: bytes) -> bool:
    """Whether a file that begins like this is a HEIC picture, and not an AVIF one."""
    return head[4:8] == b"ftyp" and _explain_iso_media(head, "") is _HEIC


def _brands(head: bytes) -> set[bytes]:
    """The family of MP4 says in its first box which brands a file belongs to (ISO 14496-12)."""
    end = min(int.from_bytes(head[:4], "big"), 256)
    return {head[8:12], *(head[i : i + 4] for i in range(16, end, 4))}


def _explain_iso_media(head: bytes, damage: str) -> str:
    brands = _brands(head)
    if brands & _AVIF_BRANDS:
        return damage or _AVIF
    return _HEIC if brands & _HEIC_BRANDS else _VIDEO


def _explain_unknown(head: bytes) -> str:
    """What kind of thing it is, and nothing of what it says: the file may be nobody's business."""
    try:
        # The last character of a longer text may have been cut in two.
        text = head[:200].decode("utf-8", "strict" if len(head) <= 200 else "ignore")
    except UnicodeDecodeError:
        text = ""
    if text and all(c.isprintable() or c.isspace() for c in text):
        return "it holds text and not a picture."
    return f"it is in no picture format that Pillow {PIL.__version__} can read."
