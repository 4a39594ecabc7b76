"""The rows of docs/pictures.md about sources: files, streams, arrays, tensors."""

from __future__ import annotations

import base64
import io
import os
import threading
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip.errors import ImageError, ParameterTypeError
from zsclip.images import load_image

Encode = Callable[..., bytes]

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)


@pytest.fixture
def png(encode: Encode) -> bytes:
    return encode(PICTURE)


def same(source: Any) -> bool:
    image = load_image(source)
    return image.mode == "RGB" and np.array_equal(np.asarray(image), PIXELS)


def test_row_path(tmp_path: Path, png: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "fox ü 🦊.jpg"  # the suffix is wrong, and does not matter
    file.write_bytes(png)
    assert same(file)
    assert same(str(file))
    monkeypatch.chdir(tmp_path)
    assert same(file.name)
    image = load_image(file)
    file.unlink()
    assert image.getpixel((0, 0)) == tuple(PIXELS[0, 0])


def test_row_pipe(tmp_path: Path, png: bytes) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(png,))
    writer.start()
    assert same(pipe)
    writer.join()


def test_row_data_uri(png: bytes) -> None:
    encoded = base64.b64encode(png).decode()
    assert same(f"data:image/png;base64,{encoded}")
    assert same(f"DATA:;charset=utf-8;BASE64,{encoded}")
    assert same(f"data:image/png;base64,{urllib.parse.quote(encoded)}")
    assert same("data:image/png;base64," + encoded.rstrip("=").replace("+", "-").replace("/", "_"))
    assert same(
        "data:image/png;base64," + "\n".join(encoded[i : i + 76] for i in range(0, 999, 76))
    )
    assert same("data:image/png," + urllib.parse.quote_from_bytes(png))


def test_row_bytes(png: bytes) -> None:
    assert same(png)
    assert same(bytearray(png))
    assert same(memoryview(png))
    assert same(memoryview(bytes(b for byte in png for b in (byte, 0)))[::2])


def test_row_file_object(tmp_path: Path, png: bytes) -> None:
    stream = io.BytesIO(png)
    stream.seek(10)  # as after writing to it
    assert same(stream)
    assert same(stream)
    assert not stream.closed
    (tmp_path / "fox.png").write_bytes(png)
    with (tmp_path / "fox.png").open("rb") as file:
        assert same(file)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fox.png", png)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("fox.png") as member:
        assert same(member)


def test_row_stream(png: bytes) -> None:
    class Stream:
        """Has nothing but `read`, and gives a little at a time, as a socket may."""

        def __init__(self) -> None:
            self.rest = png

        def read(self, size: int = -1, /) -> bytes:
            chunk, self.rest = self.rest[: min(size, 11)], self.rest[min(size, 11) :]
            return chunk

    assert same(Stream())


def test_row_pil_image(png: bytes) -> None:
    assert load_image(PICTURE) is PICTURE  # nothing to change, nothing to copy
    with Image.open(io.BytesIO(png)) as opened:
        assert same(opened)
    gray = PICTURE.convert("L")
    before = gray.tobytes()
    load_image(gray).paste(0, (0, 0, 7, 5))
    assert gray.tobytes() == before


def test_row_array_uint8() -> None:
    assert same(PIXELS)
    assert same(PIXELS[:, ::-1][:, ::-1])
    assert same(np.asfortranarray(PIXELS))
    own = PIXELS.copy()
    image = load_image(own)
    own[:] = 0
    assert np.array_equal(np.asarray(image), PIXELS)


def test_row_array_uint16() -> None:
    values = PIXELS.astype(np.uint16) * 257
    assert same(values)
    assert same(values.astype(">u2"))
    edges = np.array([[0, 128, 129, 65406, 65407, 65535]], np.uint16)  # 0.498, 0.502, ...
    assert np.asarray(load_image(edges))[0, :, 0].tolist() == [0, 0, 1, 254, 255, 255]


def test_row_array_bool() -> None:
    mask = np.array([[True, False, True]])
    assert np.asarray(load_image(mask))[0].tolist() == [[255] * 3, [0] * 3, [255] * 3]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", ">f4"])
def test_row_array_float(dtype: str) -> None:
    assert same((PIXELS / 255).astype(dtype))
    edges = np.array([[-0.0019, 1.0019]])  # within half a step of 8 bits
    assert np.asarray(load_image(edges))[0, :, 0].tolist() == [0, 255]


def test_row_array_channels() -> None:
    gray, alpha = PIXELS[:, :, 0], np.full((5, 7, 1), 51, np.uint8)
    for array in (gray, gray[:, :, None]):
        assert np.array_equal(np.asarray(load_image(array)), np.stack([gray] * 3, axis=-1))
    blend = np.rint(PIXELS * 0.2 + 255 * 0.8)
    rgba = np.asarray(load_image(np.concatenate([PIXELS, alpha], axis=2)), int)
    assert np.abs(rgba - blend).max() <= 1
    gray_alpha = np.asarray(load_image(np.concatenate([gray[:, :, None], alpha], axis=2)), int)
    assert np.abs(gray_alpha - blend[:, :, :1]).max() <= 1


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((3, 8, 9), r"got \(3, 8, 9\)\. If its channels come first, pass numpy\.moveaxis"),
        ((8, 9, 5), r"with 1, 2, 3 or 4 channels, got \(8, 9, 5\)\.$"),
        ((2, 8, 9, 3), "looks like a batch: pass its pictures one by one"),
        ((9,), r"the shape must be \(height, width\)"),
        ((), "the shape must be"),
        ((0, 4), "it has no pixels"),
        ((4, 0, 3), "it has no pixels"),
    ],
)
def test_row_array_shape(shape: tuple[int, ...], advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        load_image(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint32", "uint64"])
def test_row_array_other_dtype(dtype: str) -> None:
    with pytest.raises(ImageError, match=rf"got {dtype}\. If .* pass array\.astype\('uint8'\)"):
        load_image(np.zeros((4, 4), dtype))
    for other in (np.zeros((4, 4), complex), np.full((4, 4), "x"), np.full((4, 4), None)):
        with pytest.raises(ImageError, match="the dtype must be uint8, uint16, bool, or float"):
            load_image(other)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ([0.0, 255.0], "they go from 0 to 255. Divide them by the largest"),
        ([-2.1, 2.6], "they go from -2.1 to 2.6. Pass the picture as it was before it was norm"),
        ([0.0, 1.003], "must lie in"),
        ([0.0, np.nan], "NaN or infinite"),
        ([0.0, np.inf], "NaN or infinite"),
        ([0.0, 3e38], "must lie in"),
    ],
)
def test_row_array_range(values: list[float], advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        load_image(np.array([values], np.float32))


def test_row_tensor() -> None:
    chw = torch.from_numpy(PIXELS).permute(2, 0, 1)
    assert same(chw)
    assert same(chw.contiguous())
    assert same((chw / 255).requires_grad_())
    assert same(torch.nn.Parameter(chw.double() / 255))
    assert same(chw.to(torch.uint16) * 257)
    gray = torch.tensor([[0.0, 0.5, 1.0]])
    for tensor in (gray, gray[None], gray.half(), gray.bfloat16()):
        assert np.asarray(load_image(tensor))[0, :, 0].tolist() == [0, 128, 255]
    clear = torch.zeros(4, 2, 3)
    assert load_image(clear, background="red").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("tensor", "advice"),
    [
        (torch.zeros(8, 9, 3), r"If its channels come last, pass tensor\.permute\(2, 0, 1\)"),
        (torch.zeros(1, 3, 8, 9), "looks like a batch"),
        (torch.zeros(5, 8, 9), r"\(channels, height, width\).*got \(5, 8, 9\)"),
        (torch.zeros(3, 0, 9), "no pixels"),
        (torch.zeros(8, 9, dtype=torch.int64), "got int64"),
        (torch.full((8, 9), 2.0), "must lie in"),
        (torch.zeros(8, 9, device="meta"), "cannot become an array"),
        (torch.eye(8).to_sparse(), "cannot become an array"),
    ],
)
def test_row_tensor_refused(tensor: torch.Tensor, advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        load_image(tensor)


@pytest.mark.parametrize("source", [None, 3, object(), {"a": 1}, [PICTURE], (PICTURE,)])
def test_row_other_type(source: Any) -> None:
    with pytest.raises(ParameterTypeError, match=f"must be a picture.*{type(source).__name__}"):
        load_image(source)


def test_row_other_array() -> None:
    class Other:
        def __array__(self) -> np.ndarray[Any, Any]:
            return PIXELS

    with pytest.raises(ParameterTypeError, match=r"got Other\. Pass numpy\.asarray"):
        load_image(Other())  # type: ignore[arg-type]
