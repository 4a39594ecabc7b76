"""A label set as it shows itself in a notebook."""

from __future__ import annotations

from typing import Protocol

from zsclip.errors import LabelError
from zsclip.fragments import PROSE, facts, folded, fragment, listing, note
from zsclip.labels.tree import Tree
from zsclip.labels.values import Group, Label, Provenance
from zsclip.markup import Markup, element
from zsclip.wording import counted, shown

__all__ = ["about_labels", "shown_labelset"]

LABELS = 500
OTHERS = 100  # groups, templates, files
ALIASES = 5


class _Set(Protocol):
    """What is shown of a `LabelSet`, which is loaded without this file."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def license(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def labels(self) -> tuple[Label, ...]: ...
    @property
    def groups(self) -> tuple[Group, ...]: ...
    @property
    def templates(self) -> tuple[str, ...]: ...
    @property
    def provenance(self) -> tuple[Provenance, ...]: ...
    @property
    def tree(self) -> Tree: ...


def shown_labelset(labelset: _Set) -> str:
    """A label set by itself, as a fragment."""
    n = len(labelset.labels)
    head = element("b", shown(labelset.title or labelset.name))
    return str(
        fragment(
            element("p", head, f" · {counted(n, 'label')}"),
            note(shown(labelset.description, PROSE)) if labelset.description else None,
            about_labels(labelset),
        )
    )


def about_labels(labelset: _Set) -> Markup:
    """What is to be known of a label set, as a part of a fragment: long lists folded."""
    n, groups, templates = len(labelset.labels), labelset.groups, labelset.templates
    told = [
        ("Name", labelset.name),
        ("Source", labelset.source),
        ("License", labelset.license),
        ("Language", labelset.language),
        *(("Read from", _file(file)) for file in labelset.provenance[:OTHERS]),
    ]
    names = listing(map(_label, labelset.labels), most=LABELS, of=n, what="labels")
    parts = [folded(counted(n, "label"), names)]
    if groups:
        lines = listing(_groups(labelset), most=OTHERS, of=len(groups), what="groups")
        parts.append(folded(counted(len(groups), "group"), lines))
    if templates:
        lines = listing(templates, most=OTHERS, of=len(templates), what="templates")
        parts.append(folded(counted(len(templates), "template"), lines))
    return element("div", facts([row for row in told if row[1]], "About the label set"), *parts)


def _label(label: Label) -> str:
    others = ", ".join(label.aliases[:ALIASES]) + (", …" if len(label.aliases) > ALIASES else "")
    return f"{label.name} ({others})" if others else label.name


def _groups(labelset: _Set) -> list[str]:
    try:
        nodes = labelset.tree.nodes[: len(labelset.groups)]
    except LabelError:  # nested without end, and all the same to be shown
        return [group.name for group in labelset.groups]
    return [f"{node.name}: {len(node.labels):,}" for node in nodes]


def _file(file: Provenance) -> str:
    of = f"{file.distribution} {file.version}, " if file.distribution else ""
    return f"{of}{file.file} (SHA-256 {file.sha256[:12]}…)"
