"""A decoded frame as a picture: its colors, the shape of its pixels, and which side is up."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from zsclip.images import Reading, load_image
from zsclip.video.opening import require_size

if TYPE_CHECKING:
    from av import VideoFrame

__all__ = ["Upright"]

# AVCOL_SPC_BT709, AVCOL_SPC_UNSPECIFIED, SWS_CS_DEFAULT, AVCOL_RANGE_JPEG
_BT709, _UNSPECIFIED, _DEFAULT, _FULL = 1, 2, 5, 2
_MATRIX = struct.Struct("@9i")
_HD = 720  # lines from which what says nothing of its colors is taken to be BT.709, as players do

# How a picture is turned by its display matrix, of which whole quarter turns are known by the signs
# of (a, b, c, d): x' = a x + c y, y' = b x + d y, with y downwards.
_TURNS = {
    (1, 0, 0, 1): None,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,  # clockwise by 90 degrees
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
}


class Upright:
    """Makes upright RGB pictures with square pixels of the frames of a stream.

    Their matrix and range are those that the video states; without a word BT.601, from 720 lines on
    BT.709, and studio range. What is transparent is laid over the background. High dynamic range is
    not mapped to the usual one: such a picture looks pale.

    Args:
        aspect: Width by height of the frames' pixels; None or 0 if the video says nothing.
        reading: The background, and the most pixels.
    """

    def __init__(self, aspect: Fraction | None, reading: Reading) -> None:
        self._aspect, self._reading = aspect, reading
        self._rotation: object = None  # of the last frame whose display matrix was looked at
        self._turn: Image.Transpose | None = None

    def picture_of(self, frame: VideoFrame) -> Image.Image:
        """The picture of one frame.

        Raises:
            Unreadable: It would have more pixels than may be.
        """
        width, height = _square(frame.width, frame.height, self._aspect)
        require_size(width, height, self._reading)
        hd = frame.colorspace == _UNSPECIFIED and frame.height >= _HD
        clear = any(component.is_alpha for component in frame.format.components)
        converted = frame.reformat(
            width,
            height,
            "rgba" if clear else "rgb24",
            src_colorspace=_BT709 if hd else None,  # None is what the frame says
            src_color_range=frame.color_range or None,
            dst_colorspace=_DEFAULT,  # RGB has none, but PyAV 15 leaves all out where both are one
            dst_color_range=_FULL,
            interpolation="BICUBIC",
        )
        picture = Image.fromarray(converted.to_ndarray())
        if clear:
            picture = load_image(picture, reading=self._reading)
        turn = self._turn_of(frame)
        return picture if turn is None else picture.transpose(turn)

    def _turn_of(self, frame: VideoFrame) -> Image.Transpose | None:
        # To look at a frame's side data makes a cycle, and its megabytes wait for the collector.
        if frame.rotation != self._rotation:
            self._rotation, self._turn = frame.rotation, _turn_of(frame)
        return self._turn


def _square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """The size with square pixels; none is lost, as one side alone grows."""
    if not aspect or aspect < 0:
        return width, height
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def _turn_of(frame: VideoFrame) -> Image.Transpose | None:
    """What turns a frame upright, by the display matrix: nine numbers of 32 bits, row by row."""
    from av.sidedata.sidedata import Type

    matrix = cast("Any", frame.side_data).get(Type.DISPLAYMATRIX)
    if matrix is None or len(held := bytes(matrix)) < _MATRIX.size:
        return None
    a, b, _, c, d, *_ = _MATRIX.unpack_from(held)
    greatest = max(abs(a), abs(b), abs(c), abs(d))
    # what is not a quarter turn is rounded to the nearest one; zero stays as it is
    signs = tuple((abs(2 * x) > greatest) * (1 if x > 0 else -1) for x in (a, b, c, d))
    return _TURNS.get(signs)
