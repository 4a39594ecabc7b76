"""The rows of docs/pictures.md about decoding: within limits, reduced, upright, the first frame."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from pixels import refusal

from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.images import Reading, load_image

Encode = Callable[..., bytes]


RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


# What a viewer shows of the stored rows ABC and DEF, by the definition of each orientation: which
# sides of the picture the first row and the first column are (EXIF 2.3, tag 0x0112).
UPRIGHT = {
    1: ("ABC", "DEF"),
    2: ("CBA", "FED"),
    3: ("FED", "CBA"),
    4: ("DEF", "ABC"),
    5: ("AD", "BE", "CF"),
    6: ("DA", "EB", "FC"),
    7: ("FC", "EB", "DA"),
    8: ("CF", "BE", "AD"),
}


LETTERS = {
    "A": (255, 0, 0),
    "B": (0, 255, 0),
    "C": (0, 0, 255),
    "D": (255, 255, 0),
    "E": (0, 0, 0),
    "F": (255, 255, 255),
}


def letters(*rows: str, size: int = 1) -> Image.Image:
    """A picture of one square of color to each letter."""
    pixels = np.array([[LETTERS[letter] for letter in row] for row in rows], np.uint8)
    return Image.fromarray(pixels.repeat(size, axis=0).repeat(size, axis=1))


def row(source: Any) -> list[tuple[int, ...]]:
    """The pixels of the picture's first row; that it is RGB is checked by the way."""
    image = load_image(source)
    assert image.mode == "RGB"
    return [tuple(pixel) for pixel in np.asarray(image)[0].tolist()]


KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "RGB": ("RGB", "JPEG", {}),
    "gray": ("L", "JPEG", {}),
    "CMYK": ("CMYK", "JPEG", {}),
    "progressive": ("RGB", "JPEG", {"progressive": True}),
    "without subsampling": ("RGB", "JPEG", {"subsampling": 0}),
    "MPO": ("RGB", "MPO", {"save_all": True}),
}


def smooth(width: int, height: int) -> Image.Image:
    """A picture without fine detail, of which a reduced one is an even copy."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    channels = [x, y, 0.5 + 0.4 * np.sin(5 * x + 3 * y)]
    return Image.fromarray((np.stack(channels, axis=2) * 255).astype(np.uint8))


def test_row_rgb_8bit(encode: Encode) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    for format_ in ("PNG", "BMP", "TIFF", "PPM"):
        data = encode(Image.fromarray(pixels), format_)
        assert (np.asarray(load_image(data)) == pixels).all()
    photo = encode(Image.fromarray(pixels), "JPEG")
    with Image.open(io.BytesIO(photo)) as opened:
        assert load_image(photo).tobytes() == opened.tobytes()


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_row_exif_orientation(orientation: int, encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    expected = letters(*UPRIGHT[orientation])
    stored = letters("ABC", "DEF")
    for format_, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        image = load_image(encode(stored, format_, exif=exif, **options))
        assert (np.asarray(image) == np.asarray(expected)).all(), format_
        assert load_image(image).tobytes() == expected.tobytes()  # it is upright for good

    photo = encode(letters("ABC", "DEF", size=16), "JPEG", exif=exif, quality=100, subsampling=0)
    upright = letters(*UPRIGHT[orientation], size=16)
    difference = np.asarray(load_image(photo), int) - np.asarray(upright, int)
    assert np.abs(difference).max() <= 3

    with Image.open(io.BytesIO(encode(stored.convert("L"), exif=exif))) as given:
        before = given.tobytes()
        assert load_image(given).tobytes() == expected.convert("L").convert("RGB").tobytes()
        assert given.tobytes() == before
        assert given.size == stored.size


@pytest.mark.parametrize("where", ["inner", "outer", "both"])
def test_row_exif_turned_already(where: str, encode: Encode) -> None:
    stored = letters("ABC", "DEF")

    def opened(*size: int) -> Image.Image:
        exif = Image.Exif()
        exif[0x0112] = 6
        if where != "outer":
            exif.get_ifd(0x8769).update({0xA002: size[0], 0xA003: size[1]})
        if where != "inner":
            exif[0x0100], exif[0x0101] = size
        return Image.open(io.BytesIO(encode(stored, exif=exif)))

    upright = letters(*UPRIGHT[6])
    with opened(3, 2) as image:
        assert load_image(image).tobytes() == upright.tobytes()
        assert load_image(image.copy()).tobytes() == upright.tobytes()
        turned = image.transpose(Image.Transpose.ROTATE_270)
        assert turned.getexif()[0x0112] == 6
        assert load_image(turned).tobytes() == upright.tobytes()
        assert load_image(load_image(turned)).tobytes() == upright.tobytes()
    # Where the data fit neither, or a file says so of itself, it is turned as viewers do.
    with opened(30, 20) as image:
        turned = image.transpose(Image.Transpose.ROTATE_270)
        assert load_image(turned).size == (3, 2)
    with opened(2, 3) as image:
        assert load_image(image).tobytes() == upright.tobytes()


def test_sizes_that_contradict_each_other_do_not_keep_an_image_from_being_turned(
    encode: Encode,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0100], exif[0x0101] = 3, 2
    exif.get_ifd(0x8769).update({0xA002: 2, 0xA003: 3})
    with Image.open(io.BytesIO(encode(letters("ABC", "DEF"), exif=exif))) as image:
        assert load_image(image.copy()).size == (2, 3)
        square = Image.new("RGB", (3, 3))
        square.info["exif"] = image.info["exif"]
        assert load_image(square).size == (3, 3)


def test_row_broken_exif(encode: Encode) -> None:
    picture = letters("ABC", "DEF")
    for exif in (b"Exif\0\0" + b"no TIFF header", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01"):
        assert load_image(encode(picture, exif=exif)).tobytes() == picture.tobytes()


def test_row_icc_profile(encode: Encode) -> None:
    picture = letters("ABC", "DEF")
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    assert load_image(encode(picture, icc_profile=swapped)).tobytes() == picture.tobytes()


def test_row_animation(encode: Encode) -> None:
    first, second = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), GREEN)
    for format_, options in (
        ("GIF", {}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
    ):
        data = encode(first, format_, save_all=True, append_images=[second], **options)
        assert row(data) == [RED] * 4, format_
        with Image.open(io.BytesIO(data)) as opened:
            opened.seek(1)
            result = load_image(opened)
            assert row(opened) == [GREEN] * 4, format_
            opened.seek(0)
            opened.load()
            assert row(result) == [GREEN] * 4, format_
    opened = Image.open(io.BytesIO(data))  # a TIFF file, whose pages are counted when asked for
    opened.load()
    assert opened.fp is None or not opened.fp.close()
    assert row(opened) == [RED] * 4


@pytest.mark.parametrize("kind", KINDS)
def test_row_reduced(kind: str, encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    mode, format_, options = KINDS[kind]
    picture = smooth(800, 480)
    if format_ == "MPO":
        options = {**options, "append_images": [Image.new("RGB", (800, 480))]}
    data = encode(picture.convert(mode), format_, quality=95, **options)
    full = load_image(data)
    decoded = _sizes_decoded(monkeypatch)
    for min_side, scale in ((1, 8), (60, 8), (61, 4), (120, 4), (121, 2), (240, 2), (241, 1)):
        decoded.clear()
        reduced = load_image(data, min_side=min_side)
        assert reduced.mode == "RGB"
        assert reduced.size == (800 // scale, 480 // scale)
        assert decoded == [reduced.size]
        expected = np.asarray(full.resize(reduced.size, Image.Resampling.BOX), int)
        assert np.abs(np.asarray(reduced, int) - expected).mean() < 1


def _sizes_decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes that JPEGs are decoded to from here on."""
    sizes: list[tuple[int, int]] = []
    decode = simplejpeg.decode_jpeg

    def watched(*args: Any, **options: Any) -> Any:
        pixels = decode(*args, **options)
        sizes.append((pixels.shape[1], pixels.shape[0]))
        return pixels

    monkeypatch.setattr(simplejpeg, "decode_jpeg", watched)
    return sizes


@pytest.mark.parametrize("orientation", range(1, 9))
def test_row_reduced_upright(encode: Encode, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(smooth(403, 266), "JPEG", exif=exif, quality=95)
    full, reduced = load_image(data), load_image(data, min_side=100)
    size = (202, 133) if orientation < 5 else (133, 202)  # half, and what is left over as a pixel
    assert reduced.size == size
    assert "exif" not in reduced.info or reduced.getexif().get(0x0112, 1) == 1
    expected = np.asarray(full.resize(size, Image.Resampling.BOX), int)
    assert np.abs(np.asarray(reduced, int) - expected).mean() < 2


def test_row_reduced_others(encode: Encode) -> None:
    picture = smooth(320, 200)
    jpeg = encode(picture, "JPEG")
    with Image.open(io.BytesIO(jpeg)) as opened:
        assert load_image(opened, min_side=10).size == (320, 200)
        assert load_image(opened).tobytes() == load_image(jpeg).tobytes()
    for format_ in ("PNG", "WEBP", "TIFF", "JPEG2000", "GIF"):
        data = encode(picture, format_)
        assert load_image(data, min_side=10).tobytes() == load_image(data).tobytes()
    array = np.asarray(picture)
    assert load_image(array, min_side=10).tobytes() == picture.tobytes()
    assert load_image(jpeg, min_side=101).tobytes() == load_image(jpeg).tobytes()


def test_a_reading_that_is_not_reduced_decodes_a_jpeg_whole(encode: Encode) -> None:
    data = encode(smooth(320, 200), "JPEG")
    whole = load_image(data, min_side=10, reading=Reading(reduced=False))
    assert whole.tobytes() == load_image(data).tobytes()


def test_row_reduced_limits(encode: Encode) -> None:
    data = encode(smooth(800, 480), "JPEG")
    with pytest.raises(ImageError, match=r"800 x 480 pixels are more than `max_pixels`"):
        load_image(data, min_side=10, reading=Reading(max_pixels=800 * 480 - 1))
    for kept in (len(data) // 2, len(data) - 200):
        with pytest.raises(ImageError, match="cut off"):
            load_image(data[:kept], min_side=10)
    for low in (0, -1):
        with pytest.raises(ParameterError, match="`min_side` must be 1 or more, got"):
            load_image(data, min_side=low)
    for wrong in (2.5, True, "224"):
        with pytest.raises(ParameterTypeError, match="`min_side` must be a whole number, got"):
            load_image(data, min_side=wrong)  # type: ignore[arg-type]


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 60))
def test_no_more_is_taken_away_than_may_be(width: int, height: int, min_side: int) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, "JPEG")
    reduced = load_image(stream.getvalue(), min_side=min_side)
    enough = [scale for scale in (2, 4, 8) if min(width, height) // scale >= min_side]
    scale = max(enough, default=1)
    assert reduced.size == (-(-width // scale), -(-height // scale))


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


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_half_a_jpeg_with_an_end_marker_is_not_taken_for_a_whole_one(
    mode: str, encode: Encode
) -> None:
    data = encode(Image.effect_noise((64, 64), 50).convert(mode), "JPEG")
    for damaged in (data[: len(data) // 2] + b"\xff\xd9", data[:-900] + bytes(512) + data[-388:]):
        assert "damaged" in refusal(damaged)  # warnings are errors in these tests


def test_row_no_pixels(write_png: Encode) -> None:
    for size in ((0, 0), (0, 5), (5, 0)):
        assert refusal(Image.new("RGB", size)) == "it has no pixels."
    assert "damaged" in refusal(write_png(0, 8, 2, [b""]))


def test_row_too_many_pixels(write_png: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_png(100, 1, 0, [bytes(13)] * 100)
    assert load_image(file, reading=Reading(max_pixels=10_000)).size == (100, 100)
    reason = refusal(file, max_pixels=9_999)
    assert reason.startswith("its 100 x 100 pixels are more than `max_pixels` (9,999).")
    assert "reading=Reading(max_pixels=...)" in reason
    bomb = write_png(10_000, 1, 0, [bytes(1250)] * 9_000)  # Pillow alone warns, and decodes it
    assert "10000 x 9000" in refusal(bomb)
    # An icon says 16 x 16 in its header, and holds a larger picture.
    icon = struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(file), 22) + file
    assert "100 x 100" in refusal(icon, max_pixels=9_999)
    limit = Image.MAX_IMAGE_PIXELS
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # shared by the whole process
    assert load_image(file, reading=Reading(max_pixels=10_000)).size == (100, 100)
    assert Image.MAX_IMAGE_PIXELS == 100
    assert limit == 89_478_485
    assert "Pillow's own (PIL.Image.MAX_IMAGE_PIXELS)" in refusal(icon)  # it measures icons itself


def test_row_pil_image_refused(encode: Encode) -> None:
    whole = encode(Image.effect_noise((64, 64), 50), "JPEG")
    with Image.open(io.BytesIO(whole[:-200])) as cut:
        assert "truncated" in refusal(cut)
    closed = Image.new("L", (2, 2))
    closed.close()
    assert "closed" in refusal(closed)
