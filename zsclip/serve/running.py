"""`serve_until_told`: an application on uvicorn, until a signal ends it in good order."""

from __future__ import annotations

import contextlib
import math
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Generator
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from zsclip.errors import ImageWarning
from zsclip.serve.connections import connections_within
from zsclip.serve.limits import Limits
from zsclip.serve.service import Service
from zsclip.wording import shown

__all__ = ["serve_until_told"]

_BACKLOG = 2048  # connections that wait to be taken, as uvicorn has it
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_until_told(
    app: Starlette, host: str, port: int, limits: Limits, *, started: Callable[[str, int], None]
) -> None:
    """Listen until SIGTERM or SIGINT, or until it turns out that the model cannot be used.

    What is in flight then ends first.

    Args:
        app: The application.
        host: The address.
        port: The port; 0 for one that is free.
        limits: How long things may take.
        started: Told the address and the port once it listens.

    Raises:
        OSError: The address is not this machine's, or the port is taken.
    """
    config = uvicorn.Config(
        app,
        log_level="error",  # what strangers send amiss is their business
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http=connections_within(limits),
        timeout_graceful_shutdown=math.ceil(limits.end_seconds),
    )
    with _listening(host, port) as sock, warnings.catch_warnings():
        # one for each damaged picture, kept by Python for ever
        warnings.simplefilter("ignore", ImageWarning)
        _Server(config, app.state.service, started).run([sock])


def _listening(host: str, port: int) -> socket.socket:
    """A socket at the address.

    Raises:
        OSError: The address is not this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]  # the address, once more
        raise OSError(
            error.errno,
            f"Cannot listen on {shown(host)}, port {port}: {why}. Choose another, or port 0 for "
            "one that is free.",
        ) from error


class _Server(uvicorn.Server):
    """Ends in good order on a signal, with status 0; uvicorn's own would die of it afterwards."""

    def __init__(
        self, config: uvicorn.Config, service: Service, started: Callable[[str, int], None]
    ) -> None:
        super().__init__(config)
        self._service = service
        self._tell = started

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {sig: signal.signal(sig, self.handle_exit) for sig in _SIGNALS}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.end()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            address = sockets[0].getsockname()
            self._tell(address[0], address[1])

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._service.fault is not None
