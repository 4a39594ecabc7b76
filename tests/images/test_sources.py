"""The rows of docs/pictures.md about sources: files, streams, bytes, and what is none."""

from __future__ import annotations

import base64
import codecs
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
from PIL import Image

from zsclip.errors import ImageError, ParameterTypeError
from zsclip.images import Reading, load_image

Encode = Callable[..., bytes]


PIXELS = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)


PICTURE = Image.fromarray(PIXELS)


@pytest.fixture
def png(encode: Encode) -> bytes:
    return encode(PICTURE)


def same(source: Any) -> bool:
    image = load_image(source)
    return image.mode == "RGB" and np.array_equal(np.asarray(image), PIXELS)


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(source, reading=Reading(**options))
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).endswith(caught.value.reason)
    return caught.value.reason


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


def test_row_too_many_bytes(encode: Encode) -> None:
    data = encode(Image.new("RGB", (4, 4)))
    assert load_image(io.BytesIO(data), reading=Reading(max_bytes=len(data))).size == (4, 4)
    reason = refusal(io.BytesIO(data), max_bytes=len(data) - 1)
    assert reason.startswith("it is larger than `max_bytes`")
    assert "reading=Reading(max_bytes=...)" in reason
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
