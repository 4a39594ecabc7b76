"""Frames as pictures: which side is up, square pixels, and colors."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageOps
from videos import grays, turned, write_video

from zsclip import Reading
from zsclip.errors import VideoError
from zsclip.video import frames

CORNERS = Image.new("RGB", (64, 32), "white")
CORNERS.paste((255, 0, 0), (0, 0, 32, 16))
CORNERS.paste((0, 0, 255), (32, 16, 64, 32))


USUAL = Reading()


def first(video: bytes, reading: Reading = USUAL) -> Image.Image:
    return next(frames(video, reading=reading)).image


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        ((1, 0, 0, 1), CORNERS),
        ((0, 1, -1, 0), CORNERS.rotate(-90, expand=True)),  # a telephone held upright
        ((-1, 0, 0, -1), CORNERS.rotate(180)),
        ((0, -1, 1, 0), CORNERS.rotate(90, expand=True)),
        ((-1, 0, 0, 1), ImageOps.mirror(CORNERS)),
        ((1, 0, 0, -1), ImageOps.flip(CORNERS)),
        ((0, 1, 1, 0), CORNERS.transpose(Image.Transpose.TRANSPOSE)),
        ((0, -1, -1, 0), CORNERS.transpose(Image.Transpose.TRANSVERSE)),
    ],
)
def test_a_frame_is_upright(matrix: tuple[int, ...], seen: Image.Image) -> None:
    image = first(turned(write_video([CORNERS] * 2), matrix))
    assert image.size == seen.size
    apart = np.abs(np.asarray(image).astype(int) - np.asarray(seen).astype(int))
    assert apart.mean() < 5


@pytest.mark.parametrize(("aspect", "size"), [((4, 3), (85, 64)), ((1, 2), (64, 128))])
def test_pixels_that_are_no_squares_are_stretched(
    aspect: tuple[int, int], size: tuple[int, int]
) -> None:
    from fractions import Fraction

    video = write_video(grays(2), form="matroska", sample_aspect_ratio=Fraction(*aspect))
    assert first(video).size == size
    with pytest.raises(VideoError, match="more than `max_pixels`"):
        first(video, Reading(max_pixels=64 * 64))


def colored(size: tuple[int, int], space: int, color_range: int, said: int) -> Image.Image:
    """A red that was made by a matrix and a range, in a video that says which, or does not."""
    red = np.zeros((size[1], size[0], 3), np.uint8)
    red[:] = (200, 30, 60)
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=10, options={"crf": "1"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = said, color_range
        frame = av.VideoFrame.from_ndarray(red, "rgb24").reformat(
            format="yuv420p",
            dst_colorspace=space,
            src_color_range=2,
            dst_color_range=color_range,
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return first(target.getvalue())


@pytest.mark.parametrize(
    ("size", "space", "color_range", "said"),
    [
        ((64, 64), 5, 1, 5),
        ((64, 64), 1, 1, 1),  # BT.709, said
        ((64, 64), 9, 1, 9),  # BT.2020
        ((64, 64), 5, 2, 5),  # full range
        ((64, 64), 1, 2, 1),
        ((64, 64), 5, 1, 2),  # nothing said: BT.601
        ((64, 720), 1, 1, 2),  # nothing said, in high definition: BT.709
    ],
)
def test_colors_are_those_that_were_filmed(
    size: tuple[int, int], space: int, color_range: int, said: int
) -> None:
    pixel = colored(size, space, color_range, said).getpixel((8, 8))
    assert pixel == pytest.approx((200, 30, 60), abs=4)


def test_what_is_transparent_shows_the_background() -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    solid = Image.new("RGBA", (16, 16), "red")
    stream = io.BytesIO()
    clear.save(stream, "GIF", save_all=True, append_images=[solid], duration=1000, disposal=2)
    shown = [
        f.image.getpixel((3, 3))
        for f in frames(stream.getvalue(), reading=Reading(background="blue"))
    ]
    assert shown == [(0, 0, 255), (255, 0, 0)]
