"""`Batcher`: pictures of requests that come together are embedded together.

Requests leave their pictures in a queue; a thread takes a batch out of it, one picture of each
request in turn, so that whoever sends hundreds waits longer than whoever sends one. A batch closes
when it is full, or a few milliseconds after its first picture came; at once where the batch before
was of one request, so that who is alone waits for nobody. An error of a batch is that of the
picture that has it: the others are embedded again without it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.results import Failure
from zsclip.serve.asked import Upload
from zsclip.serve.limits import Limits
from zsclip.serve.refusals import too_busy

__all__ = ["Batcher", "Embed", "Embedded", "Ticket"]

Embedded: TypeAlias = NDArray[np.float32] | Failure
"""The embedding of a picture, float32 (d,), or why there is none."""

Embed: TypeAlias = Callable[[Sequence[Upload]], Iterable[Embedded]]
"""What embeds a batch."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One picture in the queue."""

    picture: Upload
    result: Future[Embedded]
    since: float


class Ticket:
    """The pictures of one request, and what becomes of them.

    Attributes:
        results: For each picture, in their order, what will hold its embedding or failure.
        since: When the request came, by `time.monotonic`.
    """

    def __init__(self, pictures: Sequence[Upload]) -> None:
        self.results: list[Future[Embedded]] = [Future() for _ in pictures]
        self.since = time.monotonic()
        self.left = deque(map(_Work, pictures, self.results, [self.since] * len(pictures)))


class Batcher:
    """A queue of pictures, and the threads that embed them.

    Args:
        embed: What embeds a batch.
        batch_size: The most pictures of one.
        limits: How many may wait, and how long a batch stays open.
        lanes: How many batches are on their way at the same time.
        watch: Told of each batch: its size, seconds that its first picture waited, and seconds that
            it took.
    """

    def __init__(
        self,
        embed: Embed,
        batch_size: int,
        limits: Limits,
        *,
        lanes: int = 1,
        watch: Callable[[int, float, float], None] = lambda size, waited, took: None,
    ) -> None:
        self._embed = embed
        self._batch_size = batch_size
        self._limits = limits
        self._watch = watch
        self._queue: deque[Ticket] = deque()
        self._waiting = 0
        self._closed = False
        self._alone = False  # whether the last batch was of one request
        self._changed = threading.Condition()
        self._gathering = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"zsclip-batches-{n}", daemon=True)
            for n in range(lanes)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    @property
    def is_working(self) -> bool:
        """Whether every thread lives and takes pictures."""
        return not self._closed and all(thread.is_alive() for thread in self._threads)

    @property
    def waiting(self) -> int:
        """How many pictures wait."""
        return self._waiting

    def submit(self, pictures: Sequence[Upload]) -> Ticket:
        """Put the pictures of a request into the queue.

        Raises:
            Refusal: There is no room for them.
        """
        ticket = Ticket(pictures)
        with self._changed:
            if self._closed:
                raise too_busy("The service is about to end.")
            if self._waiting and self._waiting + len(pictures) > self._limits.waiting_pictures:
                raise too_busy("Too many pictures wait at the moment. Come again in a second.")
            if pictures:
                self._waiting += len(pictures)
                self._queue.append(ticket)
                self._changed.notify_all()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Drop what has not begun of a request that nobody waits for any more."""
        with self._changed:
            self._waiting -= len(ticket.left)
            ticket.left.clear()
            with suppress(ValueError):
                self._queue.remove(ticket)

    def close(self) -> None:
        """End the threads, once what waits is done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(self._limits.end_seconds)

    # ------------------------------------------------------------------------------ the threads

    def _work(self) -> None:
        try:
            while (batch := self._next_batch()) is not None:
                if not batch:  # all of them were cancelled
                    continue
                started, came = time.monotonic(), min(work.since for work in batch)
                self._resolve(batch)
                self._watch(len(batch), started - came, time.monotonic() - started)
                del batch
        finally:
            if not self._closed:  # it fails, which Python tells; nobody is to wait for it
                self._give_up()

    def _give_up(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for ticket in self._queue:
                for work in ticket.left:
                    if work.result.set_running_or_notify_cancel():
                        work.result.set_exception(too_busy("The service is about to end."))
            self._queue.clear()
            self._waiting = 0

    def _next_batch(self) -> list[_Work] | None:
        """The next pictures; None when there will be none any more."""
        with self._gathering, self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            closes = self._queue[0].since + (0 if self._alone else self._limits.batch_seconds)
            while self._waiting < self._batch_size and not self._closed:
                if (left := closes - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            self._alone = len(self._queue) == 1
            batch: list[_Work] = []
            while self._queue and len(batch) < self._batch_size:
                ticket = self._queue.popleft()
                work = ticket.left.popleft()
                self._waiting -= 1
                if work.result.set_running_or_notify_cancel():
                    batch.append(work)
                if ticket.left:
                    self._queue.append(ticket)
            return batch

    def _resolve(self, batch: Sequence[_Work]) -> None:
        try:
            found = self._embed([work.picture for work in batch])
            pairs = list(zip(batch, found, strict=True))
        except BaseException as error:  # noqa: BLE001 - told to whoever waits; the thread goes on
            if len(batch) > 1:
                for work in batch:
                    self._resolve([work])
                return
            # what would end a program ends no service
            told = error if isinstance(error, Exception) else RuntimeError(repr(error))
            batch[0].result.set_exception(told)
            return
        for work, embedded in pairs:
            work.result.set_result(embedded)
