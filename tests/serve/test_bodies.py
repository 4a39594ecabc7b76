"""Bodies in every kind that is taken, and what is said of those that are not."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import asked, png

from zsclip import ZeroShotClassifier
from zsclip.serve import Limits, create_app
from zsclip.serve.bodies import _of_json
from zsclip.serve.refusals import Refusal

LIMITS = Limits(pictures=2, picture_bytes=200, labels=3, templates=2, prompts=5, text_length=60)
CODED = base64.b64encode(png("red")).decode()
ONE: dict[str, Any] = {"images": [{"base64": CODED}]}


def posted(
    classifier: ZeroShotClassifier, path: str = "/classify", **request: Any
) -> httpx.Response:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, **request)

    return asked(create_app(classifier, limits=LIMITS), ask)


@pytest.mark.parametrize(
    "picture",
    [
        {"base64": CODED},
        {"base64": CODED, "name": "<images[0]>"},
        f"data:image/png;base64,{CODED}",
        {"url": f"DATA:image/png;base64,{CODED}"},
        {"url": "data:image/png," + "".join(f"%{byte:02x}" for byte in png("red"))},
    ],
)
def test_a_picture_in_json_comes_in_several_ways(colors: ZeroShotClassifier, picture: Any) -> None:
    response = posted(colors, json={"images": [picture]})
    assert response.status_code == 200
    assert response.json() == colors.classify(png("red"), source="<images[0]>").to_dict(5)


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/x-unknown; a=b", "application/octet-stream"])
def test_the_bytes_of_one_picture_are_a_body(colors: ZeroShotClassifier, kind: str) -> None:
    asking = "/classify?top=1&labels=white,red&templates={}"
    response = posted(colors, asking, content=png("red"), headers={"content-type": kind})
    assert response.json()["source"] == "<image>"
    assert [score["label"] for score in response.json()["scores"]] == ["red"]


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/classify", {"files": {"image": png("red")}}),
        ("/classify", {"json": ONE}),
        ("/embed", {"json": {"texts": ["red"]}}),
        ("/classifier", {"json": {}}),
    ],
)
def test_a_field_in_the_address_is_never_left_unheard(
    colors: ZeroShotClassifier, path: str, request_: dict[str, Any]
) -> None:
    response = posted(colors, f"{path}?labels=white,red", **request_)
    assert response.status_code == 422
    assert "'labels' stands in the address" in response.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "no JSON"),
        (b'{"top": NaN}', 400, "NaN"),
        (b"[" * 100_000, 400, "no JSON"),
        (b"\xff", 400, "no JSON"),
        (b'{"labels": {"a": ["b"], "a": ["c"]}}', 422, "'a' stands twice"),
        (b'{"images": [], "images": []}', 422, "'images' stands twice"),
        ([], 422, "must be a JSON object"),
        ({}, 422, "holds no picture"),
        ({"images": []}, 422, "holds no picture"),
        ({"images": CODED}, 422, "`images` must be a list"),
        ({"images": [1]}, 422, r"`images\[0\]` must be"),
        ({"images": [{}]}, 422, r"`images\[0\]` must be"),
        ({"images": [{"base64": CODED, "url": "x"}]}, 422, r"`images\[0\]` must be"),
        ({"images": [{"base64": CODED, "x": 1}]}, 422, "a short `name`"),
        ({"images": [{"base64": CODED, "name": "x" * 61}]}, 422, "a short `name`"),
        ({"images": [{"base64": "a!"}]}, 422, "not valid base64"),
        ({"images": [{"base64": "ä"}]}, 422, "not valid base64"),
        ({"images": [{"base64": 1}]}, 422, "must be a text"),
        ({"images": [{"base64": "AAAA" * 99}]}, 413, "larger than 200 B"),
        ({"images": ["data:image/png;base64"]}, 422, "without a comma"),
        ({"images": ["fox.png"]}, 422, "must be an http, https or data: URL"),
        ({"images": [{"url": "file:///etc/passwd"}]}, 422, "must be an http"),
        ({"images": [{"url": "/etc/passwd"}]}, 422, "must be an http"),
        ({"images": [{"url": "http://localhost/x.png"}]}, 422, "fetches none"),
        ({"images": [{"base64": CODED}] * 3}, 413, "may hold 2 pictures"),
        ({**ONE, "label": "x"}, 422, "no field 'label'. Pictures are `images` in JSON"),
        ({**ONE, "labels": "cat,dog"}, 422, "`labels` must be a list"),
        ({**ONE, "labels": []}, 422, "`labels` must be a list"),
        ({**ONE, "labels": ["a", 1]}, 422, "`labels` must hold texts"),
        ({**ONE, "labels": ["a", "b", "c", "d"]}, 422, "may hold 3"),
        ({**ONE, "labels": ["a", "b" * 61]}, 422, "61 characters"),
        ({**ONE, "labels": {"a": ["b"] * 6}}, 422, "may hold 5"),
        ({**ONE, "labels": {"a": "b"}}, 422, "must be a list of texts"),
        ({**ONE, "labels": ["a", "A"]}, 422, "'a'"),
        ({**ONE, "labels": ["only"]}, 422, "two labels or more"),
        ({**ONE, "labels": ["a", "b", "c"], "templates": ["{}", "a {}"]}, 422, "6 prompts"),
        ({**ONE, "templates": ["no place"]}, 422, "no place"),
        ({**ONE, "multi_label": 1}, 422, "`multi_label` must be true or false"),
        ({**ONE, "top": 0}, 422, "`top` must be"),
        ({**ONE, "top": True}, 422, "`top` must be"),
        ({**ONE, "top": 1.5}, 422, "`top` must be"),
        ({**ONE, "texts": ["a"]}, 422, "for /embed"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_by_its_name(
    colors: ZeroShotClassifier, body: Any, status: int, words: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = posted(colors, content=content, headers={"content-type": "application/json"})
    assert response.status_code == status
    with pytest.raises(ValueError, match=words):
        raise ValueError(response.json()["error"])
    assert response.json()["error_type"]


@pytest.mark.parametrize("kind", ["", "text/html", "application/x-www-form-urlencoded", "image"])
def test_other_kinds_of_bodies_are_refused(colors: ZeroShotClassifier, kind: str) -> None:
    response = posted(colors, content=b"x", headers={"content-type": kind})
    assert response.status_code == 415
    assert "multipart/form-data" in response.json()["error"]


def test_a_picture_that_cannot_be_read_is_told_as_the_failure_that_it_is(
    colors: ZeroShotClassifier,
) -> None:
    response = posted(colors, files={"image": ("a.png", b"hello", "image/png")})
    [failure] = colors.classify_many([b"hello"], on_error="record", sources=["a.png"])
    assert response.status_code == 422
    assert response.json() == failure.to_dict()


plain = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
named = st.dictionaries(
    st.sampled_from(["images", "labels", "templates", "texts", "top", "multi_label", "base64"]),
    plain | st.lists(st.fixed_dictionaries({"base64": plain})),
)


@given(plain | named)
def test_whatever_json_says_it_is_asked_or_refused(value: Any) -> None:
    status = 200
    try:
        _of_json(json.dumps(value).encode(), LIMITS, "none")
    except Refusal as refusal:
        status = refusal.status
    assert status in (200, 400, 413, 422)
