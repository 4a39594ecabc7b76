"""``zsclip classify``."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from zsclip.outputs import Plan, Writer
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
@output_options("table", "json", "jsonl", "csv", "html")
def classify(
    *,
    paths: tuple[str, ...],
    classifier: ZeroShotClassifier,
    listing: Listing,
    accepted_only: bool,
    form: str | None,
    output: str | None,
    force: bool,
    null: bool,
    progress: bool,
    cache: bool,
) -> None:
    """Classify pictures.

    PATH is a picture, a folder (with all folders in it), a URL, or - for standard input: a picture,
    or paths, one a line. Results are printed as they come. A picture that cannot be read does not
    stop the others: it is reported on standard error, or with --format json and csv in its place.
    Exit status: 0 all were classified, 1 some could not be, 2 none was tried.
    """
    if accepted_only and classifier.rejection is None:
        raise click.UsageError(
            "--accepted-only takes a classifier that can say none of these: give --threshold, or "
            "one that was saved with --reject-like or --reject-on."
        )
    listing.require_of(classifier)
    from zsclip.cli.pictures import Pictures
    from zsclip.outputs import Plan, check_output, choose_format

    plan = Plan(form=choose_format(form, output), classifier=classifier, chosen=listing)
    target = None if output is None else check_output(plan.form, output, overwrite=force)
    pictures = Pictures(paths, null=null)
    run = _Run(plan, target, accepted_only=accepted_only)
    run.classify(pictures, bar=progress, kept=cache)
    if accepted_only:
        say(f"{run.left_out} of {run.total} are none of the labels.")
    if run.failed:
        say(f"{run.failed} of {run.total} could not be classified.")
        click.get_current_context().exit(1)


@dataclass
class _Run:
    """Results on their way to standard output or a file.

    Attributes:
        plan: What is written of them.
        target: The file; None for standard output.
        accepted_only: Whether pictures that are none of the labels are left out.
        total: How many there were.
        failed: How many of them could not be classified.
        left_out: How many were left out.
    """

    plan: Plan
    target: Path | None
    accepted_only: bool
    total: int = 0
    failed: int = 0
    left_out: int = 0

    def classify(self, pictures: Pictures, *, bar: bool, kept: bool) -> None:
        """Classify, and write."""
        from tqdm import tqdm

        results = pictures.results(self.plan.classifier.stream(pictures, on_error="record"))
        try:
            with (
                tqdm(unit=" pictures", disable=not bar, file=sys.stderr, dynamic_ncols=True) as b,
                self._writer() as writer,
            ):
                for source, result in results:
                    self._take(writer, source, result)
                    b.update()
                if not self.total:
                    raise Failed("No picture was named: there is nothing on standard input.")
        except KeyboardInterrupt:
            done = self.total - self.failed
            raise KeyboardInterrupt(_interrupted(done, kept=kept)) from None

    def _writer(self) -> AbstractContextManager[Writer]:
        from zsclip.cli.writers import Printer
        from zsclip.outputs import lines_of, open_output

        plan = self.plan
        if self.target is not None:
            return open_output(plan, self.target)
        labels = plan.classifier.labelset
        lines = lines_of(plan.form, labels, plan.chosen, rejecting=plan.rejecting)
        return nullcontext(Printer(lines, plan.form))

    def _take(self, writer: Writer, source: str, result: Prediction | Failure) -> None:
        from zsclip.results import Failure

        self.total += 1
        self.failed += isinstance(result, Failure)
        if isinstance(result, Failure) and self.plan.form == "table":
            say(str(result.error))
        if self.accepted_only and not (isinstance(result, Failure) or result.accepted):
            self.left_out += 1
        else:
            writer.write(source, result)


def _interrupted(done: int, *, kept: bool) -> str:
    told = f"Interrupted. {done:,} {'picture was' if done == 1 else 'pictures were'} classified"
    if not (done and kept):
        return f"{told}."
    return f"{told}; what was computed is in the cache, so that the same command gets there soon."
