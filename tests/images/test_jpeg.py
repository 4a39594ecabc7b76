"""The rows of docs/pictures.md about JPEGs: decoded as by Pillow, and damage told."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from zsclip.errors import DamagedImageWarning, ImageError
from zsclip.images import Reading, decode_picture, is_doubted, load_image

Encode = Callable[..., bytes]


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Detail of every size, as in a photograph."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(
                rng.integers(0, 256, (height // step + 2, width // step + 2, 3), np.uint8)
            ).resize((width, height), Image.Resampling.BICUBIC),
            float,
        )
        * weight
        for step, weight in ((2, 0.1), (8, 0.3), (40, 0.6))
    ]
    return Image.fromarray(np.sum(layers, axis=0).astype(np.uint8))


def by_pillow(data: bytes, scale: int = 1) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        if scale > 1:
            image.draft("", (image.width // scale, image.height // scale))
        return image.convert("RGB")


def damages(data: bytes, each: int) -> Iterator[bytes]:
    """A JPEG with zeros in its pixels, with the middle missing, and cut but with an end marker."""
    rng = np.random.default_rng(5)
    start, end = data.index(b"\xff\xda") + 14, len(data)
    for _ in range(each):
        at = int(rng.integers(start, end - 514))
        yield data[:at] + bytes(512) + data[at + 512 :]
        at = int(rng.integers(start, end - 2000))
        yield data[:at] + data[int(rng.integers(at + 200, end - 10)) :]
        yield data[: int(rng.integers(start, end - 200))] + b"\xff\xd9"


FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "4:4:4": ("RGB", {"subsampling": 0}),
    "4:2:2": ("RGB", {"subsampling": 1}),
    "4:2:0": ("RGB", {"subsampling": 2}),
    "progressive": ("RGB", {"progressive": True}),
    "restarts": ("RGB", {"restart_marker_blocks": 5}),
    "gray": ("L", {}),
    "gray, progressive": ("L", {"progressive": True}),
    "CMYK": ("CMYK", {}),
    "RGB as such": ("RGB", {"keep_rgb": True}),
}


@pytest.mark.parametrize("form", FORMS)
def test_row_jpeg_pixels(form: str, encode: Encode) -> None:
    mode, options = FORMS[form]
    rng = np.random.default_rng(1)
    for quality in (20, 75, 96):
        for size in [(64, 48), (65, 47), *rng.integers(1, 150, (4, 2)).tolist()]:
            data = encode(photo(*size).convert(mode), "JPEG", quality=quality, **options)
            for scale in (1, 2, 4, 8):
                least = min(size) // scale
                if least and (scale == 8 or min(size) // (2 * scale) < least):
                    got = load_image(data, min_side=least)
                    assert got.tobytes() == by_pillow(data, scale).tobytes(), (size, scale)
            assert load_image(data).tobytes() == by_pillow(data).tobytes(), size


@pytest.mark.parametrize("sampling", ["440", "411"])
def test_rarer_samplings_are_decoded_as_by_pillow(sampling: str) -> None:
    pixels = np.ascontiguousarray(np.asarray(photo(93, 71)))
    data = simplejpeg.encode_jpeg(pixels, colorsubsampling=sampling)
    assert load_image(data).tobytes() == by_pillow(data).tobytes()
    assert load_image(data, min_side=20).tobytes() == by_pillow(data, 2).tobytes()


def test_what_only_pillow_decodes_is_left_to_it(encode: Encode) -> None:
    data = bytearray(encode(photo(64, 64), "JPEG", subsampling=0))
    data[data.index(b"\xff\xc0") + 11] = 0x31  # three times as much luma in a row as chroma
    with pytest.raises(ValueError, match="subsampling"):
        simplejpeg.decode_jpeg(bytes(data))
    assert load_image(bytes(data)).tobytes() == by_pillow(bytes(data)).tobytes()


def test_an_oddity_in_a_header_is_no_damage(encode: Encode) -> None:
    data = encode(photo(64, 48), "JPEG").replace(b"JFIF\0\x01\x01", b"JFIF\0\x09\x01")
    with pytest.raises(ValueError, match="unknown JFIF revision"):
        simplejpeg.decode_jpeg(data)
    assert load_image(data, reading=Reading(strict=True)).size == (64, 48)


@pytest.mark.parametrize("form", ["4:2:0", "progressive", "gray", "CMYK"])
def test_row_damaged_jpeg(form: str, encode: Encode) -> None:
    mode, options = FORMS[form]
    data = encode(photo(240, 180).convert(mode), "JPEG", quality=90, **options)
    whole = np.asarray(by_pillow(data), int)
    wrong = told = 0
    for damaged in damages(data, 5):
        try:
            expected = by_pillow(damaged)
        except OSError:
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            got = load_image(damaged)
        assert got.tobytes() == expected.tobytes()
        assert is_doubted(got) == bool(caught)
        pixels = np.asarray(got, int)
        wrong += pixels.shape != whole.shape or (np.abs(pixels - whole) > 8).mean() > 0.02
        if caught:
            told += 1
            assert [warning.category for warning in caught] == [DamagedImageWarning]
            assert str(caught[0].message).startswith("<bytes, ")
            with pytest.raises(ImageError, match=r"damaged JPEG \(libjpeg: .*`strict` is set"):
                load_image(damaged, reading=Reading(strict=True))
    assert wrong >= 8
    assert told >= wrong - 1  # a damage may make sense by chance
    assert not is_doubted(load_image(data, reading=Reading(strict=True)))


def test_damage_is_told_of_380_in_400(encode: Encode) -> None:
    told = count = 0
    for seed, form in enumerate(("4:2:0", "4:4:4", "progressive", "gray")):
        mode, options = FORMS[form]
        data = encode(photo(240, 180, seed).convert(mode), "JPEG", quality=85, **options)
        for damaged in damages(data, 34):
            count += 1
            try:
                load_image(damaged, min_side=(180, 45)[count % 2], reading=Reading(strict=True))
            except ImageError:
                told += 1
    assert count >= 400
    assert told / count >= 0.95


def test_a_damaged_jpeg_is_told_with_its_name_and_turned_upright(
    encode: Encode, tmp_path: Any
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(photo(240, 180), "JPEG", exif=exif)
    file = tmp_path / "half a fox.jpg"
    file.write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    with pytest.warns(DamagedImageWarning, match="half a fox.jpg: it is a damaged JPEG"):
        assert load_image(file).size == (180, 240)


def test_what_lies_behind_a_jpeg_is_not_taken_for_scans(encode: Encode) -> None:
    whole = encode(photo(4000, 3000), "JPEG", quality=50)  # from a phone that adds a film to it
    film = (b"\xff\xda" + np.random.default_rng(0).bytes(50)) * 1000
    damaged = whole[: len(whole) // 2] + bytes(512) + whole[len(whole) // 2 + 512 :]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image(whole + film).tobytes() == load_image(whole).tobytes()
    with pytest.warns(DamagedImageWarning, match="it is a damaged JPEG"):
        load_image(damaged + film)


def test_what_lies_behind_a_jpeg_is_not_read_without_bounds(encode: Encode) -> None:
    asked: list[int | None] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size)
            return super().read(size)

    data = encode(photo(64, 48), "JPEG") + bytes(10_000)
    picture = decode_picture(Watched(data), name="fox.jpg", reading=Reading(strict=True))
    assert picture.tobytes() == by_pillow(data).tobytes()
    assert all(size is not None and 0 <= size < 10**8 for size in asked)


def test_the_decoder_is_imported_with_the_first_jpeg() -> None:
    program = (
        "import io, sys\n"
        "from PIL import Image\n"
        "from zsclip.images import load_image\n"
        "for format in ('PNG', 'JPEG'):\n"
        "    stream = io.BytesIO()\n"
        "    Image.new('RGB', (8, 8)).save(stream, format)\n"
        "    load_image(stream.getvalue())\n"
        "    print('simplejpeg' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def sequential(scans: int) -> bytes:
    """A gray picture in three components, each in a scan of its own; the last one is repeated."""
    stream = io.BytesIO()
    Image.new("L", (64, 64), 200).save(stream, "JPEG")
    data = stream.getvalue()
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    after = frame + 2 + int.from_bytes(data[frame + 2 : frame + 4], "big")
    components = b"".join(bytes([i, 0x11, 0]) for i in (1, 2, 3))
    head = b"\xff\xc0\0\x11" + data[frame + 4 : frame + 9] + b"\x03" + components
    entropy = data[scan + 10 : -2]
    each = [b"\xff\xda\0\x08\x01" + bytes([i, 0]) + b"\0\x3f\0" + entropy for i in (1, 2, 3)]
    body = b"".join(each) + each[2] * (scans - 3)
    return data[:frame] + head + data[after:scan] + body + b"\xff\xd9"


def test_scans_are_counted_in_a_jpeg_that_is_not_progressive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decode, decoded = simplejpeg.decode_jpeg, []

    def counted(data: bytes, *args: Any, **options: Any) -> Any:
        decoded.append(len(data))
        return decode(data, *args, **options)

    monkeypatch.setattr(simplejpeg, "decode_jpeg", counted)
    few, many = sequential(3), sequential(60_000)
    assert load_image(few).size == (64, 64)
    assert decoded == [len(few)]
    assert load_image(many).tobytes() == load_image(few).tobytes()
    assert decoded == [len(few)] * 2  # the other was Pillow's, which comes back in time
