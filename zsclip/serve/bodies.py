"""From the body of a request to what it asks for: multipart, JSON, or the bytes of one picture."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from zsclip.files import size_in_words
from zsclip.serve.asked import Asked, Upload, asked_for
from zsclip.serve.forms import Form, each_once, fields_of
from zsclip.serve.limits import Limits
from zsclip.serve.refusals import Refusal
from zsclip.wording import brief

__all__ = ["object_of", "read_asked", "require_no_query"]

_KINDS = (
    "multipart/form-data with parts `image`, application/json with `images`, or the bytes of one "
    "picture as image/* or application/octet-stream"
)


_AT_ONCE = 64 * 1024  # bytes of JSON that are decoded while everybody waits


async def read_asked(request: Request, limits: Limits, *, urls: str) -> Asked:
    """What a request asks for.

    Args:
        request: The request, of whose body nothing was read yet.
        limits: How much it may ask for.
        urls: Which URLs are fetched; with ``"none"`` a URL is refused here.

    Raises:
        Refusal: The body is malformed, of another kind, or beyond the limits.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/json"):
        require_no_query(request)
    if kind == "multipart/form-data":
        form = Form(request.headers["content-type"].encode("latin-1"), limits)
        async for chunk in request.stream():
            form.write(chunk)
        asked = asked_for(form.pictures(), form.fields(), limits)
    elif kind == "application/json":
        body = await _whole(request)
        if len(body) > _AT_ONCE:
            asked = await asyncio.to_thread(_of_json, body, limits, urls)
        else:
            asked = _of_json(body, limits, urls)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        data = _check_picture(await _whole(request), "The body", limits)
        fields = fields_of(request.query_params.multi_items())
        asked = asked_for([Upload(data, "<image>")], fields, limits)
    else:
        named = brief(kind) if kind else "none"
        raise Refusal(415, f"The content type must be {_KINDS}, got {named}.")
    if not (asked.pictures or asked.texts or asked.embeddings is not None):
        raise Refusal(422, f"The request holds no picture. Send {_KINDS}.")
    return asked


def require_no_query(request: Request) -> None:
    """Refuse fields in the address of a request whose body has its fields.

    Raises:
        Refusal: There are some.
    """
    for name in request.query_params:
        raise Refusal(
            422,
            f"{brief(name)} stands in the address, where it is read only if the body is the bytes "
            "of a picture. Send it in the body.",
        )


async def _whole(request: Request) -> bytes:
    """The body; unlike `Request.body` nothing keeps it once it is decoded."""
    return b"".join([chunk async for chunk in request.stream()])


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is.

    Raises:
        Refusal: It is none.
    """
    try:
        given = json.loads(body, parse_constant=_no_number, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"The body is no JSON: {error}.") from None
    if not isinstance(given, dict):
        raise Refusal(422, f"The body must be a JSON object, got {brief(given)}.")
    return given


def _of_json(body: bytes, limits: Limits, urls: str) -> Asked:
    given = object_of(body)
    images = given.pop("images", None)
    if images is None:
        images = []
    if not isinstance(images, list):
        raise Refusal(422, f"`images` must be a list, got {brief(images)}.")
    if len(images) > limits.pictures:
        raise Refusal(
            413, f"A request may hold {limits.pictures} pictures, got {len(images)}. Send fewer."
        )
    pictures = [_picture(image, f"images[{n}]", limits, urls) for n, image in enumerate(images)]
    return asked_for(pictures, given, limits)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"it holds {text}")


def _picture(image: Any, name: str, limits: Limits, urls: str) -> Upload:
    if isinstance(image, str):
        image = {"url": image}
    if not isinstance(image, dict) or len(image.keys() & {"base64", "url"}) != 1:
        raise Refusal(
            422,
            f'`{name}` must be {{"base64": ...}}, {{"url": ...}} or a data: URI, got '
            f"{brief(image)}.",
        )
    called = image.get("name", f"<{name}>")
    others = image.keys() - {"base64", "url", "name"}
    if others or not isinstance(called, str) or len(called) > limits.text_length:
        raise Refusal(422, f"`{name}` may have a short `name`, and nothing else, beside that.")
    if "base64" in image:
        return Upload(_decoded(image["base64"], f"{name}.base64", limits), called)
    url = image["url"]
    if isinstance(url, str) and url[:5].lower() == "data:":
        return Upload(_of_data_uri(url, name, limits), called)
    if not (isinstance(url, str) and url[:8].lower().startswith(("http://", "https://"))):
        raise Refusal(422, f"`{name}` must be an http, https or data: URL, got {brief(url)}.")
    if urls == "none":
        raise Refusal(
            422,
            f"`{name}` is a URL, and this service fetches none. Send the picture itself, as base64 "
            "or in a part of multipart/form-data.",
        )
    return Upload(url, image.get("name", url))


def _of_data_uri(uri: str, name: str, limits: Limits) -> bytes:
    head, comma, data = uri.partition(",")
    if not comma:
        raise Refusal(422, f"`{name}` is a data: URI without a comma before its data.")
    if head.rstrip().lower().endswith(";base64"):
        return _decoded(data, name, limits)
    return _check_picture(unquote_to_bytes(data), f"`{name}`", limits)


def _decoded(text: Any, name: str, limits: Limits) -> bytes:
    if not isinstance(text, str):
        raise Refusal(422, f"`{name}` must be a text, got {brief(text)}.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(422, f"`{name}` is not valid base64 ({error}).") from None
    return _check_picture(data, f"`{name}`", limits)


def _check_picture(data: bytes, what: str, limits: Limits) -> bytes:
    if len(data) > limits.picture_bytes:
        most = size_in_words(limits.picture_bytes)
        raise Refusal(413, f"{what} is larger than {most}. Send a smaller picture.")
    return data
