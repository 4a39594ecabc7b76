"""Servers that do not end, send too much or pack it: all that they decide has a bound."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
from talkers import Talker, drip, flood, send, talk

from zsclip.images import Reading
from zsclip.images.unreadable import UnreadableError
from zsclip.images.urls import fetch

OK = b"HTTP/1.1 200 OK\r\n"
LATE = "it did not arrive within `timeout` (0.5 s). Pass a higher limit"
FOUND = b"HTTP/1.1 302 Found\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No thread of ours is left when a fetch is over, however it was."""
    before = set(threading.enumerate())
    yield
    assert {thread.name for thread in set(threading.enumerate()) - before} <= {"talker"}


def refusal(url: str, **options: object) -> str:
    with pytest.raises(UnreadableError) as caught:
        fetch(url, Reading(**options))  # type: ignore[arg-type]
    assert [one.name for one in threading.enumerate() if one.name.startswith("zsclip")] == []
    return caught.value.reason


# ------------------------------------------------------------------------------------ without end

NEVER_ENDING = {
    "nothing": (b"", b""),
    "hints": (b"", HINT),
    "status line": (b"HTTP/1.1 2", b"0"),
    "header": (OK + b"X: ", b"x"),
    "headers": (OK, b"X: y\r\n"),
    "body": (OK + b"\r\n", b"x"),
    "body of a length": (OK + b"Content-Length: 9999\r\n\r\n", b"x"),
    "body of an old server": (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "size of a chunk": (CHUNKED + b"1;", b"x"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("what", NEVER_ENDING)
def test_what_drips_is_hung_up_on_when_the_time_is_up(what: str) -> None:
    with talk(drip(*NEVER_ENDING[what])) as server:
        assert LATE in refusal(server.url, timeout=0.5)
        assert server.was_hung_up_on()


def test_a_handshake_that_drips_is_hung_up_on_when_the_time_is_up() -> None:
    server = Talker(drip(b"\x16\x03\x03\x40\x00", b"\x02"))
    url = server.url.replace("http", "https")
    assert LATE in refusal(url, timeout=0.5)
    assert server.was_hung_up_on()
    server.close()


def test_row_url_endless_head() -> None:
    for before, again in ((b"", HINT), (OK, b"X: y\r\n"), (OK + b"X: ", b"x"), (b"", b"HTTP/1.1 ")):
        with talk(flood(before, again)) as server:
            reason = refusal(server.url, timeout=600)
            assert reason in {
                "the server sends 1.0 MB, and no picture among it.",
                "the download failed (RemoteProtocolError: Receive buffer too long).",
                "the download failed (RemoteProtocolError: illegal status line).",
            }
            assert server.was_hung_up_on()


@pytest.mark.parametrize(
    ("before", "again"),
    [
        (OK + b"\r\n", b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED, b"1;" + b"x" * 1000 + b"\r\nx\r\n"),
        (OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"x")),
    ],
    ids=["no length", "old server", "chunks", "extensions", "members"],
)
def test_a_body_without_end_is_hung_up_on_at_its_limit(before: bytes, again: bytes) -> None:
    with talk(flood(before, again)) as server:
        if b"gzip" in before:
            assert fetch(server.url, Reading(timeout=600)) == b"x"  # its packed part has an end
        else:
            reason = refusal(server.url, timeout=600, max_bytes=10_000)
            assert reason.startswith("the server sends more than `max_bytes` (10.0 kB).")
        assert server.was_hung_up_on()


def test_trailers_without_end_are_hung_up_on() -> None:
    with talk(flood(CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n")) as server:
        assert "Receive buffer too long" in refusal(server.url, timeout=600)
        assert server.was_hung_up_on()


def test_an_old_server_that_tells_no_length_is_read_to_its_end() -> None:
    with talk(send(b"HTTP/1.0 200 OK\r\n\r\n", b"a fox")) as server:
        assert fetch(server.url, Reading()) == b"a fox"


# ----------------------------------------------------------------------------------------- packed


def packed(times: int, size: int) -> bytes:
    """So many zero bytes, packed one time after the other."""
    data = gzip.compress(bytes(size))
    for _ in range(times - 1):
        data = gzip.compress(data)
    return data


@pytest.mark.parametrize(
    "coding", ["gzip, gzip", "gzip,gzip,gzip", "br", "zstd", "deflate", "gzip, br"]
)
def test_row_url_encoded(coding: str) -> None:
    times = coding.count("gzip") or 1
    with talk(
        send(OK, b"Content-Encoding: ", coding.encode(), b"\r\n\r\n", packed(times, 99))
    ) as it:
        reason = refusal(it.url)
        assert reason.startswith(
            f"the server sends it encoded ({', '.join(coding.split(', '))})"
        ) or ("gzip, gzip, gzip" in reason)
        assert b"\r\nAccept-Encoding: identity\r\n" in it.heads[0]


def test_a_coding_in_two_headers_is_two() -> None:
    twice = b"Content-Encoding: gzip\r\n" * 2
    with talk(send(OK, twice, b"\r\n", packed(2, 99))) as server:
        assert "encoded (gzip, gzip)" in refusal(server.url)


@pytest.mark.parametrize(
    "coding", [b"", b"identity", b"gzip", b"X-GZIP", b"identity, gzip", b"aws-chunked", b"utf-8"]
)
def test_what_is_packed_once_or_not_is_read(coding: bytes) -> None:
    body = gzip.compress(b"a fox") if b"gzip" in coding.lower() else b"a fox"
    with talk(send(OK, b"Content-Encoding: ", coding, b"\r\n\r\n", body)) as server:
        assert fetch(server.url, Reading()) == b"a fox"


def test_what_is_packed_is_unpacked_up_to_the_limit_and_no_further() -> None:
    bomb = packed(1, 60_000_000)  # one read of the network holds it
    assert len(bomb) < 65_536
    with talk(send(OK, b"Content-Encoding: gzip\r\n\r\n", bomb)) as server:
        assert most_memory(lambda: refusal(server.url, max_bytes=100_000)) < 10_000_000
    exact = gzip.compress(b"a fox")
    with talk(send(OK, b"Content-Encoding: gzip\r\n\r\n", exact)) as server:
        assert fetch(server.url, Reading(max_bytes=5)) == b"a fox"
        assert "more than `max_bytes` (4 B)" in refusal(server.url, max_bytes=4)


def test_the_body_of_a_redirect_is_not_read() -> None:
    bomb = packed(1, 60_000_000)
    head = b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Encoding: gzip\r\n\r\n"
    with talk(send(head, bomb)) as server:
        assert most_memory(lambda: refusal(server.url)) < 10_000_000


def test_a_redirect_in_latin_1_is_followed() -> None:
    where: list[bytes] = []

    def lead(connection: socket.socket) -> None:
        where.append(server.heads[-1].split(b" ")[1])
        led = OK + b"\r\na fox" if len(where) > 1 else FOUND + b"Location: /f\xfcchse\r\n\r\n"
        connection.sendall(led)

    with talk(lead) as server:
        assert fetch(server.url, Reading()) == b"a fox"
    assert where[-1] == b"/f%C3%BCchse"


def most_memory(call: Callable[[], object]) -> int:
    """The most bytes that Python's objects took meanwhile."""
    fetch_once_before()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def fetch_once_before() -> None:
    """Imports what is imported at the first fetch."""
    with talk(send(OK, b"\r\n", b"x")) as server:
        fetch(server.url, Reading())


@pytest.mark.parametrize(
    "body",
    [b"", packed(1, 9999)[:-9], b"a fox", b"\x1f\x8b" + b"x" * 99],
    ids=["nothing", "cut", "not packed", "damaged"],
)
def test_what_is_packed_badly_is_refused(body: bytes) -> None:
    with talk(send(OK, b"Content-Encoding: gzip\r\n\r\n", body)) as server:
        assert refusal(server.url).startswith("the download failed")


def test_empty_blocks_without_end_are_hung_up_on_though_they_unpack_to_nothing() -> None:
    start = zlib.compressobj(wbits=31).flush(zlib.Z_FULL_FLUSH)
    empty = zlib.compressobj(wbits=-15).flush(zlib.Z_FULL_FLUSH)
    with talk(flood(OK + b"Content-Encoding: gzip\r\n\r\n" + start, empty)) as server:
        assert "more than `max_bytes`" in refusal(server.url, timeout=600, max_bytes=10_000)
        assert server.was_hung_up_on()


# --------------------------------------------------------------------------------- what is shown


def test_a_servers_own_words_are_not_shown() -> None:
    with talk(send(b"HTTP/1.1 404 \x1b[31mroot: secret\r\n\r\n")) as server:
        assert refusal(server.url) == "the server answered 404 Not Found."
    with talk(send(b"HTTP/1.1 799 secret\r\n\r\n")) as server:
        assert refusal(server.url) == "the server answered 799."
    with talk(send(b"-ERR secret\r\n\r\n")) as server:  # which is no server of the web
        assert "secret" not in refusal(server.url)
    with talk(send(OK, b"secret\r\n\r\n")) as server:
        assert "secret" not in refusal(server.url)


def test_nothing_is_logged_of_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with talk(send(OK, b"\r\na fox")) as server:
        fetch(server.url.replace("//", "//me:secret@"), Reading())
    assert caplog.records == []
