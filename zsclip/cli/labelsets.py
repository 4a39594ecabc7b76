"""``zsclip labelsets``."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.authoring import check, new
from zsclip.cli.completion import complete_labels
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import format_option
from zsclip.cli.output import emit, emit_json, facts, show, table
from zsclip.wording import counted

if TYPE_CHECKING:
    from rich.tree import Tree

    from zsclip.labels import Group, Label, LabelSet

__all__ = ["describe_labelsets", "labelsets"]

PROMPTS_SHOWN = 5
DEEPEST_SHOWN = 20  # groups within each other
FOR_WHOLE_NAMES = 80
"""The width of a terminal from which on no name of a set or a distribution is broken."""


@click.group(epilog=examples("zsclip labelsets list", "zsclip labelsets show cartoon-animals"))
def labelsets() -> None:
    """List, show, write and check label sets."""


@labelsets.command(
    "list", cls=ZsclipCommand, epilog=examples("zsclip labelsets list --format json")
)
@format_option("table", "json")
def list_(*, form: str) -> None:
    """List the installed label sets, the broken ones included."""
    rows = describe_labelsets()
    if form == "json":
        emit_json(rows)
        return
    if not rows:
        show("No label set is installed. Try: pip install zsclip-labels-cartoon-animals")
        return
    shown = table("name", "labels", "title", "distribution", "version", right=["labels"])
    if shutil.get_terminal_size().columns >= FOR_WHOLE_NAMES:
        for column in (shown.columns[0], shown.columns[3]):
            column.no_wrap = True  # the titles are folded rather
    for row in rows:
        count = "" if row["labels"] is None else f"{row['labels']:,}"
        title = "broken; see below" if row["error"] else row["title"]
        shown.add_row(row["name"], count, title, row["distribution"], row["version"])
    show(shown)
    # A collision is marked on each of the sets in the same words, which are told once.
    for error in dict.fromkeys(row["error"] for row in rows if row["error"]):
        show(f"\n{error}")
    emit("")
    emit("More of one: zsclip labelsets show NAME")


def describe_labelsets() -> list[dict[str, Any]]:
    """The installed label sets as plain values."""
    from zsclip.labels import list_labelsets

    return [
        {
            "name": info.name,
            "title": info.labelset.title if info.labelset else "",
            "labels": len(info.labelset) if info.labelset else None,
            "templates": len(info.labelset.templates) if info.labelset else None,
            "language": info.labelset.language if info.labelset else "",
            "license": info.labelset.license if info.labelset else "",
            "distribution": info.distribution,
            "version": info.version,
            "package": info.package,
            "error": info.error,
        }
        for info in list_labelsets()
    ]


# -------------------------------------------------------------------------------------------- show


@labelsets.command(
    "show", cls=ZsclipCommand, epilog=examples("zsclip labelsets show cartoon-animals")
)
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_labels)
def show_(*, name: str) -> None:
    """Show a label set: where it comes from, its labels in their groups, its prompts.

    NAME is an installed set, FILE a file of labels (.toml, .txt, .csv); parts of sets, several
    together and folders are spelled as in `zsclip classify`.
    """
    from zsclip.spelling import parse_labels

    labelset = parse_labels(name)
    facts(labelset.title or labelset.name, _facts(labelset))
    _print_list("Templates", labelset.templates or [_without_templates(labelset)])
    if labelset.null_prompts:
        _print_list("Null prompts", labelset.null_prompts)
    _print_list("Labels", _trees(labelset))
    counts = [len(x.prompts) or len(x.texts) * len(labelset.templates) for x in labelset]
    made = (prompt for x in labelset for prompt in x.prompts_with(labelset.templates))
    if prompts := list(islice(made, PROMPTS_SHOWN)):
        _print_list(f"Prompts, {len(prompts)} of {sum(counts):,}", prompts)


def _without_templates(labelset: LabelSet) -> str:
    if all(label.prompts for label in labelset):
        return "none: each label has complete prompts"
    return "none: the classifier's own are used"


def _print_list(title: str, items: Iterable[str | Tree]) -> None:
    from rich.padding import Padding

    show(title, style="bold")
    for item in items:
        show(Padding.indent(item, 2))
    emit("")


def _facts(labelset: LabelSet) -> list[tuple[str, str]]:
    n = len(labelset.groups)
    groups = f" in {counted(n, 'group')}" if n else ""
    rows = [
        ("Name", labelset.name),
        ("Description", labelset.description.strip()),
        ("Labels", f"{len(labelset)}{groups}"),
        ("License", labelset.license),
        ("Source", labelset.source.strip()),
        ("Citation", labelset.citation.strip()),
        ("Language", labelset.language),
    ]
    for where in labelset.provenance:
        rows += [
            ("Distribution", f"{where.distribution} {where.version}".strip()),
            ("File", where.file),
            ("SHA-256", where.sha256),
        ]
    rows += [(f"{e.metric} of {e.model}", f"{e.value:g}, {e.source}") for e in labelset.expected]
    return [(title, value) for title, value in rows if value]


def _trees(labelset: LabelSet) -> list[Tree]:
    """Groups and labels below what they name as their parent, in the order of the set."""
    from rich.tree import Tree

    below: dict[str | None, list[Group | Label]] = defaultdict(list)
    for node in (*labelset.groups, *labelset):
        below[node.parent].append(node)
    top = Tree("")
    todo: list[tuple[Tree, str | None, int]] = [(top, None, 1)]
    while todo:
        tree, parent, depth = todo.pop()
        if depth > DEEPEST_SHOWN:  # each level is a wider margin
            tree.add(f"… {len(below[parent]):,} and what is below")
            continue
        for node in below[parent]:
            child = tree.add(_in_words(node))
            if node.id in below:
                todo.append((child, node.id, depth + 1))
    return top.children


def _in_words(node: Group | Label) -> str:
    named = node.name if node.name == node.id else f"{node.name} [{node.id}]"
    aliases = getattr(node, "aliases", ())  # which groups have none of
    return f"{named}: {', '.join(aliases)}" if aliases else named


for command in (new, check):
    labelsets.add_command(command)
