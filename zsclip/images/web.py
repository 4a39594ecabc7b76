"""From a URL to the bytes there, with a limit on everything that a server decides."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any

import httpcore
import httpx

from zsclip.files import size_in_words
from zsclip.images.reading import Reading, other_urls, raise_limit
from zsclip.images.unreadable import UnreadableError
from zsclip.network import (
    Budget,
    Network,
    NotPublicError,
    connections,
    proxy_for,
    seems_public,
)
from zsclip.wording import printable, shown

__all__ = ["download"]

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
# Bytes for all that comes before a picture: heads, of which a server may send any number.
_HEADS = 1024 * 1024
# Those that IANA knows. What else stands there (``aws-chunked``, ``utf-8``) packs nothing.
_CODINGS = {
    *("gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"),
    *("dcb", "dcz", "exi", "pack200-gzip"),
}
_HEADERS = [
    (b"User-Agent", b"zsclip"),  # a server may refuse a client without a name
    (b"Accept", b"image/*"),  # and may pick a format by what is asked for
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
]


def download(
    url: str, reading: Reading, *, end: float, connecting: Callable[..., Network] = Network
) -> bytes:
    """The body that a URL answers with.

    Args:
        url: An ``http`` or ``https`` URL.
        reading: How many bytes it may have, and where it may come from.
        end: When it has to be here, by `time.monotonic`.
        connecting: What makes the `Network` for each server, or what stands in for it.

    Raises:
        UnreadableError: There is no answer in time, it is an error, it is too large, or it lies
            where it may not.
    """
    budget = Budget(end)
    heads = size_in_words(_HEADS)
    budget.allow(_HEADS, UnreadableError(f"the server sends {heads}, and no picture among it."))
    with _telling(reading):
        visit = _Visit(httpx.URL(url), reading, budget, connecting)
        for _ in range(_MAX_REDIRECTS + 1):
            with visit.answer() as answer:
                location = _header(answer, b"location")
                if answer.status not in _REDIRECTS or not location:
                    return _picture(answer, reading, budget)
            visit.go_on(location)
    raise UnreadableError(f"the server redirects more than {_MAX_REDIRECTS} times.")


# ------------------------------------------------------------------------------------ where it is


class _Visit:
    """The way from a URL over redirects to a picture: one server after the other.

    Nothing is taken along but the password of the URL, and that to its own server only.
    """

    def __init__(
        self, url: httpx.URL, reading: Reading, budget: Budget, connecting: Callable[..., Network]
    ) -> None:
        self._first = self._url = url
        self._urls = reading.urls
        self._only_public = reading.urls == "public"
        self._budget = budget
        self._connecting = connecting

    def go_on(self, location: str) -> None:
        """Turn to where a server redirects."""
        self._url = self._url.join(location)

    @contextmanager
    def answer(self) -> Iterator[httpcore.Response]:
        """What the server says whose turn it is; its body is still to be read."""
        url = self._url
        if url.scheme not in {"http", "https"} or not url.host:
            raise httpcore.UnsupportedProtocol
        proxy = proxy_for(url)
        if proxy is not None:
            if self._urls == "public":
                raise UnreadableError(_PROXY)
            if self._only_public and not seems_public(url.host):
                raise self._refusal(url.host)
        network = self._connecting(self._budget, only_public=self._only_public and proxy is None)
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        headers = [(b"Host", url.netloc), *_HEADERS, *self._password()]
        try:
            with (
                closing(network),
                connections(url, proxy, network) as pool,
                pool.stream("GET", target, headers=headers) as answer,
            ):
                public = network.reached_public if proxy is None else seems_public(url.host)
                self._only_public = self._only_public or public
                yield answer
        except NotPublicError as error:
            raise self._refusal(error.host) from None

    def _refusal(self, host: str) -> UnreadableError:
        if self._urls == "public":
            return UnreadableError(
                f"{shown(host)} is not at a public address, and `urls` is 'public'. "
                f"{other_urls('any')}"
            )
        return UnreadableError(
            f"the server is at a public address and redirects to {shown(host)}, which is not. Pass "
            "the address that it leads to, if you trust where it comes from."
        )

    def _password(self) -> list[tuple[bytes, bytes]]:
        first, now = self._first, self._url
        user = f"{first.username}:{first.password}"
        ways = (first.scheme, first.port), (now.scheme, now.port)
        upgraded = ways == (("http", None), ("https", None))
        if user == ":" or first.host != now.host or not (ways[0] == ways[1] or upgraded):
            return []
        return [(b"Authorization", b"Basic " + base64.b64encode(user.encode()))]


_PROXY = (
    "`urls` is 'public', which cannot be promised through a proxy: it is the proxy that looks up "
    "names and connects. The environment names one for this address. Name the host in NO_PROXY, or "
    f"fetch it yourself and pass its bytes. {other_urls('any')}"
)


# ------------------------------------------------------------------------------------- what it is


def _picture(answer: httpcore.Response, reading: Reading, budget: Budget) -> bytes:
    """The body of an answer, unpacked no further than it may be large."""
    if not 200 <= answer.status < 300:
        raise UnreadableError(f"the server answered {_in_words(answer.status)}.")
    most = reading.max_bytes
    declared = _header(answer, b"content-length")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(reading)
    unpacker = _unpacker(answer)
    budget.allow(2 * most, _too_large(reading))  # as much again for what is between its parts
    body = bytearray()
    for part in answer.iter_stream():
        # One byte over the limit tells a picture that just fits from one that does not.
        body += unpacker.decompress(part, most + 1 - len(body)) if unpacker else part
        if len(body) > most:
            raise _too_large(reading)
        if unpacker and unpacker.eof:
            break
    if unpacker and not unpacker.eof:
        raise UnreadableError("the download failed: what the server packed has no end.")
    return bytes(body)


def _unpacker(answer: httpcore.Response) -> Any:
    """What unpacks a body; None where it is not packed."""
    codings = [word.strip().lower() for word in _header(answer, b"content-encoding").split(",")]
    codings = [word for word in codings if word in _CODINGS]
    if not codings:
        return None
    if codings in (["gzip"], ["x-gzip"]):  # of files that lie packed on the server
        return zlib.decompressobj(wbits=31)
    raise UnreadableError(
        f"the server sends it encoded ({shown(', '.join(codings), 60)}), unasked. Fetch it with a "
        "program that decodes this, and pass its bytes."
    )


def _header(answer: httpcore.Response, name: bytes) -> str:
    values = [value for key, value in answer.headers if key.lower() == name]
    value = b", ".join(values)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _in_words(status: int) -> str:
    """A status as the standard calls it: a server's own words may be anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _too_large(reading: Reading) -> UnreadableError:
    limit = size_in_words(reading.max_bytes)
    return UnreadableError(
        f"the server sends more than `max_bytes` ({limit}). {raise_limit('max_bytes')}"
    )


@contextmanager
def _telling(reading: Reading) -> Iterator[None]:
    """Where whatever goes wrong on the way becomes a reason."""
    try:
        yield
    except UnreadableError:
        raise
    except httpcore.TimeoutException as error:
        raise UnreadableError(
            f"it did not arrive within `timeout` ({reading.timeout:g} s). {raise_limit('timeout')}"
        ) from error
    except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError) as error:
        # without its words, which may quote a password
        raise UnreadableError(
            "it is not a valid http or https URL, or the server redirects to what is none."
        ) from error
    except httpcore.ConnectError as error:
        raise UnreadableError(f"cannot connect to the server ({error}).") from error
    except httpcore.ProtocolError as error:
        # Behind a colon it quotes the server, which may be none of the web's.
        reason = f"{type(error).__name__}: {str(error).partition(': ')[0]}"
        raise UnreadableError(f"the download failed ({reason}).") from error
    # RuntimeError, ValueError: a proxy from the environment that there is no support for.
    except (
        httpcore.NetworkError,
        httpcore.ProxyError,
        OSError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        reason = f"{type(error).__name__}: {printable(str(error))}"
        raise UnreadableError(f"the download failed ({reason}).") from error
