"""Label sets as a user spells them: sets, parts of sets, and several of them together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import reduce
from pathlib import Path

from zsclip.errors import LabelSetNotFoundError, ParameterError, ParameterTypeError
from zsclip.labels.compose import require_two, select, union
from zsclip.labels.fields import Fields, fields_of
from zsclip.labels.labelset import LabelSet
from zsclip.labels.making import texts_of
from zsclip.labels.registry import load_labelset

__all__ = ["parse_labels"]

_READERS = {".toml": LabelSet.from_toml, ".txt": LabelSet.from_txt, ".csv": LabelSet.from_csv}
_ENDING = re.compile(r"\.(?:toml|txt|csv)(?=/|\Z)")


def parse_labels(text: str, *, templates: Iterable[str] = ()) -> LabelSet:
    """Read a label set as it is spelled on the command line.

    - ``cartoon-animals``: an installed set, as `load_labelset` takes it.
    - ``birds.toml``, ``names.txt``, ``names.csv``: a file, as `LabelSet.from_toml`,
      `LabelSet.from_txt` and `LabelSet.from_csv` read it.
    - ``photos/``, ``./photos``, ``/data/photos``: a folder of class folders, as
      `LabelSet.from_folder` takes it. It starts with a dot or a slash or ends with a slash; without
      these, ``photos/cat`` is a part of an installed set.
    - ``cartoon-animals/bird``, ``birds.toml/tit``: of a set or a file, the part that
      `LabelSet.only` gives for this label or group.
    - ``cartoon-animals/bird+satellite``: several of these, put together as by ``|``. A part may
      have a single label here.

    Args:
        text: The spelling.
        templates: Texts with one ``{}`` each, in place of those of each of the sets; none leaves
            the sets their own.

    Raises:
        LabelSetError: A set is not installed, or a file or folder breaks rules or cannot be read.
        LabelNotFoundError: A set has no such label or group.
        LabelError: Sets clash, or there are fewer than two labels.
        ParameterError: There is nothing before or after a ``+``, or a file is of another kind.
        ParameterTypeError: `text` is no text.

    Examples:
        >>> parse_labels("cartoon-animals/bird+cartoon-animals/fox").name
        'cartoon-animals/bird+cartoon-animals/fox'
    """
    if not isinstance(text, str):
        raise ParameterTypeError(f"`text` must be a text, got {text!r}. Pass a label set's name.")
    own = texts_of("templates", templates)
    return LabelSet(**require_two(reduce(union, [_term(term, own) for term in _terms(text)])))


def _terms(text: str) -> list[str]:
    """What stands between the plus signs that are not part of the path of a file or folder."""
    pieces = text.split("+")
    terms = []
    while pieces:
        count = len(pieces)
        while count > 1 and not _is_one_path("+".join(pieces[:count])):
            count -= 1
        terms.append("+".join(pieces[:count]))
        del pieces[:count]
    if len(terms) > 1 and not all(terms):
        raise ParameterError(
            f"`labels` must name a label set before and after each +, got {text!r}. Write for "
            "example cartoon-animals+satellite."
        )
    return terms


def _is_one_path(term: str) -> bool:
    """Whether all its plus signs belong to the path of a file or folder that is there."""
    if (path := _file_of(term)) is not None:
        return "+" not in term[len(path) :] and os.path.isfile(path)  # noqa: PTH113
    return _is_folder(term) and os.path.isdir(term)  # noqa: PTH112


def _term(term: str, templates: tuple[str, ...]) -> Fields:
    labelset, node = _load(term)
    if templates:
        labelset = labelset.with_templates(templates)
    whole = fields_of(labelset)
    return select(whole, [node]) if node else whole


def _load(term: str) -> tuple[LabelSet, str]:
    """The set that a term names, and the label or group of which it wants the part."""
    if (path := _file_of(term)) is not None:
        return _READERS[Path(path).suffix](path), term[len(path) + 1 :]
    if os.path.isfile(term):  # noqa: PTH113
        raise ParameterError(
            f"`labels` must name a set, a .toml, .txt or .csv file, or a folder, got {term!r}. "
            "Write the names into a .txt file, one a line."
        )
    if _is_folder(term):
        return LabelSet.from_folder(term), ""
    name, _, node = term.partition("/")
    try:
        return load_labelset(name), node
    except LabelSetNotFoundError as error:
        if not os.path.isdir(term):  # noqa: PTH112
            raise
        hint = f"For the class folders in {term!r} write {term + '/'!r}."
        raise LabelSetNotFoundError(f"{error} {hint}") from None


def _file_of(term: str) -> str | None:
    """The path of a file that the term starts with, by its ending; what follows is a node."""
    paths = [term[: match.end()] for match in _ENDING.finditer(term)]
    # os.path, for pathlib raises for a text that is too long to be a path.
    there = [path for path in paths if os.path.isfile(path)]  # noqa: PTH113
    return next(iter(there or paths[-1:]), None)


def _is_folder(term: str) -> bool:
    """Whether it is written as a folder: what lies on the disk does not change what names mean."""
    return term.startswith(".") or term.endswith(("/", os.sep)) or Path(term).is_absolute()
