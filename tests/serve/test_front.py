"""The classifier as a file, and the pages, as they are asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from onnx_files import exported_colors
from services import asked, png

from zsclip import Label, LabelSet, ZeroShotClassifier
from zsclip.labels import Group
from zsclip.serve import create_app

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def posting(body: Any) -> Ask:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        if isinstance(body, bytes):
            return await client.post("/classifier", content=body)
        return await client.post("/classifier", json=body)

    return ask


async def getting(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/classifier")


@pytest.fixture(scope="module")
def animals() -> ZeroShotClassifier:
    """Labels with groups, which reject."""
    labels = (Label("fish", "fish", parent="water"), Label("frog", "frog", parent="land"))
    groups = (Group("water", "water animal"), Group("land", "land animal"))
    clf = ZeroShotClassifier(LabelSet("animals", labels, groups=groups), model="tiny-cartoon")
    return clf.rejecting(threshold=0.5)


def saved(classifier: ZeroShotClassifier, folder: Path) -> bytes:
    classifier.save(folder / "saved")
    return (folder / "saved").read_bytes()


def test_the_file_is_what_save_writes(animals: ZeroShotClassifier, tmp_path: Path) -> None:
    response = asked(animals, getting)
    assert response.content == saved(animals, tmp_path)
    assert response.headers["content-type"] == "application/octet-stream"
    assert 'filename="classifier.zsclip"' in response.headers["content-disposition"]
    assert asked(animals, posting({})).content == response.content


@pytest.mark.parametrize("several", [False, True])
def test_the_file_of_other_words_is_what_their_classifier_saves(
    animals: ZeroShotClassifier, tmp_path: Path, several: bool
) -> None:
    labels, templates = ["cat", "dog"], ["a drawing of a {}."]
    response = asked(
        animals, posting({"labels": labels, "templates": templates, "multi_label": several})
    )
    same = ZeroShotClassifier(
        labels, templates=templates, multi_label=several, encoder=animals.encoder
    )
    assert response.content == saved(same, tmp_path)


def test_templates_alone_leave_labels_and_groups(
    animals: ZeroShotClassifier, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(asked(animals, posting({"templates": ["a {}"]})).content)
    loaded = ZeroShotClassifier.load(tmp_path / "file")
    assert loaded.labelset.groups == animals.labelset.groups
    assert loaded.templates == ("a {}",)
    assert not loaded.learnt


def test_the_file_does_not_tell_where_a_model_lies(
    colors: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    exported = exported_colors(colors, here / "colors.onnx")
    served = ZeroShotClassifier.load(exported, cache=False)

    async def ask(client: httpx.AsyncClient) -> bytes:
        return (await client.get("/classifier")).content

    data = asked(served, ask)
    assert b"colors.onnx" in data
    assert str(tmp_path).encode() not in data
    (here / "file").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    assert ZeroShotClassifier.load(here / "file").classify(png("red")).label == "red"


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 422, "object"),
        ({"labels": ["cat", "cat"]}, 422, "cat"),
        ({"labels": "/etc/passwd"}, 422, "labels"),
        ({"images": []}, 422, "images"),
        ({"texts": ["a"]}, 422, "texts"),
        ({"top": 3}, 422, "top"),
    ],
)
def test_words_that_make_no_classifier_are_refused(
    colors: ZeroShotClassifier, body: Any, status: int, word: str
) -> None:
    response = asked(colors, posting(body))
    assert response.status_code == status
    assert word in response.json()["error"]


def test_the_file_wants_the_token(colors: ZeroShotClassifier) -> None:
    app = create_app(colors, token="secret")
    assert asked(app, getting).status_code == 401


def test_answers_have_the_best_of_each_depth_where_labels_have_groups(
    animals: ZeroShotClassifier,
) -> None:
    from zsclip.demo import load_drawings

    [frog] = [drawing for drawing in load_drawings() if drawing.animal == "frog"]

    async def ask(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        answers = []
        for words in ({}, {"multi_label": "true"}, {"labels": "frog,fish"}):
            files = {"image": frog.data}
            response = await client.post("/classify", files=files, data=words)
            answers.append(response.json())
        return answers

    own, several, other = asked(animals, ask)
    ranks = animals.classify(frog.data).ranks()
    assert [rank["name"] for rank in own["ranks"]] == [rank.name for rank in ranks]
    assert [rank["score"] for rank in own["ranks"]] == pytest.approx([rank.score for rank in ranks])
    assert "ranks" not in several
    assert "ranks" not in other


def test_the_page_is_told_whether_the_name_of_the_model_is_enough(
    animals: ZeroShotClassifier,
) -> None:
    from zsclip import Reading

    async def ask(client: httpx.AsyncClient) -> bool:
        return bool((await client.get("/labels")).json()["by_name"])

    assert asked(animals, ask)
    other = animals.zero_shot().with_settings(reading=Reading(background="black"))
    assert not asked(other, ask)


def test_embeddings_stand_for_their_pictures(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> list[Any]:
        pictures = [("image", (f"{color}.png", png(color))) for color in ("red", "blue")]
        rows = (await client.post("/embed", files=pictures)).json()["embeddings"]
        words = {"labels": ["blue", "red"], "templates": ["a {} thing."], "top": 1}
        many = await client.post("/classify", json={"embeddings": rows, **words})
        one = await client.post("/classify", json={"embeddings": rows[:1], **words})
        sent = await client.post(
            "/classify", files=pictures, data={"labels": "blue,red", "templates": "a {} thing."}
        )
        return [many.json()["results"], one.json(), sent.json()["results"]]

    many, one, sent = asked(colors, ask)
    assert [result["label"] for result in many] == ["red", "blue"]
    assert [result["score"] for result in many] == [result["score"] for result in sent]
    assert one["score"] == pytest.approx(many[0]["score"])
    assert one["source"] == "<embeddings[0]>"


def test_what_is_there_at_once_comes_in_lines_where_these_are_accepted(
    colors: ZeroShotClassifier,
) -> None:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        lines = {"accept": "application/x-ndjson"}
        texts = {"texts": ["a red thing", "a blue thing"]}
        whole = await client.post("/embed", json=texts)
        return [
            whole,
            await client.post("/embed", json=texts, headers=lines),
            await client.post("/classify", json=whole.json()),
            await client.post("/classify", json=whole.json(), headers=lines),
        ]

    embedded, *answers = asked(colors, ask)
    assert answers[0].headers["content-type"] == "application/x-ndjson"
    rows, results = ([json.loads(line) for line in answers[n].text.splitlines()] for n in (0, 2))
    assert rows == embedded.json()["embeddings"]
    assert results == answers[1].json()["results"]


def test_an_embedding_that_cannot_be_used_is_named_by_its_place(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        row = (await client.post("/embed", files={"image": png("red")})).json()["embeddings"][0]
        rows = [row, [2 * value for value in row]]
        return await client.post("/classify", json={"embeddings": rows})

    response = asked(colors, ask)
    assert response.status_code == 422
    assert "Row 1 of `embeddings`" in response.json()["error"]


@pytest.mark.parametrize(
    "rows",
    [[], [1.0], [[]], [[1.0], [1.0, 0.0]], [["1"]], [[True]], [[1e300]], [[10**400]], "x", [[0.5]]],
)
def test_what_is_no_embedding_of_this_model_is_refused(
    colors: ZeroShotClassifier, rows: Any
) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/classify", json={"embeddings": rows})

    response = asked(colors, ask)
    assert response.status_code == 422
    assert "`embeddings`" in response.json()["error"]


def test_embeddings_and_pictures_are_two_requests(colors: ZeroShotClassifier) -> None:
    image = {"base64": base64.b64encode(png("red")).decode()}

    async def ask(client: httpx.AsyncClient) -> list[int]:
        body = {"images": [image], "embeddings": [[1.0, 0.0]]}
        embed = {"embeddings": [[1.0, 0.0]]}
        asked_for = [("/classify", body), ("/embed", embed)]
        return [(await client.post(path, json=body)).status_code for path, body in asked_for]

    assert asked(colors, ask) == [422, 422]
