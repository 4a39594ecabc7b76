"""``zsclip evaluate``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import output_options
from zsclip.cli.output import emit, say
from zsclip.wording import printable

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.evaluation import Evaluation
    from zsclip.progress import Progress

__all__ = ["evaluate"]

FORMS = ("table", "json", "csv", "html")


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip evaluate photos/ --labels photos/",
        "zsclip evaluate truth.csv --labels cat,dog --model tiny-cartoon --format json",
        "zsclip evaluate photos/ --classifier animals.zsclip",
        "zsclip evaluate photos/ --labels photos/ -o report.html",
    ),
)
@click.argument("truth", metavar="FOLDER|TABLE", shell_complete=complete_files)
@classifier_options
@output_options(*FORMS)
def evaluate(
    *,
    truth: str,
    classifier: ZeroShotClassifier,
    form: str | None,
    output: str | None,
    force: bool,
    progress: bool,
    **options: Any,
) -> None:
    """Tell how right a classifier is on pictures whose labels are known.

    These are in a FOLDER of class folders, or in a TABLE: a .csv file with the columns image and
    label. Pictures that cannot be read, and those whose truth is no label, count in no metric, and
    are listed on standard error. Exit status: 0 all were judged, 1 some could not be, 2 none was.
    """
    from zsclip.outputs import (
        EVALUATIONS,
        check_output,
        choose_format,
        evaluation_lines,
        write_evaluation_file,
    )

    form = choose_format(form, output, EVALUATIONS)
    target = None
    if output is not None:
        target = check_output(form, output, overwrite=force, formats=EVALUATIONS)
    evaluation = _evaluation(truth, classifier, "text" if progress else False)
    if target is not None:
        write_evaluation_file(form, evaluation, target, reading=classifier.reading)
    else:
        for line in evaluation_lines(form, evaluation):
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


def _evaluation(truth: str, classifier: ZeroShotClassifier, bar: Progress) -> Evaluation:
    from zsclip.evaluation import read_truth

    if os.path.isdir(os.path.expanduser(truth)):  # noqa: PTH112, PTH111 - false for no path at all
        return classifier.evaluate_folder(truth, progress=bar)
    table = read_truth(truth, several=classifier.origin.multi_label)
    return classifier.evaluate(table.images, table.truth, progress=bar)
