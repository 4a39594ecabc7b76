"""Which proxy the environment names for an address."""

from __future__ import annotations

import httpx
import pytest

from zsclip.network import proxy_for


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("http://a.test/", {}, None),
        ("http://a.test/", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.test/", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://a.test/", {"HTTPS_PROXY": "p:1", "HTTP_PROXY": "q:1"}, "http://p:1"),
        ("https://a.test/", {"ALL_PROXY": "socks5://p:1"}, "socks5://p:1"),
        ("http://a.test/", {"ALL_PROXY": "p:1", "HTTP_PROXY": "q:1"}, "http://q:1"),
        ("http://a.test/", {"HTTP_PROXY": "p:1", "NO_PROXY": "a.test"}, None),
        ("http://a.test/", {"HTTP_PROXY": "p:1", "NO_PROXY": ".test"}, None),
        ("http://a.test/", {"HTTP_PROXY": "p:1", "NO_PROXY": "b.test, *"}, "http://p:1"),
        ("http://a.test/", {"HTTP_PROXY": "p:1", "NO_PROXY": "*"}, None),
        ("http://aa.test/", {"HTTP_PROXY": "p:1", "NO_PROXY": "a.test"}, "http://p:1"),
        ("http://a.test:8080/", {"HTTP_PROXY": "p:1", "NO_PROXY": "a.test:8080"}, None),
        ("http://a.test:8081/", {"HTTP_PROXY": "p:1", "NO_PROXY": "a.test:8080"}, "http://p:1"),
        ("http://[::1]/", {"HTTP_PROXY": "p:1", "NO_PROXY": "::1"}, None),
    ],
)
def test_which_proxy_an_address_has(
    url: str, environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(httpx.URL(url))
    assert (found and str(found.url)) == expected
