"""Pictures made small."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zsclip.errors import ImageError, ParameterError
from zsclip.images import Reading, isolated, thumbnail, thumbnail_if_readable


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return image


@pytest.mark.parametrize(
    ("size", "small"),
    [((400, 200), (160, 80)), ((3000, 1), (160, 1)), ((20, 30), (20, 30)), ((161, 322), (80, 160))],
)
def test_the_longer_side_is_made_to_fit(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert opened(thumbnail(Image.new("RGB", size, "red"))).size == small


def test_a_picture_that_was_given_stays_as_it_is(tmp_path: Path) -> None:
    given = Image.new("RGB", (300, 300), "blue")
    thumbnail(given, side=32)
    assert given.size == (300, 300)


def test_a_large_jpeg_turned_by_its_tag_is_upright_and_tells_nothing_else(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a secret"
    path = tmp_path / "turned.jpg"
    Image.new("RGB", (1600, 800), "green").save(path, exif=exif, comment=b"a secret")
    data = thumbnail(path, side=100)
    assert opened(data).size == (50, 100)
    assert b"secret" not in data


def test_what_is_no_picture_has_no_thumbnail(tmp_path: Path) -> None:
    path = tmp_path / "text.jpg"
    path.write_text("no picture")
    with pytest.raises(ImageError, match=r"text\.jpg"):
        thumbnail(path)
    with pytest.raises(ParameterError, match="`side`"):
        thumbnail(Image.new("RGB", (1, 1)), side=0)


def test_a_glance_gives_the_same_and_nothing_where_there_is_no_picture(swatches: Path) -> None:
    path = swatches / "1-red.png"
    assert thumbnail_if_readable(path) == thumbnail_if_readable(str(path)) == thumbnail(path)
    unreadable: list[Any] = [swatches, swatches / "none.png", b"no picture", None, 7, "a\0b"]
    for source in unreadable:
        assert thumbnail_if_readable(source) is None


def test_a_glance_decodes_in_a_process_of_its_own(
    swatches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart: list[Reading] = []
    decode = isolated.decode_apart

    def counted(stream: Any, reading: Reading, min_side: int | None) -> Image.Image:
        apart.append(reading)
        return decode(stream, reading, min_side)

    monkeypatch.setattr(isolated, "decode_apart", counted)
    assert thumbnail_if_readable(swatches / "1-red.png")
    assert [(reading.urls, reading.timeout) for reading in apart] == [("none", 10.0)]


def test_a_glance_leaves_large_pictures_and_the_web_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: pytest.fail("asked"))
    assert thumbnail_if_readable("http://example.org/a.png") is None
    large = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(large, "PNG")
    assert thumbnail_if_readable(large.getvalue()) is None
