"""`connections_within`: connections that end, whatever the other side does or leaves undone.

uvicorn waits for ever for the head of a request, for the rest of a body that nobody reads any more,
and for a client that does not read its answer; and it closes a connection while the client still
sends, upon which most systems throw away the answer that the client has not read. Each of these has
a time here. Beyond a number of connections the one that has been silent for longest makes room.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from zsclip.serve.limits import Limits

__all__ = ["connections_within"]

_REST_SECONDS = 2.0  # in which a client may end what it sends, once it has its answer


def connections_within(limits: Limits) -> type[H11Protocol]:
    """The protocol of each connection of one server; they know of each other.

    Args:
        limits: `connections`, `head_seconds` and `answer_seconds`.
    """

    class Bound(_Connection):
        bounds = limits
        silent: dict[_Connection, None] = {}  # noqa: RUF012 - of all of one server

    return Bound


class _Connection(H11Protocol):
    """A connection.

    Attributes:
        bounds: How long it may take, and how many there may be.
        silent: Those on which no request is, the one that has been silent for longest first.
    """

    bounds: Limits
    silent: dict[_Connection, None]

    _head: asyncio.TimerHandle | None = None
    _answer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio does so for sockets that it made itself; without, the body of an answer waits some
        # 40 ms for the client to acknowledge its head
        with suppress(OSError):  # of a client that is gone already
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(_Lingering(transport, self))
        if len(self.connections) > self.bounds.connections:
            if not self.silent:
                self._tell(503, "ServiceUnavailable", "Too many requests come at the moment.")
                return
            oldest = next(iter(self.silent))
            del self.silent[oldest]
            self.connections.discard(oldest)  # it is gone for those who count
            oldest.transport.abort()
        self._note()

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)
            self._note()

    def eof_received(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.is_sent_more and not self.transport.is_closing():
            self.transport.close()
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.silent.pop(self, None)
        for timer in (self._head, self._answer):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer = self.loop.call_later(self.bounds.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer is not None:
            self._answer.cancel()

    def send_400_response(self, msg: str) -> None:
        del msg
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._tell(400, "BadRequest", "This is no HTTP request. Send one.")
        else:  # in the middle of an answer
            self.transport.abort()

    @property
    def is_sent_more(self) -> bool:
        """Whether the client is in the middle of a body."""
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    def _note(self) -> None:
        """Wait for the head of a request where there is none."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.silent.pop(self, None)
            if self._head is not None:
                self._head.cancel()
        elif self not in self.silent and not self.transport.is_closing():
            self.silent[self] = None
            self._head = self.loop.call_later(self.bounds.head_seconds, self._give_up)

    def _give_up(self) -> None:
        if self.transport.is_closing():
            return
        seconds = self.bounds.head_seconds
        if self.conn.trailing_data[0] and self.conn.our_state is h11.IDLE:
            self._tell(408, "RequestTimeout", f"No whole request came within {seconds:g} seconds.")
        else:
            self.transport.abort()

    def _tell(self, status: int, kind: str, message: str) -> None:
        """Answer where no application does, and close."""
        body = json.dumps({"error": message, "error_type": kind}).encode("ascii")
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
            *([("retry-after", "1")] if status == 503 else []),
        ]
        for event in (
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _Lingering(asyncio.Transport):
    """A transport that closes once the client has ended what it sends, or its time for it is up."""

    def __init__(self, transport: asyncio.Transport, connection: _Connection) -> None:
        super().__init__()
        self._transport = transport
        self._connection = connection
        self._lingers = False

    def close(self) -> None:
        if self._connection.is_sent_more and not self.is_closing():
            self._lingers = True
            self._transport.resume_reading()
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._connection.loop.call_later(_REST_SECONDS, self._transport.abort)
        elif not self._lingers:
            self._transport.close()

    def is_closing(self) -> bool:
        return self._lingers or self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()

    def write(self, data: Any) -> None:
        self._transport.write(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self._transport.writelines(list_of_data)

    def pause_reading(self) -> None:
        if not self._lingers:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
