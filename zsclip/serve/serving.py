"""`create_app` and `run`: a classifier as an application, and as a service that listens."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from zsclip.classifier import ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.needs import needed
from zsclip.serve.limits import Limits
from zsclip.wording import brief

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["create_app", "run"]


def create_app(
    classifier: ZeroShotClassifier,
    *,
    token: str | None = None,
    limits: Limits | None = None,
    urls: str = "none",
    hosts: Collection[str] | None = None,
) -> Starlette:
    """A classifier as an ASGI application, for any server or in an application of your own.

    One process holds one model. Where one is not enough, run several behind a balancer.

    Args:
        classifier: What answers. Its pixels stay; its limits on pictures are tightened to those of
            `limits`.
        token: What requests must bring as ``Authorization: Bearer``; None for nothing. `/healthz`
            and `/readyz` never want it.
        limits: How much is taken; None for what `Limits` has.
        urls: Which URLs are fetched for clients, as `Reading.urls`: ``"none"``, ``"public"`` or
            ``"any"``, which reaches into the network that the service is in.
        hosts: The names that requests may address it by, without ports. None is any with a token,
            and without one those of the machine itself: ``localhost``, ``127.0.0.1``, ``::1``.

    Raises:
        MissingExtraError: What the extra ``serve`` brings is not installed.
        ParameterError: `token` is empty or not of printable ASCII, or `urls` is another word.
        ParameterTypeError: An argument has a type that it cannot have.

    Examples:
        >>> from zsclip import ZeroShotClassifier
        >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
        >>> app = create_app(clf, limits=Limits(pictures=8))
        >>> sorted(route.path for route in app.routes if "health" in route.path)
        ['/healthz']
    """
    if not isinstance(classifier, ZeroShotClassifier):
        raise ParameterTypeError(f"`classifier` must be a classifier, got {brief(classifier)}.")
    if not (limits is None or isinstance(limits, Limits)):
        raise ParameterTypeError(f"`limits` must be a Limits, got {brief(limits)}.")
    if isinstance(hosts, str):
        raise ParameterTypeError(f"`hosts` must be names, got {brief(hosts)}. Pass a list.")
    _require_token(token)
    with needed("A service", "serve"):
        from zsclip.serve.app import application
    return application(classifier, token=token, limits=limits or Limits(), urls=urls, hosts=hosts)


def run(
    classifier: ZeroShotClassifier,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    token: str | None = None,
    limits: Limits | None = None,
    urls: str = "none",
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve a classifier on a port until SIGTERM or SIGINT; what is in flight then ends first.

    Args:
        classifier: As for `create_app`.
        host: The address to listen on. Any but the machine's own wants a `token`.
        port: The port; 0 for one that is free.
        token: As for `create_app`.
        limits: As for `create_app`.
        urls: As for `create_app`.
        started: Told the URL once it listens.

    Raises:
        MissingExtraError: What the extra ``serve`` brings is not installed.
        OSError: The address is not this machine's, or the port is taken.
        ParameterError: `host` is not of this machine alone and there is no `token`; or as for
            `create_app`.
        ParameterTypeError: As for `create_app`.
        ZsclipError: The model cannot be loaded.
    """
    alone = _is_loopback(host)
    if token is None and not alone:
        raise ParameterError(
            f"`host` is {brief(host)}, which others reach, and there is no `token`. Pass one, on "
            "the command line with --token or in ZSCLIP_TOKEN, or listen on 127.0.0.1."
        )
    with needed("A service", "serve"):
        from zsclip.serve.guards import LOOPBACK
        from zsclip.serve.running import serve_until_told
    # with a token any name may be asked by, such as that of a proxy on this machine
    hosts = {*LOOPBACK, host} if token is None else None
    app = create_app(classifier, token=token, limits=limits, urls=urls, hosts=hosts)

    def tell(address: str, at: int) -> None:
        if started is not None:
            started(f"http://[{address}]:{at}" if ":" in address else f"http://{address}:{at}")

    serve_until_told(app, host, port, limits or Limits(), started=tell)
    if (fault := app.state.service.fault) is not None:
        raise fault


def _require_token(token: object) -> None:
    if token is None:
        return
    if not isinstance(token, str):
        raise ParameterTypeError(f"`token` must be a text or None, got {type(token).__name__}.")
    if not (token.isascii() and token.isprintable() and token.strip() == token and token):
        raise ParameterError(
            "`token` must be a text of printable ASCII without blanks around it. Make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which may lead anywhere
        return False
