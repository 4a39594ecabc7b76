"""`Bounded`: bodies within their size and time, counted while they arrive, whatever reads them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zsclip.files import size_in_words
from zsclip.serve.answers import refused
from zsclip.serve.limits import Limits
from zsclip.serve.refusals import Refusal, too_busy

__all__ = ["Bounded"]


class Bounded:
    """Around an application: what reads a body of a request gets a `Refusal` beyond the limits.

    A body that says that it is too large is refused before a byte of it is read. The bytes of all
    bodies count together until their requests are answered.

    Args:
        app: The application.
        limits: How much is taken.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self, receive, self._limits)
        try:
            body.check_length(Headers(scope=scope))
        except Refusal as refusal:
            await refused(refusal)(scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._held -= body.size

    def hold(self, count: int) -> None:
        """Count further bytes.

        Raises:
            Refusal: All requests together hold more than they may.
        """
        if self._held + count > self._limits.waiting_bytes:
            raise too_busy("Too much is being sent at the moment. Come again in a second.")
        self._held += count


class _Body:
    """The body of one request, counted as it comes."""

    def __init__(self, of: Bounded, receive: Receive, limits: Limits) -> None:
        self._of = of
        self._receive = receive
        self._limits = limits
        self._ends = time.monotonic() + limits.body_seconds
        self._is_whole = False
        self.size = 0

    def check_length(self, headers: Headers) -> None:
        told = headers.get("content-length")
        if told is not None and "transfer-encoding" in headers:  # RFC 9112, 6.1
            raise Refusal(
                400,
                "The request has a Content-Length and a Transfer-Encoding. Send one of them.",
                Connection="close",
            )
        if told is not None and told.isdecimal() and int(told[:20]) > self._limits.body_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._is_whole:  # what comes then is that the client has gone
            return await self._receive()
        try:
            async with asyncio.timeout(self._ends - time.monotonic()):
                message: dict[str, Any] = dict(await self._receive())
        except TimeoutError:
            raise Refusal(
                408,
                f"The body did not come within {self._limits.body_seconds:g} seconds.",
                Connection="close",
            ) from None
        count = len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self.size + count > self._limits.body_bytes:
            raise self._too_large()
        self._of.hold(count)
        self.size += count
        return message

    def _too_large(self) -> Refusal:
        most = size_in_words(self._limits.body_bytes)
        return Refusal(
            413,
            f"The body is larger than {most}. Send smaller pictures, or fewer at a time.",
            Connection="close",
        )
