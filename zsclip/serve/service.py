"""`Service`: one classifier and all that answers requests for it, whatever brings them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from PIL import Image

from zsclip.classifier import ZeroShotClassifier
from zsclip.logs import logger_for
from zsclip.results import Failure
from zsclip.serve.asked import Upload
from zsclip.serve.batching import Batcher, Embedded, Ticket
from zsclip.serve.keeping import KeptEmbeddings, keys_of
from zsclip.serve.limits import Limits, reading_for_strangers
from zsclip.serve.metrics import Metrics
from zsclip.serve.refusals import too_busy
from zsclip.serve.telling import told_origin
from zsclip.serve.wordings import Wordings

__all__ = ["Pending", "Service"]

_logger = logger_for("zsclip.serve")

_AT_ONCE = 1024 * 1024  # bytes that are hashed while everybody waits


class Service:
    """What the routes of an application stand on. Belongs to one event loop.

    Attributes:
        classifier: The one that was given, reading as for strangers.
        limits: How much is taken.
        urls: Which URLs are fetched.
        metrics: What is counted.
        wordings: Classifiers for the labels of requests.
        fault: Why the model cannot be used, if it cannot.
    """

    def __init__(self, classifier: ZeroShotClassifier, limits: Limits, *, urls: str) -> None:
        reading = reading_for_strangers(classifier.reading, limits, urls)
        self.classifier = classifier.with_settings(reading=reading)
        self.limits = limits
        self.urls = urls
        self.metrics = Metrics(lambda: self._batcher.waiting)
        self._kept = KeptEmbeddings(limits.kept_pictures)
        self._origins: WeakKeyDictionary[ZeroShotClassifier, dict[str, Any]] = WeakKeyDictionary()
        self._prepare()

    # ------------------------------------------------------------------------------- its life

    def _prepare(self) -> None:
        """Have threads that are not started yet."""
        self.fault: BaseException | None = None
        self.wordings = Wordings(self.classifier, self.limits)
        self._batcher = Batcher(
            self._embed,
            self.classifier.batch_size,
            self.limits,
            # while a GPU is at one batch, the next one is decoded; cores are busy with one
            lanes=1 if self.classifier.model_info.device == "cpu" else 2,
            watch=self.metrics.batch,
        )
        self._is_started = self._is_warm = self._ends = self._is_closed = False

    def open(self) -> None:
        """Start, and again after it was closed: an application may live several times."""
        if self._is_closed:
            self._prepare()
        self.start()

    def start(self) -> None:
        """Start the threads, and have the model loaded in one; once, whoever asks."""
        if self._is_started:
            return
        self._is_started = True
        self._batcher.start()
        threading.Thread(target=self._warm, name="zsclip-warming", daemon=True).start()

    def end(self) -> None:
        """Say from now on that requests had better go elsewhere; those that come are answered."""
        self._ends = True

    def close(self) -> None:
        """End the threads, once what waits is done."""
        self.end()
        self._batcher.close()
        self.wordings.close()
        self._is_closed = True

    def not_ready(self) -> str:
        """Why requests had better go elsewhere; empty if they need not."""
        self.start()
        if self._ends:
            return "The service is about to end."
        if self.fault is not None:
            return "The model cannot be loaded. The service's log tells why."
        if not self._is_warm:
            return "The model is being loaded."
        return "" if self._batcher.is_working else "The thread that embeds pictures has ended."

    def _warm(self) -> None:
        try:
            self.wordings.embed_own()
            self.classifier.encode_images([Image.new("RGB", (8, 8))])
            self._is_warm = True
        except BaseException as error:  # told by `not_ready`
            self.fault = error
            _logger.exception("The model cannot be loaded.")

    def origin(self, classifier: ZeroShotClassifier) -> dict[str, Any]:
        """How a classifier's predictions come about, told once for all of them."""
        if classifier not in self._origins:
            self._origins[classifier] = told_origin(classifier)
        return self._origins[classifier]

    # ------------------------------------------------------------------------------- pictures

    def _embed(self, pictures: Sequence[Upload]) -> list[Embedded]:
        sources = [picture.source for picture in pictures]
        names = [picture.name for picture in pictures]
        return list(self.classifier.stream_embeddings(sources, on_error="record", sources=names))

    async def embedding(self, pictures: Sequence[Upload]) -> Pending:
        """Send the pictures of a request on their way.

        Raises:
            Refusal: There is no room for them.
        """
        self.start()  # in an application that is part of another one, nothing did before
        if sum(len(picture.source) for picture in pictures) > _AT_ONCE:
            keys = await asyncio.to_thread(keys_of, pictures)
        else:
            keys = keys_of(pictures)
        known = [self._kept.find(key) for key in keys]
        missing = [n for n, embedding in enumerate(known) if embedding is None]
        ticket = self._batcher.submit([pictures[n] for n in missing])
        self.metrics.pictures.labels("kept").inc(len(pictures) - len(missing))
        return Pending(self, keys, known, ticket)

    def note(self, key: bytes | None, embedded: Embedded) -> None:
        """Count what has come of a picture, and keep its embedding."""
        if isinstance(embedded, Failure):
            self.metrics.failures.labels(type(embedded.error).__name__).inc()
        else:
            self.metrics.pictures.labels("computed").inc()
            self._kept.keep(key, embedded)

    def cancel(self, ticket: Ticket) -> None:
        """Drop what has not begun of a request."""
        self._batcher.cancel(ticket)


class Pending:
    """The pictures of one request on their way: iterated over, their embeddings in order."""

    def __init__(
        self,
        service: Service,
        keys: Sequence[bytes | None],
        known: Sequence[Embedded | None],
        ticket: Ticket,
    ) -> None:
        self._service = service
        self._keys = keys
        self._known = known
        self._ticket = ticket

    async def __aiter__(self) -> AsyncIterator[Embedded]:
        results = iter(self._ticket.results)
        for key, known in zip(self._keys, self._known, strict=True):
            if known is not None:
                yield known
                continue
            seconds = self._service.limits.queue_seconds
            try:
                async with asyncio.timeout(seconds):
                    embedded = await asyncio.wrap_future(next(results))
            except TimeoutError:
                raise too_busy(
                    f"There was no result within {seconds:g} seconds. Come again later.", seconds=5
                ) from None
            self._service.note(key, embedded)
            yield embedded

    def cancel(self) -> None:
        """Drop what has not begun."""
        self._service.cancel(self._ticket)
