"""Who may ask: by token, by the host that is named, and from which pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from services import asked, png

from zsclip import ZeroShotClassifier
from zsclip.serve import create_app


def status_of(
    classifier: ZeroShotClassifier, method: str, path: str, headers: dict[str, Any], **options: Any
) -> int:
    async def ask(client: httpx.AsyncClient) -> int:
        content = png("red") if method == "POST" else None
        given = {"content-type": "image/png", **headers}
        return (await client.request(method, path, headers=given, content=content)).status_code

    return asked(create_app(classifier, **options), ask)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer secret", 200),
        ("bearer secret", 200),
        ("Bearer wrong", 401),
        ("Bearer secretsecret", 401),
        ("Bearer ", 401),
        ("Bearer s\xe9cret", 401),
        ("Basic secret", 401),
        ("secret", 401),
        ("", 401),
    ],
)
def test_a_request_wants_the_token(colors: ZeroShotClassifier, header: str, status: int) -> None:
    headers = {"Authorization": header.encode("latin-1")}
    told = status_of(colors, "POST", "/classify", headers, token="secret")
    assert told == status


@pytest.mark.parametrize("path", ["/labels", "/metrics"])
def test_what_is_told_of_the_service_wants_the_token_too(
    colors: ZeroShotClassifier, path: str
) -> None:
    assert status_of(colors, "GET", path, {}, token="secret") == 401


def test_whether_it_lives_is_told_to_everybody(colors: ZeroShotClassifier) -> None:
    assert status_of(colors, "GET", "/healthz", {}, token="secret") == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
        ("evil.example@localhost:80", 200),  # the name is what stands after it
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_names_of_the_machine_itself_are_answered(
    colors: ZeroShotClassifier, host: str, status: int
) -> None:
    assert status_of(colors, "GET", "/labels", {"Host": host}) == status


def test_other_names_are_answered_when_they_are_given_or_there_is_a_token(
    colors: ZeroShotClassifier,
) -> None:
    named = {"Host": "cats.example"}
    assert status_of(colors, "GET", "/labels", named, hosts=["cats.example"]) == 200
    known = {**named, "Authorization": "Bearer t"}
    assert status_of(colors, "GET", "/labels", known, token="t") == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:8000", "Host": "localhost:8000"}, 200),
        ({"Origin": "http://localhost:9000", "Host": "localhost:8000"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_no_page_of_another_address_may_ask(
    colors: ZeroShotClassifier, headers: dict[str, str], status: int
) -> None:
    assert status_of(colors, "POST", "/classify", headers) == status


def test_no_answer_lets_other_pages_read_it(colors: ZeroShotClassifier) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Headers:
        return (await client.get("/labels", headers={"Origin": "http://evil.example"})).headers

    assert not [name for name in asked(colors, ask) if name.startswith("access-control")]
