"""The description of the API against its routes, its code, and what it really answers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from services import asked, png

import zsclip.serve
from zsclip import Label, LabelSet, ZeroShotClassifier
from zsclip.demo import load_drawings
from zsclip.labels import Group
from zsclip.serve import Limits, create_app
from zsclip.serve.openapi import openapi
from zsclip.serve.schemas import SCHEMAS

DOCUMENT = openapi()
OF_NO_ROUTE = {404, 405, 499}  # no such address, another method, and a client that has gone


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, told in methods.items():
            yield path, method, told


def test_it_describes_every_route_and_no_other(colors: ZeroShotClassifier) -> None:
    routes = create_app(colors).routes
    there = {(r.path, m.lower()) for r in routes for m in r.methods - {"HEAD"}}  # type: ignore[attr-defined]
    assert {(path, method) for path, method, _ in operations()} == there


def test_it_describes_every_status_that_the_code_answers_with() -> None:
    source = "".join(
        file.read_text("utf-8") for file in Path(zsclip.serve.__file__).parent.glob("*.py")
    )
    answered = {int(status) for status in re.findall(r"Refusal\(\s*(\d{3})", source)}
    answered |= {
        int(status) for status in re.findall(r"(?:return|raise)\b[^\n]*\b([45]\d\d),", source)
    }
    described = {int(status) for _, _, told in operations() for status in told["responses"]}
    assert {400, 413, 422} < answered
    assert answered - OF_NO_ROUTE <= described
    assert described <= answered | {200}


def test_its_schemas_are_schemas_and_lead_to_each_other() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    links = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert links == set(SCHEMAS)


def test_a_token_is_described_where_one_is_wanted() -> None:
    assert "security" not in DOCUMENT
    assert openapi(with_token=True)["security"] == [{"token": []}]
    opened = [path for path, _, told in operations() if told.get("security") == []]
    assert opened == ["/healthz", "/readyz", "/openapi.json", "/docs", "/"]


# ------------------------------------------------------------------------------ real answers


@pytest.fixture(scope="module")
def answers() -> list[tuple[str, httpx.Response]]:
    """Real answers with what asked for them: of a plain classifier, and of one that learnt."""
    red, blue = ({"base64": base64.b64encode(png(color)).decode()} for color in ("red", "blue"))
    broken = {"base64": "aGVsbG8="}
    lines = {"Accept": "application/x-ndjson"}
    kinds = {"Content-Type": "image/png"}

    async def ask(client: httpx.AsyncClient) -> list[tuple[str, httpx.Response]]:
        get, post, classify = client.get, client.post, "/classify"
        return [
            (f"{response.request.method} {response.request.url.path}", response)
            for response in (
                await get("/labels"),
                await get("/healthz"),
                await get("/readyz"),
                await get("/metrics"),
                await get("/openapi.json"),
                await get("/docs"),
                await get("/"),
                await get("/classifier"),
                await get("/classifier", params={"labels": "a,b"}),
                await post("/classifier", json={"labels": ["a", "b"]}),
                await post("/classifier", content=b"{"),
                await post(classify, json={"images": [red]}),
                await post(classify, json={"images": [red, broken, blue], "top": 1}),
                await post(classify, json={"images": [red, broken]}, headers=lines),
                await post(classify, json={"images": [red], "multi_label": True}),
                await post(classify, json={"images": [broken]}),
                await post(classify, json={"images": [red], "labels": ["a", "a"]}),
                await post(classify, content=png("red"), headers=kinds, params={"top": 2}),
                await post(classify, content=b"{", headers={"Content-Type": "application/json"}),
                await post(classify, content=b"x", headers={"Content-Type": "text/plain"}),
                await post(classify, content=b"x" * 70_000, headers=kinds),
                await post(classify, json={"images": [red]}, headers={"Origin": "http://evil"}),
                await post(classify, json={"images": [red]}, headers={"Host": "evil"}),
                await post("/embed", json={"images": [red, broken]}),
                await post("/embed", json={"images": [red, broken]}, headers=lines),
                await post("/embed", json={"texts": ["a", "b"]}),
                await post(classify, json={"embeddings": [[1.0, *[0.0] * 255]]}),
            )
        ]

    limits = Limits(picture_bytes=60_000, body_bytes=65_000)
    plain = ZeroShotClassifier(["fish", "frog"], model="tiny-cartoon")
    found = asked(create_app(plain, limits=limits), ask)
    labels = (Label("fish", "fish", parent="water"), Label("frog", "frog"))
    grouped = LabelSet("animals", labels, groups=(Group("water", "water animal"),))
    learned = ZeroShotClassifier(grouped, model="tiny-cartoon").rejecting(threshold=0.5)
    found += asked(create_app(learned, limits=limits), ask)
    several = ZeroShotClassifier(["fish", "frog"], model="tiny-cartoon", multi_label=True)
    drawings = load_drawings()
    truth = [[drawing.animal] if drawing.animal in ("fish", "frog") else [] for drawing in drawings]
    fitted = several.calibrated([drawing.data for drawing in drawings], truth)
    return found + asked(create_app(fitted, limits=limits), ask)


def told_of(asked_for: str, response: httpx.Response) -> list[tuple[dict[str, Any], Any]]:
    """The schemas of an answer's parts, with the parts."""
    method, path = asked_for.split(" ")
    described = DOCUMENT["paths"][path][method.lower()]["responses"][str(response.status_code)]
    kind = response.headers["content-type"].partition(";")[0]
    schema = {**described["content"][kind].get("schema", {}), "components": DOCUMENT["components"]}
    if kind == "application/json":
        return [(schema, response.json())]
    if kind == "application/x-ndjson":
        return [(schema, json.loads(line)) for line in response.text.splitlines()]
    return []


def test_real_answers_are_as_described(answers: list[tuple[str, httpx.Response]]) -> None:
    for asked_for, response in answers:
        for schema, part in told_of(asked_for, response):
            jsonschema.validate(part, schema, jsonschema.Draft202012Validator)


def test_every_route_is_answered_with_every_status_that_can_be_had_in_a_test(
    answers: list[tuple[str, httpx.Response]],
) -> None:
    assert {asked_for for asked_for, _ in answers} == {
        f"{method.upper()} {path}" for path, method, _ in operations()
    }
    statuses = {response.status_code for _, response in answers}
    assert statuses == {200, 400, 403, 413, 415, 421, 422}


def test_every_key_that_is_described_is_answered_by_something(
    answers: list[tuple[str, httpx.Response]],
) -> None:
    def keys(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from keys(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys(inner)

    seen = {
        key
        for asked_for, response in answers
        for _, part in told_of(asked_for, response)
        if "openapi" not in asked_for
        for key in keys(part)
    }
    answered = ("Prediction", "Score", "NodeScore", "Origin", "Failure", "Results", "Embeddings")
    for name in (*answered, "Service", "Refusal", "Health"):
        assert set(SCHEMAS[name]["properties"]) <= seen, name


def test_what_may_be_asked_is_what_is_read() -> None:
    from zsclip.serve.asked import asked_for
    from zsclip.serve.refusals import Refusal

    with pytest.raises(Refusal) as refused:
        asked_for([], {"nothing": 1}, Limits())
    known = set(str(refused.value).partition("Known beside them: ")[2].rstrip(".").split(", "))
    described = {
        key
        for name in ("Classify", "ClassifyForm", "Embed", "EmbedForm", "Words")
        for key in SCHEMAS[name]["properties"]
    }
    assert described - {"image", "images"} == known
