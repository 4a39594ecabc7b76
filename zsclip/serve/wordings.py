"""`Wordings`: classifiers for the labels of requests, each embedded once, the latest kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from zsclip.classifier import ZeroShotClassifier, embed_labels
from zsclip.serve.asked import Asked
from zsclip.serve.limits import Limits
from zsclip.serve.refusals import Refusal, too_busy

__all__ = ["Wordings"]

T = TypeVar("T")

_OWN = (None, None, None)  # what a request names that is answered by the service's own classifier


class Wordings:
    """Classifiers over the model of one, for what requests ask for.

    Texts are embedded in one thread of their own, one request after the other, while pictures of
    others go on. To be used in one event loop.

    Args:
        classifier: The one that the service was given, and that answers where nothing is named.
        limits: How many are kept, and how large they may be.
    """

    def __init__(self, classifier: ZeroShotClassifier, limits: Limits) -> None:
        self._own = classifier
        self._plain = classifier.zero_shot()
        self._limits = limits
        self._made: OrderedDict[object, asyncio.Future[ZeroShotClassifier]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="zsclip-texts")
        self._waiting = 0
        self._is_embedded = False

    def embed_own(self) -> ZeroShotClassifier:
        """Have the labels of the service's own classifier embedded, in whatever thread this is."""
        embed_labels(self._own)
        self._is_embedded = True
        return self._own

    async def classifier(self, asked: Asked) -> ZeroShotClassifier:
        """The classifier for what is asked, with its labels embedded.

        What the service's own classifier learnt holds for its own labels alone: with others, other
        templates, or several labels in place of one, a request is answered by the plain one.

        Where labels are not embedded in time they are still, so that a request that comes again
        finds them.

        Raises:
            Refusal: There are too many labels, too many requests wait for theirs, or they are not
                embedded in time.
            ZsclipError: The labels or templates cannot be used.
        """
        same = asked.multi_label == self._own.origin.multi_label
        several = None if same else asked.multi_label
        key = (asked.labels, asked.templates, several)
        if key == _OWN and self._is_embedded:
            return self._own
        if key not in self._made:
            self._made[key] = asyncio.ensure_future(self._run(self._make, asked, several))
            self._made[key].add_done_callback(partial(self._forget_failed, key))
        made = self._made[key]
        self._made.move_to_end(key)
        while len(self._made) > self._limits.label_sets:
            self._made.popitem(last=False)
        return made.result() if made.done() else await self._in_time(asyncio.shield(made))

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The embeddings of texts as they are: float32 (n, d), L2-normalized.

        Raises:
            Refusal: Too many requests wait for texts, or they are not embedded in time.
            ZsclipError: A text does not fit the model.
        """
        return await self._in_time(self._run(self._own.encode_texts, texts))

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_time(self, work: Awaitable[T]) -> T:
        seconds = self._limits.queue_seconds
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            raise too_busy(
                f"Texts were not embedded within {seconds:g} seconds. Ask again in a while.",
                seconds=5,
            ) from None

    def _forget_failed(self, key: object, made: asyncio.Future[ZeroShotClassifier]) -> None:
        """Let what failed be tried again."""
        if (made.cancelled() or made.exception()) and self._made.get(key) is made:
            del self._made[key]

    async def _run(self, work: Callable[..., T], *given: object) -> T:
        """Something that embeds texts, in the thread for it."""
        if self._waiting >= self._limits.waiting_texts:
            raise too_busy("Too many texts wait to be embedded. Come again in a second.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, work, *given)
        finally:
            self._waiting -= 1

    def _make(self, asked: Asked, several: bool | None) -> ZeroShotClassifier:
        if (asked.labels, asked.templates, several) == _OWN:
            return self.embed_own()
        labels = self._own.labelset if asked.labels is None else _labels(asked)
        made = self._plain.with_labels(labels, templates=asked.templates, multi_label=several)
        prompts = sum(map(len, made.labelset.prompts_with(made.templates)))
        if asked.labels is not None and prompts > self._limits.prompts:
            raise Refusal(
                422,
                f"The labels and templates make {prompts:,} prompts, and may make "
                f"{self._limits.prompts:,}. Give fewer of either.",
            )
        embed_labels(made)
        return made


def _labels(asked: Asked) -> dict[str, list[str]] | list[str]:
    """The labels that a request names: names and phrases alone, never the name of a file."""
    given = asked.labels or ()
    pairs = {label[0]: list(label[1]) for label in given if isinstance(label, tuple)}
    return pairs or [label for label in given if isinstance(label, str)]
