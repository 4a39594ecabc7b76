"""What a text means where labels are asked for, decided once: a set, a file, a folder, names.

`parse_spelling` only says what was understood; `draft_of_spelling` and `parse_labels` read it. The
classifier, the command line and the checks for authors all ask here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, cast

from zsclip.entrypoints import find_declared
from zsclip.errors import (
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.labels.drafts import Draft, draft_of
from zsclip.labels.installed import LABELSETS_GROUP, read_installed
from zsclip.labels.labelset import LabelSet, labelset_of
from zsclip.labels.making import labels_of_names
from zsclip.labels.reading import decode
from zsclip.labels.sums import MOST_TERMS, put_together, too_many_terms
from zsclip.labels.tables import lines_of, read_csv, read_folder, read_names
from zsclip.labels.toml import read_toml_file
from zsclip.labels.values import texts_of
from zsclip.wording import BriefRepr, brief, in_a_row

__all__ = ["Spelled", "Spelling", "draft_of_spelling", "parse_labels", "parse_spelling"]

Spelled: TypeAlias = str | os.PathLike[str] | IO[str] | IO[bytes]
"""What spells a label set: a text, a path, or an open file of names."""

Kind: TypeAlias = Literal[
    "installed", "file", "folder", "names", "sum", "sources", "wheel", "sdist"
]

_ENDING = re.compile(r"\.(?:toml|txt|csv|tsv)(?=/|\Z)", re.IGNORECASE)
_ARCHIVES: dict[str, Kind] = {".whl": "wheel", ".tar.gz": "sdist", ".tgz": "sdist"}
_SOURCES = ("pyproject.toml", "setup.py", "setup.cfg", "__init__.py")
_PLUSES = 16  # in a path that is there: were there no limit, a text of nothing else took ages
_LONGEST = 4096  # bytes of a path, on every system


@dataclass(frozen=True, slots=True, repr=False)
class Spelling(BriefRepr):
    """What was understood of a text.

    Attributes:
        kind: An installed set, a file of labels, a folder of class folders, names between commas,
            a sum of several, or a distribution: its sources, a wheel or an sdist.
        text: The set's name or the path; for names and sums all of the text.
        part: The label or group of which a part is wanted; empty for the whole.
        names: The names between commas.
        terms: What is put together.
    """

    kind: Kind
    text: str
    part: str = ""
    names: tuple[str, ...] = ()
    terms: tuple[Spelling, ...] = ()

    @property
    def is_distribution(self) -> bool:
        """Whether it is a wheel, an sdist or a folder of sources."""
        return self.kind in ("sources", "wheel", "sdist")


def parse_spelling(spelled: str | os.PathLike[str]) -> Spelling:
    """Decide what a text means.

    Files and folders are told from names by how they are written and not by what lies on the disk,
    which only tells where a path with a plus or a comma in it ends. A path object is a path.

    Raises:
        ParameterError: It looks like a set or a file and cannot be taken as one; the right
            spelling is told.
        ParameterTypeError: It is neither a text nor a path.

    Examples:
        >>> parse_spelling("cartoon-animals/bird")
        Spelling(kind='installed', text='cartoon-animals', part='bird', names=(), terms=())
        >>> parse_spelling("birds.toml + names.txt").kind
        'sum'
    """
    if isinstance(spelled, os.PathLike):
        return _term(os.fspath(spelled), is_path=True)
    if not isinstance(spelled, str):
        raise ParameterTypeError(
            f"`labels` must be a text, a path or an open file, got {brief(spelled)}. Name a set."
        )
    text = spelled if _is_there(spelled) else spelled.strip()
    if "," not in text and (count := text.count("+")) > MOST_TERMS * (_PLUSES + 1):
        raise too_many_terms(text, count + 1)
    terms = [term if _is_there(term) else term.strip() for term in _terms(text)]
    if any("," in term and not _is_there(term) for term in terms):
        return _names(text)
    if len(terms) > MOST_TERMS:
        raise too_many_terms(text, len(terms))
    if len(terms) == 1:
        return _term(terms[0])
    if not all(terms):
        raise ParameterError(
            f"`labels` must name a label set before and after each +, got {brief(text)}. Write for "
            "example cartoon-animals+satellite."
        )
    return Spelling("sum", text, terms=tuple(_term(term) for term in terms))


def _names(text: str) -> Spelling:
    """Names between commas, of which none may look like something to be read."""
    names = tuple(name.strip() for name in text.split(","))
    meant = [name for name in names if any(map(_looks_like_path, name.split("+")))]
    if not meant:
        installed = {one.name for one in find_declared(LABELSETS_GROUP)}
        sets = {name: [_set_in(term) for term in name.split("+")] for name in names}
        # A set may be called by a word, as a class is; with a hyphen, part or plus it is no word.
        all_sets = all(map(installed.issuperset, sets.values()))
        meant = [
            name
            for name in names
            if not installed.isdisjoint(sets[name])
            and (all_sets or "-" in name or [name] != sets[name])
        ]
    if meant:
        raise ParameterError(
            f"Names of classes stand between commas, and {brief(meant[0])} looks like something to "
            "be read. Sets, files and folders are put together with plus signs: "
            f"{in_a_row(meant, '+')}. For classes of these names write a .txt file, one a line, or "
            "a list in Python."
        )
    return Spelling("names", text, names=names)


def _set_in(term: str) -> str:
    """The name of the installed set that a term would be of, without distribution and part."""
    return term.strip().partition("/")[0].rpartition(":")[2]


def _looks_like_path(name: str) -> bool:
    """Whether a name between commas is that of a file or a folder rather than of a class."""
    is_file = _ENDING.search(name) or _archive_kind(name)
    is_folder = any(char.isalnum() for char in name) and _is_written_as_path(name)
    return bool(is_file) or (is_folder and _is_there(name))


def _terms(text: str) -> list[str]:
    """What stands between the plus signs that are not part of the path of a file or folder."""
    pieces = text.split("+")
    terms = []
    start = 0
    while start < len(pieces):
        longest = 1
        several = accumulate(pieces[start : start + _PLUSES + 1], "{}+{}".format)
        for count, joined in enumerate(several, start=1):
            if len(joined) > _LONGEST:
                break
            if count > 1 and _is_one_path(joined.strip()):
                longest = count
        terms.append("+".join(pieces[start : start + longest]))
        start += longest
    return terms


def _is_one_path(term: str) -> bool:
    """Whether all its plus signs belong to the path of a file or folder that is there."""
    if (path := _file_in(term)) is not None:
        return "+" not in term[len(path) :] and os.path.isfile(path)  # noqa: PTH113
    return _is_written_as_path(term) and os.path.isdir(term)  # noqa: PTH112


def _term(term: str, *, is_path: bool = False) -> Spelling:
    """What a text means that is neither a sum nor names."""
    if kind := _archive_kind(term):
        return Spelling(kind, term)
    if (path := _file_in(term)) is not None:
        return Spelling("file", path, term[len(path) + 1 :])
    if os.path.isfile(term):  # noqa: PTH113 - false for what is too long to be a path
        raise ParameterError(
            "`labels` must name a set, a .toml, .txt or .csv file, or a folder, got "
            f"{brief(term)}. Write the names into a .txt file, one a line."
        )
    if is_path or _is_written_as_path(term):
        is_sources = any(_is_there(f"{term}/{file}") for file in _SOURCES)
        return Spelling("sources" if is_sources else "folder", term)
    name, _, part = term.partition("/")
    return Spelling("installed", name, part)


def _archive_kind(term: str) -> Kind | None:
    return next((kind for end, kind in _ARCHIVES.items() if term.lower().endswith(end)), None)


def _file_in(term: str) -> str | None:
    """The path of a file that the term starts with, by its ending; what follows is a part."""
    ends = [match.end() for match in _ENDING.finditer(term)]
    paths = [term[:end] for end in ends if end <= _LONGEST or end == ends[-1]]
    there = (path for path in paths if os.path.isfile(path))  # noqa: PTH113 - pathlib may raise
    return next(there, paths[-1] if paths else None)


def _is_written_as_path(term: str) -> bool:
    return term.startswith(".") or term.endswith(("/", os.sep)) or os.path.isabs(term)  # noqa: PTH117


def _is_there(path: str) -> bool:
    return len(path) <= _LONGEST and os.path.exists(path)  # noqa: PTH110 - as above


# ----------------------------------------------------------------------------------------- reading


def parse_labels(labels: Spelled, *, templates: Iterable[str] = ()) -> LabelSet:
    """Read a label set as it is spelled on the command line.

    - ``cartoon-animals``: an installed set, as `load_labelset` takes it.
    - ``birds.toml``, ``names.txt``, ``names.csv``: a file, as `LabelSet.from_toml`,
      `LabelSet.from_txt` and `LabelSet.from_csv` read it; but lines of names that look like lists
      of names are an error.
    - ``photos/``, ``./photos``, ``/data/photos``: a folder of class folders, as
      `LabelSet.from_folder` takes it. It starts with a dot or a slash or ends with a slash; without
      these, ``photos/cat`` is a part of an installed set.
    - ``cartoon-animals/bird``, ``birds.toml/tit``: of a set or a file, the part that
      `LabelSet.only` gives for this label or group.
    - ``cartoon-animals/bird+satellite``: several of these, put together as by ``|``.
    - ``cat, dog``: the names of classes.

    Args:
        labels: The spelling; or the path of a file or folder as a path object; or an open file,
            which is read as its path is, or has a name on each line.
        templates: Texts with one ``{}`` each, in place of those of each of the sets; none leaves
            the sets their own.

    Raises:
        LabelSetError: A set is not installed, or a file or folder breaks rules or cannot be read.
        LabelNotFoundError: A set has no such label or group.
        LabelError: Sets clash, or names break rules.
        ParameterError: There is nothing before or after a ``+``, a file is of another kind, or a
            set or a file stands between commas.
        ParameterTypeError: `labels` is no text, path or file.

    Examples:
        >>> parse_labels("cartoon-animals/bird + cartoon-animals/fox").name
        'cartoon-animals/bird+cartoon-animals/fox'
        >>> parse_labels("cat, dog").names
        ('cat', 'dog')
    """
    own = texts_of("templates", templates)
    spelling = (
        _opened(cast("IO[Any]", labels)) if hasattr(labels, "read") else parse_spelling(labels)
    )
    return put_together([_read(term, own) for term in spelling.terms or (spelling,)])


def _read(spelling: Spelling, templates: tuple[str, ...]) -> LabelSet:
    if spelling.kind == "names":
        return LabelSet.from_names(spelling.names, templates=templates)
    whole = labelset_of(draft_of_spelling(spelling))
    if templates:
        whole = whole.with_templates(templates)
    return whole.only(spelling.part) if spelling.part else whole


def _opened(file: IO[Any]) -> Spelling:
    """An open file as its path would be spelled; as the names in its lines where it has none."""
    path = getattr(file, "name", None)
    if isinstance(path, str) and _ENDING.search(path) and _is_there(path):
        return parse_spelling(Path(path))
    content = file.read()
    text = content if isinstance(content, str) else decode(content, str(path))
    names = (line.strip() for _, line in lines_of(text))
    return Spelling("names", str(path), names=tuple(n for n in names if n and n[0] != "#"))


def draft_of_spelling(spelling: Spelling, *, own_name: str | None = None) -> Draft:
    """What is spelled, as it was written: no rule has been run over it, and no part been taken.

    Args:
        spelling: Anything but a sum.
        own_name: What a label-set file must call itself.

    Raises:
        LabelSetError: A set is not installed, or a file or folder cannot be read.
    """
    text = spelling.text
    if spelling.kind == "names":
        return draft_of(labels_of_names(spelling.names), about={"name": "custom"})
    if spelling.is_distribution:
        raise LabelSetUnreadableError(_advice(spelling))
    if spelling.kind == "folder":
        return read_folder(text)
    if spelling.kind == "file":
        ending = text.lower()[-4:]
        if ending == "toml":
            return read_toml_file(text, name=own_name)
        return read_names(text, as_they_are=False) if ending == ".txt" else read_csv(text)
    try:
        return read_installed(text)
    except LabelSetNotFoundError as error:
        whole = f"{text}/{spelling.part}" if spelling.part else text
        hint = (
            "Classes are named between commas: cat,dog. To name them in Python, give a list: "
            "labels=['cat', 'dog']."
        )
        if _is_there(whole) and whole:
            hint = f"For the folder write {brief(whole + '/')}."
        raise LabelSetNotFoundError(f"{error} {hint}") from None


def _advice(spelling: Spelling) -> str:
    """What to write in place of a distribution, which may hold several sets."""
    told = f"{brief(spelling.text)} is a package, and no label set or folder of class folders."
    files: list[str] = []
    with suppress(OSError):
        for form in ("*/*.toml", "src/*/*.toml", "*.toml") if spelling.kind == "sources" else ():
            found = sorted(Path(spelling.text).glob(form))
            files += [brief(str(file)) for file in found if file.name not in _SOURCES]
    if files:
        return f"{told} Its label set is in a file; write {' or '.join(files[:3])}."
    return f"{told} Install it, and give the name of the label set in it."
