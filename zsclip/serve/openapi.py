"""The API as OpenAPI 3.1 describes it, by hand: what is asked, and what is answered when."""

from __future__ import annotations

from typing import Any

from zsclip.serve.schemas import SCHEMAS, one_of, ref, text
from zsclip.version import __version__

__all__ = ["openapi"]

JSON = "application/json"
NDJSON = "application/x-ndjson"
FORM = "multipart/form-data"
PICTURE = ("image/*", "application/octet-stream")

_REFUSED = {
    400: "The body is malformed.",
    401: "The service wants a token, and this is none or another one.",
    403: "It comes from a page of another site.",
    408: "The body did not come in time.",
    413: "The body, a picture, or how many there are is beyond the limits.",
    415: "The content type is none that is read.",
    421: "The service does not answer under the name that the request has for it.",
    422: "A picture cannot be read, or labels, templates or fields cannot be used.",
    500: "The service met an error that it did not expect. Its log tells which.",
    503: "Too much waits, or the service is about to end; `Retry-After` says when to come again.",
}
_AS_JSON = "-H 'Content-Type: application/json'"
_OF_BODIES = (400, 401, 403, 408, 413, 415, 422, 500, 503)


def openapi(*, with_token: bool = False, at: str = "/") -> dict[str, Any]:
    """The document, as `/openapi.json` gives it.

    Args:
        with_token: Whether the service wants a token.
        at: The path under which it is.
    """
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "zsclip",
            "version": __version__,
            "summary": "Pictures against words: zero-shot classification with CLIP.",
            "description": (
                "Pictures that come together are computed together, whichever request they came "
                "with, and each request gets its own answers. What is not asked for by labels of "
                "its own is answered with those of the service, and with what it learnt. Under any "
                "other address the answer is 404, by any other method 405 with `Allow`."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": at}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    if with_token:
        document["security"] = [{"token": []}]
    return document


def _paths() -> dict[str, Any]:
    return {
        "/classify": {
            "post": _operation(
                "Classify pictures",
                "One picture is answered by one object, several by `results`, in their order. A "
                "picture that cannot be read has an error in its place; of one picture it is the "
                "answer, with status 422. With `Accept: application/x-ndjson` each result is a "
                "line, sent as soon as it is there. Other words over the same pictures need not "
                "send them again: `/embed` gives their `embeddings`, which stand for them.",
                answers={
                    200: (
                        "The results.",
                        {
                            JSON: one_of(ref("Prediction"), ref("Results")),
                            NDJSON: one_of(ref("Prediction"), ref("Failure"), ref("Refusal")),
                        },
                    ),
                },
                refusals=_OF_BODIES,
                body={JSON: ref("Classify"), FORM: ref("ClassifyForm"), **_BYTES},
                query=("labels", "templates", "multi_label", "top"),
                example="-F image=@frog.png -F labels=frog,fish {url}/classify",
            )
        },
        "/embed": {
            "post": _operation(
                "Embed pictures or texts",
                "Each embedding is L2-normalized; the dot product of two is their cosine. Texts "
                "are embedded as they are, without templates.",
                answers={
                    200: (
                        "The embeddings, and an error in the place of a picture that cannot be "
                        "read.",
                        {
                            JSON: ref("Embeddings"),
                            NDJSON: one_of(ref("Embedding"), ref("Failure"), ref("Refusal")),
                        },
                    )
                },
                refusals=_OF_BODIES,
                body={JSON: ref("Embed"), FORM: ref("EmbedForm"), **_BYTES},
                example=f"""{_AS_JSON} -d '{{"texts": ["a frog"]}}' {{url}}/embed""",
            )
        },
        "/labels": {
            "get": _operation(
                "What the service answers with",
                "The labels with their groups, the templates, the model, and what was learnt.",
                answers={200: ("What it is.", {JSON: ref("Service")})},
                refusals=(401, 500),
                example="{url}/labels",
            )
        },
        "/classifier": {
            "get": _operation(
                "The classifier as a file",
                "What `save` writes and `ZeroShotClassifier.load` reads, with what was learnt. It "
                "names its model and holds none of its weights.",
                answers={200: ("The file.", {"application/octet-stream": {}})},
                refusals=(401, 422, 500, 503),
                example="-o classifier.zsclip {url}/classifier",
            ),
            "post": _operation(
                "The classifier of other words as a file",
                "The same, with the labels and templates that are asked for.",
                answers={200: ("The file.", {"application/octet-stream": {}})},
                refusals=_OF_BODIES,
                body={JSON: ref("Words")},
                example=(
                    f"-o classifier.zsclip {_AS_JSON} "
                    """-d '{"labels": ["frog", "fish"]}' {url}/classifier"""
                ),
            ),
        },
        "/healthz": {
            "get": _operation(
                "Whether it lives",
                "Answered as long as the process answers at all.",
                answers={200: ("It does.", {JSON: ref("Health")})},
                example="{url}/healthz",
                is_open=True,
            )
        },
        "/readyz": {
            "get": _operation(
                "Whether to send it requests",
                "Once the model is loaded and the labels are embedded, until it is told to end.",
                answers={200: ("Yes.", {JSON: ref("Health")})},
                busy="Health",
                example="{url}/readyz",
                is_open=True,
            )
        },
        "/metrics": {
            "get": _operation(
                "Counters for Prometheus",
                "Requests, pictures, batches, and how long they waited and took.",
                answers={200: ("Prometheus' text format.", {"text/plain": text()})},
                refusals=(401,),
                example="{url}/metrics",
            )
        },
        "/openapi.json": {
            "get": _operation(
                "This description",
                "OpenAPI 3.1.",
                answers={200: ("The document.", {JSON: {"type": "object"}})},
                example="{url}/openapi.json",
                is_open=True,
            )
        },
        "/docs": {"get": _page("This description as a page", "{url}/docs")},
        "/": {"get": _page("A page to try the service", "{url}/")},
    }


_BYTES = {kind: {"description": "The bytes of one picture."} for kind in PICTURE}

_FIELDS = {  # of a query, where the body is a picture
    "labels": "Labels, with commas between them, or a list as JSON, or repeated.",
    "templates": "Templates: one, or a list as JSON, or repeated.",
    "multi_label": "Whether each label is scored by itself: true or false.",
    "top": "How many labels an answer lists, best first.",
}


def _operation(
    summary: str,
    description: str,
    *,
    answers: dict[int, tuple[str, dict[str, Any]]],
    example: str,
    refusals: tuple[int, ...] = (),
    body: dict[str, Any] | None = None,
    query: tuple[str, ...] = (),
    is_open: bool = False,
    busy: str = "",
) -> dict[str, Any]:
    told: dict[str, Any] = {"summary": summary, "description": description}
    if is_open:
        told["security"] = []
    if query:
        told["parameters"] = [
            {"in": "query", "name": name, "description": _FIELDS[name], "schema": text()}
            for name in query
        ]
    if body is not None:
        content = {kind: {"schema": schema} for kind, schema in body.items()}
        told["requestBody"] = {"required": True, "content": content}
    told["responses"] = {
        str(status): {
            "description": about,
            "content": {kind: {"schema": schema} for kind, schema in kinds.items()},
        }
        for status, (about, kinds) in answers.items()
    }
    for status in sorted((*refusals, 421)):
        told["responses"][str(status)] = _refusal(status)
    if busy:
        told["responses"]["503"] = _refusal(503, busy)
    told["x-codeSamples"] = [{"lang": "Shell", "source": f"curl {example}"}]
    return told


def _refusal(status: int, schema_name: str = "Refusal") -> dict[str, Any]:
    is_picture = status == 422
    schema = one_of(ref("Refusal"), ref("Failure")) if is_picture else ref(schema_name)
    told: dict[str, Any] = {
        "description": _REFUSED[status],
        "content": {JSON: {"schema": schema}},
    }
    if status == 503:
        told["headers"] = {"Retry-After": {"schema": text("Seconds.")}}
    return told


def _page(summary: str, example: str) -> dict[str, Any]:
    return _operation(
        summary,
        "For people; it needs nothing but the service.",
        answers={200: ("HTML.", {"text/html": text()})},
        example=example,
        is_open=True,
    )
