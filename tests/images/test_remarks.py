"""The rows of docs/pictures.md about warnings: each arrives once, by the picture's name."""

from __future__ import annotations

import io
import logging
import struct
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from zsclip.errors import (
    DamagedImageWarning,
    ImageError,
    ImageWarning,
    LevelsWarning,
)
from zsclip.images import Reading, is_doubted, load_image

Encode = Callable[..., bytes]


@pytest.fixture
def odd(write_png: Encode) -> bytes:
    """A picture of which Pillow warns "Invalid APNG", and which it reads well."""
    return write_png(1, 8, 2, [bytes([1, 2, 3])], acTL=struct.pack(">II", 0, 0))


@pytest.fixture
def damaged(encode: Encode) -> bytes:
    """A JPEG whose second half is missing."""
    data = encode(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")
    return data[: len(data) // 2] + b"\xff\xd9"


def test_row_warnings(odd: bytes, caplog: pytest.LogCaptureFixture) -> None:
    filters = list(warnings.filters)
    with caplog.at_level(logging.WARNING, logger="zsclip"):
        assert load_image(odd).getpixel((0, 0)) == (1, 2, 3)  # though warnings are errors here
    assert "<bytes, " in caplog.text
    assert "Invalid APNG" in caplog.text
    assert list(warnings.filters) == filters
    with pytest.warns(ImageWarning, match=r"^<bytes, .*>: Invalid APNG") as caught:
        picture = load_image(odd)
    assert len(caught) == 1
    assert not is_doubted(picture)  # it is what its file says


def test_row_warnings_as_errors(damaged: bytes) -> None:
    for category in (DamagedImageWarning, UserWarning, Warning):
        with warnings.catch_warnings():
            warnings.simplefilter("error", category)
            with pytest.raises(ImageError, match="it is a damaged JPEG") as caught:
                load_image(damaged)
            assert isinstance(caught.value.__cause__, DamagedImageWarning)
    dark = np.arange(300, 700, dtype=np.uint16)[None]
    with pytest.raises(ImageError, match="keep 3 of 256 levels") as caught:
        load_image(dark)
    assert isinstance(caught.value.__cause__, LevelsWarning)


def test_warnings_that_are_ignored_are_not_lost_to_whoever_asks(damaged: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert is_doubted(load_image(damaged))


def test_what_pillow_fills_with_gray_is_told_of(
    damaged: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.warns(DamagedImageWarning, match="Premature end of JPEG file"):
        assert load_image(damaged[:-100]).size == (64, 64)


def test_row_warnings_in_threads(odd: bytes, damaged: bytes, tmp_path: Path) -> None:
    files = {tmp_path / f"{kind} {i}.img": kind for i in range(60) for kind in ("odd", "damaged")}
    for file, kind in files.items():
        file.write_bytes(odd if kind == "odd" else damaged)
    filters = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(load_image, files))
    assert list(warnings.filters) == filters
    told = Counter(str(warning.message).partition(":")[0] for warning in caught)
    assert told == Counter({str(file): 1 for file in files})
    categories = Counter(warning.category for warning in caught)
    assert categories == {ImageWarning: 60, DamagedImageWarning: 60}


def test_other_threads_are_heard_while_a_picture_is_read(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another thread warns of is neither swallowed nor put down to the picture."""
    reading, go_on = threading.Event(), threading.Event()
    load = PngImagePlugin.PngImageFile.load

    def slow(self: PngImagePlugin.PngImageFile) -> Any:
        warnings.warn("of the picture", UserWarning, stacklevel=1)
        reading.set()
        assert go_on.wait(10)
        return load(self)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", slow)
    data = encode(Image.new("RGB", (2, 2)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        worker = threading.Thread(target=load_image, args=(data,))
        worker.start()
        assert reading.wait(10)
        warnings.warn("of the program", UserWarning, stacklevel=1)
        go_on.set()
        worker.join(10)
    told = [(warning.category, str(warning.message)) for warning in caught]
    assert told == [
        (UserWarning, "of the program"),
        (ImageWarning, f"<bytes, {len(data)} B>: of the picture"),
    ]


@pytest.mark.parametrize("category", [DeprecationWarning, ResourceWarning])
def test_what_is_not_about_the_picture_is_no_remark_of_it(
    category: type[Warning],
    encode: Encode,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    load = PngImagePlugin.PngImageFile.load

    def warned(self: PngImagePlugin.PngImageFile) -> Any:
        if self.tile:  # which it is asked for again once it is loaded
            warnings.warn("not of the picture", category, stacklevel=1)
        return load(self)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", warned)
    data = encode(Image.new("RGB", (2, 2), "red"))
    with pytest.warns(category, match="^not of the picture") as caught:
        load_image(data)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # and it is read all the same
        assert load_image(data).getpixel((0, 0)) == (255, 0, 0)
    assert "not of the picture" in caplog.text


def test_a_reading_within_the_display_of_a_warning_ends(
    odd: bytes, damaged: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    def show(message: Any, *args: Any, **options: Any) -> None:
        shown.append(message)
        if len(shown) == 1:
            load_image(odd)

    done = threading.Thread(target=load_image, args=(damaged,), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", show)
        done.start()
        done.join(10)
    assert not done.is_alive()
    assert [type(message) for message in shown] == [DamagedImageWarning, ImageWarning]


def test_a_picture_that_cannot_be_read_is_not_warned_of_as_well(damaged: bytes) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ImageError):
            load_image(damaged, reading=Reading(strict=True))
        with pytest.raises(ImageError):
            load_image(damaged[:-300])
        load_image(io.BytesIO(damaged))
    assert [warning.category for warning in caught] == [DamagedImageWarning]
