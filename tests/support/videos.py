"""Videos of a few frames, written with the encoders of PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from PIL import Image

from zsclip.demo import load_drawings

SIDE = 64


def write_video(
    pictures: Iterable[Image.Image],
    *,
    form: str = "mp4",
    codec: str = "mpeg4",
    rate: int = 10,
    times: Sequence[int] | None = None,
    pix_fmt: str = "yuv420p",
    sound: bool = False,
    options: dict[str, str] | None = None,
    **settings: Any,
) -> bytes:
    """The content of a video file.

    Args:
        pictures: Its frames, all of one size.
        form: The container, in FFmpeg's words.
        codec: The encoder.
        rate: Frames a second.
        times: The timestamp of each frame in thousandths of a second, in place of a rate.
        pix_fmt: How pixels are kept.
        sound: Whether a second stream, of silence as long as the video, is added.
        options: Of the container.
        settings: Attributes of the encoder: ``gop_size``, ``max_b_frames``.
    """
    target = io.BytesIO()
    with av.open(target, "w", format=form, options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        voice: Any = container.add_stream("mp2", rate=44100) if sound else None
        n = 0
        for n, picture in enumerate(pictures, start=1):
            if n == 1:
                stream.width, stream.height, stream.pix_fmt = *picture.size, pix_fmt
                stream.bit_rate = 4_000_000  # so that grays can be told apart
                if times is not None:
                    stream.codec_context.time_base = Fraction(1, 1000)
                for name, value in settings.items():
                    setattr(stream.codec_context, name, value)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[n - 1], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if voice is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 44100 * n // rate), np.int16), format="s16", layout="mono"
            )
            silence.sample_rate = 44100
            container.mux(voice.encode(silence))
            container.mux(voice.encode())
    return target.getvalue()


def grays(n: int, size: tuple[int, int] = (SIDE, SIDE)) -> list[Image.Image]:
    """Frames that tell their number: `number_of` reads it."""
    return [Image.new("RGB", size, (6 * i + 8,) * 3) for i in range(n)]


def number_of(image: Image.Image) -> int:
    """Which frame of `grays` a picture is."""
    return round((float(np.asarray(image).mean()) - 8) / 6)


def drawings_of(*animals: str, frames: int, side: int = 128) -> list[Image.Image]:
    """The demo's drawings of animals on white, each for some frames."""
    data = {drawing.animal: drawing.data for drawing in load_drawings()}
    pictures = []
    for animal in animals:
        drawing = Image.open(io.BytesIO(data[animal])).convert("RGBA").resize((side, side))
        page = Image.new("RGB", (side, side), "white")
        page.paste(drawing, mask=drawing)
        pictures += [page] * frames
    return pictures


def turned(mp4: bytes, matrix: Sequence[int]) -> bytes:
    """An MP4 file with another display matrix: a, b, c and d of ``x' = a x + c y``."""
    a, b, c, d = (value * 65536 for value in matrix)
    held = b"".join(v.to_bytes(4, "big", signed=True) for v in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    place = mp4.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    return mp4[:place] + held + mp4[place + len(held) :]
