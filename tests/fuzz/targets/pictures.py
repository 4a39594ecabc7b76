"""Pictures of every format that is read, as bytes, files and ``data:`` URIs."""

from __future__ import annotations

import base64
import functools
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, features

from tests.fuzz.catalogue import Target
from tests.fuzz.forms import FORMS
from tests.fuzz.mutations import Seed
from zsclip import Reading, load_image
from zsclip.errors import ImageError
from zsclip.images.heif import register_heif

__all__ = ["DATA_URIS", "PICTURES", "limited", "picture_seeds", "small_pictures"]

_SIZE = (37, 23)


def limited(**more: object) -> Reading:
    """A reading as somebody sets it who serves strangers: what is promised holds under it."""
    limits: dict[str, object] = {
        "max_pixels": 4_000_000,
        "max_bytes": 8_000_000,
        "max_memory": 512 * 1024**2,
        "timeout": 1.5,
    }
    known = {field.name for field in fields(Reading)}
    return Reading(**{key: limits[key] for key in known & limits.keys()}, **more)  # type: ignore[arg-type]


_READINGS = [limited(), limited(strict=True), limited(levels="stretch"), limited(levels="full"),
             limited(background="red", reduced=False)]  # fmt: skip


def _gradient(mode: str) -> Image.Image:
    width, height = _SIZE
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    if mode == "I;16":
        return Image.fromarray((x * 1500 + y * 40).astype(np.uint16))
    if mode == "F":
        return Image.fromarray((x / width).astype(np.float32))
    rgb = np.stack([x * 6, y * 10, x * y % 256], axis=-1).astype(np.uint8)
    image = Image.fromarray(rgb)
    return image.convert("RGB").quantize(16) if mode == "P" else image.convert(mode)


def _saved(mode: str, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    _gradient(mode).save(out, kind, **options)
    return out.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a picture"
    return exif


def picture_seeds() -> list[Seed]:
    """A small picture in each way that pictures are kept, and some that were made to do harm."""
    return [*small_pictures(), *_harmful()]


def small_pictures() -> list[Seed]:
    """The first of these: nothing in them is large."""
    return [*_sound(), *_modern()]


def _sound() -> Iterator[Seed]:
    frames = [_gradient("RGB"), _gradient("RGB").rotate(90)]
    animated: dict[str, object] = {"save_all": True, "append_images": frames}
    for name, mode, kind, options in (
        ("jpeg", "RGB", "JPEG", {"exif": _exif()}),
        ("jpeg progressive", "RGB", "JPEG", {"progressive": True}),
        ("jpeg gray", "L", "JPEG", {"restart_marker_rows": 1}),
        ("jpeg cmyk", "CMYK", "JPEG", {}),
        ("jpeg 4:4:4", "RGB", "JPEG", {"subsampling": 0, "optimize": True}),
        ("png", "RGB", "PNG", {}),
        ("png alpha", "RGBA", "PNG", {"exif": _exif()}),
        ("png 16 bit", "I;16", "PNG", {}),
        ("png palette", "P", "PNG", {"transparency": 3}),
        ("png 1 bit", "1", "PNG", {}),
        ("png gray and alpha", "LA", "PNG", {}),
        ("apng", "RGB", "PNG", animated),
        ("gif", "P", "GIF", {}),
        ("gif animated", "RGB", "GIF", animated),
        ("webp", "RGB", "WEBP", {"quality": 50}),
        ("webp lossless", "RGBA", "WEBP", {"lossless": True, "exif": _exif()}),
        ("webp animated", "RGB", "WEBP", animated),
        ("tiff", "RGB", "TIFF", {}),
        ("tiff lzw", "RGB", "TIFF", {"compression": "tiff_lzw"}),
        ("tiff deflate", "I;16", "TIFF", {"compression": "tiff_adobe_deflate"}),
        ("tiff jpeg", "RGB", "TIFF", {"compression": "jpeg"}),
        ("tiff group4", "1", "TIFF", {"compression": "group4"}),
        ("tiff packbits", "P", "TIFF", {"compression": "packbits"}),
        ("tiff float", "F", "TIFF", {}),
        ("tiff cmyk", "CMYK", "TIFF", {"exif": _exif()}),
        ("tiff big", "RGB", "TIFF", {"big_tiff": True}),
        ("tiff frames", "RGB", "TIFF", animated),
        ("bmp", "RGB", "BMP", {}),
        ("bmp palette", "P", "BMP", {}),
        ("dib", "RGB", "DIB", {}),
        ("ico", "RGBA", "ICO", {"sizes": [(16, 16), (24, 23)]}),
        ("icns", "RGBA", "ICNS", {}),
        ("jpeg 2000", "RGB", "JPEG2000", {}),
        ("jpeg 2000 lossy", "L", "JPEG2000", {"irreversible": True, "quality_layers": [20]}),
        ("ppm", "RGB", "PPM", {}),
        ("pgm 16 bit", "I;16", "PPM", {}),
        ("pfm", "F", "PPM", {}),
        ("tga", "RGB", "TGA", {}),
        ("tga rle", "P", "TGA", {"compression": "tga_rle"}),
        ("pcx", "P", "PCX", {}),
        ("sgi", "RGB", "SGI", {}),
        ("dds", "RGBA", "DDS", {}),
        ("dds compressed", "RGBA", "DDS", {"pixel_format": "DXT5"}),
        ("qoi", "RGB", "QOI", {}),
        ("blp", "P", "BLP", {}),
        ("im", "RGB", "IM", {}),
        ("msp", "1", "MSP", {}),
        ("spider", "F", "SPIDER", {}),
        ("xbm", "1", "XBM", {}),
        ("mpo", "RGB", "MPO", animated),
        ("pdf", "RGB", "PDF", {}),
        ("eps", "RGB", "EPS", {}),
    ):
        if kind == "WEBP" and not features.check("webp"):
            continue
        try:
            data = _saved(mode, kind, **options)
        except (KeyError, OSError, ValueError):
            continue  # this Pillow does not write it
        form = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "riff", "XBM": "lines"}
        yield Seed(name, data, form.get(kind, ""))
    yield Seed("ppm in words", b"P3\n# so\n3 2\n255\n" + b"1 2 3  40 50 60\n" * 3, "lines")
    yield Seed("xpm", b'/* XPM */\nstatic char *x[] = {\n"2 2 2 1",\n"a c #ff0000",\n"b c #00ff00",\n"ab",\n"ba"};\n', "lines")  # fmt: skip # noqa: E501
    yield Seed("hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" + bytes(range(16)))
    yield Seed("psd", b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 2, 2, 8, 3) + b"\0" * 14
               + bytes(range(12)))  # fmt: skip
    yield Seed("svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>')
    yield Seed("html", b"<!doctype html><title>404</title>")
    yield Seed("nothing", b"")


def _modern() -> Iterator[Seed]:
    if features.check("avif"):
        yield Seed("avif", _saved("RGB", "AVIF", quality=30, speed=10))
    register_heif()
    if "HEIF" in Image.SAVE:
        yield Seed("heic", _saved("RGB", "HEIF", quality=30))
        yield Seed("heic alpha", _saved("RGBA", "HEIF", quality=30))


def _harmful() -> Iterator[Seed]:
    """What takes much from little; longer ones are run and not mutated."""
    side = 30_000
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    yield Seed("png of 900 MP", FORMS["png"].together([(b"IHDR", head), (b"IDAT", b"x")]), "png")
    flat = zlib.compress(bytes(2000 * 2000 * 6), 9)
    head = struct.pack(">IIBBBBB", 2000, 2000, 16, 6, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", flat), (b"IEND", b"")]
    yield Seed("png of zeros", FORMS["png"].together(parts), "png")
    for kind in (b"zTXt", b"iCCP"):
        yield Seed(f"png {kind.decode()} bomb", functools.partial(_bomb, kind))
    # of which a decoder goes through all of the picture for each
    yield Seed("jpeg of many scans", _many_scans)
    out = io.BytesIO()
    Image.new("RGB", (1990, 1990)).save(out, "TIFF", compression="tiff_adobe_deflate")
    yield Seed("tiff of zeros", out.getvalue())
    out = io.BytesIO()
    Image.new("F", (1990, 1990)).save(out, "TIFF", compression="tiff_lzw")
    yield Seed("tiff of floats", out.getvalue())
    yield Seed("gif of many frames", _many_frames)


def _bomb(kind: bytes) -> bytes:
    parts = FORMS["png"].apart(_saved("RGB", "PNG"))
    body = (kind, b"a\0\0" + zlib.compress(bytes(100_000_000), 9))
    return FORMS["png"].together([parts[0], body, *parts[1:]])


def _many_scans() -> bytes:
    out = io.BytesIO()
    Image.new("L", (1900, 1900), 90).save(out, "JPEG", progressive=True)
    scans = FORMS["jpeg"].apart(out.getvalue())
    return FORMS["jpeg"].together(scans + [scans[-1]] * 10_000)


def _many_frames() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("P", (1, 1), i % 2) for i in range(2000)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _read(data: bytes) -> str:
    rng = Random(data)
    reading = replace(rng.choice(_READINGS))
    given: object = data
    path = Path("picture")
    way = rng.randrange(6)
    if way == 0:
        path.write_bytes(data)
        given = path
    elif way == 1:
        given = io.BytesIO(data)
    try:
        image = load_image(given, reading=reading, min_side=rng.choice((None, 16)))  # type: ignore[arg-type]
    finally:
        path.unlink(missing_ok=True)
    assert image.mode == "RGB", image
    assert 0 < image.width * image.height <= reading.max_pixels, image
    assert len(image.tobytes()) == 3 * image.width * image.height, image
    return "read"


_WORDS = (b"\xff\xd8", b"\xff\xda", b"\xff\xc4", b"II*\0", b"MM\0*", b"IHDR", b"acTL", b"fdAT",
          b"\0\0\0\0",
          b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"GIF89a", b"VP8X", b"ANMF", b"ftypheic",
          b"ftypavif",
          b"Exif\0\0", b"8BIM", b"jP  ", b"\xff\x4f", b"icns", b"it32", b"DXT1", b"DX10",
          b"qoif", b"P6",
          b"P3", b"255", b"999999999", b"mdat", b"iloc", b"irot")  # fmt: skip

PICTURES = Target(picture_seeds, _read, (ImageError,), _WORDS)


def _uri_seeds() -> list[Seed]:
    png = _saved("RGB", "PNG")
    coded = base64.b64encode(png)
    quoted = b"".join(b"%%%02x" % byte for byte in png)
    return [
        Seed("base64", b"data:image/png;base64," + coded),
        Seed("url-safe", b"data:;BASE64 ," + base64.urlsafe_b64encode(png).rstrip(b"=")),
        Seed("quoted", b"data:," + quoted),
        Seed("wrapped", b"data:image/png;base64," + base64.encodebytes(png)),
        Seed("many percents", lambda: b"data:," + b"%4" * 500_000),
        Seed("many blanks", lambda: b"data:;base64," + b"A B" * 500_000),
        Seed("one blank line", lambda: b"data:" + b" " * 1_000_000 + b";base64,AAAA"),
    ]


def _read_uri(data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    if not text.startswith("data:"):
        text = f"data:{text}"
    load_image(text, reading=limited())
    return "read"


DATA_URIS = Target(
    _uri_seeds, _read_uri, (ImageError,),
    (b"%", b"%00", b"%zz", b"=", b"====", b",", b";base64", b"-_", b"\xc3\xa9", b"\n"),
)  # fmt: skip
