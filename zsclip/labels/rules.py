"""The rules for a label set's texts, labels and templates, wherever they come from (R4 to R8, R11).

`check_draft` is the one place that runs them, once for each set that is made.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator

from zsclip.errors import LabelSetFormatError
from zsclip.labels.drafts import PROSE, Draft, DraftNode, Problem, Text
from zsclip.labels.prompts import MOST_PROMPTS
from zsclip.labels.values import DEFAULT_TEMPLATES, PLACEHOLDER, Expected
from zsclip.wording import Hints, brief, in_a_row, in_lines

__all__ = ["check_draft", "check_text", "fold", "format_error", "in_order"]

LONGEST = 10_000
"""Characters of a name, an alias, a prompt or a template. CLIP reads some hundreds."""

MOST_MARKS = 100
"""Accents on one letter: putting them in order takes time that grows with their square."""

SHORT = 500  # characters, of which nothing takes long

# Format characters that nobody sees: with one of them, two texts that look the same differ. The
# joiners U+200C and U+200D are not here, because Persian, Hindi and emoji are spelled with them.
_INVISIBLE = frozenset(
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def fold(text: str) -> str:
    r"""The text as rules R6 and R7 compare it: two that fold alike read alike.

    Examples:
        >>> fold("Cafe\u0301") == fold("CAFÉ")
        True
        >>> fold("sea  lion") == fold("ｓｅａ　ｌｉｏｎ")
        True
    """
    if text.isascii():  # the same, and quick
        folded = text.lower().strip()
        plain = folded.isprintable() and "  " not in folded
        return folded if plain else " ".join(folded.split())
    folded = unicodedata.normalize("NFC", _WIDE.sub(_narrow, text)).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


# Letters, digits and signs of the width of Chinese ones, and Chinese ones of half their width.
_WIDE = re.compile("[\uff01-\uff9f\uffe0-\uffee]+")


def _narrow(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems by rule, and as they were found within a rule."""
    return tuple(sorted(problems, key=lambda problem: int(problem.rule[1:])))


def format_error(what: str, problems: Iterable[Problem]) -> LabelSetFormatError:
    """The error about a file, a folder or a package that lists every problem, by rule."""
    texts = [problem.without_file for problem in in_order(problems)]
    count = "one rule" if len(texts) == 1 else f"the rules in {len(texts)} places"
    return LabelSetFormatError(f"{what} breaks {count} of label sets:{in_lines(texts)}", texts)


def check_text(text: Text, *, prose: bool = False) -> list[Problem]:
    """Rule R8 for one text; `prose` may hold line breaks and tabs."""
    where, value = text.where, text.value
    if not value.strip():
        return [Problem("R8", where, f"is empty, got {brief(value)}. Write a text or remove it.")]
    if value.isascii() and value.isprintable() and value == value.strip():
        return []  # which most are, and which is quick to see
    problems = []
    if value != value.strip():
        message = f"starts or ends with white space, got {brief(value)}. Remove the white space."
        problems.append(Problem("R8", where, message))
    bad = sorted({c for c in value.strip() if _is_control(c) and not (prose and c in "\n\r\t")})
    if bad:
        codes = in_a_row([f"U+{ord(c):04X}" for c in bad])
        message = (
            f"holds characters that nobody can see ({codes}), got {brief(value)}. Remove them."
        )
        problems.append(Problem("R8", where, message))
    return problems


def _is_control(char: str) -> bool:
    return char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def check_draft(draft: Draft) -> tuple[Problem, ...]:
    """Every breach of the rules, with what was known to be wrong before; in the order of the rules.

    Each is reported once, however often it was met.
    """
    problems = list(draft.problems)
    if sizes := list(_check_sizes(draft)):
        return in_order(dict.fromkeys([*problems, *sizes]))  # the rest would take as long as it is
    if draft.is_empty:
        message = "must hold one label or more, got none. Name what a picture may show."
        problems.append(Problem("R4", "labels", message))
    for key, text in draft.about.items():
        problems += check_text(text, prose=key in PROSE)
    problems += _check_ids(draft)
    problems += _check_owners(draft)
    problems += [p for t in draft.templates for p in _check_template(t)]
    problems += _check_doubled(draft.templates)
    for node in (*draft.labels, *draft.groups):
        problems += [p for prompt in node.prompts for p in _check_prompt(prompt)]
        problems += [p for text in node.texts for p in check_text(text)]
    problems += [p for prompt in draft.null_prompts for p in _check_prompt(prompt)]
    problems += [p for t in (*draft.templates, *draft.null_prompts) for p in check_text(t)]
    problems += _check_parents(draft)
    problems += [p for i, row in enumerate(draft.expected) for p in _check_expected(i, row)]
    return in_order(dict.fromkeys(problems))


def _check_sizes(draft: Draft) -> Iterator[Problem]:
    """Rules R7 and R8 for what no later rule is to be kept busy with."""
    for node in (*draft.labels, *draft.groups):
        for text in (node.name, node.id, node.parent, *node.aliases, *node.prompts):
            if text is not None and len(text.value) > SHORT:
                yield from _check_size(text)
    for text in (*draft.templates, *draft.null_prompts):
        if len(text.value) > SHORT:
            yield from _check_size(text)
    own = sum(len(node.prompts) for node in draft.labels) + len(draft.null_prompts)
    names = sum(1 + len(node.aliases) for node in draft.labels if not node.prompts)
    templates = len(draft.templates) or len(DEFAULT_TEMPLATES)
    if (count := own + names * templates) > MOST_PROMPTS:
        message = (
            f"make {count:,} prompts with the labels and their aliases, and a label set may have "
            f"{MOST_PROMPTS:,}. Use fewer templates, or divide the set."
        )
        yield Problem("R7", "templates", message)


def _check_size(text: Text) -> Iterator[Problem]:
    if (length := len(text.value)) > LONGEST:
        message = (
            f"has {length:,} characters, and may have {LONGEST:,}, got {brief(text.value)}. "
            "Shorten it."
        )
        yield Problem("R8", text.where, message)
    elif any(len(run) > MOST_MARKS for run in _runs_of_marks(text.value)):
        message = (
            f"has more than {MOST_MARKS} accents on one letter, got {brief(text.value)}. Remove "
            "them."
        )
        yield Problem("R8", text.where, message)


def _runs_of_marks(text: str) -> list[str]:
    return "".join(c if unicodedata.combining(c) else " " for c in text).split()


def _check_expected(i: int, row: Expected) -> list[Problem]:
    problems = []
    for key in ("model", "metric", "source"):
        problems += check_text(Text(f"expected[{i}].{key}", getattr(row, key)))
    if not math.isfinite(row.value):
        message = f"must be a finite number, got {brief(row.value)}. Correct it."
        problems.append(Problem("R4", f"expected[{i}].value", message))
    return problems


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
                f"the id {brief(key)} is taken by {other.where}. Give one of them another `id`; "
                "labels and groups share one set of ids."
            )
            problems.append(Problem("R5", node.where, message))
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
                    problems.append(Problem("R6", text.where, message))
                elif own.setdefault(key, text) is not text:
                    problems.append(Problem("R6", text.where, _said_twice(text, own[key])))
    none: dict[str, Text] = {}
    for text in draft.null_prompts:
        if not text.value.strip():
            continue
        key = fold(text.value)
        if key in first:
            node, there = first[key]
            message = (
                f"{brief(text.value)} stands for none of the labels, and is {brief(node.key)} "
                f"({there.where}). Remove it from one of the two."
            )
            problems.append(Problem("R6", text.where, message))
        elif none.setdefault(key, text) is not text:
            problems.append(Problem("R6", text.where, _said_twice(text, none[key])))
    return problems


def _said_twice(text: Text, there: Text) -> str:
    return (
        f"{brief(text.value)} stands at {there.where} already, and would count twice. Remove one "
        "of the two."
    )


def _check_doubled(templates: list[Text]) -> Iterator[Problem]:
    first: dict[str, Text] = {}
    for template in templates:
        there = first.setdefault(fold(template.value), template)
        if there is not template and template.value.strip():
            yield Problem("R7", template.where, _said_twice(template, there))


def _said_of_two(text: Text, key: str | None, there: Text, other: str | None) -> str:
    if key == other:  # the commonest mistake: the same line twice
        return (
            f"{brief(text.value)} stands at {there.where} already. Remove one of the two; classes "
            "that differ need names that differ."
        )
    return (
        f"{brief(text.value)} belongs to {brief(other)} ({there.where}) and to {brief(key)}. "
        "Remove it from one of them; case, spaces, wide letters and accents composed differently "
        "do not tell texts apart."
    )


def _check_prompt(prompt: Text) -> list[Problem]:
    if PLACEHOLDER not in prompt.value:
        return []
    message = (
        f"is a complete prompt and is used as it is, got {brief(prompt.value)}. "
        f"Move it to `templates`, or write the name in place of {PLACEHOLDER}."
    )
    return [Problem("R7", prompt.where, message)]


def _check_template(template: Text) -> list[Problem]:
    count = template.value.count(PLACEHOLDER)
    if count == 1 or not template.value.strip():
        return []
    example = "Write it with one, as in 'a photo of a {}.'"
    message = f"must hold {PLACEHOLDER} once, got {brief(template.value)} with {count}. {example}"
    return [Problem("R7", template.where, message)]


def _check_parents(draft: Draft) -> list[Problem]:
    problems = []
    parents: dict[str, str | None] = {}
    for node in (*draft.groups, *draft.labels):
        if node.key is not None:
            parents.setdefault(node.key, node.parent.value if node.parent else None)
    groups = [node.key for node in draft.groups if node.key is not None]
    hints = Hints()
    circles = _circles(parents)
    for node in (*draft.groups, *draft.labels):
        if node.parent is None or node.key is None or not node.parent.value.strip():
            continue
        if node.parent.value not in parents:
            unknown = node.parent.value
            hint = hints.about(unknown, groups) if 0 < len(groups) <= 100 else ""
            message = (
                f"{brief(unknown)} is the id of no group and of no label. {hint}"
                "Add it to `groups`, or correct it."
            )
            problems.append(Problem("R11", node.parent.where, message))
        elif circle := circles.get(node.key, []):
            at = circle.index(node.key)
            keys = [*circle[at:], *circle[: at + 1]]
            for key in circle:
                del circles[key]  # each is reported once
            path = in_a_row([brief(key) for key in keys], " -> ")
            message = f"the parents go round in a circle: {path}. Remove one of these parents."
            problems.append(Problem("R11", node.parent.where, message))
    return problems


def _circles(parents: dict[str, str | None]) -> dict[str, list[str]]:
    """For each key on a circle all keys of that, in the order of the way up.

    No key is passed twice, so that a chain of a hundred thousand takes no longer than as many
    groups beside each other.
    """
    circles: dict[str, list[str]] = {}
    passed: set[str] = set()
    for start in parents:
        way: list[str] = []
        key: str | None = start
        while key is not None and key not in passed:
            passed.add(key)
            way.append(key)
            key = parents.get(key)
        if key in way:
            circle = way[way.index(key) :]
            circles.update(dict.fromkeys(circle, circle))
    return circles
