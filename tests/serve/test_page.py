"""The page of a service, as it leaves it; what people do with it is in tests/browser."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest
from services import asked

from zsclip import ZeroShotClassifier
from zsclip.serve import create_app
from zsclip.serve.page import page_of, page_of_service

PAGE = page_of_service()


def test_its_policy_names_what_it_holds_and_lets_it_ask_its_service_alone() -> None:
    policy = PAGE.headers["Content-Security-Policy"]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE.html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert allowed.pop(kind) == f"'sha256-{digest}'"
    assert allowed == {
        "default-src": "'none'",
        "img-src": "blob: data:",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_it_needs_nothing_but_itself_and_its_service() -> None:
    assert not re.search(r"""https?:|\bsrc=|@import|(?<!c)url\(|\bstyle=|\bon\w+=""", PAGE.html)
    assert set(re.findall(r'href="([^"]*)"', PAGE.html)) == {"data:,", "docs"}
    assert "{{" not in PAGE.html


@pytest.mark.parametrize("token", [None, "secret"])
def test_it_is_given_to_everybody_and_holds_nothing_of_the_service(
    colors: ZeroShotClassifier, token: str | None
) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/")

    response = asked(create_app(colors, token=token), ask)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert PAGE.headers.items() <= {k.title(): v for k, v in response.headers.items()}.items() | (
        PAGE.headers.items()
    )
    assert response.text == PAGE.html


def test_what_comes_into_a_page_is_not_looked_at_for_names() -> None:
    made = page_of(
        "docs.html",
        dict.fromkeys(("about", "contents", "routes", "schemas"), "{{style}}"),
        "a{}",
        "b",
    )
    assert made.html.count("{{style}}") == 4
