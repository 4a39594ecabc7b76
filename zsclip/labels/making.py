"""Labels out of what is given in code, and the checks that hold for a set wherever it is from."""

from __future__ import annotations

import math
from collections.abc import Iterable, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from zsclip.errors import LabelError, ParameterTypeError
from zsclip.labels.rules import Draft, DraftNode, Problem, Text, check_draft, check_text, in_order
from zsclip.labels.values import (
    Expected,
    Group,
    Label,
    Provenance,
    as_tuple,
    fill_template,
    require_texts,
)

if TYPE_CHECKING:
    from zsclip.labels.labelset import LabelSet

__all__ = ["check_fields", "labels_of_mapping", "labels_of_names", "texts_of"]

_LINES = ("title", "license", "language")
_PROSE = ("source", "description", "citation")
_KINDS = (
    ("labels", Label),
    ("groups", Group),
    ("expected", Expected),
    ("provenance", Provenance),
)


def labels_of_names(names: Iterable[str | Label]) -> tuple[Label, ...]:
    """A label for each name; labels stay as they are.

    Raises:
        ParameterTypeError: `names` is a bare string or has no order, or holds what is neither a
            text nor a `Label`.
    """
    # the keys of a dict count as a set to Python, and have an order
    unordered = isinstance(names, Mapping | AbstractSet) and not isinstance(names, KeysView)
    if isinstance(names, str | bytes) or unordered or not isinstance(names, Iterable):
        raise ParameterTypeError(_wrong_names(names))
    labels = []
    for i, item in enumerate(names):
        if isinstance(item, str):
            item = Label(str(item), str(item))  # noqa: PLW2901 - drops str subclasses
        elif not isinstance(item, Label):
            raise ParameterTypeError(
                f"`labels[{i}]` must be a text or a Label, got {item!r}. Pass the classes' names."
            )
        labels.append(item)
    return tuple(labels)


def labels_of_mapping(
    mapping: Mapping[str, Sequence[str]], forms: Sequence[str]
) -> tuple[Label, ...]:
    """A label for each key, with prompts out of its phrases.

    Raises:
        LabelError: The phrases break rules, which are checked before templates blur them.
        ParameterTypeError: `mapping` is none, or a class's phrases are no list of texts.
    """
    if not isinstance(mapping, Mapping):
        raise ParameterTypeError(
            f"`labels` must be a mapping from names to phrases, got {type(mapping).__name__}. "
            'Write labels={"car": ["a car", "an automobile"], "bus": ["a bus"]}.'
        )
    nodes, labels = [], []
    for key, phrases in mapping.items():
        if not isinstance(key, str):
            raise ParameterTypeError(
                f"The keys of `labels` must be texts, got {key!r}. Pass the classes' names."
            )
        place = f"labels[{key!r}]"
        texts = texts_of(place, phrases)
        prompts = [Text(f"{place}[{i}]", text) for i, text in enumerate(texts)]
        nodes.append(DraftNode(place, Text(place, str(key)), prompts=prompts))
        filled = tuple(fill_template(form, text) for text in texts for form in forms)
        labels.append(Label(str(key), str(key), prompts=filled))
    draft = Draft.of((), (), forms)
    draft.labels, draft.n_labels = nodes, len(nodes)
    empty = "has no phrase. Give it one or more, such as its name."
    missing = [Problem(8, node.where, empty) for node in nodes if not node.prompts]
    _raise_if_any(missing + check_draft(draft))
    return tuple(labels)


def texts_of(param: str, values: Iterable[str]) -> tuple[str, ...]:
    """The values as a tuple of plain texts, and an error for anything else."""
    texts = as_tuple(param, values)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ParameterTypeError(f"`{param}[{i}]` must be a text, got {text!r}. Pass a str.")
    return tuple(str(text) for text in texts)


def check_fields(labelset: LabelSet) -> None:
    """Hold a set to its types and to the rules R4 to R8 and R11, and drop white space around prose.

    Raises:
        LabelError: It breaks rules; all problems are named.
        ParameterTypeError: A field holds what it cannot.
    """
    for field in ("labels", "templates", "groups", "expected", "provenance"):
        object.__setattr__(labelset, field, as_tuple(field, getattr(labelset, field)))
    texts = {field: getattr(labelset, field) for field in ("name", *_LINES, *_PROSE)}
    require_texts("LabelSet", **texts)
    for field in _PROSE:  # as it is for a file
        object.__setattr__(labelset, field, texts[field].strip())
    texts_of("templates", labelset.templates)
    for field, kind in _KINDS:
        for i, value in enumerate(getattr(labelset, field)):
            if not isinstance(value, kind):
                raise ParameterTypeError(
                    f"`{field}[{i}]` must be a {kind.__name__}, got {value!r}. "
                    "For plain names use `LabelSet.from_names`."
                )
    problems = check_text(Text("name", labelset.name))
    for field in (*_LINES, *_PROSE):
        if text := getattr(labelset, field):
            problems += check_text(Text(field, text), prose=field in _PROSE)
    problems += [p for i, row in enumerate(labelset.expected) for p in _check_expected(i, row)]
    problems += check_draft(Draft.of(labelset.labels, labelset.groups, labelset.templates))
    _raise_if_any(problems)


def _check_expected(i: int, row: Expected) -> list[Problem]:
    problems = []
    for key in ("model", "metric", "source"):
        problems += check_text(Text(f"expected[{i}].{key}", getattr(row, key)))
    if not math.isfinite(row.value):
        message = f"must be a finite number, got {row.value!r}. Correct it."
        problems.append(Problem(4, f"expected[{i}].value", message))
    return problems


def _wrong_names(names: object) -> str:
    if isinstance(names, str):
        hint = 'Write labels=["cat", "dog"], or load an installed set by name with `load_labelset`.'
        return f"`labels` must be a sequence of class names, got {names!r}. {hint}"
    if isinstance(names, Mapping):
        hint = "For names with phrases use `LabelSet.from_mapping`."
    elif isinstance(names, AbstractSet):
        hint = "A set has no order; write sorted(...) around it."
    else:
        hint = 'Write labels=["cat", "dog"].'
    return f"`labels` must be a sequence of class names, got {type(names).__name__}. {hint}"


def _raise_if_any(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    texts = [f"{problem.where}: {problem.message}" for problem in in_order(problems)]
    if len(texts) == 1:
        raise LabelError(f"These labels cannot be used: {texts[0]}")
    lines = "".join(f"\n  - {text}" for text in texts)
    raise LabelError(f"These labels cannot be used, for {len(texts)} reasons:{lines}")
