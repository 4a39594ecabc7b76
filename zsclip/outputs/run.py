"""`Run`: pictures classified into a file, which can be interrupted at any moment and gone on with.

What is found out goes into a journal, batch by batch, and the file is made of it when all is done.
Whoever goes on gets the file that there would have been, byte for byte: batches begin where they
would have begun, and nothing but a picture's own batch and the cache decides its scores. What was
said of a picture stays said, if it is changed meanwhile or could not be read then, as it does in a
run that is not interrupted. Pictures that are new come in their place, unless that is among those
that are done, which must all be there still, in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from zsclip.errors import ResumeError
from zsclip.images import Listed
from zsclip.outputs.formats import open_output
from zsclip.outputs.journal import Entry, Journal, journal_of
from zsclip.outputs.same import about_run
from zsclip.outputs.writer import Plan
from zsclip.results import Failure, Prediction
from zsclip.wording import brief

__all__ = ["Run", "Sources"]


class Sources(Protocol):
    """Pictures, one after the other, and what each is called in the end."""

    def __iter__(self) -> Iterator[Any]: ...

    def results(
        self, results: Iterable[Prediction | Failure]
    ) -> Iterator[tuple[str, Prediction | Failure]]:
        """Each result with the path or the URL of its picture, and failures that are of none."""


@dataclass
class Run:
    """One file of results in the making; a context manager, which leaves the journal if it fails.

    Attributes:
        plan: What is written.
        target: The file.
        batch_size: How many pictures the classifier takes at once.
        settings: What else decides the results, by the names that users know.
        resume: Whether to go on with what is there, if there is something.

    Raises:
        ResumeError: An interrupted run is there, and is not to be gone on with, or not as this one.
        OSError: The disk refuses.
    """

    plan: Plan
    target: Path
    batch_size: int
    settings: dict[str, Any] = field(default_factory=dict)
    resume: bool = False

    def __enter__(self) -> Self:
        clf = self.plan.classifier
        decided = {**self.settings, "format": self.plan.form, "batch size": self.batch_size}
        header = about_run(clf, decided)
        self._journal = Journal(journal_of(self.target), clf, header, resume=self.resume)
        self._rest: list[Entry] = []  # what came after the last whole batch
        self._last: Prediction | Failure | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._journal.close()

    def results(self, sources: Sources) -> Iterator[tuple[str, Prediction | Failure]]:
        """All results, those of an interrupted run first; new ones are written down as they come.

        Raises:
            ResumeError: What was classified then are other pictures.
            OSError: The disk refuses.
        """
        done = iter(self._journal)
        n_new = 0
        place = 0
        for place, (source, result) in enumerate(sources.results(self._each(sources)), start=1):
            if (then := next(done, None)) is not None:
                if then.source != source:
                    raise self._other(place, then.source, source)
                yield source, then.result
                continue
            entry = Entry(source, result, of_picture=result is self._last)
            n_new += entry.of_picture
            self._rest.append(entry)
            if entry.of_picture and n_new % self.batch_size == 0:
                self._journal.add(self._rest)
                self._rest.clear()
            yield source, result
        if (then := next(done, None)) is not None:
            raise self._other(place + 1, then.source, None)

    def _each(self, sources: Sources) -> Iterator[Prediction | Failure]:
        """The result of each picture, those of an interrupted run first."""
        given = iter(sources)
        for entry in self._journal:
            if entry.of_picture:
                if next(given, None) is None:
                    return
                yield entry.result
        pictures = Listed(given, section=self.batch_size)
        for result in self.plan.classifier.stream(pictures, on_error="record"):
            self._last = result
            yield result

    def _other(self, place: int, then: str, now: str | None) -> ResumeError:
        told = "no more there" if now is None else f"{brief(now)} now"
        return ResumeError(
            f"{brief(str(self._journal.path))} is of other pictures: number {place:,} was "
            f"{brief(then)} then, and is {told}. Give the same ones, or delete it to begin anew."
        )

    def finish(self) -> None:
        """Write the file, and remove the journal. `results` must have ended.

        Raises:
            OSError: The disk refuses; the journal stays.
        """
        with open_output(self.plan, self.target) as writer:
            for entry in chain(self._journal, self._rest):
                if self.plan.wants(entry.result):
                    writer.write(entry.source, entry.result)
        self._journal.remove()
