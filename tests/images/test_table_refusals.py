"""The rows of docs/pictures.md about what cannot be read, and what the errors say."""

from __future__ import annotations

import codecs
import gzip
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.images import load_image

Encode = Callable[..., bytes]


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(source, **options)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).endswith(caught.value.reason)
    return caught.value.reason


def test_row_missing_file(tmp_path: Path) -> None:
    (tmp_path / "red-fox.png").touch()
    with pytest.raises(ImageError) as caught:
        load_image(tmp_path / "red_fox.png")
    assert caught.value.source == str(tmp_path / "red_fox.png")
    assert caught.value.reason == "no such file. Did you mean 'red-fox.png'?"
    assert refusal(tmp_path / "quite-another") == "no such file."
    assert "folder" in refusal(tmp_path / "no" / "fox.png")
    assert "does not exist" in refusal(tmp_path / "no" / "fox.png")
    assert "expanduser" in refusal("~/no-such-fox.png")
    assert "pass it as a str" in refusal(Path("https://example.org/fox.png"))
    assert refusal("s3://bucket/fox.png").startswith("s3:// is not a kind of URL that zsclip reads")
    assert refusal("") == "the path is empty."
    assert "null" in refusal("fox\0.png")
    assert "too long" in refusal("x" * 5000)


def test_row_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith("it is a folder. zsclip.images.find_pictures lists")


def test_row_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "fox.png").touch()
    monkeypatch.setattr(Path, "open", forbid)
    assert refusal(tmp_path / "fox.png") == "permission denied."


def test_row_empty(tmp_path: Path) -> None:
    (tmp_path / "fox.png").touch()
    for source in (tmp_path / "fox.png", b"", io.BytesIO(), "data:image/png;base64,"):
        assert refusal(source) == "it is empty (0 bytes)."


def test_row_text(tmp_path: Path) -> None:
    (tmp_path / "fox.jpg").write_text("Dear fox,\nwhere are you?")
    assert refusal(tmp_path / "fox.jpg") == (
        r"it holds text and not a picture ('Dear fox,\\nwhere are you?')."
    )
    long = "größer " * 2000
    for cut in (198, 199, 200, 201, 5000):
        assert refusal(long.encode()[:cut]).startswith("it holds text and not a picture ('größer ")


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
        b"\x01\x02\x03\x04": r"no picture format that Pillow [\d.]+ can read .*01 02 03 04",
    }.items():
        with pytest.raises(ImageError, match=told):
            load_image(content)


def test_row_heic() -> None:
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"msf1\0\0\0\0msf1hevc"):
        head = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands
        reason = refusal(head + bytes(100))
        assert "pip install pillow-heif" in reason
        assert "register_heif_opener()" in reason


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


def test_row_memory(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Image.Image) -> None:
        raise MemoryError

    file = encode(Image.new("RGB", (4, 4)), "BMP")
    monkeypatch.setattr("PIL.BmpImagePlugin.BmpImageFile.load", fail)
    assert refusal(file) == "there is not enough memory to decode it."


def test_row_cut_off(encode: Encode, tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    for format_ in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        data = encode(Image.fromarray(noise), format_)
        file = tmp_path / f"fox.{format_.lower()}"
        for share in (0.3, 0.6, 0.95):
            file.write_bytes(data[: int(len(data) * share)])
            with pytest.raises(ImageError, match="damaged or cut off") as caught:
                load_image(file)
            assert caught.value.source == str(file)


def test_row_no_pixels(write_png: Encode) -> None:
    for size in ((0, 0), (0, 5), (5, 0)):
        assert refusal(Image.new("RGB", size)) == "it has no pixels."
    assert "damaged" in refusal(write_png(0, 8, 2, [b""]))


def test_row_too_many_pixels(write_png: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_png(100, 1, 0, [bytes(13)] * 100)
    assert load_image(file, max_pixels=10_000).size == (100, 100)
    reason = refusal(file, max_pixels=9_999)
    assert reason.startswith("its 100 x 100 pixels are more than `max_pixels` (9,999).")
    bomb = write_png(10_000, 1, 0, [bytes(1250)] * 9_000)  # Pillow alone warns, and decodes it
    assert "10000 x 9000" in refusal(bomb)
    # An icon says 16 x 16 in its header, and holds a larger picture.
    icon = struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(file), 22) + file
    assert "100 x 100" in refusal(icon, max_pixels=9_999)
    limit = Image.MAX_IMAGE_PIXELS
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # shared by the whole process
    assert load_image(file, max_pixels=10_000).size == (100, 100)
    assert Image.MAX_IMAGE_PIXELS == 100
    assert limit == 89_478_485
    assert "Pillow's own (PIL.Image.MAX_IMAGE_PIXELS)" in refusal(icon)  # it measures icons itself


def test_row_too_many_bytes(encode: Encode) -> None:
    data = encode(Image.new("RGB", (4, 4)))
    assert load_image(io.BytesIO(data), max_bytes=len(data)).size == (4, 4)
    reason = refusal(io.BytesIO(data), max_bytes=len(data) - 1)
    assert reason.startswith("it is larger than `max_bytes`")
    with Path("/dev/zero").open("rb") as endless:
        assert "`max_bytes` (1.0 MB)" in refusal(endless, max_bytes=1_000_000)
    assert "`max_bytes` (1.0 MB)" in refusal("/dev/zero", max_bytes=1_000_000)


def test_row_file_object_refused(tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_text("fox")
    with (tmp_path / "fox.png").open() as text:
        assert "binary mode: open(path, 'rb')" in refusal(text)
        with pytest.raises(ImageError, match=r"<file .*fox\.png>"):
            load_image(text)  # type: ignore[arg-type]
    assert "binary mode" in refusal(io.StringIO("fox"))
    reader = codecs.getreader("utf-8")(io.BytesIO(b"fox"))  # text, but not by its class
    assert "binary mode" in refusal(reader)
    closed = io.BytesIO(b"fox")
    closed.close()
    assert "closed file" in refusal(closed)

    class Broken:
        def read(self, size: int = -1) -> bytes:
            raise RuntimeError("the line went dead")

    assert "the line went dead" in refusal(Broken())
    view = memoryview(b"fox")
    view.release()
    assert "released" in refusal(view)


def test_row_data_uri_refused() -> None:
    assert "no comma" in refusal("data:image/png;base64")
    assert "not valid base64" in refusal("data:image/png;base64,a*b")
    assert "not valid base64" in refusal("data:image/png;base64,AAAAA")
    assert "not valid base64" in refusal("data:image/png;base64,ü")
    assert "SVG" in refusal("data:image/svg+xml,%3Csvg%3E")


def test_row_pil_image_refused(encode: Encode) -> None:
    whole = encode(Image.effect_noise((64, 64), 50), "JPEG")
    with Image.open(io.BytesIO(whole[:-200])) as cut:
        assert "truncated" in refusal(cut)
    closed = Image.new("L", (2, 2))
    closed.close()
    assert "closed" in refusal(closed)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("background", "no-such-color"),
        ("background", "#12"),
        ("background", "#ff000080"),
        ("background", (0, 0)),
        ("background", (0, 0, 256)),
        ("background", (0, -1, 0)),
        ("background", (0.5, 0.5, 0.5)),
        ("timeout", 0),
        ("timeout", -1.0),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("timeout", None),
        ("max_bytes", 0),
        ("max_bytes", 1.5),
        ("max_pixels", -1),
        ("max_pixels", True),
    ],
)
def test_row_parameters(option: str, value: Any) -> None:
    picture = Image.new("RGB", (1, 1))  # though this one needs none of them
    with pytest.raises(ParameterError, match=f"`{option}` must be .*, got "):
        load_image(picture, **{option: value})
    with pytest.raises(ParameterTypeError, match=r"`background` must be .*, got 5"):
        load_image(picture, background=5)  # type: ignore[arg-type]
