"""The rows of docs/pictures.md about what a file is that is no picture."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from pixels import refusal

from zsclip.errors import ImageError
from zsclip.images import find_pictures, load_image

Encode = Callable[..., bytes]


def test_row_empty(tmp_path: Path) -> None:
    (tmp_path / "fox.png").touch()
    for source in (tmp_path / "fox.png", b"", io.BytesIO(), "data:image/png;base64,"):
        assert refusal(source) == "it is empty (0 bytes)."


def test_row_text(tmp_path: Path) -> None:
    (tmp_path / "fox.jpg").write_text("Dear fox,\nwhere are you?")
    assert refusal(tmp_path / "fox.jpg") == "it holds text and not a picture."
    long = "größer " * 2000
    for cut in (198, 199, 200, 201, 5000):
        assert refusal(long.encode()[:cut]) == "it holds text and not a picture."


def test_row_other_content() -> None:
    for content, told in {
        b"<!DOCTYPE html>\n<html>": "it is an HTML page",
        b"\xef\xbb\xbf\n <HTML lang='en'>": "it is an HTML page",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>': "SVG drawing: .* Rasterize it first",
        b"<?xml version='1.0'?><!-- a fox -->\n<svg></svg>": "SVG drawing",
        b"%PDF-1.7\n": "PDF document: .* Rasterize it first",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n": "PostScript: .* Rasterize it first",
        struct.pack("<I36x4s", 1, b" EMF"): "Windows metafile",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom": "it is a video",
        b"\x1a\x45\xdf\xa3" + bytes(30): "it is a video",
        b"RIFF\x24\0\0\0AVI LIST": "it is a video",
        b"PK\x03\x04" + bytes(30): "compressed archive",
        gzip.compress(b"fox"): "compressed archive",
        b"\x93NUMPY\x01\0v\0": r"numpy\.load",
        b"\xff\x0a" + bytes(30): "JPEG XL",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a": "git lfs pull",
        b"\x01\x02\x03\x04": r"no picture format that Pillow [\d.]+ can read\.$",
    }.items():
        with pytest.raises(ImageError, match=told):
            load_image(content)


def test_row_heic() -> None:
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"msf1\0\0\0\0msf1hevc"):
        head = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands
        reason = refusal(head + bytes(100))
        assert 'pip install "zsclip[formats]"' in reason
        assert "register_heif_opener" not in reason  # which nobody can call on the command line


HEIC = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic"


class Decoder(ImageFile.ImageFile):
    """Takes a HEIC header for a picture of 2 x 2 white pixels."""

    format = "HEIF"

    def _open(self) -> None:
        self._size, self._mode = (2, 2), "RGB"
        self.tile = [ImageFile._Tile("raw", (0, 0, 2, 2), 24, ("RGB", 0, 1))]


@pytest.fixture
def plugin(without_heif: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """pillow-heif as far as zsclip calls it, installed until the test ends."""

    def register_heif_opener() -> None:
        Image.register_open("HEIF", Decoder, lambda prefix: prefix[4:12] == b"ftypheic")
        Image.register_extension("HEIF", ".heic")

    module = types.ModuleType("pillow_heif")
    module.register_heif_opener = register_heif_opener  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pillow_heif", module)


@pytest.mark.usefixtures("plugin")
def test_heic_is_read_where_its_plugin_is_installed(tmp_path: Path) -> None:
    assert "HEIF" not in Image.OPEN
    (tmp_path / "a.heic").write_bytes(HEIC + b"\xff" * 12)
    (tmp_path / "b.HEIF").write_bytes(HEIC + b"\xff" * 12)
    found = list(find_pictures(tmp_path))
    assert [path.name for path in found] == ["a.heic", "b.HEIF"]
    pictures: list[Path | bytes] = [*found, HEIC + b"\xff" * 12]
    for picture in pictures:
        assert load_image(picture).getpixel((1, 1)) == (255, 255, 255)


def test_row_avif(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    without = [name for name in Image.ID if name != "AVIF"]  # as in an older Pillow
    monkeypatch.setattr(Image, "ID", without)
    head = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(100)
    assert "from version 11.3 on: pip install -U pillow" in refusal(head)


def test_row_other_plugin(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    file = encode(Image.new("RGB", (4, 4)), "WEBP")
    factory, _ = Image.OPEN["WEBP"]
    left_out = "image file could not be identified because WEBP support not installed"
    monkeypatch.setitem(Image.OPEN, "WEBP", (factory, lambda prefix: left_out))
    assert refusal(file) == f"{left_out}."
