"""``zsclip labelsets new`` and ``zsclip labelsets check``: for authors of label sets."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.group import examples
from zsclip.cli.options import format_option
from zsclip.cli.output import emit, emit_json, say

if TYPE_CHECKING:
    from zsclip.authoring.distributions import Examined
    from zsclip.authoring.findings import Finding

__all__ = ["check", "new"]


@click.command(
    epilog=examples(
        "zsclip labelsets new garden-birds",
        'zsclip labelsets new garden-birds --from names.txt --template "a photo of a {}."',
    )
)
@click.argument("name")
@click.option(
    "--from",
    "names",
    metavar="FILE|FOLDER",
    help="Where the names are: a file with one a line, a table (.csv), a label-set file (.toml), "
    "or a folder of class folders. Without it, an example is written.",
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
    from zsclip.authoring.distributions import check_distribution
    from zsclip.authoring.new import create_distribution

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
    epilog=examples(
        "zsclip labelsets check cartoon-animals --model tiny-cartoon",
        "zsclip labelsets check ./garden-birds",
    )
)
@click.argument("target", metavar="NAME|PATH")
@click.option(
    "-m",
    "--model",
    metavar="NAME|FILE",
    help="Check also that every prompt fits this model (rule R10), and advise on labels and "
    "aliases that it takes for others; its weights are loaded. OpenAI's models and tiny-cartoon "
    "take prompts of one length.",
)
@click.option(
    "--strict", is_flag=True, help="Let the model's advice count: exit status 1 for that as well."
)
@format_option("text", "json")
@click.pass_context
def check(ctx: click.Context, *, target: str, model: str | None, strict: bool, form: str) -> None:
    """Check a label set by all rules, and print every problem.

    NAME is an installed set. PATH is a label-set file (.toml), a wheel, an sdist (.tar.gz), or a
    folder with the sources of a package, such as ./garden-birds. Exit status: 0 no problem, 1
    problems, 2 there is no such thing.
    """
    from zsclip.lint import examine

    examined = examine(target)
    findings = list(examined.findings)
    if model is not None:
        findings += _findings_of_model(examined, model)
    breaches = [finding for finding in findings if not finding.is_advice]
    failed = bool(findings if strict else breaches)
    if form == "json":
        emit_json(_as_json(target, examined, findings, ok=not failed))
    else:
        for finding in findings:
            emit(_shown(finding, target))
        emit(f"{target}: {_count(len(breaches), len(findings) - len(breaches))}.")
    if failed:
        ctx.exit(1)


def _findings_of_model(examined: Examined, model: str) -> list[Finding]:
    """What takes a text tower; advice only on sets whose prompts can all be encoded."""
    from zsclip.encoders import create_encoder
    from zsclip.lint import check_lengths_of, find_near_ones

    encoder = create_encoder("clip", model, device="cpu", progress=sys.stderr.isatty())
    findings = check_lengths_of(examined, encoder)
    too_long = {finding.file for finding in findings}
    for file, labelset in examined.sets:
        if file in too_long:
            say(f"{labelset.name}: no advice, because there are prompts that do not fit {model}.")
        else:
            findings += find_near_ones(labelset, encoder, file=file)
    return findings


def _shown(finding: Finding, target: str) -> str:
    """A finding as a line; the file is left out where there is only one."""
    return finding.of_rule if finding.file in ("", target) else str(finding)


def _count(breaches: int, advice: int) -> str:
    told = f"{breaches or 'no'} {'problem' if breaches == 1 else 'problems'}"
    if advice:
        told += f", {advice} {'piece' if advice == 1 else 'pieces'} of advice"
    return told


def _as_json(target: str, examined: Examined, findings: list[Finding], *, ok: bool) -> Any:
    return {
        "target": target,
        "ok": ok,
        "labelsets": [labelset.name for _, labelset in examined.sets],
        "problems": [
            {**asdict(finding), "advice": finding.is_advice, "text": str(finding)}
            for finding in findings
        ],
    }
