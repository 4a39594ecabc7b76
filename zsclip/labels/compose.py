"""Label sets out of label sets: what it takes to cut a part out of one, and to put two together.

Works on labels and groups, and knows no set: `LabelSet.only`, `LabelSet.without` and ``|`` make new
sets of what comes out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from zsclip.errors import LabelError, LabelNotFoundError, ParameterTypeError
from zsclip.labels.prompts import require_few_filled
from zsclip.labels.rules import fold
from zsclip.labels.values import Group, Label
from zsclip.wording import brief, did_you_mean, in_a_row, in_lines

__all__ = [
    "Part",
    "both_licenses",
    "joined",
    "none_of_either",
    "require_apart",
    "select",
    "with_own_prompts",
]

NAMED = 3  # parts of more nodes than these are named by their size
DEEPEST = 20  # parentheses within each other in a license: each level is read once more

Node: TypeAlias = Label | Group


@dataclass(frozen=True, slots=True)
class Part:
    """The labels and groups of a set, or of a part of one, under its name."""

    name: str
    labels: tuple[Label, ...]
    groups: tuple[Group, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The groups, and then the labels."""
        return (*self.groups, *self.labels)


# ------------------------------------------------------------------------------------------- parts


def select(whole: Part, names: Sequence[str], *, keep: bool = True) -> Part:
    """The labels named, with those below them; or all others, where `keep` is false.

    Args:
        whole: The labels and groups of a set.
        names: Labels by their ids or names, groups by their ids.
        keep: Whether the labels named are kept or left out.

    Raises:
        LabelNotFoundError: There is no such label or group.
        LabelError: No label would be left.
        ParameterTypeError: A name is no text.
    """
    nodes = whole.nodes
    chosen = _below(_find(whole, names), nodes)
    labels = tuple(label for label in whole.labels if keep == (label.id in chosen))
    # What a label that is left out says of those below it stays true: it is a group above them.
    needed = _above(labels, nodes) - {x.id for x in labels}
    groups = tuple(Group(x.id, x.name, x.parent) for x in nodes if x.id in needed)
    part = ",".join(names) if keep else f"without {','.join(names)}"
    if len(names) > NAMED:
        part = f"{len(labels)} of {len(whole.labels)}"
    name = f"{whole.name}/{part}"
    if not labels:
        raise LabelError(f"{brief(name)} has no label left. Choose a wider part.")
    return Part(name, labels, groups)


def _below(ids: set[str], nodes: Sequence[Node]) -> set[str]:
    """These nodes and all below them, at any depth; each is passed once."""
    children: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        if node.parent is not None:
            children[node.parent].append(node.id)
    found: set[str] = set()
    todo = list(ids)
    while todo:
        found.add(node_id := todo.pop())
        todo += [child for child in children[node_id] if child not in found]
    return found


def _above(labels: Iterable[Label], nodes: Sequence[Node]) -> set[str]:
    """These labels and all above them; each is passed once."""
    parents = {node.id: node.parent for node in nodes}
    found: set[str] = set()
    for label in labels:
        current: str | None = label.id
        while current is not None and current not in found:
            found.add(current)
            current = parents[current]
    return found


def _find(whole: Part, names: Sequence[str]) -> set[str]:
    """The ids of the nodes that names mean."""
    by_name = {label.name: label.id for label in reversed(whole.labels)}  # the first one counts
    known = by_name | {node.id: node.id for node in whole.nodes}
    found = set()
    for name in names:
        if not isinstance(name, str):
            raise ParameterTypeError(
                f"Labels and groups are named by texts, got {brief(name)}. For a list of them "
                "write only(*names)."
            )
        if name not in known:
            told = dict.fromkeys([*(x.id for x in whole.nodes), *(x.name for x in whole.labels)])
            raise LabelNotFoundError(
                f"{brief(whole.name)} has no label with the id or name {brief(name)}, and no group "
                f"with this id. {did_you_mean(name, list(told))}"
            )
        found.add(known[name])
    return found


# ---------------------------------------------------------------------------------------- together


def with_own_prompts(labels: Iterable[Label], templates: Sequence[str]) -> tuple[Label, ...]:
    """The labels with their set's templates filled in; as they are where there are none.

    A prompt that a label would have twice counts once.
    """
    if not templates:
        return tuple(labels)
    labels = tuple(labels)
    names = sum(len(label.texts) for label in labels if not label.prompts)
    require_few_filled(names * len(templates), "The label sets have templates that differ, and")
    filled = []
    for label in labels:
        prompts: dict[str, str] = {}
        for prompt in label.prompts_with(templates):
            prompts.setdefault(fold(prompt), prompt)
        filled.append(replace(label, prompts=tuple(prompts.values())))
    return tuple(filled)


def none_of_either(null_prompts: Iterable[str], labels: Iterable[Label]) -> tuple[str, ...]:
    """What stands for "none of these" labels, each once: no text and no prompt of one of them."""
    if not (null_prompts := tuple(null_prompts)):
        return ()
    said = {fold(text) for label in labels for text in (*label.texts, *label.prompts)}
    kept: dict[str, str] = {}
    for prompt in null_prompts:
        if (key := fold(prompt)) not in said:
            kept.setdefault(key, prompt)
    return tuple(kept.values())


def joined(first: str, second: str, separator: str, *, whole: bool = False) -> str:
    """The parts of both texts, each once; nothing if `whole` and either is empty."""
    if whole and not (first and second):
        return ""
    parts = [part.strip() for text in (first, second) for part in text.split(separator)]
    return separator.join(part for part in dict.fromkeys(parts) if part)


def require_apart(a: Part, b: Part) -> None:
    """Raise where two sets share an id or a text of a label; a group that both have is one group.

    Raises:
        LabelError: They clash; all clashes are named.
    """
    clashes = [*_id_clashes(a, b), *_text_clashes(a, b)]
    if clashes:
        many = f", for {len(clashes)} reasons" if len(clashes) > 1 else ""
        raise LabelError(
            f"The label sets {brief(a.name)} and {brief(b.name)} cannot be put together{many}:"
            f"{in_lines(clashes)}\n  Leave labels out of one of them first, with `without`."
        )


def _id_clashes(a: Part, b: Part) -> Iterator[str]:
    nodes = {node.id: node for node in a.nodes}
    for node in b.nodes:
        other = nodes.get(node.id)
        if other is None or (isinstance(node, Group) and node == other):
            continue
        if isinstance(node, Group) and isinstance(other, Group):
            yield (
                f"the group {brief(node.id)} has another name or parent in {brief(a.name)} than in "
                f"{brief(b.name)}"
            )
        else:
            kinds = f"{_kind(other)} of {brief(a.name)} and {_kind(node)} of {brief(b.name)}"
            yield f"{brief(node.id)} is the id of {kinds}"


def _kind(node: Node) -> str:
    return "a label" if isinstance(node, Label) else "a group"


def _text_clashes(a: Part, b: Part) -> Iterator[str]:
    """The texts that two labels share, by pairs of labels."""
    owners: dict[str, tuple[Part, Label]] = {}
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for of_prompts in (False, True):  # a name that two share says more than the prompts out of it
        for whole, label in (*((a, x) for x in a.labels), *((b, x) for x in b.labels)):
            for text in label.prompts if of_prompts else label.texts:
                where, other = owners.setdefault(fold(text), (whole, label))
                if other is label or (where is not whole and other.id == label.id):
                    continue  # the latter is a clash of ids
                pair = (
                    f"{brief(other.id)} of {brief(where.name)}",
                    f"{brief(label.id)} of {brief(whole.name)}",
                )
                if not of_prompts or pair not in shared:
                    shared[pair].append(text)
    for (one, other_one), texts in shared.items():
        yield f"{_listed(texts)} stands for {one} and for {other_one}"


def _listed(texts: Iterable[str]) -> str:
    return in_a_row([brief(text) for text in dict.fromkeys(texts)])


# --------------------------------------------------------------------------------------- licenses


def both_licenses(first: str, second: str) -> str:
    """The SPDX expression that asks for both, each part of it named once.

    Empty where either is: what is not known of a part is not known of the whole.

    Args:
        first: An SPDX expression, or empty.
        second: Likewise.

    Examples:
        >>> both_licenses("MIT", "CC0-1.0")
        'MIT AND CC0-1.0'
        >>> both_licenses("MIT OR Apache-2.0", "MIT AND CC0-1.0")
        '(MIT OR Apache-2.0) AND MIT AND CC0-1.0'
        >>> both_licenses("MIT", "")
        ''
    """
    if not first or not second:
        return ""
    parts = list(dict.fromkeys([*_operands(first), *_operands(second)]))
    if len(parts) == 1:
        return parts[0][1:-1] if parts[0].startswith("(") else parts[0]
    return " AND ".join(parts)


def _operands(expression: str) -> list[str]:
    """What the outermost ANDs of an expression join; what holds an OR is put into parentheses."""
    pieces: list[list[str]] = [[]]
    depth, alternative = 0, False
    for word in re.findall(r"[()]|[^\s()]+", expression):
        depth += (word == "(") - (word == ")")
        if not 0 <= depth <= DEEPEST:
            return [expression.strip()]  # no expression: leave it alone
        if depth == 0 and word == "AND":
            pieces.append([])
        else:
            alternative = alternative or (depth == 0 and word == "OR")
            pieces[-1].append(word)
    if depth or not all(pieces):
        return [expression.strip()]
    if alternative:
        return [f"({_joined([t for piece in pieces for t in (*piece, 'AND')][:-1])})"]
    operands = []
    for piece in pieces:
        wrapped = piece[0] == "(" and piece[-1] == ")" and len(piece) > 2
        operands += _operands(" ".join(piece[1:-1])) if wrapped else [_joined(piece)]
    return operands


def _joined(words: list[str]) -> str:
    return " ".join(words).replace("( ", "(").replace(" )", ")")
