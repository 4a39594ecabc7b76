"""Bodies within their size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from services import asked, png

from zsclip import ZeroShotClassifier
from zsclip.serve import Limits, create_app

IMAGE = {"content-type": "image/png"}


async def in_pieces(size: int, *, sent: list[int] | None = None) -> AsyncIterator[bytes]:
    for _ in range(0, size, 100):
        yield bytes(100)
        if sent is not None:
            sent.append(100)


def test_a_body_that_says_that_it_is_too_large_is_not_read(colors: ZeroShotClassifier) -> None:
    sent: list[int] = []

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        headers = {**IMAGE, "content-length": "1001"}
        return await client.post("/classify", content=in_pieces(1001, sent=sent), headers=headers)

    response = asked(create_app(colors, limits=Limits(body_bytes=1000)), ask)
    assert response.status_code == 413
    assert response.json()["error_type"] == "ContentTooLarge"
    assert not sent


@pytest.mark.parametrize(("size", "status"), [(1000, 422), (1100, 413), (100_000, 413)])
def test_a_body_of_unknown_size_is_counted_as_it_comes(
    colors: ZeroShotClassifier, size: int, status: int
) -> None:
    sent: list[int] = []

    async def ask(client: httpx.AsyncClient) -> int:
        content = in_pieces(size, sent=sent)
        return (await client.post("/classify", content=content, headers=IMAGE)).status_code

    assert asked(create_app(colors, limits=Limits(body_bytes=1000)), ask) == status
    assert sum(sent) <= 1100


def test_a_body_that_does_not_come_in_time_is_given_up(colors: ZeroShotClassifier) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield png("red")[:10]
        await asyncio.sleep(60)

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/classify", content=slowly(), headers=IMAGE)

    response = asked(create_app(colors, limits=Limits(body_seconds=0.05)), ask)
    assert response.status_code == 408
    assert response.headers["connection"] == "close"


def test_all_bodies_together_are_bounded_until_they_are_answered(
    colors: ZeroShotClassifier,
) -> None:
    limits = Limits(waiting_bytes=1000, body_seconds=60)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        yield bytes(900)
        arrived.set()
        await go_on.wait()

    async def ask(client: httpx.AsyncClient) -> list[int]:
        def post(content: AsyncIterator[bytes] | bytes) -> asyncio.Task[httpx.Response]:
            return asyncio.ensure_future(client.post("/classify", content=content, headers=IMAGE))

        first = post(held())
        await arrived.wait()
        refused = await post(bytes(200))
        go_on.set()
        answers = [refused, await first, await post(bytes(200))]
        assert refused.headers["retry-after"] == "1"
        return [answer.status_code for answer in answers]

    assert asked(create_app(colors, limits=limits), ask) == [503, 422, 422]
