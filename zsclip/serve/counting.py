"""`Counted`: every request by its route and the status of its answer."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zsclip.serve.metrics import Metrics

__all__ = ["Counted"]


class Counted:
    """Around an application: what it answers is counted.

    Args:
        app: The application.
        metrics: Where.
        paths: Those that there are. What else strangers ask for is counted together.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def counting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, counting)
        finally:
            self._metrics.in_flight.dec()
            path = scope["path"].removeprefix(scope.get("root_path", ""))  # where it is mounted
            self._metrics.requests.labels(path if path in self._paths else "other", status).inc()
