"""The routes, and what they answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from services import asked, png

from zsclip import LabelSet, ZeroShotClassifier
from zsclip.labels import Group, Label
from zsclip.serve import create_app


def coded(color: str) -> dict[str, str]:
    return {"base64": base64.b64encode(png(color)).decode()}


def test_a_form_with_one_picture_is_answered_with_its_prediction(
    colors: ZeroShotClassifier,
) -> None:
    async def ask(client: httpx.AsyncClient) -> Any:
        files = {"image": ("leaf.png", png("green"), "image/png")}
        return (await client.post("/classify", files=files, data={"top": "2"})).json()

    told = asked(colors, ask)
    assert told == colors.classify(png("green"), source="leaf.png").to_dict(2)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/labels", "/metrics"])
def test_what_is_told_of_the_service_is_there(colors: ZeroShotClassifier, path: str) -> None:
    async def ask(client: httpx.AsyncClient) -> int:
        return (await client.get(path)).status_code

    assert asked(colors, ask) == 200


def test_several_pictures_are_answered_in_their_order_with_failures_in_place(
    colors: ZeroShotClassifier,
) -> None:
    images = [coded("red"), {"base64": "aGVsbG8="}, coded("blue")]

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/classify", json={"images": images})

    response = asked(colors, ask)
    results = response.json()["results"]
    assert response.status_code == 200
    assert [result.get("label") for result in results] == ["red", None, "blue"]
    assert results[1]["error_type"] == "ImageError"


def test_lines_come_for_whoever_accepts_them(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        lines = {"Accept": "application/x-ndjson"}
        body = {"images": [coded("red"), coded("blue")], "top": 1}
        return await client.post("/classify", json=body, headers=lines)

    response = asked(colors, ask)
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["label"] for line in response.text.splitlines()] == ["red", "blue"]


def test_a_picture_is_embedded_once_for_several_label_sets(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> list[str]:
        answers = []
        for words in (["red", "green"], ["blue", "white"]):
            body = {"images": [coded("blue")], "labels": words, "templates": ["a {} thing."]}
            answers.append((await client.post("/classify", json=body)).json()["label"])
        return answers

    assert asked(colors, ask)[1] == "blue"
    assert colors.encoder.image_batches == [1, 1]  # type: ignore[attr-defined]  # one to warm it


def test_embeddings_are_those_of_the_classifier(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> tuple[Any, Any]:
        pictures = await client.post("/embed", json={"images": [coded("red")]})
        texts = await client.post("/embed", json={"texts": ["a red thing"]})
        return pictures.json(), texts.json()

    pictures, texts = asked(colors, ask)
    assert pictures == {"embeddings": colors.encode_images([png("red")]).tolist()}
    assert texts == {"embeddings": colors.encode_texts(["a red thing"]).tolist()}


def test_labels_are_told_with_their_tree_and_what_was_learnt(colors: ZeroShotClassifier) -> None:
    labels = LabelSet(
        "warmth",
        (Label("r", "red", ("crimson",), parent="warm"), Label("b", "blue")),
        groups=(Group("warm", "warm"),),
    )
    picky = colors.with_labels(labels).rejecting(threshold=0.5)

    async def ask(client: httpx.AsyncClient) -> Any:
        kind = {"content-type": "image/png"}
        answer = await client.post("/classify", content=png("red"), headers=kind)
        return (await client.get("/labels")).json(), answer.json()

    told, answer = asked(picky, ask)
    assert told["labels"][0] == {
        "id": "r",
        "label": "red",
        "aliases": ["crimson"],
        "prompts": [],
        "parent": "warm",
    }
    assert told["groups"] == [{"id": "warm", "label": "warm", "parent": None}]
    assert (told["rejects"], told["calibrated"], told["learnt"]) == (True, False, ["rejection"])
    assert {"accepted", "answer", "confidence"} <= answer.keys()


def test_several_labels_at_once_are_answered_where_they_are_asked_for(
    colors: ZeroShotClassifier,
) -> None:
    async def ask(client: httpx.AsyncClient) -> Any:
        body = {"images": [coded("red")], "multi_label": True}
        return (await client.post("/classify", json=body)).json()

    told = asked(colors, ask)
    several = ZeroShotClassifier(
        colors.labelset, encoder=colors.encoder, multi_label=True, cache=False
    )
    expected = several.classify(png("red"), source="<images[0]>").to_dict(5)
    assert told["scores"] == expected["scores"]
    assert told["origin"]["multi_label"]


def test_a_failure_among_embeddings_stands_in_its_place(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> Any:
        body = {"images": [coded("red"), {"base64": "aGVsbG8="}]}
        return (await client.post("/embed", json=body)).json()

    row, failure = asked(colors, ask)["embeddings"]
    assert row == colors.encode_images([png("red")])[0].tolist()
    assert failure["error_type"] == "ImageError"


@pytest.mark.parametrize(
    "more",
    [{"labels": ["a", "b"]}, {"templates": ["a {}"]}, {"multi_label": True}, {"top": 3}],
    ids=lambda more: next(iter(more)),
)
def test_what_has_no_effect_on_embeddings_is_refused(
    colors: ZeroShotClassifier, more: dict[str, Any]
) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/embed", json={"images": [coded("red")], **more})

    answer = asked(colors, ask)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"`{next(iter(more))}` has no effect on embeddings.")


def test_a_url_is_fetched_only_where_that_is_said(
    colors: ZeroShotClassifier,
) -> None:
    """At a public address alone: that of the machine itself is refused when it is to be fetched."""
    body = {"images": [{"url": "http://127.0.0.1:1/fox.png"}]}

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/classify", json=body)

    refused = asked(colors, ask)
    assert (refused.status_code, "fetches none" in refused.json()["error"]) == (422, True)
    tried = asked(create_app(colors, urls="public"), ask)
    assert (tried.status_code, tried.json()["error_type"]) == (422, "ImageError")
    assert "127.0.0.1" in tried.json()["error"]
