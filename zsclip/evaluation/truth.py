"""What is true of pictures, in a user's words: names, aliases, ids or positions, to positions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import LabelNotFoundError, ParameterError, ParameterTypeError
from zsclip.labels import LabelSet, fold
from zsclip.wording import Hints, brief, in_a_row, in_lines

__all__ = ["LabelPositions", "Truth", "indices_of"]

_HINT = "Give each picture's label by its name, an alias, its id, or its position as an integer."


@dataclass(frozen=True, eq=False)
class Truth:
    """The truth of pictures as positions in a label set.

    Attributes:
        indices: int64 (n,), -1 where the truth is no label; of several labels at once bool
            (n, labels).
        unknown: What is no label, with the position of its picture, in order.
    """

    indices: NDArray[Any]
    unknown: tuple[tuple[int, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Of which pictures everything that is said is a label: bool (n,)."""
        known = np.ones(len(self.indices), bool)
        known[[i for i, _ in self.unknown]] = False
        return known

    def require_known(self, labelset: LabelSet) -> None:
        """Raise if something is no label, as for what is fitted, where nothing may be left out.

        Raises:
            LabelNotFoundError: Something is none; all of it is listed.
        """
        if not self.unknown:
            return
        hints, texts = Hints(), tuple(dict.fromkeys((*labelset.names, *labelset.ids)))
        problems = [
            f"`truth[{i}]` is {brief(value)}. {_hint(value, texts, hints)}".rstrip()
            for i, value in self.unknown
        ]
        raise LabelNotFoundError(
            f"`truth` must hold labels of {brief(labelset.name)}, and some of it are none:"
            f"{in_lines(problems)}"
        )


def _hint(value: object, texts: tuple[str, ...], hints: Hints) -> str:
    if isinstance(value, str):
        return hints.about(value, texts)
    return ""


def indices_of(labelset: LabelSet, truth: Iterable[Any], *, several: bool = False) -> Truth:
    """The positions of the labels that a user says are true.

    A text is an id, or else a name, or else an alias; capitals, white space and wide letters do not
    tell texts apart, unless they tell ids apart. An integer is a position from 0 on. None, and
    whatever text or integer is no label, is unknown; nothing is guessed.

    Args:
        labelset: The labels.
        truth: One label for each picture, by its name, an alias, its id or its position.
        several: Whether it is a collection of labels for each picture, or a bool array (n, labels).

    Raises:
        ParameterError: A text is the id of two labels but for capitals and spaces; or an array has
            another shape.
        ParameterTypeError: `truth` is a bare text or has no order, or holds what cannot be a label.

    Examples:
        >>> from zsclip import Label
        >>> pets = LabelSet("pets", (Label("c", "cat", ("kitten",)), Label("d", "dog")))
        >>> indices_of(pets, ["d", "Cat", "kitten", 1, "cow"]).indices.tolist()
        [1, 0, 0, 1, -1]
    """
    if several and getattr(truth, "ndim", 1) == 2:
        return _of_matrix(labelset, np.asarray(truth))  # one of torch or pandas as well
    items = _in_order(truth, "one for each picture")
    position = LabelPositions(labelset)
    unknown: list[tuple[int, Any]] = []
    if not several:
        indices = np.fromiter((position(x, f"truth[{i}]") for i, x in items), np.int64, len(items))
        unknown = [(i, items[i][1]) for i in np.flatnonzero(indices < 0).tolist()]
        return Truth(indices, tuple(unknown))
    matrix = np.zeros((len(items), len(labelset)), bool)
    for i, labels in items:
        named = _in_order(labels, "several for each picture", f"truth[{i}]", sets=True)
        _require_positions(named, f"truth[{i}]")
        for j, label in named:
            if (index := position(label, f"truth[{i}][{j}]")) < 0:
                unknown.append((i, label))
            else:
                matrix[i, index] = True
    return Truth(matrix, tuple(unknown))


def _require_positions(named: list[tuple[int, Any]], name: str) -> None:
    """Raise for a row of zeros and ones, which as positions would name the first two labels."""
    numbers = [x for _, x in named if isinstance(x, int | np.integer) and not isinstance(x, bool)]
    if len(set(numbers)) < len(numbers):
        raise ParameterTypeError(
            f"`{name}` must name each label once, and names positions twice. If it says by 0 and 1 "
            "of each label whether it is there, pass numpy.array(truth, bool)."
        )


def _of_matrix(labelset: LabelSet, truth: NDArray[Any]) -> Truth:
    if truth.dtype.kind != "b":
        raise ParameterTypeError(
            f"`truth` must hold truth values where it is an array (n, labels), got {truth.dtype}. "
            "Say which are true, for example truth == 1."
        )
    if truth.shape[1] != len(labelset):
        raise ParameterError(
            f"`truth` must have the shape (n, {len(labelset)}), a column for each label, got "
            f"{truth.shape}."
        )
    return Truth(truth.copy())


def _in_order(
    values: Any, what: str, name: str = "truth", *, sets: bool = False
) -> list[tuple[int, Any]]:
    """The values with their positions, and an error for what is no list of them."""
    wrong = (str, bytes, Mapping) if sets else (str, bytes, Mapping, Set)
    is_list = isinstance(values, Iterable) and getattr(values, "ndim", 1) == 1
    if isinstance(values, wrong) or not is_list:
        raise ParameterTypeError(
            f"`{name}` must be a list of labels, {what}, got {brief(values)}. {_HINT}"
        )
    return list(enumerate(values))


class LabelPositions:
    """Where each label stands, by what may be said of it."""

    def __init__(self, labelset: LabelSet) -> None:
        self._n = len(labelset)
        self._by_id = {label.id: i for i, label in enumerate(labelset)}
        self._ids = labelset.ids
        # ids go before names, and names before aliases
        self._folded: list[dict[str, list[int]]] = [
            _by(labelset, lambda label: (label.id,)),
            _by(labelset, lambda label: (label.name,)),
            _by(labelset, lambda label: label.aliases),
        ]

    def __call__(self, value: object, name: str) -> int:
        """The position of a label; -1 if it is none."""
        if isinstance(value, str):
            return self._of_text(value, name)
        if value is None:
            return -1
        try:
            if isinstance(value, bool | np.bool_):
                raise TypeError
            index = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            raise ParameterTypeError(
                f"`{name}` must be a text or an integer, got {brief(value)}. {_HINT}"
            ) from None
        return index if 0 <= index < self._n else -1

    def _of_text(self, text: str, name: str) -> int:
        if (index := self._by_id.get(text)) is not None:
            return index
        folded = fold(text)
        for table in self._folded:
            if found := table.get(folded):
                if len(found) > 1:
                    ids = in_a_row([brief(self._ids[i]) for i in found])
                    raise ParameterError(
                        f"`{name}` must mean one label, and {brief(text)} means several: {ids}. "
                        "Write the id exactly."
                    )
                return found[0]
        return -1


def _by(labelset: LabelSet, texts: Callable[[Any], Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for i, label in enumerate(labelset):
        for text in dict.fromkeys(fold(text) for text in texts(label)):
            found.setdefault(text, []).append(i)
    return found
