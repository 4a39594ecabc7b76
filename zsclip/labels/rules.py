"""The rules for labels and templates that hold for a file and for code alike (R5 to R8, R11)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zsclip.errors import did_you_mean
from zsclip.labels.values import PLACEHOLDER, Group, Label

__all__ = ["Draft", "DraftNode", "Problem", "Text", "check_draft", "check_text", "fold", "in_order"]

# Format characters that nobody sees: with one of them, two texts that look the same differ. The
# joiners U+200C and U+200D are not here, because Persian, Hindi and emoji are spelled with them.
_INVISIBLE = frozenset(
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One breach of one rule, where it is, and what to do about it."""

    rule: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"R{self.rule} {self.where}: {self.message}"


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


@dataclass(slots=True)
class Draft:
    """What `check_draft` looks at: the labels, groups and templates, each with its place."""

    labels: list[DraftNode] = field(default_factory=list)
    groups: list[DraftNode] = field(default_factory=list)
    templates: list[Text] = field(default_factory=list)
    n_labels: int = 0

    @classmethod
    def of(
        cls, labels: Sequence[Label], groups: Sequence[Group], templates: Sequence[str]
    ) -> Draft:
        """The draft of values that exist already."""
        return cls(
            labels=[_node_of(f"labels[{i}]", label) for i, label in enumerate(labels)],
            groups=[_node_of(f"groups[{i}]", group) for i, group in enumerate(groups)],
            templates=[Text(f"templates[{i}]", t) for i, t in enumerate(templates)],
            n_labels=len(labels),
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


def fold(text: str) -> str:
    r"""The text as rule R6 compares it: two that fold alike read alike.

    Examples:
        >>> fold("Cafe\u0301") == fold("CAFÉ")
        True
    """
    if text.isascii():
        return text.lower()  # the same, and quick
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems by rule, and as they were found within a rule."""
    return tuple(sorted(problems, key=lambda p: p.rule))


def check_text(text: Text, *, prose: bool = False) -> list[Problem]:
    """Rule R8 for one text; `prose` may hold line breaks and tabs."""
    where, value = text.where, text.value
    if not value.strip():
        return [Problem(8, where, f"is empty, got {value!r}. Write a text or remove it.")]
    if value.isascii() and value.isprintable() and value == value.strip():
        return []  # which most are, and which is quick to see
    problems = []
    if value != value.strip():
        message = f"starts or ends with white space, got {value!r}. Remove the white space."
        problems.append(Problem(8, where, message))
    bad = sorted({c for c in value.strip() if _is_control(c) and not (prose and c in "\n\r\t")})
    if bad:
        codes = ", ".join(f"U+{ord(c):04X}" for c in bad)
        message = f"holds characters that nobody can see ({codes}), got {value!r}. Remove them."
        problems.append(Problem(8, where, message))
    return problems


def _is_control(char: str) -> bool:
    return char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def check_draft(draft: Draft) -> list[Problem]:
    """Every breach of the rules that hold for labels, groups and templates wherever they come from.

    Returns:
        The problems, in the order of the rules.
    """
    problems = _check_count(draft)
    problems += _check_ids(draft)
    problems += _check_owners(draft)
    problems += [p for t in draft.templates for p in _check_template(t)]
    for node in (*draft.labels, *draft.groups):
        for prompt in node.prompts:
            if PLACEHOLDER in prompt.value:
                message = (
                    f"is a complete prompt and is used as it is, got {prompt.value!r}. "
                    f"Move it to `templates`, or write the name in place of {PLACEHOLDER}."
                )
                problems.append(Problem(7, prompt.where, message))
        own = [node.id, node.name, *node.aliases, *node.prompts, node.parent]
        problems += [p for text in own if text is not None for p in check_text(text)]
    problems += [p for t in draft.templates for p in check_text(t)]
    problems += _check_parents(draft)
    return list(in_order(problems))


def _check_count(draft: Draft) -> list[Problem]:
    if draft.n_labels >= 2:
        return []
    got = "one" if draft.n_labels else "none"
    message = (
        f"must hold two labels or more, got {got}. Scores are a softmax over the labels, which is "
        'always 1 over a single one; add what else a picture may show, such as "something else".'
    )
    return [Problem(4, "labels", message)]


def _check_ids(draft: Draft) -> list[Problem]:
    problems = []
    first: dict[str, DraftNode] = {}
    labels = {id(node) for node in draft.labels}
    for node in (*draft.groups, *draft.labels):
        key = node.key
        if key is None:
            continue
        other = first.setdefault(key, node)
        # Two labels that share their names and give no ids are one mistake, which R6 reports.
        named = node.id is None and other.id is None and {id(node), id(other)} <= labels
        if other is not node and not named:
            message = (
                f"the id {key!r} is taken by {other.where}. Give one of them another `id`; "
                "labels and groups share one set of ids."
            )
            problems.append(Problem(5, node.where, message))
    return problems


def _check_owners(draft: Draft) -> list[Problem]:
    problems = []
    first: dict[str, tuple[DraftNode, Text]] = {}
    for node in draft.labels:
        texts = [node.name] if node.name else []
        for group in ([*texts, *node.aliases], node.prompts):
            own: dict[str, Text] = {}
            for text in group:
                if not text.value.strip():
                    continue  # R8 says so
                key = fold(text.value)
                other, there = first.setdefault(key, (node, text))
                if other is not node:
                    message = _said_of_two(text, node.key, there, other.key)
                    problems.append(Problem(6, text.where, message))
                elif own.setdefault(key, text) is not text:
                    message = (
                        f"{text.value!r} stands at {own[key].where} already, and would count "
                        "twice. Remove one of the two."
                    )
                    problems.append(Problem(6, text.where, message))
    return problems


def _said_of_two(text: Text, key: str | None, there: Text, other: str | None) -> str:
    if key == other:  # the commonest mistake: the same line twice
        return (
            f"{text.value!r} stands at {there.where} already. Remove one of the two; classes that "
            "differ need names that differ."
        )
    return (
        f"{text.value!r} belongs to {other!r} ({there.where}) and to {key!r}. Remove it from one "
        "of them; case and accents composed differently do not tell texts apart."
    )


def _check_template(template: Text) -> list[Problem]:
    count = template.value.count(PLACEHOLDER)
    if count == 1 or not template.value.strip():
        return []
    example = "Write it with one, as in 'a photo of a {}.'"
    message = f"must hold {PLACEHOLDER} once, got {template.value!r} with {count}. {example}"
    return [Problem(7, template.where, message)]


def _check_parents(draft: Draft) -> list[Problem]:
    problems = []
    parents: dict[str, str | None] = {}
    for node in (*draft.groups, *draft.labels):
        if node.key is not None:
            parents.setdefault(node.key, node.parent.value if node.parent else None)
    groups = [node.key for node in draft.groups if node.key is not None]
    hints: dict[str, str] = {}
    on_cycle: set[str] = set()
    for node in (*draft.groups, *draft.labels):
        if node.parent is None or node.key is None or not node.parent.value.strip():
            continue
        if node.parent.value not in parents:
            unknown = node.parent.value
            if unknown not in hints:  # the search for near ones is slow, so only for the first few
                few = len(hints) < 10 and len(groups) <= 100
                hints[unknown] = did_you_mean(unknown, groups) + " " if few and groups else ""
            message = (
                f"{unknown!r} is the id of no group and of no label. {hints[unknown]}"
                "Add it to `groups`, or correct it."
            )
            problems.append(Problem(11, node.parent.where, message))
        elif node.key not in on_cycle and (cycle := _cycle_from(node.key, parents)):
            on_cycle.update(cycle)
            path = " -> ".join(repr(key) for key in (*cycle, cycle[0]))
            message = f"the parents go round in a circle: {path}. Remove one of these parents."
            problems.append(Problem(11, node.parent.where, message))
    return problems


def _cycle_from(start: str, parents: dict[str, str | None]) -> list[str]:
    """The keys on the way from `start` back to it; empty where the way ends elsewhere."""
    path = [start]
    seen = {start}
    current = parents.get(start)
    while current is not None:
        if current == start:
            return path
        if current in seen:
            return []  # a circle further up, which is reported for its own members
        seen.add(current)
        path.append(current)
        current = parents.get(current)
    return []
