"""The rows of docs/pictures.md about sources: files, streams, bytes, and what is none."""

from __future__ import annotations

import base64
import codecs
import contextlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pixels import PICTURE, PIXELS, refusal, same

from zsclip.errors import ImageError, ParameterTypeError
from zsclip.images import Reading, load_image

Encode = Callable[..., bytes]


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


SILENT = """
import os, sys
from zsclip.errors import ImageError
from zsclip.images import Reading, load_image

def reason():
    try:
        load_image(sys.argv[1], reading=Reading(timeout=0.2))
    except ImageError as error:
        return error.reason

print(reason())  # nobody has opened it for writing
writer = os.open(sys.argv[1], os.O_RDWR)
print(reason())  # somebody has, and writes nothing
os.write(writer, b"\\x89PNG")
print(reason())  # or does not go on
"""


def test_row_pipe_silent(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", SILENT, str(pipe)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.fail("a pipe that nobody writes into is waited for without end")
    reasons = run.stdout.splitlines()
    assert len(reasons) == 3, run.stderr
    for reason in reasons:
        assert reason.startswith("this pipe or device did not give it to its end within `timeout`")
        assert "--timeout" in reason


def test_row_pipe_in_parts(tmp_path: Path, png: bytes) -> None:
    """Who writes may pause, and need not be there from the start."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    begun = threading.Event()

    def write() -> None:
        begun.wait(30)
        with pipe.open("wb", buffering=0) as file:
            for i in range(0, len(png), 50):
                file.write(png[i : i + 50])

    writer = threading.Thread(target=write)
    writer.start()
    begun.set()
    assert same(pipe)
    writer.join()
    with pytest.raises(ImageError, match="larger than `max_bytes`"):
        load_image("/dev/zero", reading=Reading(max_bytes=10_000, timeout=60))


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


def test_row_stream_of_archive(png: bytes) -> None:
    """As webdataset reads shards: nothing in them can be asked for twice."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("1.png", "2.png"):
            member = tarfile.TarInfo(name)
            member.size = len(png)
            archive.addfile(member, io.BytesIO(png))
    packed.seek(0)
    read = []
    with tarfile.open(fileobj=packed, mode="r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            with contextlib.suppress(ImageError):
                read.append(same(file))
    assert read == [True, True]


@pytest.mark.parametrize("lies", ["seekable", "seek"])
def test_row_stream_that_cannot_seek(png: bytes, lies: str) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            if lies == "seekable":
                raise AttributeError("'_Stream' object has no attribute 'seekable'")
            return True

        def seek(self, *args: int) -> int:
            raise tarfile.StreamError("seeking backwards is not allowed")

    with contextlib.suppress(ImageError):
        assert same(Stream(png))
        return
    pytest.fail("what can be read from where it stands was refused")


def test_row_asynchronous(png: bytes) -> None:
    class Upload:
        """As web frameworks hand over a file."""

        async def read(self, size: int = -1) -> bytes:
            return png

    class Wrapped:
        def __init__(self) -> None:
            self.read = lambda size=-1: Upload().read(size)

    for upload in (Upload(), Wrapped()):
        assert refusal(upload) == (
            "its read is asynchronous. Await it, and pass the bytes: await file.read()."
        )
    coroutine = Upload().read()
    with pytest.raises(ParameterTypeError, match=r"got coroutine\. Pass what it gives: await it"):
        load_image(coroutine)  # type: ignore[arg-type]
    coroutine.close()


def test_row_no_bytes() -> None:
    class Raw:
        def __init__(self, chunk: object) -> None:
            self.chunk = chunk

        def read(self, size: int = -1) -> object:
            return self.chunk

    assert "does not wait for them" in refusal(Raw(None))
    assert refusal(Raw([1, 2])) == "the file object gives list and not bytes."


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
