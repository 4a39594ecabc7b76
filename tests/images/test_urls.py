"""The rows of docs/pictures.md about pictures from the web, against a server on this machine."""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image

Serve = Callable[[str, Callable[[BaseHTTPRequestHandler], None]], str]
Send = Callable[..., Callable[[BaseHTTPRequestHandler], None]]

PICTURE = Image.effect_noise((40, 30), 60).convert("RGB")


@pytest.fixture
def png(encode: Callable[..., bytes]) -> bytes:
    return encode(PICTURE)


def refusal(url: str, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(url, reading=Reading(**options))
    assert caught.value.source == url
    return caught.value.reason


def test_row_url(serve: Serve, send: Send, png: bytes) -> None:
    url = serve("/fox.png", send(png, Content_Type="image/png"))
    assert load_image(url).tobytes() == PICTURE.tobytes()
    assert load_image(url.replace("http", "HTTP")).tobytes() == PICTURE.tobytes()
    zipped = serve("/zipped", send(gzip.compress(png), Content_Encoding="gzip"))
    assert load_image(zipped).tobytes() == PICTURE.tobytes()


def test_row_url_content_type(serve: Serve, send: Send, png: bytes) -> None:
    for content_type in ("text/html", "application/octet-stream", "image/jpeg"):
        url = serve("/fox.txt", send(png, Content_Type=content_type))
        assert load_image(url).tobytes() == PICTURE.tobytes()


def test_row_url_status(serve: Serve, send: Send, png: bytes) -> None:
    assert refusal(serve("/a.png", send(png, 404))) == "the server answered 404 Not Found."
    assert "500 Internal Server Error" in refusal(serve("/b.png", send(b"", 500)))
    assert refusal(serve("/c.png", send(b""))) == "it is empty (0 bytes)."


def test_row_url_html(serve: Serve, send: Send) -> None:
    page = b"<!doctype html><title>Please log in</title>"
    url = serve("/fox.png", send(page, Content_Type="image/png"))
    assert refusal(url) == "it is an HTML page and not a picture."


def test_row_url_redirect(serve: Serve, send: Send, png: bytes) -> None:
    serve("/there.png", send(png))
    url = serve("/here.png", send(b"", 302, Location="/there.png"))
    assert load_image(url).tobytes() == PICTURE.tobytes()
    loop = serve("/loop.png", send(b"", 302, Location="/loop.png"))
    assert refusal(loop) == "the server redirects more than 5 times."
    local = serve("/local.png", send(b"", 302, Location="file:///etc/passwd"))
    assert "not a valid http or https URL" in refusal(local)


def test_row_url_timeout(serve: Serve) -> None:
    over = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        over.wait()

    def dripping_head(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.02):
            handler.wfile.write(b"x")

    def dripping_body(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not over.wait(0.02):
            handler.wfile.write(b"x")

    try:
        for path, answer in (
            ("/silent", silent),
            ("/head", dripping_head),
            ("/body", dripping_body),
        ):
            reason = refusal(serve(path, answer), timeout=0.6)
            assert reason.startswith("it did not arrive within `timeout` (0.6 s). Pass a higher")
            assert not any(one.name.startswith("zsclip") for one in threading.enumerate())
    finally:
        over.set()


def test_row_url_none(serve: Serve, send: Send, png: bytes) -> None:
    fetched: list[str] = []
    url = serve("/fox.png", lambda handler: fetched.append(handler.path))
    reason = refusal(url, urls="none")
    assert reason.startswith("it is an address on the web, and `urls` is 'none'. Pass reading=")
    assert "--urls public" in reason
    assert fetched == []
    data = "data:image/png;base64," + base64.b64encode(png).decode()  # which is not of the web
    assert load_image(data, reading=Reading(urls="none")).tobytes() == PICTURE.tobytes()


def test_row_url_too_many_bytes(serve: Serve, send: Send, png: bytes) -> None:
    url = serve("/fox.png", send(png))
    assert load_image(url, reading=Reading(max_bytes=len(png))).size == (40, 30)
    assert refusal(url, max_bytes=len(png) - 1).startswith("the server sends more than `max_bytes`")

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:  # until the other side hangs up
            handler.wfile.write(bytes(10_000))

    reason = refusal(serve("/endless.png", endless), max_bytes=100_000)
    assert reason.startswith("the server sends more than `max_bytes` (100.0 kB).")
    bomb = gzip.compress(bytes(10_000_000))
    zipped = serve("/bomb.png", send(bomb, Content_Encoding="gzip"))
    assert "more than `max_bytes`" in refusal(zipped, max_bytes=1_000_000)


def test_row_url_broken_off(serve: Serve, png: bytes) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(png)))
        handler.end_headers()
        handler.wfile.write(png[: len(png) // 2])

    def nothing(handler: BaseHTTPRequestHandler) -> None:
        pass

    assert refusal(serve("/half.png", half)).startswith("the download failed (RemoteProtocolError")
    assert "RemoteProtocolError" in refusal(serve("/nothing.png", nothing))


def test_row_url_unreachable(serve: Serve) -> None:
    closed = serve("/", lambda handler: None).rsplit(":", 1)[0] + ":9/fox.png"
    assert refusal(closed).startswith("cannot connect to the server")
    for wrong in ("http://", "http:///fox.png", "https://[::1/fox.png", "http://a b/\x7f"):
        with pytest.raises(ImageError):
            load_image(wrong)


def test_row_url_password(serve: Serve, send: Send) -> None:
    url = serve("/fox.png", send(b"", 401)).replace("//", "//me:secret@")
    with pytest.raises(ImageError) as caught:
        load_image(url)
    assert caught.value.source == url.replace("me:secret", "***")
    assert "secret" not in str(caught.value)
