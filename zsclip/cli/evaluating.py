"""``zsclip evaluate``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import format_option
from zsclip.cli.output import emit, emit_json, say
from zsclip.wording import printable

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.evaluation import Evaluation

__all__ = ["evaluate"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip evaluate photos/ --labels photos/",
        "zsclip evaluate truth.csv --labels cat,dog --model tiny-cartoon --format json",
        "zsclip evaluate photos/ --classifier animals.zsclip",
    ),
)
@click.argument("truth", metavar="FOLDER|TABLE", shell_complete=complete_files)
@classifier_options
@format_option("table", "json", "csv")
def evaluate(*, truth: str, classifier: ZeroShotClassifier, form: str, **options: Any) -> None:
    """Tell how right a classifier is on pictures whose labels are known.

    These are in a FOLDER of class folders, or in a TABLE: a .csv file with the columns image and
    label. Pictures that cannot be read, and those whose truth is no label, count in no metric, and
    are listed on standard error. Exit status: 0 all were judged, 1 some could not be, 2 none was.
    """
    evaluation = _evaluation(truth, classifier)
    if form == "json":
        emit_json(evaluation.to_dict())
    elif form == "csv":
        _emit_csv(evaluation)
    else:
        for line in str(evaluation).splitlines():
            emit(line)
    for failure in evaluation.failures:
        say(str(failure.error))
    for one in evaluation.unknown:
        of_it = "nothing is said of it"
        said = of_it if one.truth is None else f"{printable(str(one.truth))} is no label"
        say(f"{printable(one.source)}: {said}.")
    left_out = len(evaluation.failures) + len(evaluation.unknown)
    if left_out:
        say(f"{left_out} of {len(evaluation.sources) + left_out} could not be judged.")
        click.get_current_context().exit(1)


def _evaluation(truth: str, classifier: ZeroShotClassifier) -> Evaluation:
    from zsclip.evaluation import read_truth

    if os.path.isdir(os.path.expanduser(truth)):  # noqa: PTH112, PTH111 - false for no path at all
        return classifier.evaluate_folder(truth)
    table = read_truth(truth, several=classifier.origin.multi_label)
    return classifier.evaluate(table.images, table.truth)


def _emit_csv(evaluation: Evaluation) -> None:
    """A row for each metric, and then for recall and precision of each label."""
    from zsclip.outputs import csv_row

    def row(metric: str, label: str, value: float | None, *ends: float | None) -> None:
        numbers = ["" if n is None else f"{n:.6g}" for n in (value, *ends)]
        emit(csv_row([metric, label, *numbers, *[""] * (3 - len(numbers))]))

    plain = evaluation.to_dict()
    emit("metric,label_id,value,low,high")
    for name, found in plain["metrics"].items():
        row(name, "", found["value"], found["low"], found["high"])
    for label in plain.get("per_class", ()):
        for metric in ("recall", "precision"):
            row(metric, label["id"], label[metric])
