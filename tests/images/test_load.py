"""The rows of docs/pictures.md about what holds for every picture."""

from __future__ import annotations

import io
import logging
import pickle
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile
from pixels import PICTURE, same

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image

Encode = Callable[..., bytes]


def test_row_pil_image(png: bytes) -> None:
    assert load_image(PICTURE) is PICTURE  # nothing to change, nothing to copy
    with Image.open(io.BytesIO(png)) as opened:
        assert same(opened)
    gray = PICTURE.convert("L")
    before = gray.tobytes()
    load_image(gray).paste(0, (0, 0, 7, 5))
    assert gray.tobytes() == before


def test_row_quiet(encode: Encode, capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("zsclip")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        for format_ in ("PNG", "JPEG", "GIF", "WEBP"):
            load_image(encode(Image.new("RGB", (9, 9)), format_))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


def test_a_decoder_is_heard_for_every_picture(write_png: Encode, tmp_path: Path) -> None:
    # An animation of no frames: Pillow warns of it, and shows the still picture.
    odd = write_png(1, 8, 2, [b"\1\2\3"], acTL=struct.pack(">II", 0, 0))
    names = ["one.png", "two.png", "three.png"]
    for name in names:
        (tmp_path / name).write_bytes(odd)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")  # which shows a text once for each line of code
        for name in names:
            load_image(tmp_path / name)
    told = [str(warning.message) for warning in caught]
    assert [message.partition(":")[0] for message in told] == [str(tmp_path / n) for n in names]


def test_row_globals(encode: Encode) -> None:
    def state() -> tuple[Any, ...]:
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)

    before = state()
    load_image(encode(Image.new("RGB", (9, 9))), reading=Reading(max_pixels=100))
    with pytest.raises(ImageError):
        load_image(encode(Image.new("RGB", (9, 9)))[:40], reading=Reading(max_pixels=10))
    assert state() == before


def test_row_threads(encode: Encode, write_png: Encode) -> None:
    rng = np.random.default_rng(3)
    files = [
        encode(Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)), format_)
        for format_ in ("PNG", "JPEG", "GIF", "WEBP", "TIFF")
        for _ in range(4)
    ]
    files += [
        write_png(1, 8, 2, [bytes([i, 2, 3])], acTL=struct.pack(">II", 0, 0)) for i in range(8)
    ]
    filters = list(warnings.filters)
    expected = [load_image(file).tobytes() for file in files]
    with ThreadPoolExecutor(8) as pool:
        got = [image.tobytes() for image in pool.map(load_image, files * 4)]
    assert got == expected * 4
    assert list(warnings.filters) == filters


def test_row_pickle(encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for options in ({}, {"exif": exif}):
        image = load_image(encode(Image.effect_noise((9, 7), 50).convert("RGB"), **options))
        copy = pickle.loads(pickle.dumps(image))
        assert copy.tobytes() == image.tobytes()
        assert copy.size == image.size


def test_row_imports() -> None:
    program = (
        "import sys, zsclip.images; zsclip.images.load_image(b'GIF89a' + bytes(9)) if 0 else None; "
        "print(sorted({'torch', 'httpcore', 'httpx', 'tokenizers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
