"""What it takes to read pictures of every format and mode, measured in a process of its own.

usage: python tests/support/peaks.py [CASE...]

prints for each case the bytes that reading it took at its peak and those that zsclip counted
before it began, both by pixel. ``tests/images/test_memory.py`` holds one against the other.
"""

from __future__ import annotations

import gc
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile

__all__ = ["CASES", "measured"]

SIDE = 1000
TINY = 64

Make = Callable[[int], bytes]


def _noise(side: int, channels: int = 3, dtype: Any = np.uint8, top: int = 255) -> Any:
    values = np.random.default_rng(0).integers(0, top, (side, side, channels), endpoint=True)
    return values.astype(dtype)[:, :, 0] if channels == 1 else values.astype(dtype)


def _picture(side: int, mode: str) -> Image.Image:
    if mode == "1":
        return Image.fromarray(_noise(side, 1)).convert("1")
    if mode == "P":
        picture = Image.fromarray(_noise(side, 1))
        picture = picture.convert("P")
        picture.putpalette([value for i in range(256) for value in (i, 255 - i, i // 2)])
        return picture
    if mode == "I;16":
        return Image.fromarray(_noise(side, 1, np.uint16, 65535))
    if mode == "I":
        return Image.fromarray(_noise(side, 1, np.int32, 65535))
    if mode == "F":
        return Image.fromarray((_noise(side, 1) / 255).astype(np.float32))
    if mode == "CMYK":
        return Image.frombytes("CMYK", (side, side), _noise(side, 4).tobytes())
    if mode in {"YCbCr", "LAB"}:
        return Image.frombytes(mode, (side, side), _noise(side, 3).tobytes())
    return Image.fromarray(_noise(side, {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]))


def _saved(format: str, mode: str, **options: Any) -> Make:  # noqa: A002
    def make(side: int) -> bytes:
        stream = io.BytesIO()
        _picture(side, mode).save(stream, format, **options)
        return stream.getvalue()

    return make


def _frames(format: str, mode: str, **options: Any) -> Make:  # noqa: A002
    def make(side: int) -> bytes:
        stream = io.BytesIO()
        first = _picture(side, mode)
        more = [first.rotate(90), first.rotate(180)]
        first.save(stream, format, save_all=True, append_images=more, **options)
        return stream.getvalue()

    return make


def _turned(make: Make) -> Make:
    """With an EXIF orientation."""

    def made(side: int) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = 6
        stream = io.BytesIO()
        picture = Image.open(io.BytesIO(make(side)))
        picture.save(stream, picture.format, exif=exif.tobytes())
        return stream.getvalue()

    return made


def _png_16(channels: int) -> Make:
    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    def make(side: int) -> bytes:
        rows = _noise(side, channels, np.dtype(">u2"), 4000).reshape(side, -1)
        data = b"".join(b"\0" + row.tobytes() for row in rows)
        header = struct.pack(
            ">IIBBBBB", side, side, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0
        )
        parts = (
            chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data, 1)) + chunk(b"IEND", b"")
        )
        return b"\x89PNG\r\n\x1a\n" + parts

    return make


def _tiff_16(compression: int) -> Make:
    def make(side: int) -> bytes:
        data: bytes = _noise(side, 3, np.dtype("<u2"), 4000).tobytes()
        if compression == 8:
            data = zlib.compress(data, 1)
        tags = [
            (256, 4, 1, side), (257, 4, 1, side), (258, 3, 3, 8 + len(data)),
            (259, 4, 1, compression), (262, 4, 1, 2), (273, 4, 1, 8), (277, 4, 1, 3),
            (278, 4, 1, side), (279, 4, 1, len(data)),
        ]  # fmt: skip
        entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
        place = struct.pack("<HHH", 16, 16, 16) + b"\0\0"
        head = b"II*\0" + struct.pack("<I", 8 + len(data) + len(place))
        end = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
        return head + data + place + end

    return make


def _written(head: bytes, mode: str, dtype: Any = np.uint8) -> Make:
    """A header with ``%d`` for both sides, and the pixels as they are."""
    channels = {"L": 1, "RGB": 3}[mode]

    def make(side: int) -> bytes:
        top = 1000 if np.dtype(dtype).itemsize > 1 else 255
        pixels: bytes = _noise(side, channels, dtype, top).tobytes()
        return head % (side, side) + pixels

    return make


def _heic(mode: str) -> Make:
    def make(side: int) -> bytes:
        import pillow_heif

        stream = io.BytesIO()
        pillow_heif.from_pillow(_picture(side, mode)).save(stream, quality=50)
        return stream.getvalue()

    return make


def _ico(side: int) -> bytes:
    """One that holds more than it says."""
    png = _saved("PNG", "RGBA", compress_level=1)(side)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(png), 22) + png


def _fits(side: int) -> bytes:
    cards = [
        "SIMPLE  =                    T", "BITPIX  =                    8",
        "NAXIS   =                    2", f"NAXIS1  = {side:20}", f"NAXIS2  = {side:20}", "END",
    ]  # fmt: skip
    head = "".join(card.ljust(80) for card in cards)
    pixels: bytes = _noise(side, 1).tobytes()
    return head.ljust(-(-len(head) // 2880) * 2880).encode() + pixels


def _plain(side: int) -> bytes:
    pixels = _noise(side, 3).reshape(side, -1)
    return f"P3 {side} {side} 255\n".encode() + b"\n".join(
        " ".join(map(str, row)).encode() for row in pixels.tolist()
    )


_JPEG = {"quality": 80}

CASES: dict[str, tuple[Make, dict[str, Any]]] = {
    "jpeg": (_saved("JPEG", "RGB", **_JPEG), {}),
    "jpeg-444": (_saved("JPEG", "RGB", subsampling=0, **_JPEG), {}),
    "jpeg-gray": (_saved("JPEG", "L", **_JPEG), {}),
    "jpeg-cmyk": (_saved("JPEG", "CMYK", **_JPEG), {}),
    "jpeg-progressive": (_saved("JPEG", "RGB", progressive=True, **_JPEG), {}),
    "jpeg-progressive-444": (_saved("JPEG", "RGB", progressive=True, subsampling=0, **_JPEG), {}),
    "jpeg-progressive-gray": (_saved("JPEG", "L", progressive=True, **_JPEG), {}),
    "jpeg-progressive-cmyk": (_saved("JPEG", "CMYK", progressive=True, **_JPEG), {}),
    "jpeg-reduced": (_saved("JPEG", "RGB", **_JPEG), {"min_side": 1}),
    "jpeg-progressive-reduced": (
        _saved("JPEG", "RGB", progressive=True, subsampling=0, **_JPEG),
        {"min_side": 1},
    ),
    "jpeg-turned": (_turned(_saved("JPEG", "RGB", subsampling=0, **_JPEG)), {}),
    "jpeg-cut": (
        lambda side: _saved("JPEG", "RGB", **_JPEG)(side)[: side * side // 2] + b"\xff\xd9",
        {},
    ),
    "jpeg-progressive-cut": (
        lambda side: (
            _saved("JPEG", "RGB", progressive=True, subsampling=0, **_JPEG)(side)[: side * side]
            + b"\xff\xd9"
        ),
        {},
    ),
    "png": (_saved("PNG", "RGB", compress_level=1), {}),
    "png-gray": (_saved("PNG", "L", compress_level=1), {}),
    "png-1bit": (_saved("PNG", "1"), {}),
    "png-palette": (_saved("PNG", "P"), {}),
    "png-palette-transparent": (_saved("PNG", "P", transparency=3), {}),
    "png-color-key": (_saved("PNG", "RGB", compress_level=1, transparency=(1, 2, 3)), {}),
    "png-rgba": (_saved("PNG", "RGBA", compress_level=1), {}),
    "png-gray-alpha": (_saved("PNG", "LA", compress_level=1), {}),
    "png-gray-16": (_saved("PNG", "I;16", compress_level=1), {}),
    "png-gray-16-stretch": (_saved("PNG", "I;16", compress_level=1), {"levels": "stretch"}),
    "png-gray-16-sliver": (_png_16(1), {}),
    "png-gray-alpha-16": (_png_16(2), {}),
    "png-rgb-16": (_png_16(3), {}),
    "png-rgb-16-stretch": (_png_16(3), {"levels": "stretch"}),
    "png-rgb-16-given": (_png_16(3), {"levels": (0, 100)}),
    "png-rgba-16": (_png_16(4), {}),
    "png-turned": (_turned(_saved("PNG", "RGBA", compress_level=1)), {}),
    "apng": (_frames("PNG", "RGB", compress_level=1), {}),
    "gif": (_saved("GIF", "P"), {}),
    "gif-transparent": (_saved("GIF", "P", transparency=3), {}),
    "gif-frames": (_frames("GIF", "P"), {}),
    "webp": (_saved("WEBP", "RGB"), {}),
    "webp-rgba": (_saved("WEBP", "RGBA"), {}),
    "webp-lossless": (_saved("WEBP", "RGBA", lossless=True, quality=0, method=0), {}),
    "webp-frames": (_frames("WEBP", "RGBA", method=0), {}),
    "avif": (_saved("AVIF", "RGB", speed=10), {}),
    "avif-rgba": (_saved("AVIF", "RGBA", speed=10, subsampling="4:4:4"), {}),
    "jpeg2000": (_saved("JPEG2000", "RGB"), {}),
    "jpeg2000-rgba": (_saved("JPEG2000", "RGBA"), {}),
    "jpeg2000-gray": (_saved("JPEG2000", "L"), {}),
    "jpeg2000-gray-16": (_saved("JPEG2000", "I;16"), {}),
    "jpeg2000-tiles": (_saved("JPEG2000", "RGBA", tile_size=(512, 512)), {}),
    "tiff": (_saved("TIFF", "RGB"), {}),
    "tiff-1bit": (_saved("TIFF", "1", compression="group4"), {}),
    "tiff-gray-16": (_saved("TIFF", "I;16"), {}),
    "tiff-gray-32": (_saved("TIFF", "I"), {}),
    "tiff-gray-32-stretch": (_saved("TIFF", "I"), {"levels": "stretch"}),
    "tiff-float": (_saved("TIFF", "F"), {}),
    "tiff-float-deflate": (_saved("TIFF", "F", compression="tiff_adobe_deflate"), {}),
    "tiff-lzw": (_saved("TIFF", "RGB", compression="tiff_lzw"), {}),
    "tiff-deflate-rgba": (_saved("TIFF", "RGBA", compression="tiff_adobe_deflate"), {}),
    "tiff-one-strip": (
        _saved("TIFF", "RGBA", compression="tiff_adobe_deflate", strip_size=2**31 - 1),
        {},
    ),
    "tiff-jpeg": (_saved("TIFF", "RGB", compression="jpeg"), {}),
    "tiff-cmyk": (_saved("TIFF", "CMYK", compression="tiff_lzw"), {}),
    "tiff-ycbcr": (_saved("TIFF", "YCbCr", compression="tiff_lzw"), {}),
    "tiff-lab": (_saved("TIFF", "LAB"), {}),
    "tiff-rgb-16": (_tiff_16(1), {}),
    "tiff-rgb-16-deflate": (_tiff_16(8), {}),
    "tiff-rgb-16-stretch": (_tiff_16(8), {"levels": "stretch"}),
    "bmp": (_saved("BMP", "RGB"), {}),
    "bmp-palette": (_saved("BMP", "P"), {}),
    "ppm": (_saved("PPM", "RGB"), {}),
    "pgm-16": (_written(b"P5 %d %d 1000\n", "L", np.dtype(">u2")), {}),
    "pfm": (_saved("PPM", "F"), {}),
    "ppm-1000": (_written(b"P6 %d %d 200\n", "RGB"), {}),
    "tga": (_saved("TGA", "RGBA"), {}),
    "tga-rle": (_saved("TGA", "RGB", compression="tga_rle"), {}),
    "sgi": (_saved("SGI", "RGB"), {}),
    "pcx": (_saved("PCX", "RGB"), {}),
    "dds": (_saved("DDS", "RGBA"), {}),
    "ico": (_ico, {}),
    "icns": (_saved("ICNS", "RGBA"), {}),
    "qoi": (_saved("QOI", "RGB"), {}),
    "heic": (_heic("RGB"), {}),
    "heic-rgba": (_heic("RGBA"), {}),
    "fits": (_fits, {}),
    "ppm-plain": (_plain, {}),
}
"""How a square picture is made, and how it is read."""


def measure(case: str, large: str, tiny: str) -> tuple[float, float]:
    """How many bytes a pixel takes at the peak, and how many were counted.

    For processes that do nothing else.
    """
    from zsclip import budget
    from zsclip.images import Reading, load_image

    options = dict(CASES[case][1])
    min_side = options.pop("min_side", None)
    reading = Reading(timeout=600, **options)
    counted: list[int] = []
    load_image(tiny, reading=reading, min_side=min_side)
    take = budget.take

    def noted(holder: object, need: int, most: int) -> float:
        counted.append(need)
        return take(holder, need, most)

    budget.take = noted
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    load_image(large, reading=reading, min_side=min_side)
    budget.take = take
    return (_status("VmHWM") - before) / SIDE**2, max(counted) / SIDE**2


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


def measured(cases: Iterable[str], folder: Path) -> dict[str, tuple[float, float]]:
    """What `measure` says of each case, in a process of its own; less what cannot be written here.

    HEIC needs a plugin, and older versions of Pillow write no AVIF and no QOI.
    """
    ImageFile.MAXBLOCK, before = 2**26, ImageFile.MAXBLOCK  # or a long JPEG cannot be written
    named = []
    for case in cases:
        paths = [folder / f"{case}.{side}" for side in (SIDE, TINY)]
        try:
            for path, side in zip(paths, (SIDE, TINY), strict=True):
                path.write_bytes(CASES[case][0](side))
        except (ImportError, KeyError):
            continue
        named.append([case, *map(str, paths)])
    ImageFile.MAXBLOCK = before
    done = subprocess.run(
        [sys.executable, __file__, "--measure"],
        input=json.dumps(named),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},  # what is freed is free
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, tuple[float, float]] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        warnings.simplefilter("ignore")
        print(json.dumps({case: measure(case, *paths) for case, *paths in json.load(sys.stdin)}))
    else:
        with tempfile.TemporaryDirectory() as name:
            for case, numbers in measured(sys.argv[1:] or CASES, Path(name)).items():
                print("{:26} {:6.2f} measured {:6.2f} counted".format(case, *numbers))
