"""One HTTP request as all that fetches weights makes it, and what a failed one is called.

Proxies and certificates come from the environment, and certificates are verified. A redirect is
followed by hand; a header ``Authorization`` goes along only to the host and port that it was for.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from zsclip.wording import shown

if TYPE_CHECKING:
    import httpx

__all__ = ["Failure", "SettingsError", "answer", "connect", "failure_of", "said", "status_of"]

_MAX_REDIRECTS = 20
_PASSING = {408, 425, 429}  # and every 5xx


class SettingsError(Exception):
    """What the environment says of proxies and certificates does not work."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why no answer came.

    Attributes:
        reason: In a few words.
        passes: Whether another try may help.
    """

    reason: str
    passes: bool


@contextmanager
def connect(timeout: float) -> Iterator[httpx.Client]:
    """A client for a few requests.

    Args:
        timeout: Seconds to wait for a connection, and for each read.

    Raises:
        SettingsError: The environment has settings that do not work.
    """
    import httpx

    try:
        client = httpx.Client(
            timeout=timeout,
            verify=_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            # Ranges count the bytes of the body as sent, so it must not be compressed.
            headers={"User-Agent": "zsclip", "Accept-Encoding": "identity"},
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        reason = f"the proxy or certificate settings in the environment do not work ({said(error)})"
        raise SettingsError(reason) from error
    with client:
        yield client


@lru_cache(maxsize=1)
def _certificates(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The certificates to trust, which take longer to read than a small file takes to come."""
    import httpx

    return httpx.create_ssl_context()  # which asks the environment for these two


@contextmanager
def answer(
    client: httpx.Client, url: str, headers: Mapping[str, str], *, method: str = "GET"
) -> Iterator[httpx.Response]:
    """What a server answers where redirects lead to; the body is still to be read.

    httpx would read what comes with a redirect to its end, and unpack it.
    """
    import httpx

    request = client.build_request(method, url, headers=dict(headers))
    for _ in range(_MAX_REDIRECTS + 1):
        with closing(client.send(request, stream=True)) as response:
            if response.next_request is None:
                yield response
                return
            request = response.next_request  # which httpx takes `Authorization` from, if need be
    raise httpx.TooManyRedirects(f"the server redirects more than {_MAX_REDIRECTS} times")


def failure_of(error: Exception, timeout: float) -> Failure:
    """What one of httpx's errors means."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return Failure(f"nothing came from the server for {timeout:g} s", passes=True)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return Failure(f"the request cannot be made ({said(error)})", passes=False)
    if isinstance(error, httpx.TransportError):
        if _untrusted(error):
            return Failure(
                f"the server's certificate cannot be trusted ({said(error)}); if a proxy here "
                "opens TLS connections, set SSL_CERT_FILE to the file with its certificate",
                passes=False,
            )
        return Failure(f"the connection failed ({said(error)})", passes=True)
    return Failure(f"the request failed ({said(error)})", passes=False)


def status_of(response: httpx.Response) -> tuple[str, bool]:
    """What a server answered, in words, and whether another try may give another answer."""
    status = response.status_code
    words = shown(f"the server answered {status} {response.reason_phrase}".rstrip())
    return words, status in _PASSING or status >= 500


def said(error: BaseException) -> str:
    """An error's own words, as messages show them."""
    return shown(str(error)) or type(error).__name__


def _untrusted(error: BaseException | None) -> bool:
    """Whether a refused certificate lies at the bottom of it: another try would not help."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
