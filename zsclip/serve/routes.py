"""What is answered under which path. `OPEN` is for everybody, `GUARDED` for who has the token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zsclip.serve import api, front
from zsclip.serve.guards import WithToken

__all__ = ["GUARDED", "OPEN", "routes"]

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

OPEN: list[tuple[str, str, Endpoint]] = [
    ("GET", "/healthz", api.healthz),
    ("GET", "/readyz", api.readyz),
    ("GET", "/", front.page),
    ("GET", "/docs", front.docs),
    ("GET", "/openapi.json", front.described),
]

GUARDED: list[tuple[str, str, Endpoint]] = [
    ("POST", "/classify", api.classify),
    ("POST", "/embed", api.embed),
    ("GET", "/labels", api.labels),
    ("GET POST", "/classifier", front.classifier_file),
    ("GET", "/metrics", api.metrics),
]


def routes(token: str | None) -> list[Route]:
    """All of them."""
    guard = [Middleware(WithToken, token=token)]
    opened = [_route(*row, []) for row in OPEN]
    return opened + [_route(*row, guard) for row in GUARDED]


def _route(methods: str, path: str, endpoint: Endpoint, guard: list[Middleware]) -> Route:
    return Route(path, api.answering(endpoint), methods=methods.split(), middleware=guard)
