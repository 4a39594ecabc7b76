"""Labels of requests: each embedded once, the latest kept, nobody held up."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from onnx_files import exported_colors
from services import asked, png

from zsclip import ZeroShotClassifier
from zsclip.serve import Limits, create_app
from zsclip.serve.asked import Asked
from zsclip.serve.refusals import Refusal
from zsclip.serve.wordings import Wordings

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

TWO = Asked((), labels=("white", "red"), templates=("a {}",))


def made(classifier: ZeroShotClassifier, *askings: Asked, **limits: int) -> list[Any]:
    async def run() -> list[Any]:
        wordings = Wordings(classifier, Limits(**limits))
        found = [await wordings.classifier(asking) for asking in askings]
        wordings.close()
        return found

    return asyncio.run(run())


def test_labels_are_embedded_once_for_all_requests(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    first, second = made(colors, TWO, TWO)
    assert first is second
    assert first.labelset.names == ("white", "red")
    assert fake.text_batches == [["a white", "a red"]]


def test_what_names_nothing_is_answered_by_the_service_s_own(colors: ZeroShotClassifier) -> None:
    assert made(colors, Asked(()), Asked((), multi_label=False)) == [colors, colors]


def test_only_the_latest_are_kept(colors: ZeroShotClassifier) -> None:
    others = [Asked((), labels=("white", name)) for name in ("red", "green")]
    first, _, _, again, *_ = made(colors, TWO, *others, TWO, label_sets=2)
    assert first is not again


def test_the_name_of_a_file_or_an_installed_set_is_a_label_like_any_other(
    colors: ZeroShotClassifier,
) -> None:
    [found] = made(colors, Asked((), labels=("cartoon-animals", "/etc/passwd")))
    assert found.labelset.names == ("cartoon-animals", "/etc/passwd")


def test_phrases_are_the_prompts_of_a_label(colors: ZeroShotClassifier) -> None:
    [found] = made(colors, Asked((), labels=(("warm", ("red", "a red")), ("cold", ("blue",)))))
    assert found.labelset["warm"].prompts == ("red", "a red")


def test_several_labels_are_answered_where_they_are_asked_for(colors: ZeroShotClassifier) -> None:
    [found, own] = made(colors, Asked((), multi_label=True), Asked((), multi_label=True))
    assert found is own
    assert found.origin.multi_label
    assert found.labelset == colors.labelset


def test_what_was_learnt_holds_for_its_own_labels_and_for_no_others(
    colors: ZeroShotClassifier,
) -> None:
    picky = colors.rejecting(threshold=0.5)
    own, other = made(picky, Asked(()), TWO)
    assert own.learnt
    assert not other.learnt


def test_labels_that_fail_are_tried_again(colors: ZeroShotClassifier, fake: FakeEncoder) -> None:
    encode, calls = fake.encode_texts, []

    def failing(texts: Any, **options: Any) -> Any:
        calls.append(texts)
        if len(calls) == 1:
            raise MemoryError("there is none left")
        return encode(texts, **options)

    fake.encode_texts = failing  # type: ignore[method-assign]

    async def run() -> None:
        wordings = Wordings(colors, Limits())
        with pytest.raises(MemoryError):
            await wordings.classifier(TWO)
        assert (await wordings.classifier(TWO)).labelset.names == ("white", "red")
        wordings.close()

    asyncio.run(run())


def test_pictures_go_on_while_labels_are_embedded_and_more_labels_are_refused(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    encode, begun, go_on = fake.encode_texts, threading.Event(), threading.Event()

    def slow(texts: Any, **options: Any) -> Any:
        if any("white" in text for text in texts):
            begun.set()
            assert go_on.wait(60)
        return encode(texts, **options)

    fake.encode_texts = slow  # type: ignore[method-assign]

    async def ask(client: httpx.AsyncClient) -> list[int]:
        def post(query: str) -> asyncio.Task[httpx.Response]:
            kind = {"content-type": "image/png"}
            content = png("red")
            return asyncio.ensure_future(
                client.post(f"/classify{query}", content=content, headers=kind)
            )

        slowly = post("?labels=white,red")
        await asyncio.to_thread(begun.wait, 60)
        quick = await post("")
        refused = await post("?labels=green,blue")
        go_on.set()
        return [quick.status_code, refused.status_code, (await slowly).status_code]

    app = create_app(colors, limits=Limits(waiting_texts=1))
    assert asked(app, ask) == [200, 503, 200]


def test_labels_that_take_long_are_there_for_whoever_asks_again(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    encode, go_on = fake.encode_texts, threading.Event()

    def slow(texts: Any, **options: Any) -> Any:
        assert go_on.wait(60)
        return encode(texts, **options)

    fake.encode_texts = slow  # type: ignore[method-assign]

    async def run() -> None:
        wordings = Wordings(colors, Limits(queue_seconds=0.05))
        for work in (wordings.classifier(TWO), wordings.embed(("a red thing",))):
            with pytest.raises(Refusal, match="Texts were not embedded within"):
                await work
        go_on.set()
        while True:
            try:
                found = await wordings.classifier(TWO)
                break
            except Refusal:
                continue
        assert found.labelset.names == ("white", "red")
        wordings.close()

    asyncio.run(run())
    assert fake.text_batches[0] == ["a white", "a red"]
    assert fake.text_batches.count(["a white", "a red"]) == 1


def test_texts_are_embedded_as_they_are(colors: ZeroShotClassifier) -> None:
    async def run() -> Any:
        wordings = Wordings(colors, Limits())
        rows = await wordings.embed(("a red thing",))
        wordings.close()
        return rows

    np.testing.assert_array_equal(asyncio.run(run()), colors.encode_texts(["a red thing"]))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/classify", {"labels": ["white", "red"]}),
        ("/classify", {"templates": ["a {}"]}),
        ("/classify", {"multi_label": True}),
        ("/classifier", {"labels": ["white", "red"]}),
        ("/embed", {"texts": ["white"]}),
    ],
)
def test_an_exported_classifier_refuses_words_of_requests_and_logs_nothing(
    colors: ZeroShotClassifier,
    tmp_path: Path,
    path: str,
    body: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    exported = ZeroShotClassifier.load(exported_colors(colors, tmp_path / "colors.onnx"))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        row = {"embeddings": [[1.0, *[0.0] * 7]]} if path == "/classify" else {}
        own = await client.post(
            "/classify", content=png("red"), headers={"content-type": "image/png"}
        )
        return [own, await client.post(path, json={**row, **body})]

    own, refused = asked(exported, ask)
    assert own.status_code == 200
    assert refused.status_code == 422
    assert "Leave out `labels`" in refused.json()["error"]
    assert not caplog.records
