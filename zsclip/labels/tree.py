"""The tree of a label set: which labels lie below which group or label, and at which depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from zsclip.errors import LabelError, LabelNotFoundError, ParameterTypeError
from zsclip.labels.rules import fold
from zsclip.wording import BriefRepr, brief, did_you_mean, in_a_row

if TYPE_CHECKING:
    from zsclip.labels.values import Group, Label

__all__ = ["Node", "Tree", "tree_of"]

DEEPEST = 100  # depths; of all of zoology there are forty


@dataclass(frozen=True, slots=True, repr=False)
class Node(BriefRepr):
    """A group or a label in its place.

    Attributes:
        id: The id of the group or label.
        name: What it is called in words.
        depth: How many nodes lie above it: 0 at the top.
        labels: The positions of the labels at and below it, ascending; of a group without labels
            none.
        label: The position of the label that it is; None for a group.
    """

    id: str
    name: str
    depth: int
    labels: tuple[int, ...]
    label: int | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tree:
    """Every node of a label set.

    At each depth the labels fall apart into cells: those below one node of this depth stand
    together, and a label that lies higher stands alone. So the cells of a depth hold each label
    once, at depth 0 they are widest, and at the last one each label is by itself.

    Attributes:
        nodes: Groups, in the order of the set, and then labels.
        cells: For each depth its cells, as pairs of the position of a node in `nodes` and the
            positions of its labels, ascending; in the order of their first labels.

    Examples:
        >>> from zsclip import load_labelset
        >>> tree = load_labelset("cartoon-animals").tree
        >>> tree.depths, tree.node("bird").depth, len(tree.node("bird").labels)
        (3, 0, 17)
    """

    nodes: tuple[Node, ...]
    cells: tuple[tuple[tuple[int, tuple[int, ...]], ...], ...]
    _by_id: dict[str, Node]
    _by_text: tuple[dict[str, list[Node]], dict[str, list[Node]]]

    @property
    def depths(self) -> int:
        """How many depths there are; 1 where no label has a parent."""
        return len(self.cells)

    def node(self, text: str) -> Node:
        """A node by its id, or else by its name, or else by an alias, in whatever case.

        Raises:
            LabelNotFoundError: There is none such.
            LabelError: Several nodes have this name; their ids are named.
            ParameterTypeError: `text` is no text.
        """
        if (node := self._by_id.get(_text(text, "A group or label"))) is not None:
            return node
        folded = fold(text)
        names, aliases = self._by_text
        found = names.get(folded) or aliases.get(folded) or []
        if len(found) == 1:
            return found[0]
        if found:
            ids = in_a_row([brief(node.id) for node in found])
            raise LabelError(f"Several nodes are called {brief(text)}. Use the id of one: {ids}.")
        hint = did_you_mean(text, _known(self.nodes))
        raise LabelNotFoundError(f"There is no group and no label {brief(text)}. {hint}")

    def label(self, text: str) -> int:
        """The position of a label by its id, or else by its name, or else by an alias.

        Case does not matter. A group of the same name is passed over.

        Raises:
            LabelNotFoundError: There is none such.
            ParameterTypeError: `text` is no text.
        """
        by_id = self._by_id.get(_text(text, "A label"))
        names, aliases = (table.get(fold(text), []) for table in self._by_text)
        nodes = [*([] if by_id is None else [by_id]), *names, *aliases]
        for node in nodes:
            if node.label is not None:
                return node.label
        if nodes:
            raise LabelNotFoundError(
                f"{brief(text)} is a group and no label. Ask for the labels below it together, "
                f"with at({brief(text)})."
            )
        labels = [node for node in self.nodes if node.label is not None]
        raise LabelNotFoundError(
            f"There is no label {brief(text)}. {did_you_mean(text, _known(labels))}"
        )

    def __repr__(self) -> str:
        return f"<Tree {len(self.nodes)} nodes, {self.depths} depths>"


def _text(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise ParameterTypeError(
            f"{what} is named by its id or its name, got {brief(text)}. Pass a str."
        )
    return text


def _known(nodes: Sequence[Node]) -> list[str]:
    """The names and the ids among which one that is unknown is looked for."""
    first = nodes[:1000]
    return list(dict.fromkeys([*(node.name for node in first), *(node.id for node in first)]))


def tree_of(name: str, labels: Sequence[Label], groups: Sequence[Group]) -> Tree:
    """The tree of a label set, which `LabelSet.tree` keeps.

    Args:
        name: What the set is called, for messages.
        labels: Its labels.
        groups: Its groups.

    Raises:
        LabelError: It is nested too deep; a file of strangers can be, at no cost to them.
    """
    owners: list[Group | Label] = [*groups, *labels]
    parents = {owner.id: owner.parent for owner in owners}
    above = {id_: tuple(islice(_way_up(id_, parents), DEEPEST + 1)) for id_ in parents}
    if any(len(way) > DEEPEST for way in above.values()):
        raise LabelError(
            f"The groups of {brief(name)} are nested more than {DEEPEST} deep. Leave out "
            "what nobody asks for."
        )
    below: dict[str, list[int]] = {id_: [] for id_ in parents}
    for i, label in enumerate(labels):
        for id_ in above[label.id]:
            below[id_].append(i)
    first = len(groups)
    nodes = tuple(
        Node(
            owner.id,
            owner.name,
            len(above[owner.id]) - 1,
            tuple(below[owner.id]),
            i - first if i >= first else None,
        )
        for i, owner in enumerate(owners)
    )
    names: dict[str, list[Node]] = {}
    for node in nodes:
        names.setdefault(fold(node.name), []).append(node)
    aliases: dict[str, list[Node]] = {}
    for label, node in zip(labels, nodes[first:], strict=True):
        for text in {fold(alias) for alias in label.aliases}:
            aliases.setdefault(text, []).append(node)
    ways = [above[label.id][::-1] for label in labels]
    place = {node.id: i for i, node in enumerate(nodes)}
    return Tree(
        nodes,
        tuple(_cells(ways, depth, place) for depth in range(max(map(len, ways)))),
        {node.id: node for node in nodes},
        (names, aliases),
    )


def _way_up(id_: str, parents: dict[str, str | None]) -> Iterator[str]:
    """A node and those above it; rule R11 says that this ends."""
    above: str | None = id_
    while above is not None:
        yield above
        above = parents[above]


def _cells(
    ways: Sequence[tuple[str, ...]], depth: int, place: dict[str, int]
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    cells: dict[str, list[int]] = {}
    for i, way in enumerate(ways):
        cells.setdefault(way[min(depth, len(way) - 1)], []).append(i)
    return tuple((place[id_], tuple(labels)) for id_, labels in cells.items())
