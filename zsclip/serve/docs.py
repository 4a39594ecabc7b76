"""The page of the API: what `openapi` describes, for people, with a line to try each route."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from zsclip.markup import Markup, element, text
from zsclip.pages import script_of, style_of
from zsclip.serve.page import ROOM, Page, page_of

__all__ = ["page_of_api"]


def page_of_api(document: dict[str, Any], url: str) -> Page:
    """The page of the API.

    Args:
        document: What `openapi` gives.
        url: Where the service is, for the lines to try.
    """
    routes = [
        (path, method, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    wants_token = bool(document.get("security"))
    values = {
        "about": _prose(document["info"]["description"]),
        "contents": element("ul", *(_link(path, method) for path, method, _ in routes)),
        "routes": _joined(
            _route(path, method, told, url.rstrip("/"), wants_token)
            for path, method, told in routes
        ),
        "schemas": _joined(
            _schema(name, told) for name, told in document["components"]["schemas"].items()
        ),
    }
    return page_of("docs.html", values, style_of(ROOM, "docs.css"), script_of(ROOM, "docs.js"))


def _prose(told: str) -> Markup:
    """A text with what stands between backticks as code."""
    parts = told.split("`")
    return Markup(
        "".join(element("code", part) if n % 2 else text(part) for n, part in enumerate(parts))
    )


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("\n".join(parts))


def _anchor(path: str, method: str) -> str:
    return f"{method}-{path.strip('/').replace('.', '-') or 'page'}"


def _link(path: str, method: str) -> Markup:
    return element("li", element("a", f"{method.upper()} {path}", href=f"#{_anchor(path, method)}"))


def _route(path: str, method: str, told: dict[str, Any], url: str, wants_token: bool) -> Markup:
    title = element("b", method.upper()), " ", element("code", path)
    [sample] = told["x-codeSamples"]
    line = sample["source"].replace("{url}", shlex.quote(url))
    if wants_token and "security" not in told:
        line = line.replace("curl ", 'curl -H "Authorization: Bearer $ZSCLIP_TOKEN" ', 1)
    parts = [
        element("h2", *title, id=_anchor(path, method)),
        element("p", element("strong", told["summary"]), ". ", _prose(told["description"])),
        element("pre", line, tabindex="0", role="region", aria_label=f"{told['summary']}, by curl"),
    ]
    if "requestBody" in told:
        content = told["requestBody"]["content"].items()
        parts += _titled("Body", ((kind, _kind(part["schema"])) for kind, part in content))
    if "parameters" in told:
        query = ((field["name"], _prose(field["description"])) for field in told["parameters"])
        parts += _titled("Query, where the body is a picture", query)
    parts += _titled("Answers", _answers(told["responses"]))
    return element("section", *parts)


def _answers(responses: dict[str, Any]) -> Iterator[tuple[str, Markup]]:
    for status, told in responses.items():
        kinds = [
            element("span", " ", element("code", kind), " ", _kind(part["schema"]), class_="note")
            for kind, part in told["content"].items()
        ]
        yield status, Markup(_prose(told["description"]) + "".join(kinds))


def _titled(title: str, pairs: Iterable[tuple[str, object]]) -> list[Markup]:
    return [element("h3", title), _list(pairs)]


def _list(pairs: Iterable[tuple[str, object]]) -> Markup:
    rows = [part for name, told in pairs for part in (element("dt", name), element("dd", told))]
    return element("dl", *rows)


def _schema(name: str, told: dict[str, Any]) -> Markup:
    parts = [
        element("h3", name, id=f"schema-{name}"),
        element("p", _prose(told.get("description", ""))),
    ]
    required = told.get("required", [])
    if "properties" in told:
        parts.append(
            _list(
                (field, _field(schema, is_always=field in required))
                for field, schema in told["properties"].items()
            )
        )
    else:
        parts.append(element("p", _kind(told)))
    return element("section", *parts)


def _field(schema: dict[str, Any], *, is_always: bool) -> Markup:
    kind = element("span", _kind(schema), "" if is_always else ", may be missing", class_="note")
    return Markup(f"{_prose(schema.get('description', ''))} {kind}")


def _kind(schema: dict[str, Any]) -> Markup:
    """What a value is, in words, with links to what it is made of."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return element("a", name, href=f"#schema-{name}")
    if "oneOf" in schema:
        return Markup(" or ".join(_kind(one) for one in schema["oneOf"]))
    kinds = schema.get("type", [])
    names = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "properties" in schema:
        return Markup(f"object of {text(', '.join(schema['properties']))}")
    if "items" in schema:
        return Markup(f"{text(names)} of {_kind(schema['items'])}")
    return text(names or schema.get("description", "anything"))
