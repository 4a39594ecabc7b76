"""`embed`: pictures read ahead in threads, and batch by batch through the model."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import takewhile
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder
from zsclip.encoders.contract import as_pixel_encoder, require_embeddings
from zsclip.images import Listed, apart, is_path
from zsclip.pipeline.kept import KeptEmbeddings
from zsclip.pipeline.picture import Picture, PictureOptions
from zsclip.pipeline.reading_ahead import Reader
from zsclip.results import Failure
from zsclip.wording import shown

__all__ = ["Embedded", "embed"]

AHEAD = 2  # batches of pictures on their way: one in the model, one being read
WINDOW = 8  # batches of pictures without their turn, those with an embedding or error among them
HELD = 256 * 1024 * 1024  # bytes of encoded pictures that were read before it was their turn

Embedded: TypeAlias = tuple[list[str | Failure], NDArray[np.float32]]
"""The description of each picture, or its failure, and the embeddings of the others (n, d)."""


def embed(
    sources: Iterator[object], encoder: Encoder, options: PictureOptions, *, stop: bool
) -> Iterator[Embedded]:
    """Read and embed pictures, some at a time, and keep none.

    While the model computes, threads read the next pictures: at most two batches are on their way,
    and of full-size pictures as many as there are threads (of an engine without `prepare`, a batch
    more). Results come in the order of the pictures. Those out of the cache and failures take no
    place in a batch; with them, at most eight batches wait for their turn. A batch of one is
    special: each picture has its result before the next one is taken.

    The source is only ever advanced by whoever asks for results. What a path names is read before
    the source goes on, since it may be about to write something else there, unless the source is
    `Listed`: then threads read files as well. Of what is read before it is decoded, at most 256 MiB
    are held; a picture for which there is no room is decoded before the next one is taken. No
    thread is left when the generator ends or is closed.

    Of a source in sections (`Listed`), no batch reaches from one into the next, and the results of
    one come all at once.

    Args:
        sources: The pictures, with names of their own or without.
        encoder: What embeds them.
        options: How to read and embed.
        stop: Whether to leave the rest alone once a picture cannot be read.

    Returns:
        For some pictures at a time the description of every one, or a `Failure`, and the embeddings
        of those that could be read: float32 (n, d), L2-normalized.

    Raises:
        NonFiniteError: An embedding holds NaN or infinity.
        EncoderError: The encoder breaks its protocol.
    """
    run = _Run(sources, encoder, options, stop=stop)
    try:
        yield from run.results()
    finally:
        run.close()


class _Run:
    """One call of `embed`."""

    def __init__(
        self,
        sources: Iterator[object],
        encoder: Encoder,
        options: PictureOptions,
        *,
        stop: bool,
    ) -> None:
        self._sources = sources
        self._is_listed = isinstance(sources, Listed)
        self._encoder = encoder
        self._engine = as_pixel_encoder(encoder)
        self._workers = options.workers
        self._batch_size = options.batch_size
        self._most = WINDOW * options.batch_size
        self._ahead = AHEAD * options.batch_size
        if self._batch_size == 1:
            self._most = self._ahead = 1
        elif self._engine is None:  # pictures wait at full size
            self._ahead = options.batch_size + options.workers
        section = sources.section if isinstance(sources, Listed) else None
        self._section = section and min(section, self._most)  # a window holds one at least
        self._stop = stop
        self._kept = _kept_embeddings(encoder, options)
        self._reader = Reader(encoder, options, self._kept, record=not stop)
        self._window: deque[Picture] = deque()  # in order, those without a result handed over
        self._first: Picture | None = None  # not handed to a thread: it may be the only one
        self._large: deque[Future[None]] = deque()  # whose pictures lie in memory at full size
        self._held: deque[tuple[Picture, int]] = deque()  # read and not decoded, with their bytes
        self._pool: ThreadPoolExecutor | None = None
        self._process = os.getpid()
        self._ended = False
        self._error: Exception | None = None  # of the source, raised when all results are out

    def results(self) -> Iterator[Embedded]:
        """The results of all pictures."""
        while self._window or not self._ended:
            while room := self._room():
                self._take(room)
                yield from self._resolved()
            batch = self._next_batch()
            if len(batch) < self._batch_size and self._room():
                continue  # some turned out to need no place
            if batch:
                self._encode(batch)
            yield from self._resolved()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Give up what is not done, and wait for what is being done.

        Nothing is kept that an error stands in: its traceback holds this run, and the engine.
        """
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._error = None
        for picture in self._window:
            picture.work = picture.failure = None
        self._window.clear()
        self._large.clear()

    # ------------------------------------------------------------------------------ reading

    def _room(self) -> int:
        """How many pictures may be taken now."""
        if self._ended:
            return 0
        on_their_way = sum(not picture.is_resolved for picture in self._window)
        room = min(self._ahead - on_their_way, self._most - len(self._window), self._batch_size)
        return max(0, room)

    def _take(self, count: int) -> None:
        """Take pictures from the source, find those that are known, and start on the others."""
        files = []
        for _ in range(count):
            given = self._next()
            if self._ended:
                break
            source, name = apart(given)
            picture = self._reader.take(source, name, stays=self._is_listed)
            self._window.append(picture)
            self._hold(picture, source)
            if self._kept is not None and is_path(picture.source) and not picture.is_resolved:
                files.append(picture)  # to be looked up together
            else:
                self._start(picture)
            if self._stop and picture.failure is not None:
                self._ended = True
                break
        if self._kept is not None and files:
            self._kept.find_files(files)
        for picture in files:
            self._start(picture)

    def _hold(self, picture: Picture, source: object) -> None:
        """Have a picture in memory, encoded or prepared, if it may be another one after this."""
        while self._held and self._held[0][0].source is None:
            self._held.popleft()
        room = HELD - sum(size for _, size in self._held)
        if is_path(picture.source) and not self._is_listed:
            if self._kept is not None:
                self._kept.find_files([picture])
            if not picture.is_resolved:
                self._reader.take_file(picture, max(0, room))
        if isinstance(picture.source, bytes) and not (picture.source is source and self._is_listed):
            if len(picture.source) > room:
                self._reader.read(picture)
            else:
                self._held.append((picture, len(picture.source)))

    def _next(self) -> Any:
        try:
            return next(self._sources)
        except StopIteration:
            self._ended = True
        except Exception as error:  # noqa: BLE001 - raised after the results before it
            self._ended, self._error = True, error
        return None

    def _start(self, picture: Picture) -> None:
        if not self._reader.needs_work(picture):
            return
        if self._pool is None:
            if self._first is None:
                self._first = picture
                return
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="zsclip-pictures")
            self._submit(self._pool, self._first)
            self._first = None
        self._submit(self._pool, picture)

    def _submit(self, pool: ThreadPoolExecutor, picture: Picture) -> None:
        in_memory = picture.image is not None
        if in_memory and len(self._large) >= self._workers:
            wait([self._large.popleft()])
        picture.work = pool.submit(self._reader.read, picture)
        if in_memory:
            self._large.append(picture.work)

    # ------------------------------------------------------------------------------ embedding

    def _next_batch(self) -> list[Picture]:
        """The next pictures for the model, once they are read: a batch, or as many as there are."""
        if self._first is not None:
            self._reader.read(self._first)
            self._first = None
        batch: list[Picture] = []
        for place, picture in enumerate(self._window, start=1):
            if picture.work is not None:
                picture.work.result()
            if self._stop and picture.failure is not None:
                self._cut(place)
                break
            if not picture.is_resolved:
                batch.append(picture)
            if len(batch) == self._batch_size or place == self._section:
                break
        return batch

    def _cut(self, length: int) -> None:
        """Leave alone all that comes after a failure."""
        self._ended, self._error = True, None
        while len(self._window) > length:
            picture = self._window.pop()
            if picture.work is not None:
                picture.work.cancel()

    def _encode(self, batch: list[Picture]) -> None:
        if self._engine is not None:
            pixels = [picture.pixels for picture in batch if picture.pixels is not None]
            embeddings = self._engine.encode_pixels(np.stack(pixels))
        else:
            images = [picture.image for picture in batch if picture.image is not None]
            embeddings = self._encoder.encode_images(images)
        checked = require_embeddings(
            embeddings,
            len(batch),
            self._encoder,
            lambda row: f"the picture {shown(batch[row].name)}",
        )
        for picture, embedding in zip(batch, checked, strict=True):
            picture.embedding = embedding
            picture.drop_pixels()

    def _resolved(self) -> Iterator[Embedded]:
        """The results that are due, all at once; nothing if the next picture is not done."""
        if done := self._due():
            yield self._handed_over(done)
            if os.getpid() != self._process:
                self._take_over()

    def _due(self) -> list[Picture]:
        """The pictures at the beginning of the window that have their result: whole sections."""
        done = list(takewhile(lambda picture: picture.is_resolved, self._window))
        if self._section:
            least = min(self._section, len(self._window)) if self._ended else self._section
            done = done[: self._section] if len(done) >= least else []
        for _ in done:
            self._window.popleft()
        return done

    def _handed_over(self, done: list[Picture]) -> Embedded:
        if self._kept is not None:
            self._kept.keep(done)
        embeddings = [picture.embedding for picture in done if picture.embedding is not None]
        width = self._encoder.model_info.embedding_dim
        described = [picture.failure or picture.name for picture in done]
        for picture in done:
            picture.failure = None  # which holds a traceback, which holds the picture
        return described, np.stack(embeddings) if embeddings else np.empty((0, width), np.float32)

    def _take_over(self) -> None:
        """Go on in a forked child, without the threads of its parent: read what they were at."""
        self._process, self._pool = os.getpid(), None
        self._large.clear()
        for picture in self._window:
            if picture.work is not None and not picture.work.done():
                picture.work = None
                self._reader.read(picture)


def _kept_embeddings(encoder: Encoder, options: PictureOptions) -> KeptEmbeddings | None:
    """What the cache holds for an engine; None if there is no cache, or no telling its models."""
    engine = as_pixel_encoder(encoder)
    if options.cache is None or engine is None:
        return None
    weights = engine.weights_sha256
    if weights is None:
        return None
    return KeptEmbeddings(options.cache, engine, weights, options.reading)
