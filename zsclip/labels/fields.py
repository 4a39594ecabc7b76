"""Everything that a label set is made from, before it is one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypedDict, cast

from zsclip.labels.rules import Draft, DraftNode
from zsclip.labels.values import Expected, Group, Label, Provenance

if TYPE_CHECKING:
    from zsclip.labels.labelset import LabelSet

__all__ = ["Fields", "fields_of", "fields_of_draft"]


class Fields(TypedDict):
    """Everything that a `LabelSet` is made from."""

    name: str
    labels: tuple[Label, ...]
    templates: tuple[str, ...]
    license: str
    source: str
    title: str
    description: str
    citation: str
    language: str
    groups: tuple[Group, ...]
    expected: tuple[Expected, ...]
    provenance: tuple[Provenance, ...]


def fields_of(labelset: LabelSet) -> Fields:
    """Everything that the set was made from."""
    return cast(
        "Fields",
        {field.name: getattr(labelset, field.name) for field in dataclasses.fields(labelset)},
    )


def fields_of_draft(draft: Draft, name: str, provenance: Provenance) -> Fields:
    """The fields of a set of which nothing is known but its name and what the draft holds."""
    return Fields(
        name=name,
        labels=tuple(_label(node) for node in draft.labels),
        templates=tuple(text.value for text in draft.templates),
        license="",
        source="",
        title="",
        description="",
        citation="",
        language="",
        groups=tuple(Group(*_ids(node)) for node in draft.groups),
        expected=(),
        provenance=(provenance,),
    )


def _ids(node: DraftNode) -> tuple[str, str, str | None]:
    name = node.name.value if node.name else ""
    return node.key or "", name, node.parent.value if node.parent else None


def _label(node: DraftNode) -> Label:
    key, name, parent = _ids(node)
    aliases = tuple(text.value for text in node.aliases)
    return Label(key, name, aliases, tuple(text.value for text in node.prompts), parent)
