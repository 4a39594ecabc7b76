"""Connections that are left open, or on which too much is sent."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import pytest
import uvicorn

from zsclip.serve import Limits
from zsclip.serve.connections import connections_within

App: TypeAlias = Callable[[Any, Any, Callable[[MutableMapping[str, Any]], Awaitable[None]]], Any]
QUICK = Limits(head_seconds=0.3, answer_seconds=0.3, connections=3)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers without a look at the body."""
    assert scope["type"] == "http"
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


@contextmanager
def listening(
    app: App, limits: Limits = QUICK, protocol: type[asyncio.Protocol] | None = None
) -> Iterator[Callable[[], socket.socket]]:
    """Gives what connects to an application."""
    config = uvicorn.Config(
        app,
        http=protocol or connections_within(limits),
        lifespan="off",
        ws="none",
        log_level="critical",
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))  # as that of `run` is made
    port: int = listener.getsockname()[1]
    thread = threading.Thread(target=asyncio.run, args=[server.serve([listener])])
    thread.start()
    end = time.monotonic() + 30
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", port), 30))
        return opened[-1]

    try:
        yield connect
    finally:
        for connection in opened:
            connection.close()
        server.should_exit = True
        thread.join()


def whole(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = bytearray()
    while data := connection.recv(65536):
        received += data
    return bytes(received)


def one(connection: socket.socket) -> bytes:
    """An answer of `hello`."""
    received = b""
    while not received.endswith(b"hello") and (data := connection.recv(65536)):
        received += data
    return received


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_connection_on_which_nothing_comes_is_closed() -> None:
    with listening(hello) as connect:
        assert whole(connect()) == b""


def test_no_part_of_an_answer_waits_for_the_client_to_acknowledge_another() -> None:
    found: list[int] = []

    class Seen(connections_within(QUICK)):  # type: ignore[misc]
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            own = transport.get_extra_info("socket")
            found.append(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with listening(hello, protocol=Seen) as connect:
        connection = connect()
        connection.sendall(GET)
        assert one(connection).endswith(b"hello")
    assert [value != 0 for value in found] == [True]


@pytest.mark.parametrize("before", [b"", GET], ids=["first", "later"])
def test_half_a_head_is_answered_with_408_when_its_time_is_up(before: bytes) -> None:
    with listening(hello) as connect:
        connection = connect()
        connection.sendall(before + b"GET / HTT")
        answer = whole(connection)
    assert answer.count(b"HTTP/1.1 ") == 1 + bool(before)
    head, _, body = answer.rpartition(b"\r\n\r\n")
    assert b"HTTP/1.1 408 " in head
    assert json.loads(body)["error_type"] == "RequestTimeout"


def test_a_head_that_never_ends_has_no_more_time_for_each_byte() -> None:
    with listening(hello) as connect:
        connection = connect()
        connection.sendall(b"GET / HTTP/1.1\r\n")
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.05):
                try:
                    connection.sendall(b"A: b\r\n")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        answer = connection.recv(65536)
        ended.set()
        dripping.join()
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_what_is_no_http_is_told_so_in_json() -> None:
    with listening(hello) as connect:
        connection = connect()
        connection.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
        head, _, body = whole(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error_type"] == "BadRequest"


def test_an_answer_arrives_although_the_client_still_sends() -> None:
    with listening(hello) as connect:
        connection = connect()
        length = 50_000_000
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length)
        sent = 0
        while sent < 20_000_000:  # more than buffers take: it has to be read
            connection.sendall(bytes(1_000_000))
            sent += 1_000_000
        assert whole(connection).endswith(b"hello")


def test_a_client_that_never_ends_its_body_is_hung_up_on() -> None:
    with listening(hello) as connect:
        connection = connect()
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(BrokenPipeError, ConnectionResetError):
            while True:
                connection.sendall(b"1\r\na\r\n")


def test_a_client_that_does_not_read_its_answer_is_hung_up_on() -> None:
    ended = threading.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await _next(receive))["type"] != "http.disconnect":
            piece = bytes(1_000_000)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        ended.set()

    with listening(endless) as connect:
        connect().sendall(GET)
        assert ended.wait(30)


async def _next(receive: Any) -> Any:
    try:
        async with asyncio.timeout(0.001):
            return await receive()
    except TimeoutError:
        return {"type": "nothing"}


def test_the_one_that_was_silent_for_longest_makes_room() -> None:
    with listening(hello, Limits(connections=3)) as connect:
        first, second = connect(), connect()
        first.sendall(GET)
        assert one(first).endswith(b"hello")  # so that the second one is silent for longest
        third, fourth = connect(), connect()
        assert whole(second) == b""
        for connection in (first, third, fourth):
            connection.sendall(GET)
            assert one(connection).endswith(b"hello")


def test_where_all_are_busy_a_further_connection_is_told_to_come_again() -> None:
    asked, ended = threading.Semaphore(0), threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        asked.release()
        await asyncio.to_thread(ended.wait, 30)
        await hello(scope, receive, send)

    with listening(slow, Limits(connections=2)) as connect:
        busy = [connect(), connect()]
        for connection in busy:
            connection.sendall(GET)
            asked.acquire()
        further = connect()
        head, _, body = whole(further).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in head.lower()
        assert json.loads(body)["error_type"] == "ServiceUnavailable"
        ended.set()
        assert all(one(connection).endswith(b"hello") for connection in busy)


def test_requests_in_one_piece_are_answered_in_their_order() -> None:
    with listening(hello) as connect:
        connection = connect()
        connection.sendall(GET * 3 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert whole(connection).count(b"hello") == 4
