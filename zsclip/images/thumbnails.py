"""A picture made small, as the bytes of a JPEG, for pages and notebooks."""

from __future__ import annotations

import io

from PIL import Image

from zsclip.images.kinds import ImageSource, is_path, plain_file
from zsclip.images.load import load_image
from zsclip.images.reading import Reading
from zsclip.images.remarks import listening
from zsclip.values import whole_number

__all__ = ["thumbnail", "thumbnail_if_readable"]

QUALITY = 75
GLANCE = Reading(urls="none", max_pixels=50_000_000, isolate=True)


def thumbnail(source: ImageSource, *, side: int = 160, reading: Reading = Reading()) -> bytes:
    """A picture made so small that its longer side has `side` pixels, as a JPEG; never larger.

    Args:
        source: As for `load_image`.
        side: Pixels of the longer side, at most.
        reading: How it is read.

    Raises:
        ImageError: The picture cannot be read.
        ParameterTypeError: `source` is nothing that could be a picture, or `side` no whole number.
        ParameterError: `side` is less than 1.
    """
    side = whole_number("side", side)
    # The short side of a large JPEG decodes to at least this; a longer one only does more work.
    image = load_image(source, reading=reading, min_side=side)
    small = image.copy() if max(image.size) > side else image
    small.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    out = io.BytesIO()
    # made anew from its pixels: no profile, comment or place comes along
    Image.frombytes("RGB", small.size, small.tobytes()).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def thumbnail_if_readable(source: ImageSource, *, side: int = 160) -> bytes | None:
    """The same for what shows itself unasked: within limits, quietly, never from the network.

    A path is opened only if it leads to a plain file, so that nothing is taken out of a pipe. It is
    decoded in a process of its own, as strangers' pictures may have been before.

    Args:
        source: As for `load_image`.
        side: Pixels of the longer side, at most.

    Returns:
        The bytes of a JPEG; None for what cannot be read, for whatever reason, or is too large or
        too slow for it.
    """
    try:
        if is_path(source) and plain_file(source) is None:
            return None
        with listening():  # whoever read it first was warned
            return thumbnail(source, side=side, reading=GLANCE)
    except Exception:  # noqa: BLE001 - a result is shown without its picture then
        return None
