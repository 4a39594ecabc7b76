"""`Writer`: what takes results one by one and leaves a file; and what of them it is to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zsclip.outputs.chosen import Chosen
from zsclip.outputs.lines import Lines, lines_of
from zsclip.results import Failure, Prediction

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier

__all__ = ["Plan", "Writer"]


class Writer(Protocol):
    """Takes results in their order. It is had from a context manager, which leaves the file.

    When that ends well the file is there, whole, under its name. When it ends with an error, or the
    process is killed, whatever had that name before has it still.
    """

    def write(self, source: str, result: Prediction | Failure) -> None:
        """Take the result of one picture.

        Args:
            source: Its full path, or its URL less what is secret in it.
            result: What became of it.

        Raises:
            OSError: The disk refuses.
        """


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is written of results.

    Attributes:
        form: The format: a key of `FORMATS`.
        classifier: What makes the results.
        chosen: Which labels of each.
        accepted_only: Whether pictures that are none of the labels are left out.
    """

    form: str
    classifier: ZeroShotClassifier
    chosen: Chosen
    accepted_only: bool = False

    @property
    def rejecting(self) -> bool:
        """Whether the classifier can say that a picture is none of the labels."""
        return self.classifier.rejection is not None

    def lines(self) -> Lines:
        """What makes the lines of the results, where the format is one of lines."""
        labels = self.classifier.labelset
        return lines_of(self.form, labels, self.chosen, rejecting=self.rejecting)

    def wants(self, result: Prediction | Failure) -> bool:
        """Whether a result is written at all."""
        return not self.accepted_only or isinstance(result, Failure) or result.accepted
