"""``zsclip demo``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from zsclip.cli.completion import complete_folders, complete_labels
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import format_option
from zsclip.cli.output import emit, emit_json, show, table

if TYPE_CHECKING:
    from rich.text import Text

    from zsclip.demo import Answer, Outcome

__all__ = ["demo"]

TOP = 3


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip demo",
        "zsclip demo --labels cartoon-animals",
        "zsclip demo --copy drawings",
        "zsclip demo --format json",
    ),
)
@click.option(
    "-l",
    "--labels",
    metavar="NAME|a,b,c|FILE",
    shell_complete=complete_labels,
    help="Choose among these labels in place of the demo's own, as in `zsclip classify`. They "
    "must hold the animals that are drawn.",
)
@click.option("--device", default="auto", show_default=True, help="As in `zsclip classify`.")
@click.option(
    "--copy",
    metavar="FOLDER",
    shell_complete=complete_folders,
    help="Put the drawings into this folder instead, to try other commands on. Nothing that is "
    "there is replaced.",
)
@format_option("table", "json")
def demo(*, labels: str | None, device: str, copy: str | None, form: str) -> None:
    """Sort a dozen bundled drawings of animals with the bundled model.

    Needs no download and no label set. The drawings are of a kind that the model was not trained
    on, and were chosen by a rule that looks at no result, so expect some wrong answers.
    """
    from zsclip.demo import copy_drawings, run_demo
    from zsclip.spelling import parse_labels

    if copy is not None:
        if not copy:
            raise click.UsageError("--copy must name a folder, got an empty text.")
        if labels is not None:
            raise click.UsageError("--labels has no effect on --copy. Leave one of them out.")
        _print_copies(copy, copy_drawings(copy), form)
        return
    outcome = run_demo(None if labels is None else parse_labels(labels), device=device)
    if form == "json":
        _print_json(outcome)
    else:
        _print_table(outcome)


def _print_copies(folder: str, files: tuple[str, ...], form: str) -> None:
    if form == "json":
        emit_json({"folder": folder, "files": files})
        return
    where = os.path.join(folder, "")  # noqa: PTH118 - with a slash at its end
    emit(f"{where}: {len(files)} files, of which {files[0]} is the first.")
    emit(f"Try them: zsclip classify {where} --labels frog,fish,octopus --model tiny-cartoon")


def _print_json(outcome: Outcome) -> None:
    emit_json(
        {
            "model": outcome.model_info.name,
            "device": outcome.model_info.device,
            "precision": outcome.model_info.precision,
            "labelset": outcome.labelset.name,
            "n_labels": len(outcome.labelset),
            "drawings": [answer.to_dict(TOP) for answer in outcome.answers],
            "n_drawings": len(outcome.answers),
            "n_right": outcome.hits(1),
            "n_right_among_3": outcome.hits(TOP),
        }
    )


def _print_table(outcome: Outcome) -> None:
    from zsclip.weights import get_model_spec

    answers, info = outcome.answers, outcome.model_info
    shown = table("drawing", "shows", "first guess", "second", "third", "")
    for answer in answers:
        drawing = answer.drawing
        shown.add_row(drawing.file, answer.truth.name, *_guesses(answer), _verdict(answer))
    show(shown)
    n, first, among = len(answers), outcome.hits(1), outcome.hits(TOP)
    show(
        f"\n{first} of {n} right at the first guess ({first / n:.0%}), {among} of {n} among the "
        f"first three ({among / n:.0%}), out of {len(outcome.labelset)} labels.\n"
        f"{info.name} is the small model that comes with zsclip, on {info.device} in "
        f"{info.precision}: it knows {get_model_spec(info.name).note}.\n"
    )
    show(
        "Next, drawings of your own:\n"
        f"  zsclip classify FOLDER --labels cat,dog,rabbit --model {info.name}\n"
        "Photographs, with OpenAI's ViT-B/32, fetched once (354 MB):\n"
        "  zsclip classify FOLDER --labels cat,dog,rabbit\n"
        "What else there is: zsclip labelsets list, zsclip models list, zsclip --help."
    )


def _guesses(answer: Answer) -> list[Text]:
    from rich.text import Text

    return [
        Text(f"{s.label} {s.score:.0%}", "bold" if s.id == answer.truth.id else "")
        for s in answer.prediction.top(TOP)
    ]


def _verdict(answer: Answer) -> Text:
    """In words, and in a color that adds nothing to them."""
    from rich.text import Text

    if answer.rank == 1:
        return Text("right", "green")
    return Text("wrong" if answer.rank > TOP else "close", "red" if answer.rank > TOP else "yellow")
