"""Who may ask: the token, the host that a request names, and the pages that it may come from."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from zsclip.serve.answers import refused
from zsclip.serve.refusals import Refusal
from zsclip.wording import brief

__all__ = ["LOOPBACK", "OnlyHosts", "WithToken"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""What the machine itself is called in addresses."""


class OnlyHosts:
    """Around an application: requests of this host's own pages, and of what is no page.

    A page of anybody's that a browser shows can send requests to a service on the same machine. By
    a name that leads there (DNS rebinding) it could even read the answers, so that only the names
    in `hosts` are answered; and a request that says that it comes from a page of another address is
    refused.

    Args:
        app: The application.
        hosts: The names, without ports; None for all.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None) -> None:
        self._app = app
        self._hosts = None if hosts is None else {host.lower().strip("[]") for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of a page or program that may ask."""
        if scope["type"] == "http" and (refusal := self._refusal(scope)):
            await refused(refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts is not None and _name_of(host) not in self._hosts:
            return Refusal(
                421,
                f"The service does not answer as {brief(host)}. Ask it by the address that it "
                "listens on, or have it started with that name.",
            )
        if scope["method"] in ("GET", "HEAD"):
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if foreign or site == "cross-site":
            return Refusal(
                403,
                f"A page of {brief(origin or 'elsewhere')} may not use this service. Ask it from a "
                "program, or from its own page.",
            )
        return None


def _name_of(host: str) -> str:
    """The name in a header of a host, without its port; empty where it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class WithToken:
    """Around a route: who asks knows the token.

    Args:
        app: The route.
        token: The token; None if there is none.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = None if token is None else token.encode("utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that brings the token."""
        if self._token is None or self._is_known(Headers(scope=scope).get("authorization", "")):
            await self._app(scope, receive, send)
        else:
            refusal = Refusal(
                401,
                "The service wants a token: send the header `Authorization: Bearer TOKEN`.",
                WWW_Authenticate="Bearer",
            )
            await refused(refusal)(scope, receive, send)

    def _is_known(self, header: str) -> bool:
        scheme, _, given = header.partition(" ")
        same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token or b"")
        return same and scheme.lower() == "bearer"
