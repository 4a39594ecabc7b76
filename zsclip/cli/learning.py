"""What `zsclip save` has a classifier learn from pictures before it writes it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zsclip.cli.completion import complete_files
from zsclip.cli.group import Failed
from zsclip.cli.options import with_options
from zsclip.cli.output import say
from zsclip.wording import brief, counted, in_a_row, printable

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.learnt import Learnt

__all__ = ["Lessons", "learning_options", "lines_about", "truth_at"]

F = TypeVar("F", bound=Callable[..., Any])

TRUTH = "FOLDER|TABLE"  # of class folders; or a table with the columns image and label
PART = click.FloatRange(min=0, max=1, min_open=True, max_open=True)


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """What a classifier is to learn, in the order in which it can: each None if not asked for.

    Attributes:
        standardize: Pictures whose cosines are to be the usual ones, of several labels at once.
        probe: Pictures and truth to fit a linear layer on.
        calibrate: Pictures and truth to fit a temperature on, or thresholds of several labels.
        label_precision: The precision that thresholds are for, in place of F1.
        reject_like: Pictures of the kind that is wanted.
        coverage: The part of such pictures that is to be accepted.
        reject_on: Pictures and truth to fit a threshold on.
        max_error: The error among the accepted ones.
        threshold: A threshold by hand.
        reject_by: What confidence is.
        null_prompts: What it compares with, where labels are not.
    """

    standardize: str | None = None
    probe: str | None = None
    calibrate: str | None = None
    label_precision: float | None = None
    reject_like: str | None = None
    coverage: float | None = None
    reject_on: str | None = None
    max_error: float | None = None
    threshold: float | None = None
    reject_by: str | None = None
    null_prompts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._require_pair("--coverage", self.coverage, "--reject-like", self.reject_like)
        self._require_pair("--max-error", self.max_error, "--reject-on", self.reject_on)
        if self.label_precision is not None and self.calibrate is None:
            raise click.UsageError("--label-precision is what --calibrate aims at. Give both.")
        ways = [self.reject_like, self.reject_on, self.threshold]
        if sum(way is not None for way in ways) > 1:
            raise click.UsageError(
                "--reject-like, --reject-on and --threshold exclude each other: each says from "
                "where on a picture is accepted."
            )
        if self.reject_by is not None and not any(way is not None for way in ways):
            raise click.UsageError(
                "--reject-by takes --reject-like, --reject-on or --threshold, which say from where "
                "on a picture is accepted."
            )

        if self.probe is not None:
            self._require_other_pictures(self.probe)

    def _require_other_pictures(self, probe: str) -> None:
        """Raise if what judges a probe's scores would be fitted on the pictures of the probe."""
        for option, path in (
            ("--calibrate", self.calibrate),
            ("--reject-like", self.reject_like),
            ("--reject-on", self.reject_on),
        ):
            if path is not None and os.path.realpath(path) == os.path.realpath(probe):
                raise click.UsageError(
                    f"--probe and {option} take different pictures: a probe knows its own by "
                    "heart, and is surer of them than of any other. Keep some aside."
                )

    @staticmethod
    def _require_pair(one: str, number: float | None, other: str, path: str | None) -> None:
        if (number is None) is not (path is None):
            raise click.UsageError(f"{one} and {other} belong together. Give both.")

    def teach(self, classifier: ZeroShotClassifier) -> ZeroShotClassifier:
        """A classifier that learnt all of it."""
        from zsclip.images import sources_of

        # all that is asked for is looked up before anything is fitted, which may take an hour
        probe, calibrate, reject_on = (
            None if path is None else truth_at(path, classifier, foreign=foreign)
            for path, foreign in (
                (self.probe, False),
                (self.calibrate, False),
                (self.reject_on, True),
            )
        )
        if self.reject_like is not None:
            sources_of(self.reject_like)
        if self.standardize is not None:
            classifier = classifier.standardized(self.standardize)
        if probe is not None:
            classifier = classifier.linear_probe(*probe)
        if calibrate is not None:
            classifier = classifier.calibrated(*calibrate, precision=self.label_precision)
        by: dict[str, Any] = {"method": self.reject_by, "null_prompts": self.null_prompts or None}
        if self.threshold is not None:
            return classifier.rejecting(threshold=self.threshold, **by)
        if self.reject_like is not None:
            return classifier.rejecting(self.reject_like, coverage=self.coverage, **by)
        if reject_on is not None:
            return classifier.rejecting(*reject_on, max_error=self.max_error, **by)
        return classifier


def truth_at(
    path: str, classifier: ZeroShotClassifier, *, foreign: bool = False
) -> tuple[list[Any], list[Any]]:
    """Pictures and the truth of each, out of a folder of class folders or a table.

    Args:
        path: The folder or the table.
        classifier: Whose labels are meant.
        foreign: Whether pictures may be none of the labels: in other folders, or without a label
            in the table.

    Raises:
        Failed: Some are in folders that are no label, and may not be.
    """
    from zsclip.evaluation import find_truth, indices_of, read_truth

    several = classifier.origin.multi_label
    if not os.path.isdir(os.path.expanduser(path)):  # noqa: PTH112, PTH111 - false for no path at all
        table = read_truth(path, several=several)
        if not foreign:
            labels = classifier.labelset
            indices_of(labels, table.truth, several=several).require_known(labels)
        return list(table.images), list(table.truth)
    found = find_truth(path, classifier.labelset)
    images: list[Any] = list(found.images)
    truth: list[Any] = [(i,) for i in found.truth] if several else list(found.truth)
    if found.unknown:
        names = sorted({str(one.truth) for one in found.unknown if one.truth is not None})
        where = f"in folders that are no label: {in_a_row([brief(name) for name in names])}"
        if not names:
            where = "in no class folder"
        what = f"{counted(len(found.unknown), 'picture')} in {brief(path)} lie {where}"
        if not foreign:
            raise Failed(f"{what}. Name the folders by labels, or move the others away.")
        say(f"{what}. They count as none of the labels.")
        images += [one.source for one in found.unknown]
        truth += [() if several else None for _ in found.unknown]
    return images, truth


def lines_about(learnt: Learnt) -> Iterator[str]:
    """What was learnt, a line for each part."""
    if (probe := learnt.probe) is not None:
        of = counted(probe.pictures, "picture")
        yield f"linear probe: {of}, C = {probe.c:.3g}, from {probe.start}"
    if (spread := learnt.standardization) is not None:
        yield f"standardized: {counted(spread.pictures, 'picture')}"
    if (calibration := learnt.calibration) is not None:
        yield (
            f"calibrated: {counted(calibration.pictures, 'picture')}, temperature "
            f"{calibration.temperature:.3g}, ECE {calibration.ece_before:.3f} before and "
            f"{calibration.ece_after:.3f} after"
        )
    if (thresholds := learnt.thresholds) is not None:
        of = counted(thresholds.pictures, "picture")
        yield f"thresholds: {of}, for {printable(thresholds.target)}"
    if (rejection := learnt.rejection) is not None:
        how = "by hand"
        if rejection.pictures:
            how = f"from {counted(rejection.pictures, 'picture')}"
        if rejection.coverage is not None:
            how += f" for a coverage of {rejection.coverage:.4g}"
        elif rejection.max_error is not None:
            how += f" for an error of at most {rejection.max_error:.4g}"
        yield f"rejecting: below {rejection.threshold:.4g} by {rejection.method}, {how}"


def learning_options(command: F) -> F:
    """What there is to learn: the command gets one `lessons`."""

    @functools.wraps(command)
    def with_lessons(**given: Any) -> Any:
        names = Lessons.__dataclass_fields__.keys() - {"null_prompts"}
        chosen = {name: given.pop(name) for name in names}
        if given["null_prompts"] and not given["multi_label"]:
            if chosen["reject_by"] != "null":
                raise click.UsageError("--null-prompt takes --multi-label, or --reject-by null.")
            chosen["null_prompts"], given["null_prompts"] = given["null_prompts"], ()
        return command(lessons=Lessons(**chosen), **given)

    options = [
        click.option(
            "--standardize",
            metavar="FOLDER",
            shell_complete=complete_files,
            help="Compare each label's cosines with those of these pictures, which need no truth; "
            "with --multi-label.",
        ),
        click.option(
            "--probe",
            metavar=TRUTH,
            shell_complete=complete_files,
            help="Fit a linear probe on pictures whose labels are known.",
        ),
        click.option(
            "--calibrate",
            metavar=TRUTH,
            shell_complete=complete_files,
            help="Fit a temperature on pictures whose labels are known, so that scores are "
            "probabilities; with --multi-label, a threshold for each label.",
        ),
        click.option(
            "--label-precision",
            type=PART,
            metavar="P",
            help="Choose these thresholds for this precision, and not for F1.",
        ),
        click.option(
            "--reject-like",
            metavar="FOLDER",
            shell_complete=complete_files,
            help="Fit from where on a picture is accepted, on pictures that are wanted.",
        ),
        click.option(
            "--coverage",
            type=PART,
            metavar="P",
            help="The part of such pictures that is to be accepted.",
        ),
        click.option(
            "--reject-on",
            metavar=TRUTH,
            shell_complete=complete_files,
            help="Fit it on pictures whose labels are known; those in other folders, or without a "
            "label in the table, are none of them.",
        ),
        click.option(
            "--max-error",
            type=PART,
            metavar="P",
            help="The part of the accepted pictures that may be wrong.",
        ),
    ]
    wrapped: F = with_lessons  # type: ignore[assignment]
    return with_options(wrapped, options)
