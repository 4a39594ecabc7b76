"""What people open and take away: the page, what the API is, the classifier as a file."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from zsclip.classifier import ZeroShotClassifier
from zsclip.saved import bytes_of_classifier, read_classifier
from zsclip.serve.api import service_of
from zsclip.serve.asked import asked_for
from zsclip.serve.bodies import object_of, require_no_query
from zsclip.serve.docs import page_of_api
from zsclip.serve.openapi import openapi
from zsclip.serve.page import Page, page_of_service
from zsclip.serve.refusals import Refusal
from zsclip.wording import brief

__all__ = ["classifier_file", "described", "docs", "page"]


_WORDS = {"labels", "templates", "multi_label"}


async def page(request: Request) -> Response:
    """``GET /``."""
    return _shown(page_of_service())


async def docs(request: Request) -> Response:
    """``GET /docs``."""
    url = request.url.replace(path=_mounted_at(request), query="")
    return _shown(page_of_api(_document(request), str(url)))


async def described(request: Request) -> Response:
    """``GET /openapi.json``."""
    return JSONResponse(_document(request))


def _document(request: Request) -> dict[str, Any]:
    at = _mounted_at(request) or "/"
    return openapi(with_token=request.app.state.with_token, at=at)


def _mounted_at(request: Request) -> str:
    """The path of the service in an application that it is a part of; empty if it is none."""
    path: str = request.scope.get("root_path", "")
    return path


def _shown(made: Page) -> Response:
    return HTMLResponse(made.html, headers=made.headers)


async def classifier_file(request: Request) -> Response:
    """``GET /classifier``, and ``POST`` for one of other words."""
    service = service_of(request)
    require_no_query(request)
    given = object_of(await request.body()) if request.method == "POST" else {}
    if others := given.keys() - _WORDS:
        raise Refusal(
            422, f"A classifier has no {brief(min(others))}. Give labels, templates, multi_label."
        )
    asked = asked_for([], given, service.limits)
    classifier = await service.wordings.classifier(asked)
    data = await asyncio.to_thread(_saved, classifier)
    headers = {"Content-Disposition": 'attachment; filename="classifier.zsclip"'}
    return Response(data, media_type="application/octet-stream", headers=headers)


def _saved(classifier: ZeroShotClassifier) -> bytes:
    """The bytes that `save` writes, but of a checkpoint its name and not where it lies here."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "classifier.zsclip"
        classifier.save(file)
        if classifier.model_info.path is None:
            return file.read_bytes()
        saved = read_classifier(file)
        assert saved.model.path is not None
        model = replace(saved.model, path=Path(saved.model.path).name)
        return bytes_of_classifier(replace(saved, model=model), file)
