"""``zsclip labelsets new`` and ``zsclip labelsets check``: for authors of label sets."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.completion import complete_folders, complete_labels, complete_models
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import activation_option, format_option
from zsclip.cli.output import emit, emit_json, say
from zsclip.wording import counted

if TYPE_CHECKING:
    from zsclip.authoring import Review
    from zsclip.labels import Problem

__all__ = ["check", "new"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip labelsets new garden-birds",
        'zsclip labelsets new garden-birds --from names.txt --template "a photo of a {}."',
    ),
)
@click.argument("name")
@click.option(
    "--from",
    "names",
    metavar="FILE|FOLDER/",
    shell_complete=complete_labels,
    help="Where the names are: a file with one a line (.txt), a table (.csv), a label-set file "
    "(.toml), a folder of class folders, or whatever else --labels of zsclip classify takes. "
    "Without it, an example is written.",
)
@click.option(
    "-t",
    "--template",
    "templates",
    multiple=True,
    metavar="TEXT",
    help="A text with one {}, where the name goes in; repeat it for several.",
)
@click.option(
    "--license",
    default="",
    metavar="SPDX",
    help="License of the names, such as MIT or CC-BY-4.0; CC0-1.0 if not given.",
)
@click.option("--source", default="", metavar="TEXT", help="Where the names come from.")
@click.option(
    "--into",
    default=".",
    metavar="FOLDER",
    shell_complete=complete_folders,
    show_default=True,
    help="Make the new folder in this one.",
)
def new(
    *,
    name: str,
    names: str | None,
    templates: tuple[str, ...],
    license: str,  # noqa: A002 - the name of the option
    source: str,
    into: str,
) -> None:
    """Write a package for a label set: everything that it takes to share one.

    NAME is the label set's name, lower-case words with hyphens between them, and the name of the
    folder that is made. Nothing is overwritten.
    """
    from zsclip.authoring import check_distribution, create_distribution

    made = create_distribution(
        name, names, templates=templates, license=license, source=source, into=into
    )
    for line in made.account:
        emit(line)
    folder = os.path.join(made.folder, "")  # noqa: PTH118 - with a slash at its end
    emit(folder)
    for file in made.files:
        emit(f"  {file}")
    for problem in check_distribution(made.folder):
        emit(problem)
    if not Path(folder).is_absolute():
        folder = os.path.join(".", folder)  # noqa: PTH118 - pip takes it for a path, not a name
    emit(f"Try it: pip install -e {folder} and zsclip labelsets show {name}")


# ------------------------------------------------------------------------------------------- check


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip labelsets check cartoon-animals --model tiny-cartoon",
        "zsclip labelsets check ./garden-birds",
    ),
)
@click.argument("target", metavar="NAME|PATH", shell_complete=complete_labels)
@click.option(
    "-m",
    "--model",
    metavar="NAME|FILE",
    shell_complete=complete_models,
    help="Check also that every prompt fits this model (rule R10), and advise on labels and "
    "aliases that it takes for others; its weights are loaded. OpenAI's models and tiny-cartoon "
    "take prompts of one length.",
)
@activation_option
@click.option(
    "--strict", is_flag=True, help="Let the model's advice count: exit status 1 for that as well."
)
@format_option("text", "json")
@click.pass_context
def check(
    ctx: click.Context,
    *,
    target: str,
    model: str | None,
    activation: str | None,
    strict: bool,
    form: str,
) -> None:
    """Check a label set by all rules, and print every problem.

    NAME is what --labels of zsclip classify takes: an installed set, a part of one, a file. PATH is
    a wheel, an sdist (.tar.gz), or a folder with the sources of a package, such as ./garden-birds.
    Exit status: 0 no problem, 1
    problems, 2 there is no such thing.
    """
    from zsclip.authoring import review_target

    found = review_target(target)
    problems = list(found.problems)
    if model is not None:
        problems += _problems_of_model(found, model, activation)
    breaches = [problem for problem in problems if not problem.is_advice]
    failed = bool(problems if strict else breaches)
    if form == "json":
        emit_json(_as_json(target, found, problems, ok=not failed))
    else:
        for problem in problems:
            emit(problem.without_file if problem.file in ("", target) else str(problem))
        emit(f"{target}: {_count(len(breaches), len(problems) - len(breaches))}.")
    if failed:
        ctx.exit(1)


def _problems_of_model(found: Review, model: str, activation: str | None) -> list[Problem]:
    """What takes a text tower; advice only on sets whose prompts can all be encoded."""
    from zsclip.authoring import find_near_labels
    from zsclip.encoders import create_encoder

    encoder = create_encoder(
        "clip", model, activation=activation, device="cpu", progress=sys.stderr.isatty()
    )
    problems = found.misfits(encoder)
    too_long = {problem.file for problem in problems}
    for file, labelset in found.sets:
        if file in too_long:
            say(f"{labelset.name}: no advice, because there are prompts that do not fit {model}.")
        else:
            problems += find_near_labels(labelset, encoder, file=file)
    return problems


def _count(breaches: int, advice: int) -> str:
    told = f"{breaches or 'no'} {'problem' if breaches == 1 else 'problems'}"
    if advice:
        told += f", {counted(advice, 'piece')} of advice"
    return told


def _as_json(target: str, found: Review, problems: list[Problem], *, ok: bool) -> Any:
    return {
        "target": target,
        "ok": ok,
        "labelsets": [labelset.name for _, labelset in found.sets],
        "problems": [
            {**asdict(problem), "advice": problem.is_advice, "text": str(problem)}
            for problem in problems
        ],
    }
