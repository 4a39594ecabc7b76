"""Servers on this machine that say whatever a test has them say, and an internet made of them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpcore

from zsclip.network import Budget, Network

__all__ = [
    "CERTIFICATE",
    "Internet",
    "Talker",
    "drip",
    "flood",
    "read_head",
    "relay",
    "send",
    "talk",
]

Answer = Callable[[socket.socket], None]

# Of pictures.test and proxy.test, signed by itself, with its key; good until 2120.
CERTIFICATE = Path(__file__).parents[1] / "data" / "tls" / "pictures.test.pem"

_PATIENCE = 60  # seconds after which nothing goes on, so that no test hangs


class Talker:
    """A server that gives one answer to whoever connects.

    Attributes:
        port: Where it listens.
        heads: What it was asked, by `read_head`.
    """

    def __init__(self, answer: Answer) -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._hung_up = threading.Semaphore(0)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, name="talker", daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fox.png"

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            connection.settimeout(_PATIENCE)
            thread = threading.Thread(
                target=self._talk, args=(connection,), name="talker", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._answer(connection)
            except OSError:
                self._hung_up.release()

    def was_hung_up_on(self) -> bool:
        """Whether the other side closes a connection before the answer is over; waits for it."""
        return self._hung_up.acquire(timeout=_PATIENCE)

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(_PATIENCE)


@contextmanager
def talk(answer: Answer, *, context: ssl.SSLContext | None = None) -> Iterator[Talker]:
    """A `Talker` whose answer comes after the head of a request, in TLS if there is a context."""

    def after_head(connection: socket.socket) -> None:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            talker.heads.append(read_head(connection))
            answer(connection)

    talker = Talker(after_head)
    try:
        yield talker
    finally:
        talker.close()


def read_head(connection: socket.socket) -> bytes:
    """All up to an empty line."""
    head = b""
    while b"\r\n\r\n" not in head:
        came = connection.recv(4096)
        if not came:
            raise ConnectionResetError
        head += came
    return head


def send(*parts: bytes) -> Answer:
    """An answer that is just that."""
    return lambda connection: connection.sendall(b"".join(parts))


def drip(before: bytes, again: bytes) -> Answer:
    """An answer that goes on for ever, with a pause between its parts; if empty, in silence."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(before)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if again:
                connection.sendall(again)
                time.sleep(0.01)
            elif not connection.recv(1):
                raise ConnectionResetError

    return answer


def flood(before: bytes, again: bytes) -> Answer:
    """An answer that goes on for ever, as fast as it can."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(before)
        many = again * (1 + 65536 // len(again))
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            connection.sendall(many)

    return answer


def relay(port: int) -> Answer:
    """An answer that is that of another server, to which all that comes is passed on."""

    def copy(come: socket.socket, go: socket.socket) -> None:
        try:
            while data := come.recv(65536):
                go.sendall(data)
            go.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answer(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port), _PATIENCE) as other:
            back = threading.Thread(target=copy, args=(other, connection), daemon=True)
            back.start()
            copy(connection, other)
            back.join(_PATIENCE)

    return answer


class Internet(httpcore.NetworkBackend):
    """Names with addresses, and servers at addresses, all of them on this machine.

    Args:
        names: The addresses of each name.
        servers: The port here of what listens at an address.

    Attributes:
        looked_up: The names that were looked up.
        connected: The addresses and ports that were connected to.
    """

    def __init__(self, names: dict[str, list[str]], servers: dict[str, Talker]) -> None:
        self.names, self.servers = names, servers
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def network(self, budget: Budget, *, only_public: bool) -> Network:
        return Network(budget, only_public=only_public, look_up=self.look_up, sockets=self)

    def look_up(self, host: str, port: int, **_: Any) -> Sequence[Any]:
        self.looked_up.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, 6, "", (name, port)) for name in self.names[host]]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self.connected.append((host, port))
        if host not in self.servers:
            raise httpcore.ConnectError("Connection refused")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.servers[host].port, timeout)
