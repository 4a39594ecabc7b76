"""Videos of the containers that are read, and frames taken out of them in several ways."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from tests.fuzz.catalogue import Target
from tests.fuzz.mutations import Seed
from tests.fuzz.targets.pictures import limited
from zsclip.errors import DamagedVideoWarning, VideoError
from zsclip.video import frames

sys.path.append(str(Path(__file__).parents[2] / "support"))  # as pytest has it

from videos import grays, turned, write_video

__all__ = ["VIDEOS"]

_WAYS: tuple[dict[str, object], ...] = (
    {"per_second": 5},
    {"every": 3},
    {"scenes": True},
    {"start": 2.5, "per_second": 2},
)


def _seeds() -> list[Seed]:
    return list(_made())


def _made() -> Iterator[Seed]:
    few, more = grays(12), grays(40)
    yield Seed("mp4", write_video(few))
    yield Seed("mp4 turned", turned(write_video(few, max_b_frames=2), (0, 1, -1, 0)))
    yield Seed("mp4 h264", write_video(few, codec="libx264"))
    # none in parts (moof): there FFmpeg takes memory by a number in the file, as docs/video.md says
    yield Seed("matroska", write_video(few, form="matroska", codec="libx264"))
    yield Seed("webm", write_video(few, form="webm", codec="libvpx-vp9"))
    yield Seed("avi", write_video(few, form="avi"))
    yield Seed("avi to search", write_video(more, form="avi", rate=2, gop_size=5))
    yield Seed("motion jpeg", write_video(few, form="avi", codec="mjpeg", pix_fmt="yuvj420p"))
    yield Seed("transport stream", write_video(few, form="mpegts", codec="mpeg2video", sound=True))
    yield Seed("h264 alone", write_video(few, form="h264", codec="libx264"))
    yield Seed("flash", write_video(few, form="flv", codec="flv"))
    yield Seed("playlist", b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/passwd\n")
    yield Seed("concat", b"ffconcat version 1.0\nfile '/etc/passwd'\n")
    yield Seed("nothing", b"")


def _read(data: bytes) -> str:
    rng = Random(data)
    reading = replace(limited(), strict=rng.random() < 0.3)
    found = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedVideoWarning)
        last = -1.0
        for frame in frames(data, limit=200, reading=reading, **rng.choice(_WAYS)):  # type: ignore[arg-type]
            assert frame.image.mode == "RGB"
            assert frame.image.width * frame.image.height <= reading.max_pixels
            assert frame.time >= last, (frame.time, last)
            last, found = frame.time, found + 1
    return "read" if found else "no frame in that time"


VIDEOS = Target(
    _seeds, _read, (VideoError,),
    (b"moov", b"mdat", b"stbl", b"stts", b"stss", b"stco", b"elst", b"tkhd", b"moof", b"trun",
     b"\0\0\0\1", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x1aE\xdf\xa3", b"idx1", b"00dc",
     b"RIFF", b"G\x40\x11", b"\0\0\1\xba", b"#EXTM3U\n", b"file:///etc/passwd"),
)  # fmt: skip
