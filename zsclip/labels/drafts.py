"""What somebody wrote, before it is known to keep the rules: each text with its place.

Files are read into drafts and values given in code are turned into one, so that the rules
(`zsclip.labels.rules`) see one thing and can say where each breach is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zsclip.labels.values import Expected, Group, Label, Provenance
from zsclip.wording import BriefRepr, told

__all__ = ["ABOUT", "PROSE", "Draft", "DraftNode", "Problem", "Text", "draft_of"]

ABOUT = ("name", "license", "source", "title", "description", "citation", "language")
"""What a set says of itself, a text each."""

PROSE = frozenset({"source", "description", "citation"})
"""Those of them that may have several lines."""


@dataclass(frozen=True, slots=True, repr=False)
class Problem(BriefRepr):
    """One breach of a rule, or one piece of advice.

    Attributes:
        rule: ``R1`` to ``R11`` are the rules of label sets, ``D1`` to ``D7`` those of
            distributions; ``M1`` and ``M2`` are advice that rests on a model.
        where: The key, the line or the folder.
        message: What is wrong there, and what to do.
        file: The file, from the top of the distribution; empty where there is only one.

    Examples:
        >>> print(Problem("D2", "version", "is missing. Add it.", "pyproject.toml"))
        pyproject.toml: D2 version: is missing. Add it.
    """

    rule: str
    where: str
    message: str
    file: str = ""

    @property
    def is_advice(self) -> bool:
        """Whether it rests on a model's judgment rather than on a rule."""
        return self.rule.startswith("M")

    @property
    def without_file(self) -> str:
        """The problem as a text that does not name its file."""
        return told(f"{self.rule} {self.where}: {self.message}")

    def __str__(self) -> str:
        return told(f"{self.file}: {self.without_file}" if self.file else self.without_file)


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the place where it stands, such as ``labels[3].aliases[0]``."""

    where: str
    value: str


@dataclass(slots=True)
class DraftNode:
    """A label or a group that may still break rules; `id` is None where the name serves as id."""

    where: str
    name: Text | None
    id: Text | None = None
    aliases: list[Text] = field(default_factory=list)
    prompts: list[Text] = field(default_factory=list)
    parent: Text | None = None

    @property
    def key(self) -> str | None:
        """The id, given or taken from the name; None where both are missing."""
        own = self.id or self.name
        return own.value if own else None

    @property
    def texts(self) -> list[Text]:
        """Everything that it says."""
        own = [self.id, self.name, *self.aliases, *self.prompts, self.parent]
        return [text for text in own if text is not None]

    def as_group(self) -> Group:
        """The value, of a node that keeps the rules."""
        name = self.name.value if self.name else ""
        return Group(self.key or "", name, self.parent.value if self.parent else None)

    def as_label(self) -> Label:
        """The value, of a node that keeps the rules."""
        group = self.as_group()
        aliases = tuple(text.value for text in self.aliases)
        prompts = tuple(text.value for text in self.prompts)
        return Label(group.id, group.name, aliases, prompts, group.parent)


@dataclass(slots=True)
class Draft:
    """A label set that may still break rules.

    Attributes:
        what: What to call its source in messages, such as ``The labels file 'a.txt'``.
        labels: Its labels.
        groups: Its groups.
        templates: Its templates.
        null_prompts: Its prompts for "none of these".
        about: What it says of itself, by the names in `ABOUT`; what is not said is not there.
        expected: Its published figures.
        provenance: Where it was read.
        problems: What is known to be wrong already.
        is_empty: Whether nothing stands where the labels should.
    """

    what: str = ""
    labels: list[DraftNode] = field(default_factory=list)
    groups: list[DraftNode] = field(default_factory=list)
    templates: list[Text] = field(default_factory=list)
    null_prompts: list[Text] = field(default_factory=list)
    about: dict[str, Text] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    provenance: tuple[Provenance, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    is_empty: bool = False

    def note(self, rule: str, where: str, message: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(rule, where, message))

    def said(self, key: str) -> str:
        """One of the texts in `about`; empty where it is not said."""
        return self.about[key].value if key in self.about else ""


def draft_of(
    labels: Sequence[Label],
    groups: Sequence[Group] = (),
    templates: Sequence[str] = (),
    null_prompts: Sequence[str] = (),
    *,
    about: Mapping[str, str],
    expected: Sequence[Expected] = (),
) -> Draft:
    """The draft of values that exist already."""
    return Draft(
        labels=[_node_of(f"labels[{i}]", label) for i, label in enumerate(labels)],
        groups=[_node_of(f"groups[{i}]", group) for i, group in enumerate(groups)],
        templates=[Text(f"templates[{i}]", template) for i, template in enumerate(templates)],
        null_prompts=[Text(f"null_prompts[{i}]", text) for i, text in enumerate(null_prompts)],
        about={key: Text(key, text) for key, text in about.items() if text or key == "name"},
        expected=list(expected),
        is_empty=not labels,
    )


def _node_of(where: str, node: Label | Group) -> DraftNode:
    draft = DraftNode(where, Text(f"{where}.name", node.name))
    if node.id != node.name:
        draft.id = Text(f"{where}.id", node.id)
    if node.parent is not None:
        draft.parent = Text(f"{where}.parent", node.parent)
    if isinstance(node, Label):
        draft.aliases = [Text(f"{where}.aliases[{i}]", a) for i, a in enumerate(node.aliases)]
        draft.prompts = [Text(f"{where}.prompts[{i}]", p) for i, p in enumerate(node.prompts)]
    return draft
