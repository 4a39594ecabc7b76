"""Texts that are several to people and one to a model: labels that would always score alike.

An engine that tells its tokens is asked for them; of another what `fold` tells is known by the
rules of label sets already, and only what is left of a text that is cut is compared.
"""

from __future__ import annotations

import html
import unicodedata
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Protocol, cast

from zsclip.encoders import TooLong
from zsclip.labels import (
    LabelSet,
    Problem,
    TokenCounter,
    fill_template,
    find_too_long,
    fold,
    length_that_fits,
)
from zsclip.wording import brief

__all__ = ["find_twins"]

NAME = "zsclip"  # filled into templates: a word, for signs could merge with those beside them
MANY = 10_000  # texts; the tokens of so many take a fifth of a second


class _Tokens(Protocol):
    def tokenize(self, texts: Sequence[str], *, too_long: TooLong) -> list[list[int]]: ...


def find_twins(
    labelset: LabelSet,
    templates: Sequence[str],
    counter: TokenCounter,
    *,
    too_long: TooLong = "error",
) -> list[Problem]:
    """Find what a model cannot tell apart, and what would count twice for it.

    Names, aliases and the labels' own prompts are compared by themselves, and names are filled
    into the templates only where a label has as many prompts of its own as another would get: the
    rest is a hundredth of the work.

    Args:
        labelset: The labels, which keep the rules.
        templates: What their names are filled into.
        counter: The model's encoder.
        too_long: What becomes of prompts that are too long. If they are cut, labels of which
            nothing else is left are compared by what is.

    Returns:
        ``R6`` for texts of labels, ``R7`` for templates.
    """
    rows = [
        (i, f"labels[{i}] ({brief(label.id)})", text)
        for i, label in enumerate(labelset)
        for text in (label.prompts or label.texts)
    ]
    texts = [text for _, _, text in rows]
    # What is cut is no whole text any more; it is looked at below.
    cut = {k for k, _ in find_too_long(texts, counter)} if too_long == "cut" else set()
    problems = []
    for other, k in _repeats(enumerate(_keys(texts, counter))):
        if not cut & {other, k}:
            problems.append(_twin_texts(rows[other], rows[k]))
    used = () if all(label.prompts for label in labelset) else templates
    filled = [fill_template(template, NAME) for template in used]
    for other, k in _repeats(enumerate(_keys(filled, counter))):
        message = (
            f"{brief(used[k])} has the same tokens as {brief(used[other])} of "
            f"templates[{other}], and would count twice. Remove one of the two."
        )
        problems.append(Problem("R7", f"templates[{k}]", message))
    problems += _twins_of_own_prompts(labelset, templates, counter)
    if too_long == "cut":
        problems += _twins_by_cutting(labelset, templates, counter)
    return problems


def _twin_texts(there: tuple[int, str, str], here: tuple[int, str, str]) -> Problem:
    i, where, text = there
    j, place, twin = here
    if i == j:
        what, remedy = "and would count twice", "Remove one of the two."
    else:
        what = "so that the model cannot tell the two labels apart and the first would always win"
        remedy = "Remove it from one of them, or word it otherwise."
    message = f"{brief(twin)} has the same tokens as {brief(text)} of {where}, {what}. {remedy}"
    return Problem("R6", place, message)


def _repeats(keys: Iterable[tuple[int, Hashable]]) -> Iterator[tuple[int, int]]:
    """Of each number whose key came before: the first of that key, and itself."""
    first: dict[Hashable, int] = {}
    for k, key in keys:
        other = first.setdefault(key, k)
        if other != k:
            yield other, k


def _keys(texts: Sequence[str], counter: TokenCounter) -> list[Hashable]:
    """A key for each text; those that are one to the model have the same."""
    if not hasattr(counter, "tokenize") or len(texts) <= MANY:
        return _tokens(texts, counter)
    keys: list[Hashable] = list(texts)
    letters = [_letters(text) for text in texts]
    counts = Counter(letters)
    chosen = [k for k in range(len(texts)) if counts[letters[k]] > 1]  # that could be one
    for k, tokens in zip(chosen, _tokens([texts[k] for k in chosen], counter), strict=True):
        keys[k] = tokens
    return keys


def _tokens(texts: Sequence[str], counter: TokenCounter) -> list[Hashable]:
    """What a model reads of each text: as bytes, which take a tenth of the numbers' room."""
    if not hasattr(counter, "tokenize"):
        return [fold(text) for text in texts]
    engine = cast(_Tokens, counter)
    return [
        array("I", ids).tobytes()
        for start in range(0, len(texts), MANY)
        for ids in engine.tokenize(texts[start : start + MANY], too_long="cut")
    ]


def _letters(text: str) -> str:
    """The letters and digits alone: texts of the same tokens have the same, but for mended ones."""
    plain = unicodedata.normalize("NFKC", html.unescape(html.unescape(text))).casefold()
    return "".join(filter(str.isalnum, plain))


def _twins_of_own_prompts(
    labelset: LabelSet, templates: Sequence[str], counter: TokenCounter
) -> Iterator[Problem]:
    """Labels whose own prompts are those that another's name gives with the templates."""
    sizes = {len(label.prompts) for label in labelset if label.prompts}
    if not sizes or all(label.prompts for label in labelset):
        return
    # Of the letters a hash: what is alike by it is compared by its tokens then.
    letters: dict[int, int] = {}
    for i, group in _groups(labelset, templates):
        if len(group) in sizes:
            letters[i] = hash(frozenset(map(_letters, group)))
    own = {letters[i] for i in letters if labelset[i].prompts}
    alike = [i for i in letters if letters[i] in own]
    keys = ((i, frozenset(_tokens(labelset[i].prompts_with(templates), counter))) for i in alike)
    for j, i in _repeats(keys):
        if bool(labelset[i].prompts) != bool(labelset[j].prompts):
            message = (
                f"has the prompts of labels[{j}] ({brief(labelset[j].id)}), so that the model "
                "cannot tell the two labels apart and the first would always win. Word them "
                "otherwise."
            )
            yield Problem("R6", f"labels[{i}] ({brief(labelset[i].id)})", message)


def _groups(labelset: LabelSet, templates: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each label's number and prompts, of which only one label's are kept."""
    return ((i, label.prompts_with(templates)) for i, label in enumerate(labelset))


def _twins_by_cutting(
    labelset: LabelSet, templates: Sequence[str], counter: TokenCounter
) -> Iterator[Problem]:
    """Labels of which cutting leaves the same prompts."""
    # One prompt that is not cut is enough to tell a label from others.
    shortest = [min(group, key=len) for _, group in _groups(labelset, templates)]
    counts = counter.count_tokens(shortest)
    left = (
        (i, frozenset(_left_of(labelset[i].prompts_with(templates), counter)))
        for i, count in enumerate(counts)
        if count >= counter.context_length
    )
    for j, i in _repeats(left):
        message = (
            f"is cut so that nothing tells it from labels[{j}] ({brief(labelset[j].id)}), and "
            "the first of the two would always win. Shorten templates or names, or word them "
            "so that what differs comes first."
        )
        yield Problem("R6", f"labels[{i}] ({brief(labelset[i].id)})", message)


def _left_of(prompts: Sequence[str], counter: TokenCounter) -> list[Hashable]:
    """What cutting leaves of prompts."""
    if hasattr(counter, "tokenize"):
        return _tokens(prompts, counter)
    return [fold(text[: length_that_fits(text, counter)]) for text in prompts]
