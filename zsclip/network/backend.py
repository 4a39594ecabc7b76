"""`Network`: connections that have an end, a size, and an address that may be connected to.

The timeouts of an HTTP client bound each wait and not their sum, and its limits begin with a body:
a server that sends a byte now and then, or a head without end, holds it for ever. So all that comes
and goes does so through a `Network`, which httpcore is given in place of its own, under one
`Budget` for everything that a fetch takes.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import httpcore

from zsclip.network.addresses import is_public
from zsclip.network.budget import Budget
from zsclip.network.lookups import in_time

__all__ = ["Network", "NotPublicError"]

T = TypeVar("T")

_MOST_ADDRESSES = 8  # of one name that are tried
_TLS_RECORD = 16 * 1024 + 512


class NotPublicError(Exception):
    """A host is not at a public address, where it has to be."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class Network(httpcore.NetworkBackend):
    """Connections under a budget, and to public addresses alone if that is asked for.

    A name is looked up once, all its addresses are checked, and one of those is connected to: there
    is no second answer that could be another. What TLS and HTTP are told is the name.

    Args:
        budget: What may be taken.
        only_public: Whether a host is refused of which one address is not public.
        look_up: What looks up a name: `socket.getaddrinfo`, or what stands in for it.
        sockets: What connects to an address: httpcore's own, or what stands in for it.

    Attributes:
        reached_public: Whether a connection was made to a public address.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        only_public: bool,
        look_up: Callable[..., Sequence[Any]] | None = None,
        sockets: httpcore.NetworkBackend | None = None,
    ) -> None:
        self.reached_public = False
        self._budget = budget
        self._only_public = only_public
        self._look_up = look_up or socket.getaddrinfo
        self._sockets = sockets or httpcore.SyncBackend()
        self._streams: list[httpcore.NetworkStream] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of a host's addresses that takes one.

        Raises:
            NotPublicError: One of them is not public, and has to be.
            httpcore.ConnectError: There is no such host, or it takes no connection.
            httpcore.TimeoutException: The time is up.
        """
        found = self._addresses(host, port)
        if self._only_public and not all(map(is_public, found)):
            raise NotPublicError(host)
        failure: Exception = httpcore.ConnectError("the name has no address")
        tried = found[:_MOST_ADDRESSES]
        for number, address in enumerate(tried):
            share = self._budget.seconds() / (len(tried) - number)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self.reached_public = is_public(address)
                self._streams.append(_Stream(stream, self._budget))
                return self._streams[-1]
        raise failure

    def close(self) -> None:
        """Close what is open, whatever became of it."""
        for stream in self._streams:
            stream.close()

    def _addresses(self, host: str, port: int) -> list[str]:
        """Where a host is, each once."""
        with suppress(ValueError):
            ipaddress.ip_address(host)
            return [host]

        def look_up() -> Sequence[Any]:
            return self._look_up(host, port, type=socket.SOCK_STREAM)

        try:
            found = in_time(look_up, self._budget)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Stream(httpcore.NetworkStream):
    """A connection under a budget."""

    def __init__(self, stream: httpcore.NetworkStream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._budget.seconds())
        self._budget.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._budget.seconds())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        if self.get_extra_info("ssl_object") is not None:
            return _InnerTLS(self, ssl_context, server_hostname)
        # Python's own sockets bound a handshake as a whole.
        seconds = self._budget.seconds()
        self._stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _InnerTLS(httpcore.NetworkStream):
    """TLS within TLS, as to a server behind a proxy that itself is spoken to so.

    That of httpcore bounds each of its waits; here each goes through the budget of what is around.
    """

    def __init__(
        self, around: httpcore.NetworkStream, context: ssl.SSLContext, host: str | None
    ) -> None:
        self._around = around
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)
        try:
            self._exchange(self._tls.do_handshake)
        except BaseException as error:
            self.close()
            if isinstance(error, ssl.SSLError):
                raise httpcore.ConnectError(str(error)) from error
            raise

    def _exchange(self, step: Callable[[], T]) -> T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._around.write(self._goes.read())
                if data := self._around.read(_TLS_RECORD):
                    self._came.write(data)
                else:
                    self._came.write_eof()
            else:
                self._around.write(self._goes.read())
                return result

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._exchange(partial(self._tls.read, max_bytes))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            while buffer:
                buffer = buffer[self._exchange(partial(self._tls.write, buffer)) :]
        except ssl.SSLError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._around.close()

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else self._around.get_extra_info(info)
