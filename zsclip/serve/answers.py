"""Answers: values as JSON, errors with their status, and lines as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from zsclip.serve.refusals import answer_to

__all__ = ["Lines", "gone", "in_json", "refused"]


_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def in_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    """A value as JSON, which no browser takes for anything else, and nobody keeps."""
    return JSONResponse(value, status, {**_HEADERS, **(headers or {})})


def refused(error: BaseException) -> JSONResponse:
    """The answer to a request that met an error."""
    status, told, headers = answer_to(error)
    return in_json(told, status, headers)


class Lines(Response):
    """NDJSON: a value a line, sent as soon as it is there.

    Args:
        values: What is sent.
        end: Called at the end in any case, also if the client goes before the first line.
    """

    media_type = "application/x-ndjson"

    def __init__(self, values: AsyncIterator[Any], end: Callable[[], None]) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._values = values
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines."""
        sending = asyncio.ensure_future(self._send(send))
        going = asyncio.ensure_future(gone(receive))
        try:
            await asyncio.wait((sending, going), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, going):
                task.cancel()
            self._end()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for value in self._values:
            line = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
            await send({"type": "http.response.body", "body": line.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def gone(receive: Receive) -> None:
    """Wait until the client has gone, once its body is read."""
    while (await receive())["type"] != "http.disconnect":
        pass
