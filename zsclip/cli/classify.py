"""``zsclip classify``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import Failed, ZsclipCommand, examples
from zsclip.cli.listing import Listing, listing_options
from zsclip.cli.options import output_options
from zsclip.cli.output import say

if TYPE_CHECKING:
    from pathlib import Path

    from zsclip.classifier import ZeroShotClassifier
    from zsclip.cli.pictures import Pictures
    from zsclip.outputs import Plan
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
        "zsclip classify photos/ --labels cat,dog --threshold 0.9 --accepted-only",
        "zsclip classify photos/ --labels person,dog,car --multi-label --above 0.5",
        "zsclip classify photos/ --labels cat,dog -o report.html",
        "zsclip classify photos/ --labels cat,dog -o results.csv",
    ),
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete_files)
@click.option(
    "-0",
    "--null",
    is_flag=True,
    help="The names on standard input end in NUL, as `find -print0` writes them.",
)
@classifier_options
@listing_options
@click.option(
    "--accepted-only",
    is_flag=True,
    help="Leave out what is taken for none of the labels; takes --threshold, or a classifier that "
    "was saved with a way to reject.",
)
@output_options("table", "json", "jsonl", "csv", "parquet", "html")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the FILE of a run that was interrupted; without one, begin.",
)
def classify(
    *,
    paths: tuple[str, ...],
    classifier: ZeroShotClassifier,
    listing: Listing,
    accepted_only: bool,
    form: str | None,
    output: str | None,
    force: bool,
    resume: bool,
    null: bool,
    progress: bool,
    cache: bool,
) -> None:
    """Classify pictures.

    PATH is a picture, a folder (with all folders in it), a URL, or - for standard input: a picture,
    or paths, one a line. Results are printed as they come, or with --output written to a file when
    all are there; --resume goes on with one that was interrupted. A picture that cannot be read
    does not stop the others: a table leaves it to standard error, all else has it in its place.
    Exit status: 0 all were classified, 1 some could not be, 2 none was tried.
    """
    if accepted_only and classifier.rejection is None:
        raise click.UsageError(
            "--accepted-only takes a classifier that can say none of these: give --threshold, or "
            "one that was saved with --reject-like or --reject-on."
        )
    listing.require_of(classifier)
    if resume and output is None:
        raise click.UsageError("--resume goes on with a file of results: name it with --output.")
    from zsclip.cli.pictures import Pictures
    from zsclip.outputs import Plan, check_output, choose_format

    form = choose_format(form, output)
    plan = Plan(form=form, classifier=classifier, chosen=listing, accepted_only=accepted_only)
    target = None if output is None else check_output(form, output, overwrite=force)
    counts = _Counts()
    try:
        if target is None:
            _print(plan, Pictures(paths, null=null), counts, bar=progress)
        else:
            _write(plan, target, Pictures(paths, null=null), counts, bar=progress, resume=resume)
    except KeyboardInterrupt:
        told = _interrupted(counts.total - counts.failed, kept=cache, written=target is not None)
        raise KeyboardInterrupt(told) from None
    if accepted_only:
        say(f"{counts.left_out} of {counts.total} are none of the labels.")
    if counts.failed:
        say(f"{counts.failed} of {counts.total} could not be classified.")
        click.get_current_context().exit(1)


@dataclass
class _Counts:
    """How many pictures there were, could not be classified, and were left out."""

    total: int = 0
    failed: int = 0
    left_out: int = 0


def _print(plan: Plan, pictures: Pictures, counts: _Counts, *, bar: bool) -> None:
    from zsclip.cli.writers import Printer

    printer = Printer(plan.lines(), plan.form)
    results = pictures.results(plan.classifier.stream(pictures, on_error="record"))
    for source, result in _counted(results, plan, counts, bar=bar):
        if plan.wants(result):
            printer.write(source, result)


def _write(
    plan: Plan, target: Path, pictures: Pictures, counts: _Counts, *, bar: bool, resume: bool
) -> None:
    from zsclip.outputs import Run

    settings = _settings()
    size = settings.pop("--batch-size")
    with Run(plan, target, batch_size=size, settings=settings, resume=resume) as run:
        for _ in _counted(run.results(pictures), plan, counts, bar=bar):
            pass
        run.finish()


def _counted(
    results: Iterator[tuple[str, Prediction | Failure]], plan: Plan, counts: _Counts, *, bar: bool
) -> Iterator[tuple[str, Prediction | Failure]]:
    """The results, each once it is counted; failures are told that no line of a table tells."""
    from zsclip.progress import counting
    from zsclip.results import Failure

    with counting("text" if bar else False, None) as done:
        for source, result in results:
            counts.total += 1
            counts.failed += isinstance(result, Failure)
            counts.left_out += not plan.wants(result)
            if isinstance(result, Failure) and plan.form == "table":
                say(str(result.error))
            yield source, result
            done(1)
    if not counts.total:
        raise Failed("No picture was named: there is nothing on standard input.")


# Options that results do not depend on.
_WITHOUT_EFFECT = {
    *("paths", "null", "output", "force", "resume", "form", "progress", "workers"),
    "download_root",
}


def _settings() -> dict[str, Any]:
    """What was asked for, by the names of options, so that whoever goes on asks for the same."""
    context = click.get_current_context()
    return {
        max(param.opts, key=len): context.params[str(param.name)]
        for param in context.command.params
        if param.name in context.params.keys() - _WITHOUT_EFFECT
    }


def _interrupted(done: int, *, kept: bool, written: bool) -> str:
    told = f"Interrupted. {done:,} {'picture was' if done == 1 else 'pictures were'} classified"
    if done and written:
        return f"{told}; the same command with --resume goes on."
    if not (done and kept):
        return f"{told}."
    return f"{told}; what was computed is in the cache, so that the same command gets there soon."
