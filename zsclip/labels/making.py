"""Labels out of what is given in code: names, phrases, and what is none of these."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet

from zsclip.errors import LabelError, ParameterTypeError
from zsclip.labels.drafts import Draft, DraftNode, Problem, Text, draft_of
from zsclip.labels.prompts import require_few_filled
from zsclip.labels.rules import check_draft
from zsclip.labels.values import Label, fill_template, plain, texts_of
from zsclip.wording import brief, in_lines

__all__ = [
    "labels_of_mapping",
    "labels_of_names",
    "require_kinds",
    "require_no_problems",
    "require_rules",
]


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
            item = Label(item, item)  # noqa: PLW2901
        elif not isinstance(item, Label):
            raise ParameterTypeError(
                f"`labels[{i}]` must be a text or a Label, got {brief(item)}. Pass the "
                "classes' names."
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
    count = 0
    for key, phrases in mapping.items():
        if not isinstance(key, str):
            raise ParameterTypeError(
                f"The keys of `labels` must be texts, got {brief(key)}. Pass the classes' names."
            )
        place = f"labels[{brief(key)}]"
        texts = texts_of(place, phrases)
        count += len(texts) * len(forms)
        require_few_filled(count, "The phrases and `templates`")
        prompts = [Text(f"{place}[{i}]", text) for i, text in enumerate(texts)]
        nodes.append(DraftNode(place, Text(place, plain(key)), prompts=prompts))
        filled = tuple(fill_template(form, text) for text in texts for form in forms)
        labels.append(Label(key, key, prompts=filled))
    draft = draft_of((), templates=forms, about={})
    draft.labels, draft.is_empty = nodes, not nodes
    for node in nodes:
        if not node.prompts:
            draft.note("R8", node.where, "has no phrase. Give it one or more, such as its name.")
    require_rules(draft)
    return tuple(labels)


def require_kinds(field: str, values: Iterable[object], kind: type) -> None:
    """Raise `ParameterTypeError` for the first value that is of another kind."""
    for i, value in enumerate(values):
        if not isinstance(value, kind):
            raise ParameterTypeError(
                f"`{field}[{i}]` must be a {kind.__name__}, got {brief(value)}. "
                "For plain names use `LabelSet.from_names`."
            )


def require_rules(draft: Draft) -> None:
    """Raise for labels given in code that break rules.

    Raises:
        LabelError: They do; the problems are named.
    """
    require_no_problems(check_draft(draft))


def require_no_problems(problems: Iterable[Problem]) -> None:
    """Raise for what is wrong with labels.

    Raises:
        LabelError: There is something; the problems are named.
    """
    texts = [f"{problem.where}: {problem.message}" for problem in problems]
    if len(texts) == 1:
        raise LabelError(f"These labels cannot be used: {texts[0]}")
    if texts:
        raise LabelError(f"These labels cannot be used, for {len(texts)} reasons:{in_lines(texts)}")


def _wrong_names(names: object) -> str:
    if isinstance(names, str):
        hint = 'Write labels=["cat", "dog"], or load an installed set by name with `load_labelset`.'
        return f"`labels` must be a sequence of class names, got {brief(names)}. {hint}"
    if isinstance(names, Mapping):
        hint = "For names with phrases use `LabelSet.from_mapping`."
    elif isinstance(names, AbstractSet):
        hint = "A set has no order; write sorted(...) around it."
    else:
        hint = 'Write labels=["cat", "dog"].'
    return f"`labels` must be a sequence of class names, got {type(names).__name__}. {hint}"
