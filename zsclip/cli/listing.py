"""What is printed of each prediction: the best labels, or a set of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from zsclip.cli.options import with_options

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.results import Prediction, Score

__all__ = ["Listing", "listing_options"]

F = TypeVar("F", bound=Callable[..., Any])

TOP = 3
FITTED = "fitted"


@dataclass(frozen=True)
class Listing:
    """Which labels are printed of each prediction.

    Attributes:
        by: ``"top"``, ``"above"``, ``"coverage"`` or ``"deepest"``.
        value: How many, from which score on (None: from the thresholds that were fitted), how often
            the truth is to be among them, or how sure a group must be.
    """

    by: str = "top"
    value: float | None = TOP

    @property
    def top(self) -> int | None:
        """How many labels are printed of each picture; None if that depends on the picture."""
        return int(self.value or 0) if self.by == "top" else None

    def require_of(self, classifier: ZeroShotClassifier) -> None:
        """Raise if a classifier cannot choose labels so, before it looks at a picture.

        Raises:
            UsageError: It did not learn what it takes, or its scores do not add up.
        """
        learnt = classifier.learnt
        together = learnt.probe or classifier.model_info.score_function == "softmax"
        if self.by == "deepest" and (classifier.origin.multi_label or not together):
            raise click.UsageError(
                "--deepest adds up the scores of a group, which means nothing where each label is "
                "scored by itself. Give a label for the group, or use --above."
            )
        if self.by == "coverage" and learnt.calibration is None:
            raise click.UsageError(
                "--coverage takes a classifier that was calibrated on pictures whose labels are "
                "known: zsclip save FILE --calibrate ... makes one."
            )
        if self.by == "above" and self.value is None and learnt.thresholds is None:
            raise click.UsageError(
                f"--above {FITTED} takes a classifier with a threshold for each label: zsclip save "
                "FILE --multi-label --calibrate ... makes one."
            )

    def of(self, prediction: Prediction) -> list[Score]:
        """The labels of one prediction, best first."""
        from zsclip.results import Score

        if self.by == "deepest":
            node = prediction.deepest(float(self.value or 0))
            return [] if node is None else [Score(node.name, node.id, node.score)]
        if self.by == "above":
            return prediction.above(self.value)
        if self.by == "coverage":
            return prediction.prediction_set(float(self.value or 0))
        return prediction.top(int(self.value or 0))


def listing_options(command: F) -> F:
    """``--top``, ``--above``, ``--coverage`` and ``--deepest``: the command gets one `listing`."""

    @functools.wraps(command)
    def with_listing(*, top: int, **given: Any) -> Any:
        named = {by: given.pop(by) for by in ("above", "coverage", "deepest")}
        chosen = [by for by, value in named.items() if value is not None]
        source = click.get_current_context().get_parameter_source("top")
        if len(chosen) + (source is ParameterSource.COMMANDLINE) > 1:
            raise click.UsageError(
                "--top, --above, --coverage and --deepest exclude each other: each says which "
                "labels to print."
            )
        if not chosen:
            return command(listing=Listing("top", top), **given)
        value = None if named[chosen[0]] == FITTED else float(named[chosen[0]])
        if value is not None and math.isnan(value):  # which no range of click's leaves out
            raise click.UsageError(f"--{chosen[0]} must be a number from 0 to 1, got nan.")
        return command(listing=Listing(chosen[0], value), **given)

    options = [
        click.option(
            "-k",
            "--top",
            type=click.IntRange(min=1),
            default=TOP,
            show_default=True,
            help="How many labels to print for each picture.",
        ),
        click.option(
            "--above",
            metavar=f"P|{FITTED}",
            callback=_share_or_fitted,
            help="Print the labels whose score is P or more; or, of a classifier of several labels "
            "that was saved with --calibrate, from each label's own threshold on.",
        ),
        click.option(
            "--coverage",
            type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
            metavar="P",
            help="Print as many labels as hold the true one with probability P; takes a "
            "classifier that was saved with --calibrate.",
        ),
        click.option(
            "--deepest",
            type=click.FloatRange(min=0, max=1, min_open=True),
            metavar="P",
            help="Print the most specific label or group whose scores add up to P.",
        ),
    ]
    wrapped: F = with_listing  # type: ignore[assignment]
    return with_options(wrapped, options)


def _share_or_fitted(
    ctx: click.Context, param: click.Parameter, text: str | None
) -> str | float | None:
    if text is None or text == FITTED:
        return text
    share = click.FloatRange(min=0, max=1).convert(cast(Any, text), param, ctx)
    return float(share)
