"""Files written by hand, bit for bit, and a web server on this machine."""

from __future__ import annotations

import contextlib
import io
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

import pytest
from PIL import Image
from pixels import PICTURE

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """``encode(image, format="PNG", **options)``: the bytes of a file."""

    def encode(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:  # noqa: A002
        stream = io.BytesIO()
        image.save(stream, format, **options)
        return stream.getvalue()

    return encode


@pytest.fixture
def without_heif(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow without the plugin for HEIC, whether or not that is installed here."""
    Image.init()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    for table in ("OPEN", "EXTENSION"):
        known = getattr(Image, table).items()
        monkeypatch.setattr(Image, table, {k: v for k, v in known if "HEIF" not in (k, v)})


@pytest.fixture
def png(encode: Callable[..., bytes]) -> bytes:
    """The picture of `pixels`, as a PNG file."""
    return encode(PICTURE)


@pytest.fixture
def write_png() -> Callable[..., bytes]:
    """``write_png(width, depth, color_type, rows, **chunks)``: a PNG file from its raw rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    def write_png(
        width: int, depth: int, color_type: int, rows: list[bytes], **chunks: bytes
    ) -> bytes:
        header = struct.pack(">IIBBBBB", width, len(rows), depth, color_type, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + b"".join(chunk(kind.encode(), data) for kind, data in chunks.items())
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
            + chunk(b"IEND", b"")
        )

    return write_png


@pytest.fixture
def write_tiff() -> Callable[..., bytes]:
    """``write_tiff(width, height, bits, data, ...)``: an uncompressed TIFF file of one channel."""

    def write_tiff(
        width: int,
        height: int,
        bits: int,
        data: bytes,
        *,
        sample_format: int = 1,
        photometric: int = 1,
        order: str = "<",
        more: Mapping[int, int] = MappingProxyType({}),
    ) -> bytes:
        tags = {
            256: width,
            257: height,
            258: bits,
            259: 1,
            262: photometric,
            273: 8,
            277: 1,
            278: height,
            279: len(data),
            **more,
            339: sample_format,
        }
        entries = b"".join(
            struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items()
        )
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(data))
        return head + data + struct.pack(f"{order}H", len(tags)) + entries + struct.pack("I", 0)

    return write_tiff


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answers: dict[str, Answer] = self.server.answers  # type: ignore[attr-defined]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who had enough left
            answers[self.path](self)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Answer], str]]:
    """``serve("/fox.png", answer)``: the URL under which a server calls ``answer(handler)``."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    answers: dict[str, Answer] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.answers = answers  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def serve(path: str, answer: Answer) -> str:
        answers[path] = answer
        return f"http://127.0.0.1:{server.server_port}{path}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()  # waits for the answers still being given


@pytest.fixture
def send() -> Callable[..., Answer]:
    """``send(body, status=200, **headers)``: an answer that sends just that."""

    def send(body: bytes, status: int = 200, **headers: str) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)

        return answer

    return send
