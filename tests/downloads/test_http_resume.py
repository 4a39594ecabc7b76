"""Downloads that break off and go on, with servers that can and cannot continue them."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsclip.downloads.download import fetch
from zsclip.downloads.http import RetryPolicy
from zsclip.errors import ChecksumError

if TYPE_CHECKING:
    from tests.downloads.conftest import Case, FaultyServer

HALF = 150_000


@pytest.fixture
def half(case: Case, body: bytes) -> Case:
    """The first half lies in .part, with no word on where it came from."""
    case.target.parent.mkdir()
    case.part.write_bytes(body[:HALF])
    return case


def note(case: Case, body: bytes, **notes: object) -> None:
    defaults = {"url": case.server.url, "sha256": hashlib.sha256(body).hexdigest()}
    case.beside(".part.json").write_text(json.dumps({**defaults, **notes}))


@pytest.mark.parametrize("size", [300_000, None])
def test_a_part_is_resumed(half: Case, size: int | None) -> None:
    half.succeeds(size=size)
    assert half.server.ranges() == [f"bytes={HALF}-"]
    assert "if-range" not in half.server.asked[0]
    assert half.server.sent == 300_000 - HALF


def test_truncated_then_fine(case: Case) -> None:
    case.server.then(cut=100_000)
    case.server.then(cut=50_000)
    case.succeeds()
    assert case.server.ranges() == [None, "bytes=100000-", "bytes=150000-"]
    assert [asked.get("if-range") for asked in case.server.asked] == [None, '"v1"', '"v1"']
    assert case.server.sent == 300_000


def test_truncated_with_no_length_told(case: Case) -> None:
    case.server.then(cut=100_000, length=False)
    case.succeeds()
    assert case.server.sent == 300_000


def test_always_truncated(case: Case, body: bytes, fast: RetryPolicy) -> None:
    for _ in range(fast.attempts):
        case.server.then(cut=10_000)
    message = case.fails()
    assert f"given up after {fast.attempts} failed tries" in message
    assert f"30,000 bytes (30 kB) in {case.part}" in message
    assert len(case.server.asked) == fast.attempts
    assert case.part.read_bytes() == body[:30_000]
    case.succeeds()
    assert case.server.sent == 300_000


def test_always_truncated_at_one_place_without_ranges(case: Case, fast: RetryPolicy) -> None:
    for _ in range(2 * fast.attempts):
        case.server.then(cut=200_000, ranges=False)
    # Two hundred thousand bytes again and again are no progress.
    case.fails(retry=replace(fast, fresh_bytes=1))
    assert len(case.server.asked) == fast.attempts


def test_tries_that_get_further_do_not_count(case: Case, fast: RetryPolicy) -> None:
    for _ in range(20):
        case.server.then(cut=10_000)
    case.succeeds(retry=replace(fast, fresh_bytes=10_000))
    assert len(case.server.asked) == 21
    assert case.server.sent == 300_000


def test_server_without_ranges(half: Case) -> None:
    half.server.then(ranges=False)
    half.succeeds()
    assert half.server.ranges() == [f"bytes={HALF}-"]
    assert half.server.sent == 300_000


def test_the_file_changed_at_the_server(half: Case, body: bytes) -> None:
    note(half, body, validator='"v0"')
    half.part.write_bytes(bytes(HALF))
    half.succeeds()
    assert half.server.asked[0]["if-range"] == '"v0"'
    assert half.server.sent == 300_000


@pytest.mark.parametrize(
    "notes",
    [
        {"url": "http://mirror.invalid/w", "validator": '"v0"'},
        {"validator": None},
        {"validator": 3},
        {"validator": '"ü"'},
        {"validator": '"a\nb"'},
    ],
)
def test_a_validator_that_says_nothing(half: Case, body: bytes, notes: dict[str, Any]) -> None:
    note(half, body, **notes)
    half.succeeds()
    assert "if-range" not in half.server.asked[0]
    assert half.server.sent == 300_000 - HALF


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_notes_that_say_nothing(half: Case, text: str) -> None:
    half.beside(".part.json").write_text(text)
    half.succeeds()
    assert half.server.sent == 300_000 - HALF


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": 'W/"v1"', "Last-Modified": "Tue, 05 Jan 2021 00:00:00 GMT"}, "Tue, 05 Jan"),
        ({"ETag": "", "Last-Modified": "Tue, 05 Jan 2021 00:00:00 GMT"}, "Tue, 05 Jan"),
        ({"ETag": 'W/"v1"'}, None),
    ],
)
def test_without_a_strong_etag(case: Case, headers: dict[str, str], validator: str | None) -> None:
    case.server.then(cut=HALF, headers=headers)
    case.succeeds()
    sent = case.server.asked[1].get("if-range")
    assert sent is None if validator is None else sent is not None and sent.startswith(validator)


def test_a_part_of_an_older_release(half: Case, body: bytes) -> None:
    note(half, body, sha256="0" * 64, validator='"v1"')
    half.succeeds()
    assert half.server.ranges() == [None]


def test_wrong_hash_after_a_resume_then_fine_from_zero(
    half: Case, caplog: pytest.LogCaptureFixture
) -> None:
    half.part.write_bytes(bytes(HALF))
    half.succeeds()
    assert half.server.ranges() == [f"bytes={HALF}-", None]
    assert "starting from zero" in caplog.text


def test_wrong_hash_after_a_resume_and_again(half: Case) -> None:
    half.server.body = bytes(300_000)
    for _ in range(6):  # pieced together every time, and still no endless loop
        half.server.then(cut=100_000)
    half.fails(ChecksumError)
    assert not half.part.exists()
    assert not half.beside(".part.json").exists()


@pytest.mark.parametrize("size", [300_000, None])
def test_a_complete_part(case: Case, body: bytes, size: int | None) -> None:
    case.target.parent.mkdir()
    case.part.write_bytes(body)
    case.succeeds(size=size)
    # With a known size there is nothing to ask; without one the server says 416.
    assert case.server.ranges() == ([] if size else ["bytes=300000-"])
    assert case.server.sent == 0


@pytest.mark.parametrize("size", [300_000, None])
def test_a_complete_part_that_is_wrong(case: Case, size: int | None) -> None:
    case.target.parent.mkdir()
    case.part.write_bytes(bytes(300_000))
    case.succeeds(size=size)
    assert case.server.ranges()[-1] is None


@pytest.mark.parametrize("size", [300_000, None])
def test_a_part_that_is_too_long(
    case: Case, body: bytes, size: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    case.target.parent.mkdir()
    case.part.write_bytes(body + b"more")
    case.succeeds(size=size)
    assert case.server.ranges() == ([None] if size else ["bytes=300004-", None])
    assert "wrong SHA-256" not in caplog.text  # the length alone tells


def test_416_that_says_nothing(half: Case) -> None:
    half.server.then(status=416)
    half.succeeds()
    assert half.server.ranges() == [f"bytes={HALF}-", None]


@pytest.mark.parametrize("said", ["bytes 0-299999/300000", "bytes 7-9/10", "octets", ""])
def test_another_range_than_asked_for(half: Case, said: str) -> None:
    half.server.then(headers={"Content-Range": said})
    half.succeeds()
    assert half.server.ranges() == [f"bytes={HALF}-", None]


def test_a_range_of_a_file_of_another_length(half: Case, body: bytes) -> None:
    half.server.body = body + b"more"
    half.fails(ChecksumError)
    assert half.part.read_bytes() == body[:HALF]


FAULTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, cut=st.integers(0, 5_000), length=st.booleans(), ranges=st.booleans()),
    st.builds(dict, status=st.sampled_from([408, 425, 429, 500, 502, 503, 504])),
    st.builds(dict, cut=st.integers(0, 5_000), headers=st.just({"ETag": ""})),
    st.just({"ranges": False}),
)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    length=st.integers(0, 5_000),
    faults=st.lists(FAULTS, max_size=6),
    start=st.integers(0, 6_000),
    know_size=st.booleans(),
)
def test_whatever_breaks_the_bytes_are_right(
    shared_server: FaultyServer,
    seed: int,
    length: int,
    faults: list[dict[str, Any]],
    start: int,
    know_size: bool,
) -> None:
    server = shared_server
    body = server.body = random.Random(seed).randbytes(length)
    server.replies.clear()
    for fault in faults:
        # With neither length nor size told, nobody could tell the end from a cut.
        server.then(**fault if know_size else {**fault, "length": True})
    quick = RetryPolicy(attempts=9, base_delay=0.0, max_retry_after=0.0)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "w.bin"
        if start:
            target.with_name("w.bin.part").write_bytes((body + bytes(9_000))[:start])
        fetch(
            server.url,
            target,
            sha256=hashlib.sha256(body).hexdigest(),
            size=length if know_size else None,
            retry=quick,
        )
        assert target.read_bytes() == body
