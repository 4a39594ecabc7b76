"""``zsclip classify``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import Failed, ZsclipCommand, examples
from zsclip.cli.listing import Listing, listing_options
from zsclip.cli.options import format_option
from zsclip.cli.output import say

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.cli.pictures import Pictures

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
@format_option("table", "json", "csv")
def classify(
    *,
    paths: tuple[str, ...],
    classifier: ZeroShotClassifier,
    listing: Listing,
    accepted_only: bool,
    form: str,
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

    pictures = Pictures(paths, null=null)
    printing = _Printing(form, listing, accepted_only=accepted_only)
    total, failed = printing.run(classifier, pictures, bar=progress, kept=cache)
    if not total:
        raise Failed("No picture was named: there is nothing on standard input.")
    if accepted_only:
        say(f"{printing.left_out} of {total} are none of the labels.")
    if failed:
        say(f"{failed} of {total} could not be classified.")
        click.get_current_context().exit(1)


@dataclass
class _Printing:
    """How results are printed as they come.

    Attributes:
        form: The format.
        listing: Which labels of each.
        accepted_only: Whether pictures that are none of the labels are left out.
        left_out: How many were.
    """

    form: str
    listing: Listing
    accepted_only: bool
    left_out: int = 0

    def run(
        self, classifier: ZeroShotClassifier, pictures: Pictures, *, bar: bool, kept: bool
    ) -> tuple[int, int]:
        """Classify, and print: how many there were, and how many failed."""
        from tqdm import tqdm

        from zsclip.cli.writers import make_writer
        from zsclip.results import Failure

        rejecting = classifier.rejection is not None
        write = make_writer(self.form, classifier.labelset, self.listing, rejecting=rejecting)
        total = failed = 0
        results = pictures.results(classifier.stream(pictures, on_error="record"))
        try:
            with tqdm(unit=" pictures", disable=not bar, file=sys.stderr, dynamic_ncols=True) as b:
                for source, result in results:
                    total += 1
                    failed += isinstance(result, Failure)
                    if self.accepted_only and not (isinstance(result, Failure) or result.accepted):
                        self.left_out += 1
                    else:
                        write(source, result)
                    b.update()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_interrupted(total - failed, kept=kept)) from None
        return total, failed


def _interrupted(done: int, *, kept: bool) -> str:
    told = f"Interrupted. {done:,} {'picture was' if done == 1 else 'pictures were'} classified"
    if not (done and kept):
        return f"{told}."
    return f"{told}; what was computed is in the cache, so that the same command gets there soon."
