"""A service in this process, and clients that ask it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import httpx
from PIL import Image
from starlette.applications import Starlette

from zsclip import ZeroShotClassifier
from zsclip.serve import create_app
from zsclip.serve.service import Service

T = TypeVar("T")

COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def png(color: str, side: int = 4) -> bytes:
    """A picture of one color."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), COLORS[color]).save(file, "PNG")
    return file.getvalue()


def service_of(app: Starlette) -> Service:
    """The service that an application stands on."""
    service: Service = app.state.service
    return service


@contextlib.asynccontextmanager
async def asking(app: Starlette, *, ready: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that runs in this process, once its model is loaded."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    async with app.router.lifespan_context(app), client:
        while ready and service_of(app).not_ready():
            await asyncio.sleep(0.01)
        yield client


def asked(
    classifier: ZeroShotClassifier | Starlette, ask: Callable[[httpx.AsyncClient], Awaitable[T]]
) -> T:
    """What comes of asking a service for a classifier, which ends then."""

    async def run() -> T:
        app = classifier if isinstance(classifier, Starlette) else create_app(classifier)
        async with asking(app) as client:
            return await ask(client)

    return asyncio.run(run())
