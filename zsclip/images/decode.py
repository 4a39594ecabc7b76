"""Encoded pictures and PIL images: opened within limits, loaded whole, turned upright."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Callable
from contextlib import closing
from typing import BinaryIO, cast

from PIL import ExifTags, Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from zsclip.errors import ImageWarning
from zsclip.images.allowance import Allowance, Watched
from zsclip.images.deep import deep_color, deep_layout
from zsclip.images.heif import register_heif
from zsclip.images.icons import ICON_FORMATS, MEMORY_OF_ICON, largest_in_icon
from zsclip.images.jpeg import decode_jpeg
from zsclip.images.levels import declared_bits
from zsclip.images.memory import memory_of
from zsclip.images.modes import to_rgb, true_transparency
from zsclip.images.reading import Reading, raise_limit
from zsclip.images.remarks import mark, one_at_a_time, telling
from zsclip.images.unreadable import UnreadableError, explain, is_heic
from zsclip.logs import logger_for
from zsclip.wording import shown

__all__ = ["REFUSED_FORMATS", "decode_here", "decode_picture", "finish_given"]

logger = logger_for("zsclip.images")

REFUSED_FORMATS = frozenset({"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"})
"""Formats of Pillow's that are left alone: vector graphics, for which it starts an outside program,
and those that it tells by name but cannot decode."""

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = range(5, 9)
_BYTES = re.compile(r"""\bb(?:'[^']*'|"[^"]*")""")  # what decoders quote of the file itself
# Where Pillow looks for an orientation, besides the tags that it keeps apart from `info`.
_ORIENTED_INFO = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


def decode_picture(
    stream: Watched | BinaryIO, *, name: str, reading: Reading, min_side: int | None = None
) -> Image.Image:
    """The picture in a stream that can seek, upright and RGB.

    Args:
        stream: The encoded picture, from `open_source`.
        name: What it is, in a few words, for errors.
        reading: How to read it.
        min_side: What the short side may be reduced to while decoding; None for the full size.

    Raises:
        ImageError: It is no picture, damaged or cut off, or more than a limit allows.
    """
    if not isinstance(stream, Watched):
        with closing(Allowance(reading)) as allowance:
            allowance.has_come()
            watched = Watched(stream, allowance)
            return decode_picture(watched, name=name, reading=reading, min_side=min_side)

    def attempt() -> Image.Image:
        if reading.isolate:
            from zsclip.images.isolated import decode_apart  # which starts processes

            return decode_apart(stream, reading, min_side)
        return _decode(stream, reading, min_side)

    return _guarded(
        attempt,
        name,
        before_alone=lambda: stream.allowance.take_memory(reading.memory),
    )


def decode_here(stream: Watched, reading: Reading, min_side: int | None) -> Image.Image:
    """`decode_picture` in this process, of a picture that has no name.

    Raises:
        UnreadableError: It is no picture, damaged or cut off, or more than a limit allows.
    """
    return _translated(lambda: _decode(stream, reading, min_side))


def _decode(stream: Watched, reading: Reading, min_side: int | None) -> Image.Image:
    inner = largest_in_icon(stream)
    _check_size(inner, reading.max_pixels)
    if any(inner):
        stream.allowance.take_memory(MEMORY_OF_ICON * inner[0] * inner[1])
    image = _identify(stream)
    _check_size(image.size, reading.max_pixels)
    scale = _scale(image, min_side) if min_side is not None and reading.reduced else 1
    if isinstance(image, JpegImageFile):
        decoded = decode_jpeg(image, stream, scale=scale, strict=reading.strict)
        if decoded is not None:
            return _finish(decoded, None, reading)
        if scale > 1:
            image.draft(None, (image.width // scale, image.height // scale))
    elif image.format not in ICON_FORMATS:
        stream.allowance.take_memory(memory_of(image, stream.size, reading))
    return _load(image, reading, lambda: _identify(stream))


def finish_given(image: Image.Image, *, name: str, reading: Reading) -> Image.Image:
    """A PIL image that somebody else made, upright and RGB; the image itself is not changed.

    Raises:
        ImageError: It has no pixels, or its file cannot be loaded any more.
    """

    def attempt() -> Image.Image:
        if 0 in image.size:
            raise UnreadableError("it has no pixels.")
        return _load(image, reading, None)

    return _guarded(attempt, name, given=image)


def _identify(stream: Watched) -> ImageFile.ImageFile:
    """Opens the picture with the first of Pillow's formats that recognizes it.

    `PIL.Image.open` does the same, but measures every picture by ``Image.MAX_IMAGE_PIXELS``, which
    the whole process shares, and warns or fails whatever limit was asked for here.
    """
    stream.seek(0)
    head = stream.read(4096)
    damage = ""
    tried = set(REFUSED_FORMATS)
    # first the common ones, then all, and then what Pillow does not come with
    for load_plugins in (Image.preinit, Image.init, lambda: is_heic(head) and register_heif()):
        load_plugins()
        for name in list(Image.ID):
            if name in tried:
                continue
            tried.add(name)
            factory, accept = Image.OPEN[name]
            recognized: bool | str = False
            try:
                recognized = accept(head[:16]) if accept else True
                if isinstance(recognized, str):  # its decoder was left out of this Pillow
                    damage = damage or f"{recognized}."
                elif recognized:
                    stream.seek(0)
                    return factory(cast("BinaryIO", stream), "")
            except (SyntaxError, IndexError, TypeError, struct.error) as error:
                if accept and recognized:
                    damage = damage or f"it looks like {name}, but {_cut_off(error)}"
    raise UnreadableError(explain(head, damage))


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise UnreadableError(
            f"its {width} x {height} pixels are more than `max_pixels` ({max_pixels:,}). "
            f"{raise_limit('max_pixels')}"
        )


def _scale(image: Image.Image, min_side: int) -> int:
    """By how much a JPEG is made smaller as it is decoded: 8, 4, 2 or 1.

    The scale is that of its cosine transform, of which fewer terms are computed (libjpeg's
    ``scale_denom``); no other format that Pillow reads has such.
    """
    if isinstance(image, JpegImageFile):
        for scale in (8, 4, 2):
            if min(image.size) // scale >= min_side:
                return scale
    return 1


def _load(
    image: Image.Image, reading: Reading, reopen: Callable[[], ImageFile.ImageFile] | None
) -> Image.Image:
    """Have Pillow decode a picture, if it has not done so; upright and RGB."""
    transparency, bits, layout = true_transparency(image), declared_bits(image), deep_layout(image)
    image.load()
    if reopen is not None:  # a plugin's picture may be larger than its header says
        _check_size(image.size, reading.max_pixels)
    if layout:
        scaled = deep_color(
            image,
            layout,
            reading.scale,
            reopen=reopen,
            bits=bits,
            transparency=transparency,
        )
        if scaled is not image:
            return _finish(scaled, None, reading)
    return _finish(image, transparency, reading, bits)


def _finish(
    image: Image.Image, transparency: object, reading: Reading, bits: int | None = None
) -> Image.Image:
    rgb = to_rgb(image, reading, transparency=transparency, bits=bits)
    method = _TRANSPOSITIONS.get(_orientation(image))
    if method is not None:
        rgb = rgb.transpose(method)
        for key in _ORIENTED_INFO:  # or whoever looks at it next turns it again
            rgb.info.pop(key, None)
    elif rgb is image and _is_animated(image):
        rgb = image.copy()  # the original goes on to its next frame in place
    return rgb


def _orientation(image: Image.Image) -> int:
    try:
        exif = image.getexif()
        value = exif.get(ExifTags.Base.Orientation, 1)
        if value in _SIDEWAYS and _is_turned(image, exif):
            return 1
    except Warning:
        raise
    except Exception as error:  # noqa: BLE001 - broken metadata raise anything
        logger.debug("UnreadableError EXIF data are left aside: %r", error)
        return 1
    return value if isinstance(value, int) else 1


def _is_turned(image: Image.Image, exif: Image.Exif) -> bool:
    """Whether somebody has exchanged the sides of an image, and not told its EXIF data.

    They hold the size of the file. Of a file as it was opened they are not asked: cameras write
    them in either order, and viewers turn it by its orientation alone.
    """
    if isinstance(image, ImageFile.ImageFile):
        return False
    inner, base = exif.get_ifd(ExifTags.IFD.Exif), ExifTags.Base
    said = {
        (inner.get(base.ExifImageWidth), inner.get(base.ExifImageHeight)),
        (exif.get(base.ImageWidth), exif.get(base.ImageLength)),
    } - {(None, None)}
    return image.width != image.height and said == {(image.height, image.width)}


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except (OSError, ValueError):  # its file, where the frames are counted, is closed
        return True


def _cut_off(error: BaseException) -> str:
    said = _BYTES.sub("…", str(error)).strip().rstrip(".").removeprefix("…")
    said = said or type(error).__name__
    return f"Pillow cannot decode it; it may be damaged or cut off ({shown(said)})."


# ------------------------------------------------------------------------------------- the guards


def _guarded(
    attempt: Callable[[], Image.Image],
    name: str,
    *,
    given: Image.Image | None = None,
    before_alone: Callable[[], None] = lambda: None,
) -> Image.Image:
    """Runs the reading of one picture, and turns whatever Pillow raises into an `ImageError`.

    Pillow warns of oddities in files that it reads well; they become remarks. What is warned of in
    a way that is not heard, in a program that turns warnings into errors, ends the reading. It can
    only be silenced for all threads at once: that is done just then, and for one picture at a time,
    which then waits for nothing: what it needs it has had before.
    """
    with telling(name) as remarks:
        try:
            image = _translated(attempt)
        except Warning as first:
            before_alone()
            with one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = _translated(attempt)
            remarks.append((ImageWarning, str(first)))
    if image is not given:
        mark(image, remarks)
    return image


def _translated(attempt: Callable[[], Image.Image]) -> Image.Image:
    try:
        return attempt()
    except (UnreadableError, Warning):
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableError(
            f"{str(error).rstrip('.')}. That limit is Pillow's own (PIL.Image.MAX_IMAGE_PIXELS)."
        ) from error
    except MemoryError as error:
        raise UnreadableError("there is not enough memory to decode it.") from error
    except Exception as error:  # decoders raise anything on damaged data
        raise UnreadableError(_cut_off(error)) from error
