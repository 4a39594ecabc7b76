"""Label sets out of label sets: two of them together, and parts of one.

These work on fields, which need not hold the two labels that a set needs: a part of one label is no
set, but may become a part of one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from zsclip.errors import LabelError, LabelNotFoundError, ParameterTypeError, did_you_mean
from zsclip.labels.fields import Fields
from zsclip.labels.rules import fold
from zsclip.labels.spdx import both_licenses
from zsclip.labels.values import Group, Label

__all__ = ["require_two", "select", "union"]

NAMED = 3  # parts of more nodes than these are named by their size


def _nodes(whole: Fields) -> list[Label | Group]:
    return [*whole["groups"], *whole["labels"]]


# ------------------------------------------------------------------------------------------- parts


def select(whole: Fields, names: Sequence[str], *, keep: bool = True) -> Fields:
    """The labels named, with those below them; or all others, where `keep` is false.

    Args:
        whole: The fields of a set.
        names: Labels by their ids or names, groups by their ids.
        keep: Whether the labels named are kept or left out.

    Raises:
        LabelNotFoundError: There is no such label or group.
        ParameterTypeError: A name is no text.
    """
    ids = {_find(whole, name) for name in names}
    nodes = _nodes(whole)
    parents = {node.id: node.parent for node in nodes}

    def lineage(node: str) -> Iterator[str]:
        current: str | None = node
        while current is not None:
            yield current
            current = parents[current]

    labels = tuple(label for label in whole["labels"] if keep != ids.isdisjoint(lineage(label.id)))
    # What a label that is left out says of those below it stays true: it is a group above them.
    needed = {node for label in labels for node in lineage(label.id)} - {x.id for x in labels}
    groups = tuple(Group(x.id, x.name, x.parent) for x in nodes if x.id in needed)
    part = ",".join(names) if keep else f"without {','.join(names)}"
    if len(names) > NAMED:
        part = f"{len(labels)} of {len(whole['labels'])}"
    return {**whole, "name": f"{whole['name']}/{part}", "labels": labels, "groups": groups}


def require_two(part: Fields) -> Fields:
    """The part itself.

    Raises:
        LabelError: It has fewer than two labels.
    """
    labels = part["labels"]
    if len(labels) < 2:
        left = f"one label, {labels[0].name!r}" if labels else "no label"
        raise LabelError(
            f"{part['name']!r} has {left}, and a label set has two or more: scores are a softmax "
            "over them. Choose a wider part, or put two sets together with `|`."
        )
    return part


def _find(whole: Fields, name: str) -> str:
    """The id of the node that a name means."""
    if not isinstance(name, str):
        raise ParameterTypeError(
            f"Labels and groups are named by texts, got {name!r}. For a list of them write "
            "only(*names)."
        )
    ids = [node.id for node in _nodes(whole)]
    if name in ids:
        return name
    for label in whole["labels"]:
        if label.name == name:
            return label.id
    known = dict.fromkeys([*ids, *(label.name for label in whole["labels"])])
    raise LabelNotFoundError(
        f"{whole['name']!r} has no label with the id or name {name!r}, and no group with this id. "
        f"{did_you_mean(name, list(known))}"
    )


# ---------------------------------------------------------------------------------------- together


def union(first: Fields, second: Fields) -> Fields:
    """The labels of one set, and then those of another.

    - Templates: those that both have stay. Where they differ, each set's own are filled in, so that
      its labels have complete prompts (one that a label would have twice counts once), and the
      result has no templates; the labels of a set without templates stay as they are, for the
      classifier to fill in its own.
    - A group that both have, with the same id, name and parent, is one group.
    - Expected figures of both stay; they speak of the sets as they were published.
    - The license is that of both, as an SPDX expression. License, source and title are empty where
      either set has none, since nothing is known of the whole then.
    - The language stays if both have the same.

    Putting sets together in another grouping gives the same: ``(a | b) | c == a | (b | c)``.

    Args:
        first: The fields of a set.
        second: The fields of another.

    Raises:
        LabelError: An id, or a text of a label, is in both; case and accents composed differently
            do not tell texts apart. All clashes are named.
    """
    a, b = first, second
    templates = a["templates"]
    if templates != b["templates"]:
        a, b, templates = _filled(a), _filled(b), ()
    _require_apart(a, b)
    return {
        "name": f"{a['name']}+{b['name']}",
        "labels": a["labels"] + b["labels"],
        "templates": templates,
        "license": both_licenses(a["license"], b["license"]),
        "source": _joined(a["source"], b["source"], "\n\n", whole=True),
        "title": _joined(a["title"], b["title"], " + ", whole=True),
        "description": _joined(a["description"], b["description"], "\n\n"),
        "citation": _joined(a["citation"], b["citation"], "\n\n"),
        "language": a["language"] if a["language"] == b["language"] else "",
        "groups": tuple(dict.fromkeys(a["groups"] + b["groups"])),
        "expected": tuple(dict.fromkeys(a["expected"] + b["expected"])),
        "provenance": tuple(dict.fromkeys(a["provenance"] + b["provenance"])),
    }


def _filled(whole: Fields) -> Fields:
    """The set with its templates filled into its labels."""
    if not whole["templates"]:
        return whole
    labels = []
    for label in whole["labels"]:
        prompts: dict[str, str] = {}
        for prompt in label.prompts_with(whole["templates"]):
            prompts.setdefault(fold(prompt), prompt)
        labels.append(replace(label, prompts=tuple(prompts.values())))
    return {**whole, "labels": tuple(labels), "templates": ()}


def _joined(first: str, second: str, separator: str, *, whole: bool = False) -> str:
    """The parts of both texts, each once; nothing if `whole` and either is empty."""
    if whole and not (first and second):
        return ""
    parts = [part.strip() for text in (first, second) for part in text.split(separator)]
    return separator.join(part for part in dict.fromkeys(parts) if part)


def _require_apart(a: Fields, b: Fields) -> None:
    clashes = [*_id_clashes(a, b), *_text_clashes(a, b)]
    if clashes:
        many = f", for {len(clashes)} reasons" if len(clashes) > 1 else ""
        lines = "".join(f"\n  - {clash}" for clash in clashes)
        raise LabelError(
            f"The label sets {a['name']!r} and {b['name']!r} cannot be put together{many}:{lines}\n"
            "Leave labels out of one of them first, with `without`."
        )


def _id_clashes(a: Fields, b: Fields) -> Iterator[str]:
    nodes = {node.id: node for node in _nodes(a)}
    for node in _nodes(b):
        other = nodes.get(node.id)
        if other is None or (isinstance(node, Group) and node == other):
            continue
        if isinstance(node, Group) and isinstance(other, Group):
            yield (
                f"the group {node.id!r} has another name or parent in {a['name']!r} than in "
                f"{b['name']!r}"
            )
        else:
            kinds = f"{_kind(other)} of {a['name']!r} and {_kind(node)} of {b['name']!r}"
            yield f"{node.id!r} is the id of {kinds}"


def _kind(node: Label | Group) -> str:
    return "a label" if isinstance(node, Label) else "a group"


def _text_clashes(a: Fields, b: Fields) -> Iterator[str]:
    """The texts that two labels share, by pairs of labels."""
    owners: dict[str, tuple[Fields, Label]] = {}
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for of_prompts in (False, True):  # a name that two share says more than the prompts out of it
        for whole, label in (*((a, x) for x in a["labels"]), *((b, x) for x in b["labels"])):
            for text in label.prompts if of_prompts else label.texts:
                where, other = owners.setdefault(fold(text), (whole, label))
                if other is label or (where is not whole and other.id == label.id):
                    continue  # the latter is a clash of ids
                pair = (
                    f"{other.id!r} of {where['name']!r}",
                    f"{label.id!r} of {whole['name']!r}",
                )
                if not of_prompts or pair not in shared:
                    shared[pair].append(text)
    for (one, other_one), texts in shared.items():
        yield f"{_listed(texts)} stands for {one} and for {other_one}"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(repr(text) for text in dict.fromkeys(texts))
