"""Lines as they come, and one end to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from zsclip.serve.answers import Lines


def test_a_line_is_sent_before_the_next_value_is_there() -> None:
    sent: list[Any] = []
    ends: list[bool] = []

    async def run() -> None:
        arrived = asyncio.Event()

        async def values() -> AsyncIterator[Any]:
            yield {"label": "é"}
            await arrived.wait()  # which is only set once the first line was sent
            yield {"label": "b"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message.get("body"):
                arrived.set()

        async def receive() -> Any:
            await asyncio.Event().wait()

        await Lines(values(), lambda: ends.append(True))({"type": "http"}, receive, send)

    asyncio.run(run())
    assert sent[0]["status"] == 200
    assert (b"content-type", b"application/x-ndjson") in sent[0]["headers"]
    lines = b"".join(message["body"] for message in sent[1:]).decode().splitlines()
    assert [json.loads(line)["label"] for line in lines] == ["é", "b"]
    assert [message["more_body"] for message in sent[1:]] == [True, True, False]
    assert ends == [True]


def test_lines_end_when_the_client_goes_and_what_made_them_with_them() -> None:
    ends: list[str] = []

    async def run() -> None:
        async def values() -> AsyncIterator[Any]:
            try:
                await asyncio.Event().wait()
                yield None
            finally:
                ends.append("values")

        async def send(message: Any) -> None:
            """Nobody is there."""

        async def receive() -> Any:
            await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        await Lines(values(), lambda: ends.append("lines"))({"type": "http"}, receive, send)
        await asyncio.sleep(0)

    asyncio.run(run())
    assert sorted(ends) == ["lines", "values"]
