"""``zsclip sort``."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files, complete_folders
from zsclip.cli.group import Failed, ZsclipCommand, examples
from zsclip.cli.listing import Listing
from zsclip.cli.options import with_options
from zsclip.cli.output import emit, say, show, table

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.results import Failure, Prediction
    from zsclip.sorting import Left, SortPlan, SortReport

__all__ = ["sort"]

F = TypeVar("F", bound=Callable[..., Any])

WAYS = {
    "copy": ("copied", "copied"),
    "link": ("hard link", "hard links"),
    "symlink": ("symbolic link, where no hard one can be", "symbolic links, where no hard can be"),
    "move": ("moved", "moved"),
}


def _or_undo(command: F) -> F:
    """``--undo``, which goes alone; of all else, the folders are looked at before the model."""

    @functools.wraps(command)
    def sort_or_undo(
        *, undo: str | None, folder: str | None, into: str | None, **given: Any
    ) -> Any:
        if undo is not None:
            _require_alone(click.get_current_context())
            return _undo(undo)
        if folder is None or into is None:
            raise click.UsageError(
                "Name the FOLDER to sort, and with --into the folder to sort it into; or with "
                "--undo the undo file of a sort."
            )
        from zsclip.sorting import pictures_to_sort

        pictures_to_sort(folder, into)
        return command(folder=folder, into=into, **given)

    wrapped: F = sort_or_undo  # type: ignore[assignment]
    return with_options(
        wrapped,
        [
            click.argument("folder", required=False, shell_complete=complete_folders),
            click.option(
                "--into",
                metavar="DIR",
                shell_complete=complete_folders,
                help="The folder in which a folder for each label is made; made if it is not "
                "there.",
            ),
            click.option(
                "--undo",
                metavar="FILE",
                shell_complete=complete_files,
                help="Take back what was sorted, by the undo file in DIR that sorting names. Goes "
                "without FOLDER and all other options.",
            ),
        ],
    )


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip sort drawings/ --into sorted -l cartoon-animals -m tiny-cartoon --dry-run",
        "zsclip sort photos/ --into sorted --labels cat,dog,bird",
        "zsclip sort photos/ --into sorted --classifier pets.zsclip --threshold 0.9 --move",
        "zsclip sort photos/ --into tags -l person,dog,car --multi-label --above 0.5 --link",
        "zsclip sort --undo sorted/.zsclip-sort-2026-11-27-154200.jsonl",
    ),
)
@_or_undo
@classifier_options
@click.option("--copy", "how", flag_value="copy", default=True, help="Copy them; the default.")
@click.option(
    "--link",
    "how",
    flag_value="link",
    help="Make hard links, which take no room; where none can be, as on another file system, "
    "symbolic ones.",
)
@click.option("--move", "how", flag_value="move", help="Move them.")
@click.option(
    "--above",
    type=click.FloatRange(min=0, max=1),
    metavar="P",
    help="With --multi-label: put a picture into the folder of each label whose score is P or "
    "more. 0.5 if not given, or the thresholds that were fitted.",
)
@click.option(
    "--deepest",
    type=click.FloatRange(min=0, max=1, min_open=True),
    metavar="P",
    help="Go by the most specific label or group whose scores add up to P.",
)
@click.option("--dry-run", is_flag=True, help="Print what would go where, and do nothing.")
def sort(
    *,
    folder: str,
    into: str,
    classifier: ZeroShotClassifier,
    how: str,
    above: float | None,
    deepest: float | None,
    dry_run: bool,
    progress: bool,
    cache: bool,
) -> None:
    """Put the pictures of FOLDER into a folder for each label, in DIR.

    Nothing is ever replaced: a name that is taken gets a number. What is none of the labels goes
    into _none-of-these; what cannot be read goes into _failed, or stays where it is with --move.
    What is done is written to an undo file in DIR first, which --undo takes. After an
    interruption, the same command does the rest. Exit status: 0 all were sorted, 1 some could not
    be read or put there, or not undone, 2 nothing was done.
    """
    from zsclip.sorting import carry_out, pictures_to_sort, plan_sorting

    _require_of(classifier, how, above, deepest)
    pictures = pictures_to_sort(folder, into)
    results = _Results(classifier.stream(pictures, on_error="record"), bar=progress)
    choice: Any = how
    try:
        plan = plan_sorting(results, folder, into, how=choice, above=above, deepest=deepest)
    except KeyboardInterrupt:
        kept = "; what was computed is in the cache" if cache else ""
        raise KeyboardInterrupt(f"Interrupted. Nothing was sorted{kept}.") from None
    nothing = "There is no picture to sort: the folder holds none, and no folder in it."
    if dry_run:
        if not results.total:
            raise Failed(nothing)
        for step in plan.steps:
            emit(f"{step.source} -> {step.target}")
        left = plan.left
    else:
        with _bar(progress, len(plan.steps)) as count:
            report = carry_out(plan, after=lambda _: count(1))
        if not results.total and report.undo_file is None:  # nor had all been moved before it ended
            raise Failed(nothing)
        left = report.left
    _show_counts(plan)
    if not dry_run:
        _tell(plan, report)
    _tell_left(left)
    if results.failed:
        say(f"{results.failed:,} of {results.total:,} could not be classified.")
    if left or results.failed:
        click.get_current_context().exit(1)


class _Results:
    """Results as they come, counted, with a bar."""

    def __init__(self, results: Iterable[Prediction | Failure], *, bar: bool) -> None:
        self._results, self._bar = results, bar
        self.total = self.failed = 0

    def __iter__(self) -> Iterator[Prediction | Failure]:
        from zsclip.results import Failure

        with _bar(self._bar, None) as count:
            for result in self._results:
                self.total += 1
                self.failed += isinstance(result, Failure)
                yield result
                count(1)


def _bar(shown: bool, total: int | None) -> AbstractContextManager[Callable[[int], object]]:
    from zsclip.progress import counting

    return counting("text" if shown else False, total)


def _require_of(
    classifier: ZeroShotClassifier, how: str, above: float | None, deepest: float | None
) -> None:
    several = classifier.origin.multi_label
    if several and how == "move":
        raise click.UsageError(
            "With --multi-label a picture may have several labels, and cannot be moved into the "
            "folders of all. Take --link or --copy."
        )
    if above is not None and not several:
        raise click.UsageError(
            "--above takes --multi-label. To leave out what is not sure, take --threshold."
        )
    if deepest is not None:
        Listing("deepest", deepest).require_of(classifier)


def _show_counts(plan: SortPlan) -> None:
    counts = table("folder", "pictures", right=("pictures",))
    for name, n in plan.counts.items():
        counts.add_row(name, f"{n:,}")
    show(counts)


def _tell(plan: SortPlan, report: SortReport) -> None:
    done = [f"{n:,} {WAYS[way][n != 1]}" for way, n in sorted(report.ways.items())]
    if plan.there:
        done.append(f"{len(plan.there):,} there already")
    emit(f"{', '.join(done) or 'Nothing was done'}.")
    if report.undo_file is not None:
        emit(f"To take it back: zsclip sort --undo {_quoted(str(report.undo_file))}")


def _tell_left(left: Iterable[Left]) -> None:
    n = 0
    for one in left:
        n += 1
        say(str(one))
    if n:
        say(f"{n:,} {'stays' if n == 1 else 'stay'} where {'it was' if n == 1 else 'they were'}.")


def _quoted(path: str) -> str:
    """A path as a shell takes it; that of Windows knows no other quotes, and no name has these."""
    if os.name == "nt":
        return f'"{path}"'
    import shlex

    return shlex.quote(path)


# -------------------------------------------------------------------------------------------- undo


def _require_alone(ctx: click.Context) -> None:
    sources = {
        ctx.get_parameter_source(str(param.name))
        for param in ctx.command.params
        if param.name != "undo"
    }
    if ParameterSource.COMMANDLINE in sources:
        raise click.UsageError(
            "--undo goes alone: all that it takes is in its file. Leave FOLDER and all other "
            "options out."
        )


def _undo(file: str) -> None:
    from zsclip.sorting import undo_sorting

    report = undo_sorting(file)
    done = []
    if report.put_back:
        done.append(f"{report.put_back:,} put back")
    if report.removed:
        what = "copy or link" if report.removed == 1 else "copies and links"
        done.append(f"{report.removed:,} {what} removed")
    emit(f"{', '.join(done) or 'Nothing was left to be undone'}.")
    for left in report.kept:
        say(str(left))
    if report.kept:
        say(f"{len(report.kept):,} could not be undone; the undo file stays.")
        click.get_current_context().exit(1)
