"""Requests to a service: forms, JSON and pictures, in process."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from tests.fuzz.catalogue import Target
from tests.fuzz.forms import deflated_zeros
from tests.fuzz.mutations import Seed
from tests.fuzz.targets.pictures import limited
from zsclip import ZeroShotClassifier
from zsclip.serve import create_app
from zsclip.testing import FakeEncoder

__all__ = ["BODIES"]

STATUSES = {200, 400, 403, 404, 405, 408, 413, 415, 421, 422, 503}
_CHUNK = 10_000  # bytes that arrive together


class _InProcess:
    """An application that runs, and is asked in one event loop."""

    def __init__(self) -> None:
        self._encoder = FakeEncoder(embedding_dim=16)
        classifier = ZeroShotClassifier(
            ["ant", "bee", "cat"],
            encoder=self._encoder,
            reading=limited(),
            cache=False,
            workers=1,
        )
        self._app = create_app(classifier, hosts=None)
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(1))
        self._lifespan = self._app.router.lifespan_context(self._app)
        self._loop.run_until_complete(self._lifespan.__aenter__())
        self._loop.run_until_complete(asyncio.to_thread(int))  # starts what is started once
        self.ask(_WITH_LABELS)

    def ask(self, example: bytes) -> tuple[int, bytes]:
        """The status and body of the answer to a request."""
        self._encoder.text_calls.clear()  # a record of all that it was asked
        self._encoder.image_calls.clear()
        return self._loop.run_until_complete(self._ask(example))

    async def _ask(self, example: bytes) -> tuple[int, bytes]:
        head, _, body = example.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        method, _, target = first.decode("latin-1").strip().partition(" ")
        path, _, query = target.partition("?")
        headers = [
            (name.strip().lower(), value.strip())
            for name, colon, value in (line.partition(b":") for line in lines)
            if colon
        ]
        pieces = iter([body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK)] or [b""])
        left = len(body)
        answered = asyncio.Event()
        status, answer = 0, bytearray()

        async def receive() -> MutableMapping[str, Any]:
            nonlocal left
            piece = next(pieces, None)
            if piece is None:
                await answered.wait()
                return {"type": "http.disconnect"}
            left -= len(piece)
            return {"type": "http.request", "body": piece, "more_body": left > 0}

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": method or "POST", "path": path or "/", "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80), "headers": [*headers, (b"host", b"127.0.0.1")],
        }  # fmt: skip
        await self._app(scope, receive, send)
        return status, bytes(answer)


_running: list[_InProcess] = []


def _ask(example: bytes) -> str:
    if not _running:
        _running.append(_InProcess())
    status, answer = _running[0].ask(example)
    assert status in STATUSES, (status, answer[:300])
    _check(status, answer)
    after, answer = _running[0].ask(_WELL)
    assert after == 200, (after, answer[:300])
    assert json.loads(answer)["label"] in ("ant", "bee", "cat"), answer[:300]
    return "read" if status == 200 else f"{status}"


def _check(status: int, answer: bytes) -> None:
    """See that an answer is of the promised kind."""
    counts, page, saved = b"# HELP", b"<!doctype html>", b'{"__metadata__":'
    if status == 200 and (answer.startswith((counts, page)) or answer[8:].startswith(saved)):
        return
    try:
        values = [json.loads(answer)]
    except ValueError:
        values = [json.loads(line) for line in answer.splitlines()]  # asked for lines
    for value in values:
        assert isinstance(value, dict), value
        if status != 200:
            assert {"error", "error_type"} <= value.keys(), value
        else:
            _check_result(value)


def _check_result(value: Any) -> None:
    if isinstance(value, list):
        assert all(isinstance(number, float) for number in value), value
    elif "results" in value or "embeddings" in value:
        for one in value.get("results", value.get("embeddings")):
            _check_result(one)
    elif "error" in value:
        assert isinstance(value["error_type"], str), value
    elif value.keys() & {"status", "labels", "openapi"}:  # of the service, not of a picture
        return
    else:
        assert isinstance(value["label"], str), value
        assert all(isinstance(score["score"], float) for score in value["scores"]), value


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((20, 20), 50).convert("RGB").save(out, kind)
    return out.getvalue()


_PNG, _JPEG = _picture("PNG"), _picture("JPEG")
_BOUNDARY = b"zsclip-boundary"


def _request(body: bytes, kind: bytes, target: bytes = b"/classify", *more: bytes) -> bytes:
    lines = [b"POST " + target, b"Content-Type: " + kind, *more]
    return b"\n".join(lines) + b"\n\n" + body


def _form(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s\r\n\r\n%s\r\n' % (_BOUNDARY, *part)
        for part in parts
    )
    return body + b"--" + _BOUNDARY + b"--\r\n"


def _seeds() -> Iterator[Seed]:
    multipart = b"multipart/form-data; boundary=" + _BOUNDARY
    image, other = (b'image"; filename="a.png"', _PNG), (b'image"; filename="b.jpg"', _JPEG)
    labels, templates = (b'labels"', b'["fox", "owl"]'), (b'templates"', b'["a {}."]')
    coded = base64.b64encode(_PNG).decode("ascii")

    def asked(**what: Any) -> bytes:
        return json.dumps(what).encode()

    one = [{"base64": coded}]
    json_ = b"application/json"
    lines = b"Accept: application/x-ndjson"
    forms = {
        "form": _form(image),
        "form of two": _form(image, other),
        "form with labels": _form(labels, image, templates, (b'top"', b"3")),
        "form of many parts": _form(*[(b'labels"', b"label %d" % i) for i in range(30)], image),
    }
    for name, body in forms.items():
        yield Seed(name, _request(body, multipart), "lines")
    yield Seed(
        "form, lines", _request(_form(image, other), multipart, b"/classify", lines), "lines"
    )
    yield Seed("form to embed", _request(_form(image, other), multipart, b"/embed"), "lines")
    bodies = {
        "json": asked(images=one),
        "json of several": asked(images=[*one, f"data:image/png;base64,{coded}", {"url": "x"}]),
        "json with all": asked(
            images=one, labels=["fox", "owl"], templates=["a {}."], multi_label=True, top=2
        ),
        "json with phrases": asked(images=one, labels={"car": ["a car", "a van"], "cat": ["a"]}),
        "json with a url": asked(images=[{"url": "http://127.0.0.1:1/a.png"}]),
    }
    for name, body in bodies.items():
        yield Seed(name, _request(body, json_), "lines")
    yield Seed("json, lines", _request(asked(images=one * 3), json_, b"/classify", lines), "lines")
    yield Seed("texts", _request(asked(texts=["a cat", "a dog"]), json_, b"/embed"), "lines")
    yield Seed("raw", _request(_PNG, b"image/png", b"/classify?labels=fox,owl&top=1"), "lines")
    yield Seed("raw jpeg", _request(_JPEG, b"application/octet-stream"), "lines")
    yield Seed("nothing", _request(b"", b""))
    yield Seed("labels", b"GET /labels\n\n")
    yield Seed("elsewhere", b"GET /elsewhere\n\n")
    for path in (b"/", b"/docs", b"/openapi.json", b"/metrics", b"/classifier"):
        yield Seed(path.decode(), b"GET " + path + b"\n\n")
    words = _request(asked(labels=["fox", "owl"]), json_, b"/classifier")
    yield Seed("a classifier of other words", words, "lines")
    yield from _harmful(multipart, json_, asked)


def _harmful(multipart: bytes, json_: bytes, asked: Any) -> Iterator[Seed]:
    """What takes much from little; most of it is large and not mutated."""
    coded = base64.b64encode(_PNG).decode("ascii")
    yield Seed("deep json", lambda: _request(b'{"images": ' + b"[" * 200_000, json_))
    yield Seed("deep objects", lambda: _request(b'{"labels":' * 100_000, json_))
    yield Seed("huge number", lambda: _request(b'{"top": ' + b"9" * 1_000_000 + b"}", json_))
    yield Seed("huge exponent", _request(b'{"images": [], "top": 1e999999}', json_), "lines")
    yield Seed(
        "one key many times", lambda: _request(b'{"a":1' + b',"a":1' * 200_000 + b"}", json_)
    )
    yield Seed(
        "thousands of labels",
        lambda: _request(asked(images=[coded], labels=[f"l{i}" for i in range(50_000)]), json_),
    )
    yield Seed(
        "a thousand labels, a hundred templates",
        lambda: _request(
            asked(
                images=[{"base64": coded}],
                labels=[f"l{i}" for i in range(1000)],
                templates=[f"a {{}} of {i}." for i in range(100)],
            ),
            json_,
        ),
    )
    yield Seed(
        "a long label",
        lambda: _request(asked(images=[{"base64": coded}], labels=["x" * 10**6, "y"]), json_),
    )
    yield Seed(
        "many parts",
        lambda: _request(_form(*[(b'labels"', b"x")] * 15_000), multipart),
    )
    yield Seed(
        "many pictures",
        lambda: _request(_form(*[(b'image"; filename="a"', b"")] * 10_000), multipart),
    )
    yield Seed(
        "a long header of a part",
        lambda: _request(_form((b'image"; filename="' + b"x" * 10**6, b"")), multipart),
    )
    yield Seed("dashes", lambda: _request(b"\r\n--" * 400_000, multipart))
    yield Seed("bomb", lambda: _request(deflated_zeros(2000), b"image/png"))
    yield Seed("a small picture", _request(_tiny(), b"image/png"), "lines")


def _tiny() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1, 1)).save(out, "PNG")
    return out.getvalue()


_WELL = _request(_PNG, b"image/png")
_WITH_LABELS = _request(_PNG, b"image/png", b"/classify?labels=fox,owl")

BODIES = Target(
    lambda: list(_seeds()), _ask, (),
    (b"--zsclip-boundary", b"--zsclip-boundary--", b"\r\n\r\n", b"\n\n", b"Content-Disposition: ",
     b'form-data; name="image"', b"filename*=utf-8''%ff", b"Content-Length: 99999999999",
     b"Content-Length: -1", b"Content-Type: application/json", b"Content-Type: image/png",
     b"multipart/form-data", b"boundary=", b"Transfer-Encoding: chunked",
     b"Accept: application/x-ndjson", b"Content-Encoding: gzip", b'"images":', b'"labels":',
     b'"base64":', b'"url":', b"data:,", b"file:///etc/passwd", b"http://169.254.169.254/",
     b"NaN", b"Infinity", b"\\ud800", b"\xff\xfe", b"\0", b"1e400", b'"multi_label": 1',
     b"POST /embed", b"POST /classify?", b"GET /metrics", b"{}", b"[[[[[["),
)  # fmt: skip
