"""``zsclip classify``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.completion import complete_files
from zsclip.cli.group import Failed, ZsclipCommand, examples
from zsclip.cli.options import (
    encoder_option,
    engine_options,
    format_option,
    labels_option,
    model_option,
    progress_option,
    reading_options,
    template_option,
    too_long_option,
)
from zsclip.cli.output import say

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.cli.pictures import Pictures
    from zsclip.results import Failure, Prediction

__all__ = ["classify"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip classify drawings/ --labels cartoon-animals --model tiny-cartoon",
        "zsclip classify a.jpg b.jpg --labels cat,dog,bird --template 'a photo of a {}.'",
        "zsclip classify drawings/ --classifier animals.zsclip",
        "find . -name '*.png' -print0 | zsclip classify -0 - --labels names.txt > out.txt",
        "zsclip classify - --labels cat,dog < cat.jpg",
    ),
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete_files)
@click.option(
    "-0",
    "--null",
    is_flag=True,
    help="The names on standard input end in NUL, as `find -print0` writes them.",
)
@labels_option(required=False)
@click.option(
    "-c",
    "--classifier",
    "saved",
    metavar="FILE",
    shell_complete=complete_files,
    help="What `zsclip save` wrote, in place of --labels and --template. The model is found by its "
    "name, or in the file that --model names.",
)
@model_option
@template_option
@click.option(
    "-k",
    "--top",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many labels to print for each picture.",
)
@format_option("table", "json", "csv")
@encoder_option
@engine_options
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Pictures that go through the model at once; results come as often.",
)
@too_long_option
@reading_options
@click.option(
    "--exact", is_flag=True, help="fp32, and large JPEGs decoded at their full size: slower."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads that decode pictures; as many as there are cores if not given.",
)
@click.option(
    "--cache/--no-cache",
    default=True,
    show_default=True,
    help="Keep embeddings, and use those that were kept.",
)
@progress_option
def classify(
    *,
    paths: tuple[str, ...],
    labels: str | None,
    saved: str | None,
    templates: tuple[str, ...],
    top: int,
    form: str,
    null: bool,
    **options: Any,
) -> None:
    """Classify pictures.

    PATH is a picture, a folder (with all folders in it), a URL, or - for standard input: a picture,
    or paths, one a line. Results are printed as they come. A picture that cannot be read does not
    stop the others: it is reported on standard error, or with --format json and csv in its place.
    Exit status: 0 all were classified, 1 some could not be, 2 none was tried.
    """
    from zsclip import ZeroShotClassifier

    if (labels is None) == (saved is None):
        raise click.UsageError(
            "Give the classes with --labels, or with --classifier a file that `zsclip save` wrote."
            if labels is None
            else "--labels and --classifier exclude each other: the file holds its labels."
        )
    if saved is None:
        classifier = ZeroShotClassifier(str(labels), templates=templates or None, **options)
    elif templates:
        raise click.UsageError(
            "--template has no effect on --classifier, whose labels are embedded already. Save it "
            "anew with other templates."
        )
    else:
        classifier = ZeroShotClassifier.load(saved, **options)
    from zsclip.cli.pictures import Pictures

    pictures = Pictures(paths, null=null)
    total, failed = _run(
        classifier, pictures, form, top, bar=options["progress"], kept=options["cache"]
    )
    if not total:
        raise Failed("No picture was named: there is nothing on standard input.")
    if failed:
        say(f"{failed} of {total} could not be classified.")
        click.get_current_context().exit(1)


def _run(
    classifier: ZeroShotClassifier,
    pictures: Pictures,
    form: str,
    top: int,
    *,
    bar: bool,
    kept: bool,
) -> tuple[int, int]:
    """Classify, and print as results come: how many there were, and how many failed."""
    from tqdm import tqdm

    from zsclip.cli.writers import make_writer
    from zsclip.results import Failure

    write: Callable[[str, Prediction | Failure], None] = make_writer(form, classifier.labelset, top)
    total = failed = 0
    try:
        with tqdm(unit=" pictures", disable=not bar, file=sys.stderr, dynamic_ncols=True) as shown:
            for source, result in pictures.results(classifier.stream(pictures, on_error="record")):
                total += 1
                failed += isinstance(result, Failure)
                write(source, result)
                shown.update()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_interrupted(total - failed, kept=kept)) from None
    return total, failed


def _interrupted(done: int, *, kept: bool) -> str:
    told = f"Interrupted. {done:,} {'picture was' if done == 1 else 'pictures were'} classified"
    if not (done and kept):
        return f"{told}."
    return f"{told}; what was computed is in the cache, so that the same command gets there soon."
