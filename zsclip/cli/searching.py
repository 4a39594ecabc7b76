"""``zsclip search``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import picture_options
from zsclip.cli.completion import complete_files, complete_folders
from zsclip.cli.group import Failed, ZsclipCommand, examples
from zsclip.cli.options import encoder_option, engine_options, format_option, model_option
from zsclip.cli.output import emit, emit_json, emit_row, say

if TYPE_CHECKING:
    from zsclip.searching import Found

__all__ = ["search"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip search drawings/ 'a green frog' --model tiny-cartoon",
        "zsclip search photos/ 'a red fox' --like fox.jpg --not snow",
        "zsclip search photos/ --like fox.jpg --top 5 --format json",
    ),
)
@click.argument("folder", shell_complete=complete_folders)
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option(
    "--like",
    metavar="PICTURE",
    multiple=True,
    shell_complete=complete_files,
    help="A picture that those wanted look like: a file or a URL; repeat it for more.",
)
@click.option(
    "--not",
    "without",
    metavar="TEXT",
    multiple=True,
    help="What is not to be seen; repeat it for more.",
)
@click.option(
    "-k",
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many pictures to print.",
)
@model_option
@encoder_option
@engine_options
@picture_options
@format_option("table", "json", "csv")
def search(
    *,
    folder: str,
    texts: tuple[str, ...],
    like: tuple[str, ...],
    without: tuple[str, ...],
    top: int,
    form: str,
    progress: bool,
    **options: Any,
) -> None:
    """Find the pictures of FOLDER that are nearest to TEXT and to other pictures.

    What is searched for is the sum of all texts and pictures that are wanted, less those that are
    not; the figure beside each picture is its cosine with that. The first search of a folder embeds
    its pictures; later ones take them out of the cache. Exit status: 0 all pictures were compared,
    1 some could not be, 2 nothing was searched.
    """
    from zsclip.images import find_pictures
    from zsclip.searching import search_pictures

    pictures = _Pictures(find_pictures(folder), bar=progress)
    found = search_pictures(
        pictures, texts, like=list(like), without=without, k=top, progress=progress, **options
    )
    total = found.searched + len(found.failures)
    if not total:
        raise Failed("There is no picture to search: the folder holds none, and no folder in it.")
    if form == "json":
        emit_json(found.to_dict())
    elif form == "csv":
        _emit_csv(found)
    else:
        emit("similarity  picture")
        for match in found.matches:
            emit(f"{match.similarity:>10.3f}  {match.source}")
    for failure in found.failures:
        say(str(failure.error))
    if found.failures:
        say(f"{len(found.failures):,} of {total:,} could not be compared.")
        click.get_current_context().exit(1)


class _Pictures(list[Path]):
    """Pictures, with a bar that tells how many were taken each time that they are gone through."""

    def __init__(self, pictures: Iterator[Path], *, bar: bool) -> None:
        super().__init__(pictures)
        self._bar = bar

    def __iter__(self) -> Iterator[Path]:
        from zsclip.progress import counting

        with counting("text" if self._bar else False, len(self)) as count:
            for picture in super().__iter__():
                yield picture
                count(1)


def _emit_csv(found: Found) -> None:
    """A row for each picture."""
    from zsclip.outputs import csv_row, no_formula

    emit_row("rank,similarity,source")
    for rank, match in enumerate(found.matches, start=1):
        emit_row(csv_row([rank, f"{match.similarity:.6g}", no_formula(match.source)]))
