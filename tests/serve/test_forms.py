"""Forms: the same however they arrive, and no more than is allowed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.serve import Limits
from zsclip.serve.forms import Form, fields_of
from zsclip.serve.refusals import Refusal

LIMITS = Limits(pictures=3, picture_bytes=100, text_length=40)
TYPE = b'multipart/form-data; boundary="frontier"'


def part(name: str, data: bytes, file: str | None = None) -> bytes:
    called = "" if file is None else f'; filename="{file}"'
    head = f'--frontier\r\nContent-Disposition: form-data; name="{name}"{called}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def read(body: bytes, *cuts: int, limits: Limits = LIMITS) -> Form:
    form = Form(TYPE, limits)
    places = [0, *sorted(cuts), len(body)]
    for start, end in pairwise(places):
        form.write(body[start:end])
    return form


@given(st.lists(st.binary(max_size=60), max_size=3), st.data())
def test_a_form_is_the_same_wherever_it_was_cut(pictures: list[bytes], data: Any) -> None:
    parts = [part("image", picture, f"{n}.png") for n, picture in enumerate(pictures)]
    parts.append(part("top", b"3"))
    body = b"".join(parts) + b"--frontier--\r\n"
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=9))
    if any(b"\r\n--frontier" in picture for picture in pictures):
        return  # a boundary does not stand in what it bounds
    form = read(body, *cuts)
    assert [(upload.source, upload.name) for upload in form.pictures()] == [
        (picture, f"{n}.png") for n, picture in enumerate(pictures)
    ]
    assert form.fields() == {"top": 3}


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_a_form_or_refused(body: bytes) -> None:
    status = 200
    try:
        form = read(body)
        form.pictures()
        form.fields()
    except Refusal as refusal:
        status = refusal.status
    assert status in (200, 400, 413, 422)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (part("image", b"x", "a.png"), 400, "no closing boundary"),
        (part("image", bytes(101)), 413, "larger than 100 B"),
        (part("image", b"x") * 5, 413, "may hold 3 pictures"),
        (part("top", b"\xff") + b"--frontier--\r\n", 400, "no text in UTF-8"),
        (part("file", b"\x89PNG") + b"--frontier--\r\n", 400, "Pictures are parts named `image`"),
        (b"--frontier\r\nContent-Type: image/png\r\n\r\nx\r\n", 400, "has no name"),
        (b"nothing of the kind", 400, "malformed"),
        (part("file", b"\x89") + b"--frontier--\r\n", 400, "'file'.*Pictures are .* `image`"),
        (part("image", b"x", "a" * 4000), 400, "no closing boundary"),
        (b"--frontier\r\n" + b"A: b\r\n" * 5000, 400, "headers|malformed"),
        (b"--frontier\r\nA: " + b"b" * 9000, 400, "headers|malformed"),
    ],
)
def test_a_form_that_cannot_be_taken_is_refused_by_name(
    body: bytes, status: int, words: str
) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        read(body).pictures()
    assert refused.value.status == status


def test_a_picture_that_is_too_large_is_refused_before_its_end() -> None:
    form = Form(TYPE, LIMITS)
    form.write(part("image", b"", "large.png")[:-2])
    with pytest.raises(Refusal, match="larger"):
        form.write(bytes(101))


def test_a_content_type_without_a_boundary_is_refused() -> None:
    for given_type in (b"multipart/form-data", b"multipart/form-data; boundary=" + b"x" * 999):
        with pytest.raises(Refusal) as refused:
            Form(given_type, LIMITS)
        assert refused.value.status == 400


def test_pictures_without_a_name_have_their_place_and_long_names_their_end() -> None:
    body = part("image", b"x") + part("image", b"y", "a" * 50 + ".png") + b"--frontier--\r\n"
    assert [upload.name for upload in read(body).pictures()] == [
        "<images[0]>",
        "a" * 36 + ".png",
    ]


@pytest.mark.parametrize(
    ("texts", "fields"),
    [
        ([("labels", "cat, dog")], {"labels": ["cat", "dog"]}),
        ([("labels", "cat"), ("labels", "dog, wet")], {"labels": ["cat", "dog, wet"]}),
        ([("labels", '["cat", "a, b"]')], {"labels": ["cat", "a, b"]}),
        ([("labels", '{"cat": ["a cat"]}')], {"labels": {"cat": ["a cat"]}}),
        ([("templates", "a {}, drawn")], {"templates": ["a {}, drawn"]}),
        ([("multi_label", "True"), ("top", "2")], {"multi_label": True, "top": 2}),
        ([("other", "x")], {"other": "x"}),
    ],
)
def test_texts_of_a_form_stand_for_what_json_would_hold(
    texts: list[tuple[str, str]], fields: dict[str, Any]
) -> None:
    assert fields_of(texts) == fields


@pytest.mark.parametrize("texts", [[("top", "two")], [("top", "1"), ("top", "2")], [("top", "")]])
def test_texts_that_stand_for_nothing_are_refused(texts: list[tuple[str, str]]) -> None:
    with pytest.raises(Refusal, match="`top`"):
        fields_of(texts)


def test_a_label_that_stands_twice_with_phrases_is_refused() -> None:
    with pytest.raises(Refusal, match="'a' stands twice"):
        fields_of([("labels", '{"a": ["b"], "a": ["c"]}')])
