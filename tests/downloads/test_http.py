"""What servers and networks do wrong, and which of it is tried again."""

from __future__ import annotations

import hashlib
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.downloads import http
from zsclip.downloads.http import DEFAULT_RETRY, RetryPolicy
from zsclip.errors import ChecksumError

if TYPE_CHECKING:
    from tests.downloads.conftest import Case


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which are not waited for."""
    waits: list[float] = []
    monkeypatch.setattr(http, "_sleep", waits.append)
    return waits


# ------------------------------------------------------------------------------- wrong contents


@pytest.mark.parametrize("size", [300_000, None])
def test_a_file_with_another_hash_is_not_kept(case: Case, size: int | None) -> None:
    case.server.body = bytes(300_000)
    message = case.fails(ChecksumError, size=size)
    assert "SHA-256 " + hashlib.sha256(bytes(300_000)).hexdigest() in message
    assert len(case.server.asked) == 1
    assert not case.part.exists()
    assert not case.beside(".part.json").exists()


def test_another_length_is_seen_before_the_body(case: Case) -> None:
    case.server.body = b"<html>Please log in to the network"
    case.server.then(headers={"Content-Type": "text/html"})
    message = case.fails(ChecksumError)
    assert "offers 34 bytes (text/html), which is not the published file" in message
    assert not case.part.exists()


def test_what_comes_with_a_redirect_is_not_read(case: Case) -> None:
    case.server.then(status=302, headers={"Location": "/elsewhere/weights.bin"}, endless=True)
    case.succeeds()
    assert case.server.sent < 1 << 26


def test_a_body_that_does_not_end_is_stopped(case: Case) -> None:
    case.server.then(endless=True)
    case.fails(ChecksumError)
    assert case.server.sent < 1 << 26
    assert not case.part.exists()


def test_a_body_that_was_compressed_unasked(case: Case) -> None:
    case.server.then(headers={"Content-Encoding": "gzip"})
    assert "encoded (gzip)" in case.fails()
    assert not case.part.exists()


# ------------------------------------------------------------------------------------ statuses


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 410, 416, 451, 204, 206])
def test_statuses_that_stay(case: Case, pauses: list[float], status: int) -> None:
    case.server.then(status=status)
    assert f"the server answered {status}" in case.fails()
    assert len(case.server.asked) == 1
    assert pauses == []
    assert not case.part.exists()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_statuses_that_pass(
    case: Case, pauses: list[float], caplog: pytest.LogCaptureFixture, status: int
) -> None:
    case.server.then(status=status)
    case.server.then(status=status)
    case.succeeds()
    assert len(case.server.asked) == 3
    assert len(pauses) == 2
    assert f"the server answered {status}" in caplog.text


def test_503_for_good(case: Case, pauses: list[float], fast: RetryPolicy) -> None:
    for _ in range(fast.attempts):
        case.server.then(status=503)
    message = case.fails()
    assert "503 Service Unavailable (given up after 3 failed tries)" in message
    assert len(case.server.asked) == fast.attempts
    assert len(pauses) == fast.attempts - 1


def test_a_part_outlives_an_error(case: Case, body: bytes) -> None:
    case.target.parent.mkdir()
    case.part.write_bytes(body[:1000])
    case.server.then(status=404)
    case.fails()
    assert case.part.read_bytes() == body[:1000]


# ----------------------------------------------------------------------------------- retry rules


@pytest.mark.parametrize(("said", "waited"), [("7", 7.0), ("99999", 120.0)])
def test_retry_after_in_seconds(case: Case, pauses: list[float], said: str, waited: float) -> None:
    case.server.then(status=429, headers={"Retry-After": said})
    case.succeeds(retry=DEFAULT_RETRY)
    assert pauses == [waited]


def test_retry_after_as_a_date(case: Case, pauses: list[float]) -> None:
    date = datetime.now(UTC) + timedelta(hours=5)
    case.server.then(status=503, headers={"Retry-After": format_datetime(date, usegmt=True)})
    case.succeeds(retry=DEFAULT_RETRY)
    assert pauses == [DEFAULT_RETRY.max_retry_after]


@pytest.mark.parametrize(
    "said",
    [
        "soon",
        "-5",
        "1.5",
        "",
        "9" * 30,
        "Tue, 05 Jan 2021 00:00:00 GMT",
        "Tue, 99 Jan 2021",
        "Tue, 05 Jan 2021 00:00:00 -0000",
    ],
)
def test_retry_after_that_says_nothing(case: Case, pauses: list[float], said: str) -> None:
    case.server.then(status=503, headers={"Retry-After": said})
    case.succeeds(retry=DEFAULT_RETRY)
    assert 0.25 <= pauses[0] <= 0.5


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [-+A-Z0-9]*"))
def test_retry_after_takes_any_text(text: str) -> None:
    seconds = http._retry_after(text)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1e9))
def test_pauses_grow_within_bounds(failures: int, retry_after: float | None) -> None:
    policy = RetryPolicy(base_delay=1.0, max_delay=16.0, max_retry_after=60.0)
    full = 16.0 if failures > 4 else 2.0 ** (failures - 1)
    wait = policy.delay(failures, retry_after)
    asked = min(retry_after or 0.0, 60.0)
    assert max(full / 2, asked) <= wait <= max(full, asked)


def test_pauses_differ() -> None:
    assert len({RetryPolicy().delay(3) for _ in range(50)}) > 1


# ------------------------------------------------------------------------------------- networks


def test_nobody_listens(case: Case, pauses: list[float], fast: RetryPolicy) -> None:
    with socket.socket() as bound:  # holds the port and does not listen
        bound.bind(("127.0.0.1", 0))
        message = case.fails(url=f"http://127.0.0.1:{bound.getsockname()[1]}/w")
    assert "the connection failed" in message
    assert len(pauses) == fast.attempts - 1


def test_a_server_that_hangs_up_without_a_word(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def hang_up() -> None:
            for _ in range(3):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        case.fails(url=f"http://127.0.0.1:{listener.getsockname()[1]}/w")
        thread.join()


@pytest.mark.parametrize("hold", [0, 1000])
def test_a_server_that_falls_silent(case: Case, fast: RetryPolicy, body: bytes, hold: int) -> None:
    for _ in range(fast.attempts):
        case.server.then(hold=hold)
    message = case.fails(timeout=0.2)
    assert "nothing came from the server for 0.2 s" in message
    assert len(case.server.asked) == fast.attempts
    if hold:
        assert case.part.read_bytes() == body[: hold * fast.attempts]


def test_a_silent_server_that_comes_back(case: Case) -> None:
    case.server.then(hold=100_000)
    case.succeeds(timeout=0.2)
    assert case.server.ranges() == [None, "bytes=100000-"]


def test_slow_but_alive(case: Case, fast: RetryPolicy) -> None:
    # Thirty pauses add up to more than the timeout, and none comes near it.
    case.server.then(drip=(10_000, 0.05))
    case.succeeds(timeout=1.0, retry=replace(fast, attempts=1))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/w", "/w", "http://", "http://a:b/"])
def test_urls_that_are_none(case: Case, pauses: list[float], url: str) -> None:
    case.fails(url=url)
    assert pauses == []


def test_a_certificate_that_nobody_signed(secure_case: Case, pauses: list[float]) -> None:
    message = secure_case.fails()
    assert "certificate cannot be trusted" in message
    assert "SSL_CERT_FILE" in message
    assert pauses == []
    assert secure_case.server.asked == []


def test_a_certificate_trusted_by_the_environment(
    secure_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(__file__).with_name("selfsigned.pem")))
    secure_case.succeeds()


def test_a_certificate_file_that_is_missing(
    secure_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    assert "certificate" in secure_case.fails()
