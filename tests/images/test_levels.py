"""The rows of docs/pictures.md about whole numbers of more than 8 bits: what is black and white."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip.errors import ImageError, LevelsWarning
from zsclip.images import Reading, is_doubted, load_image

Encode = Callable[..., bytes]

SLIVER = np.linspace(291, 694, 400).astype(np.uint16).reshape(20, 20)  # of a microscope
TWELVE = np.linspace(0, 4095, 400).astype(np.uint16).reshape(20, 20)  # of a camera


def png(write_png: Encode, values: Any, **chunks: bytes) -> bytes:
    """A 16-bit PNG file of (height, width[, channels])."""
    channels = values.shape[2] if values.ndim == 3 else 1
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = [row.astype(">u2").tobytes() for row in values]
    return write_png(values.shape[1], 16, kind, rows, **chunks)


def read(source: Any, levels: Any = "auto") -> Any:
    return np.asarray(load_image(source, reading=Reading(levels=levels)))[:, :, 0]


def quiet(source: Any, levels: Any = "auto") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(source, levels)


@pytest.mark.parametrize("kind", ["png", "tiff", "pgm", "array", "tensor", "image"])
def test_row_levels_sliver(kind: str, write_png: Encode, write_tiff: Encode) -> None:
    sources: dict[str, Any] = {
        "png": png(write_png, SLIVER),
        "tiff": write_tiff(20, 20, 16, SLIVER.tobytes()),
        "pgm": b"P5 20 20 65535\n" + SLIVER.astype(">u2").tobytes(),
        "array": SLIVER,
        "tensor": torch.from_numpy(SLIVER),
        "image": Image.fromarray(SLIVER),
    }
    source = sources[kind]
    with pytest.warns(LevelsWarning) as caught:
        image = load_image(source)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert (
        "its values go from 291 to 694, and read in the range from 0 to 65535 they keep 3 of"
        in (message)
    )
    for way_out in ("levels=(low, high)", 'levels="stretch"', "--levels"):
        assert way_out in message
    assert is_doubted(image)
    assert np.asarray(image).max() == 3  # the values are those of their range
    assert quiet(source, "full").tobytes() == np.asarray(image)[:, :, 0].tobytes()
    assert len(np.unique(quiet(source, "stretch"))) > 200
    assert not is_doubted(load_image(source, reading=Reading(levels="stretch")))


def test_one_hot_pixel_does_not_hide_a_sliver() -> None:
    hot = np.pad(SLIVER, ((0, 20), (0, 40)), mode="wrap")
    hot[3, 3] = 65535
    with pytest.warns(LevelsWarning, match="go from 291 to 65535, .* keep 3 of 256"):
        read(hot)
    stretched = quiet(hot, "stretch")
    assert stretched[3, 3] == 255
    assert len(np.unique(stretched)) > 200


@pytest.mark.parametrize(
    "values",
    [
        np.full((5, 5), 300),
        np.array([[0, 65535], [0, 65535]]),
        np.arange(31 * 257, 64 * 257, 50)[None],
        np.arange(20)[None] * 257,  # of 8 bits
        np.zeros((5, 5)),
    ],
    ids=["one value", "black and white", "33 levels", "8 bits", "black"],
)
def test_what_keeps_its_levels_is_not_warned_of(values: Any, write_png: Encode) -> None:
    expected = np.rint(values / 257)
    assert (quiet(values.astype(np.uint16)) == expected).all()
    assert (quiet(png(write_png, values)) == expected).all()
    colors = np.stack([values] * 3, axis=2)
    assert np.abs(quiet(png(write_png, colors)) - values / 257).max() < 1.2


def test_row_levels_stretch() -> None:
    values = np.arange(1000, 3001, dtype=np.uint16)[None]
    got = quiet(values, "stretch").astype(int)
    low, high = 1002, 2998  # one in a thousand at either end
    assert np.abs(got - np.clip((values.astype(int) - low) * 255 / (high - low), 0, 255)).max() <= 1
    assert (quiet(np.full((5, 5), 700, np.uint16), "stretch") == 3).all()
    dots = np.zeros((100, 100), np.uint16)
    dots[5, 5] = 300
    assert sorted(np.unique(quiet(dots, "stretch"))) == [0, 255]
    eight = np.arange(30, 60, dtype=np.uint8)[None]
    assert (quiet(eight, "stretch") == eight).all()


def test_row_levels_given(write_tiff: Encode) -> None:
    edges = np.array([[0, 100, 200, 300, 65535]], np.uint16)
    assert quiet(edges, (100, 300)).tolist() == [[0, 0, 128, 255, 255]]
    signed = write_tiff(3, 1, 16, struct.pack("<3h", -1000, 0, 1000), sample_format=2)
    assert quiet(signed, (-1000, 1000)).tolist() == [[0, 128, 255]]
    with pytest.raises(ImageError, match=r"levels=\(low, high\)"):
        load_image(signed)
    wide = write_tiff(3, 1, 32, struct.pack("<3I", 0, 2**31, 2**32 - 1))
    assert quiet(wide, (0, 2**32 - 1)).tolist() == [[0, 128, 255]]
    black_is_high = write_tiff(2, 1, 16, struct.pack("<2H", 0, 4095), photometric=0)
    assert quiet(black_is_high, (0, 4095)).tolist() == [[255, 0]]


def test_levels_are_of_the_colors_and_not_of_alpha(write_png: Encode) -> None:
    gray = np.stack([TWELVE, np.full_like(TWELVE, 65535)], axis=2)
    gray[0, 0, 1] = 0
    rgba = np.concatenate([gray[:, :, :1].repeat(3, axis=2), gray[:, :, 1:]], axis=2)
    expected = np.rint(TWELVE * (255 / 4095))
    expected[0, 0] = 255  # the background
    for values in (gray, rgba):
        for source in (values, png(write_png, values)):
            assert (quiet(source, (0, 4095)) == expected).all()
            with pytest.warns(LevelsWarning, match="17 of 256"):
                assert read(source)[0, 0] == 255


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", ["none", "deflate"])
def test_row_levels_rgb_16bit(order: str, compression: str, write_png: Encode) -> None:
    colors = np.stack([TWELVE, TWELVE[::-1], TWELVE.T], axis=2)
    sources = [png(write_png, colors), rgb_tiff(colors, order, compression)]
    for source in sources:
        with pytest.warns(LevelsWarning, match="go from 0 to 4095, .* keep 17 of 256"):
            load_image(source)
        got = np.asarray(load_image(source, reading=Reading(levels=(0, 4095))))
        assert (got == np.rint(colors * (255 / 4095))).all()
        opened = Image.open(io.BytesIO(source))
        with pytest.warns(LevelsWarning, match="of its 16 bits Pillow has kept 8"):
            load_image(opened)
        assert not is_doubted(opened)  # it is somebody else's, and stays as it is


def rgb_tiff(colors: Any, order: str, compression: str) -> bytes:
    """A TIFF file of 16-bit RGB."""
    import zlib

    data: bytes = colors.astype(f"{order}u2").tobytes()
    if compression == "deflate":
        data = zlib.compress(data)
    height, width = colors.shape[:2]
    bits = 8 + len(data) + len(data) % 2
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, bits),
        (259, 4, 1, 8 if compression == "deflate" else 1),
        (262, 4, 1, 2),
        (273, 4, 1, 8),
        (277, 4, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
    ]
    entries = b"".join(struct.pack(f"{order}HHII", *tag) for tag in tags)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", bits + 6)
    return (
        head
        + data
        + bytes(len(data) % 2)
        + struct.pack(f"{order}3H", 16, 16, 16)
        + struct.pack(f"{order}H", len(tags))
        + entries
        + bytes(4)
    )


def test_a_transparent_color_stays_so_where_levels_are_given(write_png: Encode) -> None:
    colors = np.stack([TWELVE] * 3, axis=2)
    key = struct.pack(">3H", 0, 0, 0)
    got = quiet(png(write_png, colors, tRNS=key), (0, 4095))
    assert got[0, 0] == 255
    assert got[-1, -1] == 255
    assert got[10, 0] == np.rint(TWELVE[10, 0] * (255 / 4095))


def test_row_levels_declared_png(write_png: Encode) -> None:
    expected = np.rint(TWELVE / 4095 * 255)
    plain = png(write_png, TWELVE, sBIT=b"\x0c")
    assert (quiet(plain) == expected).all()
    with Image.open(io.BytesIO(plain)) as opened:
        assert (quiet(opened) == expected).all()
    colors = png(write_png, np.stack([TWELVE] * 3, axis=2), sBIT=b"\x0c\x0c\x0c")
    assert (quiet(colors) == expected).all()
    with_alpha = np.stack([TWELVE, np.full_like(TWELVE, 65535)], axis=2)
    assert (quiet(png(write_png, with_alpha, sBIT=b"\x0c\x10")) == expected).all()
    assert (quiet(plain, "full") == np.rint(TWELVE / 257)).all()


def test_a_depth_that_is_declared_of_scaled_up_values_changes_nothing(write_png: Encode) -> None:
    dark = TWELVE // 8  # of 12 bits, and as the specification wants them they go up to 8,190
    wide = dark.astype(int)
    for scaled in (wide << 4, (wide << 4) | (wide >> 8), (wide * 65535 + 2047) // 4095):
        got = quiet(png(write_png, scaled, sBIT=b"\x0c"))
        assert np.abs(got - scaled / 257).max() <= 0.5
    darker = TWELVE // 40  # 0 to 102: 16 bits of them could be 12 bits as they are
    with pytest.warns(LevelsWarning, match="from 0 to 65535 they keep"):
        read(png(write_png, darker << 4, sBIT=b"\x0c"))


def test_row_levels_declared_tiff(write_tiff: Encode) -> None:
    def declaring(top: int, values: Any = TWELVE) -> bytes:
        return write_tiff(20, 20, 16, values.astype("<u2").tobytes(), more={281: top})

    assert (quiet(declaring(4095)) == np.rint(TWELVE / 4095 * 255)).all()
    assert (quiet(declaring(4095), "full") == np.rint(TWELVE / 257)).all()
    for nonsense in (0, 1000, 65535):  # smaller than its values, or no news
        with pytest.warns(LevelsWarning, match="from 0 to 65535 they keep 17"):
            read(declaring(nonsense))
