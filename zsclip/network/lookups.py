"""Looking up names, which the system does for as long as it likes: here, in time or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import httpcore

from zsclip.forks import PerProcess
from zsclip.network.budget import Budget

__all__ = ["in_time"]

T = TypeVar("T")

_MOST = 64  # look-ups at a time

# By process: of a forked child's parent, no thread lives on that would give its place back.
_PLACES = PerProcess(lambda: threading.Semaphore(_MOST))


def in_time(look_up: Callable[[], T], budget: Budget) -> T:
    """What a system's call gives that cannot be interrupted, if it does so in time.

    It runs in a thread of its own, the only thing here that can be left behind; the system gives up
    looking for a name after some seconds. There are 64 at most, and who comes later waits.

    Raises:
        httpcore.TimeoutException: It does not.
    """
    places = _PLACES.get()
    if not places.acquire(timeout=budget.seconds()):
        raise httpcore.TimeoutException
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(look_up())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            outcome.set_exception(error)
        finally:
            places.release()

    try:
        threading.Thread(target=run, name="zsclip-look-up", daemon=True).start()
    except BaseException:
        places.release()
        raise
    try:
        return outcome.result(budget.seconds())
    except TimeoutError:
        raise httpcore.TimeoutException from None
