"""The API: what is asked for in a request, and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from zsclip.classifier import ZeroShotClassifier
from zsclip.results import Failure, Prediction
from zsclip.serve.answers import Lines, gone, in_json, refused
from zsclip.serve.asked import Asked, Upload
from zsclip.serve.batching import Embedded
from zsclip.serve.bodies import read_asked
from zsclip.serve.refusals import Refusal, answer_to
from zsclip.serve.service import Pending, Service
from zsclip.serve.telling import told_labels, told_ranks

__all__ = ["answering", "classify", "embed", "healthz", "labels", "metrics", "readyz", "service_of"]

GONE = 499  # the status of an answer that nobody waits for, as nginx counts it

_MANY = 100  # labels of an answer, of which more are listed in a thread

Judge: TypeAlias = Callable[[Embedded, Upload], dict[str, Any] | list[float]]
"""From the embedding of a picture, or its failure, to its part of the answer."""


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service


async def classify(request: Request) -> Response:
    """``POST /classify``."""
    service = service_of(request)
    asked = await read_asked(request, service.limits, urls=service.urls)
    if asked.texts is not None:
        raise Refusal(422, "`texts` are for /embed. Send pictures, and the labels as `labels`.")
    classifier = await service.wordings.classifier(asked)
    if asked.embeddings is not None:
        if asked.pictures:
            raise Refusal(422, "A request holds pictures or `embeddings`. Send two requests.")
        origin = service.origin(classifier)
        parts = await asyncio.to_thread(_judged_rows, classifier, asked, origin)
        return _at_once(request, parts, "results")
    pending = await service.embedding(asked.pictures)
    judge = _judging(classifier, asked.listed, service.origin(classifier))
    return await _answer(request, asked, pending, judge, "results")


async def embed(request: Request) -> Response:
    """``POST /embed``."""
    service = service_of(request)
    asked = await read_asked(request, service.limits, urls=service.urls)
    for name in ("labels", "templates", "multi_label", "top", "embeddings"):
        if getattr(asked, name) is not None:
            raise Refusal(422, f"`{name}` has no effect on embeddings. Leave it out.")
    if asked.texts is not None:
        if asked.pictures:
            raise Refusal(422, "A request holds pictures or `texts`. Send the two in two requests.")
        rows = await service.wordings.embed(asked.texts)
        return _at_once(request, rows.tolist(), "embeddings")
    pending = await service.embedding(asked.pictures)
    return await _answer(request, asked, pending, _vector, "embeddings")


async def labels(request: Request) -> Response:
    """``GET /labels``."""
    return in_json(told_labels(service_of(request).classifier))


async def healthz(request: Request) -> Response:
    """``GET /healthz``: the process lives."""
    return in_json({"status": "ok"})


async def readyz(request: Request) -> Response:
    """``GET /readyz``: the model is loaded, and pictures are taken."""
    if why := service_of(request).not_ready():
        return in_json({"status": "not ready", "error": why}, 503, {"Retry-After": "1"})
    return in_json({"status": "ready"})


async def metrics(request: Request) -> Response:
    """``GET /metrics``, for Prometheus."""
    told = service_of(request).metrics
    return Response(told.as_text(), media_type=told.content_type)


# ------------------------------------------------------------------------------------- answers


def _judging(classifier: ZeroShotClassifier, top: int, origin: dict[str, Any]) -> Judge:
    def judge(embedded: Embedded, picture: Upload) -> dict[str, Any]:
        if isinstance(embedded, Failure):
            return embedded.to_dict()
        [prediction] = classifier.classify_embeddings(embedded[None], sources=[picture.name])
        return _told(prediction, top, origin)

    return judge


def _told(prediction: Prediction, top: int, origin: dict[str, Any]) -> dict[str, Any]:
    return {**prediction.to_dict(top), **told_ranks(prediction), "origin": origin}


def _judged_rows(
    classifier: ZeroShotClassifier, asked: Asked, origin: dict[str, Any]
) -> list[dict[str, Any]]:
    assert asked.embeddings is not None
    names = [f"<embeddings[{n}]>" for n in range(len(asked.embeddings))]
    predictions = classifier.classify_embeddings(asked.embeddings, sources=names)
    return [_told(prediction, asked.listed, origin) for prediction in predictions]


def _vector(embedded: Embedded, picture: Upload) -> dict[str, Any] | list[float]:
    if isinstance(embedded, Failure):
        return embedded.to_dict()
    row: list[float] = embedded.tolist()
    return row


async def _answer(
    request: Request, asked: Asked, pending: Pending, judge: Judge, many: str
) -> Response:
    """One picture's part as it is, those of several in a list, or a line for each."""
    if _takes_lines(request):
        return Lines(_lines(asked, pending, judge), pending.cancel)
    try:
        return await _unless_gone(request, _whole(asked, pending, judge, many))
    finally:
        pending.cancel()


async def _whole(asked: Asked, pending: Pending, judge: Judge, many: str) -> JSONResponse:
    parts: list[Any] = []
    uploads = iter(asked.pictures)
    async for embedded in pending:
        parts.append(await _judged(judge, embedded, next(uploads), asked))
        if len(asked.pictures) == 1 and isinstance(embedded, Failure):
            return in_json(parts[0], 422)
    return _together(parts, many)


def _together(parts: list[Any], many: str) -> JSONResponse:
    return in_json(parts[0] if many == "results" and len(parts) == 1 else {many: parts})


async def _judged(judge: Judge, embedded: Embedded, picture: Upload, asked: Asked) -> Any:
    """A part of the answer; what takes long is made while others are answered."""
    if asked.listed > _MANY:
        return await asyncio.to_thread(judge, embedded, picture)
    return judge(embedded, picture)


async def _lines(asked: Asked, pending: Pending, judge: Judge) -> AsyncIterator[Any]:
    """A line for each picture; where a request ends early, its last line says why."""
    uploads = iter(asked.pictures)
    try:
        async for embedded in pending:
            yield await _judged(judge, embedded, next(uploads), asked)
    except Exception as error:  # noqa: BLE001 - the status is sent already
        yield answer_to(error)[1]


def _takes_lines(request: Request) -> bool:
    return "application/x-ndjson" in request.headers.get("accept", "").lower()


def _at_once(request: Request, parts: list[Any], many: str) -> Response:
    """The same of what is there at once."""
    if _takes_lines(request):
        return Lines(_one_by_one(parts), lambda: None)
    return _together(parts, many)


async def _one_by_one(parts: list[Any]) -> AsyncIterator[Any]:
    for part in parts:
        yield part


async def _unless_gone(request: Request, work: Awaitable[Response]) -> Response:
    """An answer, or none where the client does not wait for it any more."""
    working = asyncio.ensure_future(work)
    going = asyncio.ensure_future(gone(request.receive))
    try:
        await asyncio.wait((working, going), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return Response(status_code=GONE)
    finally:
        for task in (working, going):
            task.cancel()


def answering(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose errors are answers, to its own request and to nobody else's."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=GONE)
        except Exception as error:  # noqa: BLE001
            return refused(error)

    return answered
