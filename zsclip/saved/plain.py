"""A label set as plain values that JSON can hold, and back again.

Unlike a label-set file this holds the provenance, and takes sets that say no license or source.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from zsclip.labels.labelset import LabelSet
from zsclip.labels.values import Expected, Group, Label, Provenance

__all__ = ["Plain", "labelset_of_plain", "plain_of_labelset"]

_TEXTS = ("name", "license", "source", "title", "description", "citation", "language")


@dataclass(frozen=True, slots=True)
class Plain:
    """A table out of JSON, and where it stood; each value is asked for by the type it must have.

    Attributes:
        value: What stood there.
        where: The place, for errors, such as ``labelset.labels[3]``.

    Raises:
        ValueError: By every method: there is no such value, or it has another type.
    """

    value: Any
    where: str

    def text(self, key: str) -> str:
        """A text."""
        value = self._get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def text_or_none(self, key: str) -> str | None:
        """A text or null."""
        return None if self._get(key) is None else self.text(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._get(key)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._wrong(key, "a list of texts")
        return tuple(values)

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        try:
            number = float(value)
        except OverflowError:  # an integer of hundreds of digits
            number = math.inf
        if not math.isfinite(number):
            raise self._wrong(key, "a finite number")
        return number

    def whole(self, key: str) -> int:
        """A whole number, zero or more."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(key, "a whole number")
        return value

    def table(self, key: str) -> Plain:
        """A table."""
        value = self._get(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return Plain(value, self._place(key))

    def tables(self, key: str) -> Iterator[Plain]:
        """A list of tables."""
        values = self._get(key)
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self._wrong(key, "a list of objects")
        for i, value in enumerate(values):
            yield Plain(value, f"{self._place(key)}[{i}]")

    def _get(self, key: str) -> Any:
        if key not in self.value:
            raise ValueError(f"`{self._place(key)}` is missing")
        return self.value[key]

    def _place(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def _wrong(self, key: str, expected: str) -> ValueError:
        value = self.value[key]
        try:  # of what is long, no more than is shown
            got = ascii(value[:81] if isinstance(value, str | list) else value)
        except RecursionError:
            got = "nested too deeply to be shown"
        got = got if len(got) <= 80 else f"{got[:79]}…"
        return ValueError(f"`{self._place(key)}` must be {expected}, and is {got}")


def plain_of_labelset(labelset: LabelSet) -> dict[str, Any]:
    """Everything that the set was made from, as plain values.

    Examples:
        >>> pets = LabelSet.from_names(["cat", "dog"])
        >>> plain_of_labelset(pets)["labels"][1]
        {'id': 'dog', 'name': 'dog', 'aliases': [], 'prompts': [], 'parent': None}
    """
    return {
        **{key: getattr(labelset, key) for key in _TEXTS},
        "templates": list(labelset.templates),
        **({"null_prompts": list(labelset.null_prompts)} if labelset.null_prompts else {}),
        "labels": [
            {**asdict(label), "aliases": list(label.aliases), "prompts": list(label.prompts)}
            for label in labelset.labels
        ],
        "groups": [asdict(group) for group in labelset.groups],
        "expected": [{**asdict(row), "value": float(row.value)} for row in labelset.expected],
        "provenance": [asdict(origin) for origin in labelset.provenance],
    }


def labelset_of_plain(plain: Plain) -> LabelSet:
    """The set that `plain_of_labelset` made the values of; it is checked like any other.

    Raises:
        ValueError: A value is missing or has another type, or the labels break the rules of label
            sets (a `LabelError`).

    Examples:
        >>> pets = LabelSet.from_names(["cat", "dog"])
        >>> labelset_of_plain(Plain(plain_of_labelset(pets), "")) == pets
        True
    """
    return LabelSet(
        **{key: plain.text(key) for key in _TEXTS},
        templates=plain.texts("templates"),
        null_prompts=plain.texts("null_prompts") if "null_prompts" in plain.value else (),
        labels=tuple(
            Label(
                label.text("id"),
                label.text("name"),
                label.texts("aliases"),
                label.texts("prompts"),
                label.text_or_none("parent"),
            )
            for label in plain.tables("labels")
        ),
        groups=tuple(
            Group(group.text("id"), group.text("name"), group.text_or_none("parent"))
            for group in plain.tables("groups")
        ),
        expected=tuple(
            Expected(row.text("model"), row.text("metric"), row.number("value"), row.text("source"))
            for row in plain.tables("expected")
        ),
        provenance=tuple(
            Provenance(
                origin.text("distribution"),
                origin.text("version"),
                origin.text("file"),
                origin.text("sha256"),
            )
            for origin in plain.tables("provenance")
        ),
    )
