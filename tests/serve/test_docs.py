"""The page of the API."""

from __future__ import annotations

import re

import httpx
import pytest
from services import asked

from zsclip import ZeroShotClassifier
from zsclip.serve import create_app
from zsclip.serve.docs import page_of_api
from zsclip.serve.openapi import openapi


def test_it_shows_every_route_with_a_line_to_try_it() -> None:
    html = page_of_api(openapi(), "http://localhost:1/").html
    for path, methods in openapi()["paths"].items():
        for method in methods:
            assert f"{method.upper()}</b> <code>{path}</code>" in html
            assert re.search(rf"curl [^<]*http://localhost:1{re.escape(path)}<", html)
    assert "Bearer" not in html


def test_its_links_lead_to_what_it_holds() -> None:
    html = page_of_api(openapi(), "http://localhost").html
    anchors = set(re.findall(r'id="([^"]*)"', html))
    assert set(re.findall(r'href="#([^"]*)"', html)) <= anchors


def test_where_a_token_is_wanted_the_lines_have_its_place() -> None:
    html = page_of_api(openapi(with_token=True), "http://localhost").html
    lines = re.findall(r"<pre[^>]*>(curl[^<]*)", html)
    with_token = [line for line in lines if "$ZSCLIP_TOKEN" in line]
    assert len(lines) - len(with_token) == 5  # those that everybody may ask


def test_an_address_that_somebody_made_up_is_text_and_one_word_of_the_line() -> None:
    html = page_of_api(openapi(), 'http://a"<script>;$(b)').html
    assert "<script>;" not in html
    assert "&#x27;http://a&quot;&lt;script&gt;;$(b)&#x27;/classify" in html


@pytest.mark.parametrize("token", [None, "secret"])
def test_page_and_document_are_for_everybody(colors: ZeroShotClassifier, token: str | None) -> None:
    async def ask(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        return await client.get("/docs"), await client.get("/openapi.json")

    page, document = asked(create_app(colors, token=token), ask)
    assert page.status_code == document.status_code == 200
    assert document.json() == openapi(with_token=token is not None)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "curl" in page.text
