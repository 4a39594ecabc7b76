"""HEIC pictures read by pillow-heif, as the extra `formats` brings it, with no call before."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import Reading, find_pictures, load_image

CORNERS = Image.new("RGB", (64, 32), "white")
CORNERS.paste((255, 0, 0), (0, 0, 32, 16))
CORNERS.paste((0, 0, 255), (32, 16, 64, 32))


def heic(*images: Image.Image, **options: object) -> bytes:
    """A HEIC file, whose main picture is the first."""
    made = pillow_heif.from_pillow(images[0])
    for image in images[1:]:
        made.add_from_pillow(image)
    stream = io.BytesIO()
    made.save(stream, quality=95, **{"primary_index": 0, **options})
    return stream.getvalue()


def looks_like(image: Image.Image, wanted: Image.Image) -> bool:
    assert image.mode == "RGB"
    if image.size != wanted.size:
        return False
    apart = np.abs(np.asarray(image).astype(int) - np.asarray(wanted.convert("RGB")).astype(int))
    return bool(apart.mean() < 6)


def test_row_heic_read(tmp_path: Path) -> None:
    path = tmp_path / "fox.heic"
    path.write_bytes(heic(CORNERS))
    assert looks_like(load_image(path), CORNERS)
    assert looks_like(load_image(heic(CORNERS, Image.new("RGB", (8, 8)))), CORNERS)
    stream = io.BytesIO()
    pixels = np.asarray(CORNERS).astype(np.uint16) * 257
    made = pillow_heif.from_bytes(
        mode="RGB;16", size=CORNERS.size, data=np.ascontiguousarray(pixels).tobytes()
    )
    made.save(stream, quality=95)
    assert looks_like(load_image(stream.getvalue()), CORNERS)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_picture_is_turned_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = {1: 0, 3: 180, 6: -90, 8: 90}[orientation]
    stream = io.BytesIO()
    pillow_heif.register_heif_opener()
    CORNERS.save(stream, "HEIF", quality=95, exif=exif.tobytes())
    assert looks_like(load_image(stream.getvalue()), CORNERS.rotate(turn, expand=True))


def test_what_is_transparent_in_a_heic_picture_shows_the_background() -> None:
    clear = heic(Image.new("RGBA", (32, 32), (0, 0, 0, 0)))
    image = load_image(clear, reading=Reading(background="#ff8000"))
    assert looks_like(image, Image.new("RGB", (32, 32), "#ff8000"))


def test_limits_hold_for_heic_pictures_and_damage_is_an_error() -> None:
    content = heic(CORNERS)
    with pytest.raises(ImageError, match="64 x 32 pixels are more than `max_pixels`"):
        load_image(content, reading=Reading(max_pixels=64 * 32 - 1))
    for cut in (len(content) // 2, len(content) - 20):
        with pytest.raises(ImageError):
            load_image(content[:cut])


def test_nothing_has_to_be_called_for_heic_in_a_new_process(tmp_path: Path) -> None:
    """Neither for a folder nor for a file, nor in the process that decodes apart."""
    for name in ("a.heic", "b.HEIF"):
        (tmp_path / name).write_bytes(heic(CORNERS))
    code = (
        "import sys, zsclip\n"
        "from zsclip.images import Reading, find_pictures\n"
        "assert 'pillow_heif' not in sys.modules\n"
        "found = list(find_pictures(sys.argv[1]))\n"
        "sizes = [zsclip.load_image(p, reading=Reading(isolate=i)).size\n"
        "         for p in found for i in (False, True)]\n"
        "print(len(found), set(sizes))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("2 {(64, 32)}\n", "")


@pytest.mark.usefixtures("without_heif")
def test_without_its_plugin_the_extra_is_named(tmp_path: Path) -> None:
    content = heic(CORNERS)
    with pytest.raises(ImageError, match=r'it is a HEIC picture.*pip install "zsclip\[formats\]"'):
        load_image(content)
    (tmp_path / "fox.heic").write_bytes(content)
    assert list(find_pictures(tmp_path)) == []
