"""The service's life: ready or not, pictures kept, requests that are given up."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from services import asked, asking, png, service_of
from starlette.applications import Starlette

from zsclip import ZeroShotClassifier
from zsclip.serve import Limits, create_app

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

KIND = {"content-type": "image/png"}


class Gate:
    """Lets an engine's pictures wait.

    Attributes:
        entered: Set when the engine was given some.
        opened: What it waits for.
    """

    def __init__(self, fake: FakeEncoder) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        self._encode = fake.encode_images
        fake.encode_images = self._wait  # type: ignore[method-assign]

    def _wait(self, images: Any) -> Any:
        self.entered.set()
        assert self.opened.wait(60)
        return self._encode(images)


def post(client: httpx.AsyncClient, color: str) -> asyncio.Task[httpx.Response]:
    return asyncio.ensure_future(client.post("/classify", content=png(color), headers=KIND))


def test_it_is_ready_once_the_model_is_loaded_and_lives_before(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    gate = Gate(fake)

    async def run() -> list[int]:
        async with asking(create_app(colors), ready=False) as client:
            paths = ("/healthz", "/readyz")
            before = [(await client.get(path)).status_code for path in paths]
            gate.opened.set()
            while (last := await client.get("/readyz")).status_code != 200:
                assert last.headers["retry-after"] == "1"
                await asyncio.sleep(0.01)
        return before

    assert asyncio.run(run()) == [200, 503]


def test_it_is_not_ready_once_it_is_to_end_and_answers_still(colors: ZeroShotClassifier) -> None:
    app = create_app(colors)

    async def ask(client: httpx.AsyncClient) -> list[int]:
        service_of(app).end()
        ready = await client.get("/readyz")
        return [ready.status_code, (await post(client, "red")).status_code]

    assert asked(app, ask) == [503, 200]


def test_a_model_that_cannot_be_loaded_is_told(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    def fail(texts: Any, **options: Any) -> Any:
        raise OSError("/secret/place/model.pt is damaged")

    fake.encode_texts = fail  # type: ignore[method-assign]
    app = create_app(colors)

    async def run() -> httpx.Response:
        async with asking(app, ready=False) as client:
            while service_of(app).fault is None:
                await asyncio.sleep(0.01)
            return await client.get("/readyz")

    response = asyncio.run(run())
    assert response.status_code == 503
    assert "cannot be loaded" in response.json()["error"]
    assert "secret" not in response.text


def test_clients_that_come_together_share_batches_and_get_their_own_answers(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    names = ["red", "green", "blue"] * 4

    async def ask(client: httpx.AsyncClient) -> list[str]:
        answers = await asyncio.gather(*(post(client, name) for name in names))
        return [answer.json()["label"] for answer in answers]

    limits = Limits(batch_seconds=5, kept_pictures=0)
    assert asked(create_app(colors, limits=limits), ask) == names
    assert fake.image_batches == [1, 3, 3, 3, 3]  # the first one to warm it


def test_pictures_of_requests_with_different_labels_share_a_batch(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    async def ask(client: httpx.AsyncClient) -> list[str]:
        queries = ("", "?labels=white,green", "?labels=a+red+one,a+blue+one")
        answers = await asyncio.gather(
            *(client.post(f"/classify{q}", content=png("green"), headers=KIND) for q in queries)
        )
        return [answer.json()["label"] for answer in answers[:2]]

    limits = Limits(batch_seconds=5, kept_pictures=0)
    assert asked(create_app(colors, limits=limits), ask) == ["green", "green"]
    assert fake.image_batches == [1, 3]


def test_a_client_that_has_gone_costs_nothing_that_had_not_begun(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    app = create_app(colors, limits=Limits(batch_seconds=0.001, kept_pictures=0))

    async def ask(client: httpx.AsyncClient) -> None:
        gate = Gate(fake)
        begun = post(client, "red")
        await asyncio.to_thread(gate.entered.wait, 60)
        for accept in (b"*/*", b"application/x-ndjson"):
            gone = asyncio.Event()
            asking = asyncio.ensure_future(request_until(app, gone, accept))
            while not service_of(app).metrics.value("zsclip_pictures_waiting"):
                await asyncio.sleep(0.01)
            gone.set()
            await asking
            assert service_of(app).metrics.value("zsclip_pictures_waiting") == 0
        gate.opened.set()
        assert (await begun).status_code == 200

    asked(app, ask)
    assert fake.image_batches == [1, 1]


async def request_until(app: Starlette, gone: asyncio.Event, accept: bytes) -> None:
    """A request whose client goes when it is told to."""
    body = [{"type": "http.request", "body": png("blue"), "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        """Nobody is there."""

    headers = [(b"host", b"localhost"), (b"content-type", b"image/png"), (b"accept", accept)]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/classify",
        "query_string": b"",
        "headers": headers,
    }
    await app(scope, receive, send)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("error", [RuntimeError("/secret"), MemoryError("/secret")])
def test_an_unexpected_error_is_that_of_its_own_request(
    colors: ZeroShotClassifier, fake: FakeEncoder, error: Exception
) -> None:
    encode = fake.encode_images

    def fail_at_blue(images: Any) -> Any:
        if any(np.asarray(image)[0, 0, 2] == 255 for image in images):
            raise error
        return encode(images)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        fake.encode_images = fail_at_blue  # type: ignore[method-assign]
        names = ("red", "blue", "green")
        answers = await asyncio.gather(*(post(client, name) for name in names))
        return [*answers, await client.get("/readyz")]

    limits = Limits(batch_seconds=5, kept_pictures=0)
    answers = asked(create_app(colors, limits=limits), ask)
    assert [answer.status_code for answer in answers] == [200, 500, 200, 200]
    assert answers[1].json()["error_type"] == "InternalServerError"
    assert "secret" not in answers[1].text


def test_a_result_that_does_not_come_is_given_up(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        gate = Gate(fake)
        response = await post(client, "red")
        gate.opened.set()
        return response

    response = asked(create_app(colors, limits=Limits(queue_seconds=0.05)), ask)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


def test_no_answer_names_a_folder_of_the_server(tiny: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> str:
        return (await client.get("/labels")).text + (await post(client, "red")).text

    told = asked(tiny, ask)
    assert "tiny-cartoon" in told
    assert "/weights/" not in told
