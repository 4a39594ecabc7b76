"""From a classifier to an application: the routes, and what stands around all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from zsclip.classifier import ZeroShotClassifier
from zsclip.serve.answers import refused
from zsclip.serve.bounds import Bounded
from zsclip.serve.counting import Counted
from zsclip.serve.guards import LOOPBACK, OnlyHosts
from zsclip.serve.limits import Limits
from zsclip.serve.refusals import Refusal
from zsclip.serve.routes import routes
from zsclip.serve.service import Service

__all__ = ["application"]


def application(
    classifier: ZeroShotClassifier,
    *,
    token: str | None,
    limits: Limits,
    urls: str,
    hosts: Collection[str] | None,
) -> Starlette:
    """An application that answers for a classifier; `create_app` says what the arguments mean."""
    service = Service(classifier, limits, urls=urls)
    if hosts is None and token is None:
        hosts = LOOPBACK

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.open()
        yield
        await asyncio.to_thread(service.close)

    known = routes(token)
    app = Starlette(
        routes=known,
        middleware=[
            Middleware(Counted, metrics=service.metrics, paths={route.path for route in known}),
            Middleware(OnlyHosts, hosts=hosts),
            Middleware(Bounded, limits=limits),
        ],
        exception_handlers={HTTPException: _no_route},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.service, app.state.with_token = service, token is not None
    return app


async def _no_route(request: Request, error: Exception) -> Response:
    """The answer where there is no such path, or not for this method."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        refusal = Refusal(404, f"There is no {path} here. /docs tells what there is.")
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        refusal = Refusal(405, f"{path} takes {allowed}, and not {request.method}.", Allow=allowed)
    else:
        refusal = Refusal(400, error.detail)
    return refused(refusal)
