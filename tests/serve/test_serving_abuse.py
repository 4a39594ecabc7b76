"""A service in a process of its own, and those who mean it no good: each gets its status."""

from __future__ import annotations

import base64
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
from PIL import Image
from raw_http import answers, head, send_slowly, statuses, undisturbed
from served import Service, serving_within

from zsclip.demo import load_drawings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is no question there")

MiB = 2**20
LIMITS = {
    "connections": 100,
    "head_seconds": 1.0,
    "answer_seconds": 2.0,
    "body_seconds": 1.0,
    "body_bytes": 4 * MiB,
    "picture_bytes": 2 * MiB,
    "picture_pixels": 4_000_000,
    "labels": 100,
    "text_length": 100,
}
FROG = next(drawing.data for drawing in load_drawings() if drawing.animal == "frog")
JSON = "Content-Type: application/json"
PNG = "Content-Type: image/png"
CHUNKED = "Transfer-Encoding: chunked"
FORM = "Content-Type: multipart/form-data; boundary=b"


@pytest.fixture(scope="module")
def service(_not_the_cache_of_the_user: object) -> Iterator[Service]:
    with serving_within(["frog", "fish", "octopus", "tiger"], LIMITS) as running:
        yield running


@pytest.fixture(autouse=True)
def _beside(service: Service) -> Iterator[None]:
    """Whatever a test does, somebody beside it is answered all the time, and rightly."""

    def is_right(answer: dict[str, Any]) -> bool:
        return bool(answer["label"] == "frog" and answer["score"] > 0.9)

    with undisturbed(service, FROG, is_right):
        yield


def request(body: bytes, *lines: str) -> bytes:
    return head("POST /classify", f"Content-Length: {len(body)}", *lines) + body


def chunks(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


def picture(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def asked(**what: Any) -> bytes:
    return json.dumps({"images": [{"base64": base64.b64encode(FROG).decode()}], **what}).encode()


def huge_png() -> bytes:
    """A picture of 900 megapixels in its header, and of nothing behind it."""
    data = bytearray(picture(Image.new("RGB", (1, 1))))
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def part(*lines: str, body: bytes = FROG) -> bytes:
    return "\r\n".join(["--b", *lines]).encode() + b"\r\n\r\n" + body + b"\r\n"


IMAGE = 'Content-Disposition: form-data; name="image"; filename="frog.jpg"'
WRONG: dict[str, tuple[Callable[[], bytes], int]] = {
    "nothing at all": (lambda: request(b""), 415),
    "another type": (lambda: request(FROG, "Content-Type: text/html"), 415),
    "no body": (lambda: request(b"", PNG), 422),
    "a form without boundary": (lambda: request(b"x", "Content-Type: multipart/form-data"), 400),
    "a form of something else": (lambda: request(b"hello" * 100, FORM), 400),
    "a form that does not end": (lambda: request(part(IMAGE), FORM), 400),
    "a part without name": (lambda: request(part("A: b") + b"--b--\r\n", FORM), 400),
    "a part with a broken header": (lambda: request(part("\0: b") + b"--b--\r\n", FORM), 400),
    "a part with endless headers": (
        lambda: request(part(IMAGE, *[f"A{i}: b" for i in range(5000)]) + b"--b--\r\n", FORM),
        400,
    ),
    "an unknown field": (
        lambda: request(part('Content-Disposition: form-data; name="x"') + b"--b--\r\n", FORM),
        400,
    ),
    "text as a jpeg": (lambda: request(part(IMAGE, body=b"hello") + b"--b--\r\n", FORM), 422),
    "broken base64": (lambda: request(b'{"images": [{"base64": "a!"}]}', JSON), 422),
    "no json": (lambda: request(b"{", JSON), 400),
    "json of another shape": (lambda: request(b"[1]", JSON), 422),
    "deep json": (lambda: request(b'{"images": ' + b"[" * MiB, JSON), 400),
    "a number of a million digits": (lambda: request(b'{"top": ' + b"9" * MiB + b"}", JSON), 400),
    "a number that is none": (lambda: request(b'{"top": NaN, "images": []}', JSON), 400),
    "infinitely many": (lambda: request(asked(top=1e308), JSON), 422),
    "a lone surrogate": (lambda: request(asked(labels=["\ud800", "b"]), JSON), 422),
    "too many labels": (lambda: request(asked(labels=[f"l{i}" for i in range(5000)]), JSON), 422),
    "a very long label": (lambda: request(asked(labels=["a" * MiB, "b"]), JSON), 422),
    "one label": (lambda: request(asked(labels=["a"]), JSON), 422),
    "a template without its place": (lambda: request(asked(templates=["a"]), JSON), 422),
    "a url": (lambda: request(b'{"images": [{"url": "http://127.0.0.1/"}]}', JSON), 422),
    "a file": (lambda: request(b'{"images": [{"url": "file:///etc/passwd"}]}', JSON), 422),
    "too many pixels": (lambda: request(huge_png(), PNG), 422),
    "a bomb": (lambda: request(picture(Image.new("RGB", (3000, 3000))), PNG), 422),
    "a picture that is cut off": (lambda: request(FROG[:100], PNG), 422),
    "a large body": (lambda: head("POST /classify", PNG, "Content-Length: 1000000000000"), 413),
    "a large chunked body": (
        lambda: head("POST /classify", PNG, CHUNKED) + chunks(bytes(MiB)) * 8,
        413,
    ),
    "a large picture": (lambda: request(bytes(3 * MiB), PNG), 413),
    "a large part": (lambda: request(part(IMAGE, body=bytes(3 * MiB)) + b"--b--\r\n", FORM), 413),
    "elsewhere": (lambda: head("GET /%2e%2e/etc/passwd"), 404),
    "elsewhere with a body": (lambda: head("POST /x", CHUNKED) + chunks(b"a") * 1000, 404),
    "another method": (lambda: head("DELETE /classify"), 405),
    "another host": (
        lambda: head("POST /classify", "Host: evil.example", PNG, "Content-Length: 0", host=False),
        421,
    ),
    "a foreign page": (lambda: request(FROG, PNG, "Origin: http://evil.example"), 403),
}
NO_HTTP = {
    "tls": b"\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03" + bytes(100) + b"\r\n\r\n",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": head("GET /healthz", host=False),
    "two hosts": head("GET /healthz", "Host: b"),
    "a flood of headers": head("GET /healthz", *[f"A{i}: b" for i in range(100_000)]),
    "a long header": head("GET /healthz", "A: " + "b" * MiB),
    "a folded header": head("GET /healthz", "A: b", " c", "Content-Length : 3"),
    "a long target": head("GET /" + "a" * MiB),
    "two lengths": head("POST /classify", "Content-Length: 3", "Content-Length: 4") + b"GET",
    "a negative length": head("POST /classify", "Content-Length: -1"),
    "a length with a sign": head("POST /classify", "Content-Length: +3") + b"abc",
    "a length and chunks": head("POST /classify", "Content-Length: 5", CHUNKED) + b"0\r\n\r\n",
    "an unknown coding": head("POST /classify", "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "a coding before chunks": head("POST /classify", "Transfer-Encoding: gzip, chunked"),
    "a space before the colon": head("POST /classify", "Content-Length : 3") + b"abc",
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_gets_its_status(service: Service, what: str) -> None:
    made, status = WRONG[what]
    data = made().replace(b" HTTP/1.1\r\n", b" HTTP/1.1\r\nConnection: close\r\n", 1)
    assert answers(service, data) == [status]


@pytest.mark.parametrize("what", NO_HTTP)
def test_what_is_no_request_is_refused_and_what_follows_it_is_not_heard(
    service: Service, what: str
) -> None:
    found = answers(service, NO_HTTP[what] + head("GET /healthz"))
    assert 200 not in found
    assert found[-1] in (400, 501)


def test_a_smallest_picture_is_answered(service: Service) -> None:
    assert answers(service, request(picture(Image.new("L", (1, 1))), PNG, "Connection: close")) == (
        [200]
    )


def test_many_pictures_of_which_each_is_broken_are_answered_one_by_one(service: Service) -> None:
    files = [("image", bytes([i])) for i in range(200)]
    answer = httpx.post(f"{service.url}/classify", files=files, timeout=30, trust_env=False)
    assert answer.status_code == 200
    assert [result["error_type"] for result in answer.json()["results"]] == ["ImageError"] * 200


def test_requests_that_come_in_one_piece_are_answered_in_their_order(service: Service) -> None:
    last = head("GET /elsewhere", "Connection: close")
    data = request(FROG, PNG) + head("GET /healthz") + request(b"{", JSON) + last
    assert answers(service, data) == [200, 200, 400, 404]


@pytest.mark.parametrize(
    ("first", "again", "status"),
    [
        (b"", b"G", 408),
        (head("POST /classify", PNG, "Content-Length: 1000"), b"a", 408),
        (head("POST /classify", PNG, CHUNKED), b"1\r\na\r\n", 408),
        (head("POST /classify", FORM, CHUNKED) + chunks(part(IMAGE)[:-2]), b"1\r\na\r\n", 408),
    ],
    ids=["head", "body", "chunks", "form"],
)
def test_who_sends_slowly_is_told_when_the_time_is_up(
    service: Service, first: bytes, again: bytes, status: int
) -> None:
    assert send_slowly(service, first, again, 0.2) == [status]


def test_a_body_without_end_is_ended(service: Service) -> None:
    endless = chunks(bytes(65536))
    for target, status in (("POST /classify", 413), ("POST /elsewhere", 404)):
        assert send_slowly(service, head(target, PNG, CHUNKED), endless, 0.001) == [status]


def test_who_waits_to_be_asked_for_a_large_body_is_not_asked(service: Service) -> None:
    waits = "Expect: 100-continue"
    with service.connect() as connection:
        connection.sendall(head("POST /classify", PNG, "Content-Length: 99999999", waits))
        assert statuses(connection) == [413]
    with service.connect() as connection:
        lines = [PNG, f"Content-Length: {len(FROG)}", waits, "Connection: close"]
        connection.sendall(head("POST /classify", *lines))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(FROG)
        assert statuses(connection) == [200]


def test_those_who_say_nothing_keep_nobody_out(service: Service) -> None:
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(service.connect())
        assert httpx.get(f"{service.url}/readyz", trust_env=False).status_code == 200
    assert service.descriptors() < 200


def test_who_goes_in_the_middle_leaves_nothing_behind(service: Service) -> None:
    whole = request(FROG, PNG)
    for data in (whole, whole[:-10], head("POST /classify", PNG, CHUNKED) + chunks(FROG)):
        for _ in range(20):
            with service.connect() as connection:
                connection.sendall(data)
    for _ in range(20):
        with suppress(ConnectionResetError):
            assert answers(service, whole[:-10], end=True) == []
    for _ in range(300):
        told = httpx.get(f"{service.url}/metrics", trust_env=False).text
        [line] = [
            line for line in told.splitlines() if line.startswith("zsclip_requests_in_flight")
        ]
        if float(line.split()[1]) <= 2:  # this one, and the one beside
            break
    else:
        pytest.fail(told)
    assert "Traceback" not in service.log.read_text()


def test_strangers_write_nothing_into_the_log(service: Service) -> None:
    for data in (request(b"hello" * 100, FORM), request(b"x", PNG), b"\0\0\r\n\r\n"):
        assert answers(service, data, end=True) in ([], [400], [422])
    assert service.log.read_text() == f"Listening on {service.url}\n"
