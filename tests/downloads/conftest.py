"""A local web server with faults on demand, and a download to point at it."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from zsclip.downloads.download import fetch
from zsclip.downloads.http import RetryPolicy
from zsclip.errors import DownloadError

FAST = RetryPolicy(attempts=3, base_delay=0.001, max_delay=0.002, max_retry_after=0.005)
BODY = random.Random(7).randbytes(300_000)


@dataclass(frozen=True)
class Reply:
    """What the server does with one request; by default, all as it should."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None  # hang up after so many bytes of the body
    hold: int | None = None  # after so many, wait until the gate opens
    drip: tuple[int, float] | None = None  # pieces of so many bytes, seconds between them
    ranges: bool = True
    length: bool = True  # say Content-Length
    endless: bool = False


class FaultyServer(ThreadingHTTPServer):
    """Serves ``body`` under every path, each request after the next reply in line."""

    daemon_threads = True

    def __init__(self, body: bytes = BODY) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "http"
        self.body = body
        self.etag = '"v1"'
        self.replies: deque[Reply] = deque()
        self.paths: list[str] = []
        self.asked: list[dict[str, str]] = []  # the headers of each request, names lower-case
        self.sent = 0  # bytes of bodies
        self.gate = threading.Event()
        self.arrived = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/weights.bin"

    def then(self, **what: Any) -> None:
        """Add a reply to the line."""
        self.replies.append(Reply(**what))

    def ranges(self) -> list[str | None]:
        """The Range header of each request so far."""
        return [headers.get("range") for headers in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass

    def do_GET(self) -> None:
        server = self.server
        server.paths.append(self.path)
        server.asked.append({name.lower(): value for name, value in self.headers.items()})
        server.arrived.release()
        reply = server.replies.popleft() if server.replies else Reply()
        self.close_connection = True
        with suppress(OSError):  # the client hangs up in some tests
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        body, status, headers = self.server.body, reply.status, {"ETag": self.server.etag}
        asked = self.headers.get("Range")
        if self.headers.get("If-Range", self.server.etag) != self.server.etag:
            asked = None
        if status != 200:
            body = b"an error page"
        elif asked and reply.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                status, headers["Content-Range"] = 416, f"bytes */{len(body)}"
                body = b""
            else:
                status = 206
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                body = body[start:]
        if reply.length and not reply.endless:
            headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in {**headers, **reply.headers, "Connection": "close"}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if reply.endless:  # as good as: more than a client takes that watches the length
            body = bytes(1 << 26)
        body = body[: reply.cut]
        if reply.hold is not None:
            self._send(body[: reply.hold])
            self.server.gate.wait()
            body = body[reply.hold :]
        step, pause = reply.drip or (1 << 16, 0)
        for at in range(0, len(body), step):
            self._send(body[at : at + step])
            if pause:
                threading.Event().wait(pause)

    def _send(self, data: bytes) -> None:
        self.server.sent += len(data)  # first: who has the last byte may look at once
        self.wfile.write(data)


def serve(server: FaultyServer) -> Iterator[FaultyServer]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Case:
    """A download from the server into a folder of its own."""

    server: FaultyServer
    target: Path

    def beside(self, suffix: str) -> Path:
        return self.target.with_name(self.target.name + suffix)

    @property
    def part(self) -> Path:
        return self.beside(".part")

    def fetch(self, **changes: Any) -> Path:
        options = {
            "url": self.server.url,
            "target": self.target,
            "sha256": hashlib.sha256(BODY).hexdigest(),
            "size": len(BODY),
            "timeout": 10.0,
            "retry": FAST,
        }
        return fetch(**{**options, **changes})

    def succeeds(self, **changes: Any) -> None:
        assert self.fetch(**changes) == self.target
        assert self.target.read_bytes() == BODY
        assert not self.part.exists()
        assert not self.beside(".part.json").exists()

    def fails(self, error: type[DownloadError] = DownloadError, **changes: Any) -> str:
        """Fetch in vain; nothing has the final name, and the message says what to do."""
        with pytest.raises(error) as info:
            self.fetch(**changes)
        assert info.type is error
        assert not self.target.exists()
        message = str(info.value)
        assert changes.get("url", self.server.url) in message
        assert str(self.target) in message
        assert hashlib.sha256(BODY).hexdigest() in message
        assert "put it there" in message
        return message


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "ZSCLIP_OFFLINE", "ZSCLIP_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    yield from serve(FaultyServer())


@pytest.fixture(scope="module")
def shared_server() -> Iterator[FaultyServer]:
    yield from serve(FaultyServer())


@pytest.fixture
def body() -> bytes:
    return BODY


@pytest.fixture
def fast() -> RetryPolicy:
    return FAST


@pytest.fixture
def case(server: FaultyServer, tmp_path: Path) -> Case:
    return Case(server, tmp_path / "cache" / "weights.bin")


@pytest.fixture
def secure_case(tmp_path: Path) -> Iterator[Case]:
    """The same over TLS, with a certificate that nobody has signed."""
    import ssl

    server = FaultyServer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("selfsigned.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
    for running in serve(server):
        yield Case(running, tmp_path / "cache" / "weights.bin")
