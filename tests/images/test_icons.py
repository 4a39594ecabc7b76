"""Icons that hold larger pictures than they say are refused before those are decoded."""

from __future__ import annotations

import dataclasses
import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image
from zsclip.images.allowance import Allowance, Watched
from zsclip.images.icons import largest_in_icon

Encode = Callable[..., bytes]


def ico(*pictures: bytes) -> bytes:
    head, place = struct.pack("<HHH", 0, 1, len(pictures)), 6 + 16 * len(pictures)
    for picture in pictures:
        head += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(picture), place)
        place += len(picture)
    return head + b"".join(pictures)


def icns(kind: bytes, picture: bytes) -> bytes:
    block = kind + struct.pack(">I", 8 + len(picture)) + picture
    return b"icns" + struct.pack(">I", 8 + len(block)) + block


def largest(data: bytes) -> tuple[int, int]:
    return largest_in_icon(Watched(io.BytesIO(data), Allowance(Reading())))


def test_the_sides_of_what_is_in_an_icon_are_found(encode: Encode) -> None:
    small, large = encode(Image.new("RGB", (16, 16))), encode(Image.new("RGB", (400, 300)))
    bitmap = struct.pack("<IiiHHIIiiII", 40, 500, -800, 1, 32, 0, 0, 0, 0, 0, 0)
    jpeg_2000 = encode(Image.new("RGBA", (320, 310)), "JPEG2000")
    codestream = encode(Image.new("RGBA", (320, 310)), "JPEG2000", no_jp2=True)
    assert largest(ico(small, large)) == (400, 300)
    assert largest(ico(small, bitmap)) == (500, 400)
    assert largest(ico(struct.pack("<IHH", 12, 70, 80))) == (70, 40)
    assert largest(icns(b"ic09", large)) == (400, 300)
    assert largest(icns(b"ic09", jpeg_2000)) == largest(icns(b"ic09", codestream)) == (320, 310)
    for data in (b"", b"\0\0\1\0", b"icns", b"icns\xff\xff\xff\xff", ico(small)[:30], large):
        assert largest(data) == (0, 0)


@pytest.mark.parametrize("kind", ["ico", "icns"])
def test_an_icon_is_measured_by_what_it_holds_before_that_is_decoded(
    kind: str, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = encode(Image.new("RGBA", (3000, 2000)))
    data = ico(picture) if kind == "ico" else icns(b"ic09", picture)
    from PIL import PngImagePlugin

    def load(image: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    for field in ("max_pixels", "max_memory"):
        limited = dataclasses.replace(Reading(), **{field: 1_000_000})  # type: ignore[arg-type]
        with pytest.raises(ImageError, match=f"more than `{field}`"):
            load_image(data, reading=limited)
