"""Answers of a web server, byte for byte."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import time
import zlib
from random import Random

from PIL import Image

from tests.fuzz.catalogue import Target
from tests.fuzz.forms import deflated_zeros
from tests.fuzz.mutations import Seed
from tests.fuzz.targets.pictures import limited
from zsclip import load_image
from zsclip.errors import ImageError

__all__ = ["HTTP"]


class _Server:
    """Answers every request with the same bytes, from a thread of its own."""

    def __init__(self) -> None:
        self.answer = b""
        self.again_for = 0.0  # seconds for which the end of the answer is sent again and again
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.busy = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with self.busy, connection:
                connection.settimeout(1)
                try:
                    while b"\r\n\r\n" not in connection.recv(65536):
                        pass
                    connection.sendall(self.answer)
                    end = time.monotonic() + self.again_for
                    while time.monotonic() < end:
                        connection.sendall(self.answer[-2000:])
                except OSError:  # the client has gone
                    pass


_servers: list[_Server] = []


def _server() -> _Server:
    if not _servers:
        _servers.append(_Server())
    return _servers[0]


def _read(data: bytes) -> str:
    server = _server()
    server.answer = data
    server.again_for = 3.0 if Random(data).random() < 0.02 else 0.0
    load_image(f"http://127.0.0.1:{server.port}/fox.png", reading=limited())
    return "read"


def _seeds() -> list[Seed]:
    out = io.BytesIO()
    Image.effect_noise((20, 20), 50).save(out, "PNG")
    png = out.getvalue()
    zipped, deflated = gzip.compress(png), zlib.compress(png)
    bomb = gzip.compress(gzip.compress(deflated_zeros(4096)))

    def answer(head: bytes, body: bytes = png) -> bytes:
        return b"HTTP/1.1 " + head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body

    length = b"\nContent-Length: %d"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(png[i : i + 50]), png[i : i + 50])
                      for i in range(0, len(png), 50))  # fmt: skip
    return [
        Seed("whole", answer(b"200 OK\nContent-Type: image/png" + length % len(png)), "lines"),
        Seed("until closed", answer(b"200 OK\nConnection: close"), "lines"),
        Seed(
            "chunked", answer(b"200 OK\nTransfer-Encoding: chunked", chunks + b"0\r\n\r\n"), "lines"
        ),
        Seed(
            "trailers",
            answer(b"200 OK\nTransfer-Encoding: chunked", chunks + b"0\r\nX: y\r\n\r\n"),
            "lines",
        ),
        Seed(
            "gzip",
            answer(b"200 OK\nContent-Encoding: gzip" + length % len(zipped), zipped),
            "lines",
        ),
        Seed("deflate", answer(b"200 OK\nContent-Encoding: deflate", deflated), "lines"),
        Seed("gzip thrice", answer(b"200 OK\nContent-Encoding: gzip, gzip, gzip", bomb), "lines"),
        Seed("to itself", answer(b"302 Found\nLocation: /again", b""), "lines"),
        Seed("to metadata", answer(b"302 Found\nLocation: http://169.254.169.254/x", b""), "lines"),
        Seed("to a file", answer(b"301 Moved\nLocation: file:///etc/passwd", b""), "lines"),
        Seed("missing", answer(b"404 Not \x1b[31mFound", b"no"), "lines"),
        Seed("nothing in it", answer(b"204 No Content", b""), "lines"),
        Seed(
            "early hints",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + answer(b"200 OK"),
            "lines",
        ),
        Seed("many hints", lambda: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50_000),
        Seed("cookies", answer(b"200 OK\nSet-Cookie: a=b" + b"\nSet-Cookie: c=d" * 20), "lines"),
        Seed("many headers", lambda: answer(b"200 OK" + b"\nX: y" * 15_000)),
        Seed("long header", lambda: answer(b"200 OK\nX: " + b"y" * 1_000_000)),
        Seed(
            "a part",
            answer(b"206 Partial Content\nContent-Range: bytes 0-9/100", png[:10]),
            "lines",
        ),
        Seed("too long", answer(b"200 OK\nContent-Length: 99999999999"), "lines"),
        Seed("version 1.0", b"HTTP/1.0 200 OK\r\n\r\n" + png, "lines"),
        Seed("version 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Seed("nothing", b""),
    ]


HTTP = Target(
    _seeds, _read, (ImageError,),
    (b"\r\n", b"\r\n\r\n", b"\n", b"HTTP/1.1 ", b"103 ", b"100 Continue", b"302 Found",
     b"Location: ",
     b"http://127.0.0.1:1/", b"//127.1/", b"http://[::1]:1/", b"Content-Encoding: br",
     b"Content-Encoding: gzip", b"Content-Encoding: zstd", b"Content-Length: 0",
     b"Content-Length: -1",
     b"Transfer-Encoding: chunked", b"FFFFFFFFFFFFFFFF\r\n", b"0\r\n", b"-5\r\n", b": ",
     b"\x1b[2J", b"\0",
     b"Content-Type: text/html", b"Connection: keep-alive", b"Upgrade: h2c"),
)  # fmt: skip
