"""JPEGs by libjpeg-turbo itself, which tells what Pillow keeps to itself: that a file is damaged.

Entropy-coded data have no checksum. libjpeg goes on where they make no sense, and warns; Pillow has
no ear for it, and gives half a picture for a whole one. `simplejpeg` decodes the same pixels, bit
for bit (``tests/images/test_jpeg.py``), as fast, and hears.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from zsclip.errors import DamagedImageWarning
from zsclip.images.allowance import Watched
from zsclip.images.memory import memory_of_jpeg
from zsclip.images.remarks import remark
from zsclip.images.unreadable import UnreadableError

__all__ = ["decode_jpeg"]


@dataclass(frozen=True, slots=True)
class _Form:
    """How pixels come out of the decoder: its name for them, and Pillow's."""

    colorspace: str
    raw: str


_FORMS = {
    "RGB": _Form("RGB", "RGB"),
    "L": _Form("GRAY", "L"),
    "CMYK": _Form("CMYK", "CMYK;I"),  # inverted, as Adobe writes it and Pillow expects it
}

# Up to here a side of 1/8 or 1/4 of a picture may be as long as one of 2/8 or 3/8, and it is by
# their lengths that the decoder is told a scale.
_AMBIGUOUS = 6

# More than the worst case of 64 coefficients to each sample, and of metadata: what lies behind the
# picture in its file may be as long as it will.
_BYTES_PER_PIXEL, _BYTES_BESIDE = 32, 2**26

# How a scan begins in a file, and in which entropy-coded data have no such bytes. This decoder goes
# through all scans and does not come back before the end, which Pillow's does; a picture of a
# gigapixel in all its scans takes seconds.
_SCAN = b"\xff\xda"
# And how it goes on, by the number of its components: in what lies behind the picture, such as the
# film of a photo that moves, those two bytes come by chance.
_SCAN_HEADS = (b"\0\x08\x01", b"\0\x0a\x02", b"\0\x0c\x03", b"\0\x0e\x04")
_MOST_WORK, _USUAL_SCANS = 2**30, 16
_PIXELS_BESIDE = 2**14  # what a scan costs at least
_BLOCK = 256  # bytes that Pillow's is given at a time then: a scan may have no more than 17

# What libjpeg warns of in a header, and decodes well.
_HARMLESS = ("Warning: unknown JFIF revision", "Unknown Adobe color transform")


def decode_jpeg(
    header: JpegImageFile, stream: Watched, *, scale: int, strict: bool
) -> Image.Image | None:
    """The pixels of a JPEG, and what Pillow knows of it; damage is remarked.

    Args:
        header: The picture as Pillow opened it. It is not loaded.
        stream: The encoded picture.
        scale: 1, or 2, 4 or 8 to have it at that fraction of its size, rounded up.
        strict: Whether damage is an error.

    Returns:
        A picture of the mode of ``header``; None where Pillow has to decode it: it is damaged, has
        more scans than make a picture, or is one of the rare kinds that this decoder does not know.
        The memory for it is had in any case.

    Raises:
        UnreadableError: It is damaged, and `strict` is set; it takes too much memory or time.
    """
    import simplejpeg

    form = _FORMS.get(header.mode)
    width, height = header.size
    first = stream.tell() if header.format == "JPEG" else 0  # behind where its first scan begins
    stream.seek(0)
    data = stream.read(_BYTES_BESIDE + _BYTES_PER_PIXEL * width * height)
    progressive = bool(header.info.get("progressive"))
    # libjpeg reads no further than a first scan that holds all components, behind its length
    in_one = not progressive and data[first + 2 : first + 3] == bytes([header.layers])
    scans = 1 if in_one else 1 + _count_scans(data, first)
    in_scans = progressive or scans > 1
    need = memory_of_jpeg(header, len(data), scale=scale, in_scans=in_scans)
    stream.allowance.take_memory(need)
    if scans * (width * height + _PIXELS_BESIDE) > _MOST_WORK and scans > _USUAL_SCANS:
        header.decodermaxblock = _BLOCK
        return None
    if form is None or (scale > 1 and max(width, height) <= _AMBIGUOUS):
        return None
    size = (-(-width // scale), -(-height // scale))
    least = {} if scale == 1 else {"min_width": size[0], "min_height": size[1]}
    try:
        pixels = simplejpeg.decode_jpeg(data, form.colorspace, **least)
    except ValueError as error:
        stream.allowance.require_time()
        said = str(error)
        if not said.startswith(_HARMLESS) and _can_go_on(data, form, least):
            reason = f"it is a damaged JPEG (libjpeg: {said.rstrip('.')})"
            if strict:
                raise UnreadableError(f"{reason}, and `strict` is set.") from error
            remark(
                DamagedImageWarning,
                f"{reason}, and part of what was read may be wrong. Get the file anew, or have "
                "such pictures refused: reading=Reading(strict=True), or --refuse-damaged on the "
                "command line.",
            )
        return None
    if pixels.shape[:2] != (size[1], size[0]):
        return None
    image = Image.new(header.mode, size, None)  # not filled with anything first
    image.frombytes(pixels.data, "raw", form.raw)
    image.info = dict(header.info)
    return image


def _count_scans(data: bytes, first: int) -> int:
    if data.find(_SCAN, first) < 0:  # as in most
        return 0
    return sum(data.count(_SCAN + head, first) for head in _SCAN_HEADS)


def _can_go_on(data: bytes, form: _Form, least: dict[str, int]) -> bool:
    """Whether the decoder only warned. It also fails on some samplings, which Pillow knows."""
    import simplejpeg

    try:
        simplejpeg.decode_jpeg(data, form.colorspace, strict=False, **least)
    except ValueError:
        return False
    return True
