"""Label sets out of files: how a file is read, lines of names, and class folders."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from zsclip.errors import LabelSetUnreadableError, ParameterTypeError
from zsclip.files import is_system_folder
from zsclip.labels.fields import Fields, fields_of_draft
from zsclip.labels.parsing import format_error, parse_fields
from zsclip.labels.rules import Draft, DraftNode, Problem, Text, check_draft, check_text
from zsclip.labels.values import Provenance

__all__ = [
    "FILE_LIMIT",
    "finish",
    "read_file",
    "read_folder",
    "read_names",
    "read_text",
    "read_toml_file",
    "words_of",
]


FILE_LIMIT = 16 * 2**20
"""Bytes of one file. ImageNet's thousand labels with their eighty templates have 50 kB."""


def read_toml_file(path: str | os.PathLike[str]) -> Fields:
    """The fields of a label-set file."""
    hint = "an installed label set is loaded by its name, with `load_labelset`"
    return parse_fields(read_file(path, "label-set file", hint), file=os.fspath(path))


def read_names(path: str | os.PathLike[str], name: str | None) -> Fields:
    """The fields of a set that has a name on each line of a file."""
    text, provenance = read_text(path)
    nodes = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        label = line.strip()
        if label and not label.startswith("#"):
            nodes.append(DraftNode(f"line {number}", Text(f"line {number}", label)))
    return finish(
        nodes, name or Path(path).stem, f"The labels file {os.fspath(path)!r}", provenance
    )


def read_folder(path: str | os.PathLike[str], name: str | None) -> Fields:
    """The fields of a set of class folders."""
    require_path(path)
    try:
        with os.scandir(path) as entries:
            folders = sorted(e.name for e in entries if e.is_dir() and not is_system_folder(e.name))
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _unreadable("folder", path, error, "name the one that holds the class folders") from (
            error
        )
    nodes = []
    for folder in folders:
        words = words_of(folder)
        where = f"folder {folder!r}"
        nodes.append(
            DraftNode(where, Text(where, words), None if words == folder else Text(where, folder))
        )
    listing = "".join(f"{folder}\n" for folder in folders).encode("utf-8", "surrogateescape")
    provenance = Provenance("", "", os.fspath(path), hashlib.sha256(listing).hexdigest())
    own = Path(os.path.abspath(path)).name  # noqa: PTH100 - resolve() would follow links
    what = f"The folder {os.fspath(path)!r} of class folders"
    return finish(nodes, name or own or "folders", what, provenance)


def words_of(identifier: str) -> str:
    """What a class folder, or another name without spaces, is called in words.

    Underscores become spaces. Hyphens do only where the name has neither underscores nor spaces:
    beside these they belong to words. Case stays.

    Examples:
        >>> words_of("Blue_Jay"), words_of("golden-retriever"), words_of("black-footed_ferret")
        ('Blue Jay', 'golden retriever', 'black-footed ferret')
    """
    separator = "_" if "_" in identifier or " " in identifier else "-"
    return " ".join(identifier.replace(separator, " ").split()) or identifier


def finish(
    nodes: Sequence[DraftNode],
    name: str,
    what: str,
    provenance: Provenance,
    *,
    groups: Sequence[DraftNode] = (),
    problems: Iterable[Problem] = (),
) -> Fields:
    """The fields of a set of these labels.

    Args:
        nodes: The labels.
        name: The set's name.
        what: What to call the source in messages.
        provenance: Where the labels were read.
        groups: What stands above them.
        problems: What is known to be wrong already.

    Raises:
        LabelSetFormatError: They break rules; `problems` holds every breach with its place.
    """
    draft = Draft(labels=list(nodes), groups=list(groups), n_labels=len(nodes))
    found = [*problems, *check_text(Text("name", name)), *check_draft(draft)]
    if found:
        raise format_error(what, dict.fromkeys(found))
    return fields_of_draft(draft, name, provenance)


# ------------------------------------------------------------------------------------------- files


def read_text(path: str | os.PathLike[str]) -> tuple[str, Provenance]:
    """A text file in UTF-8, with or without a byte-order mark, and where it is from."""
    data = read_file(path, "labels file", "it is taken from the current folder")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LabelSetUnreadableError(
            f"The labels file {os.fspath(path)!r} is not UTF-8 text ({error.reason} in line "
            f"{line}). Save it as UTF-8."
        ) from error
    return text, Provenance("", "", os.fspath(path), hashlib.sha256(data).hexdigest())


def read_file(path: str | os.PathLike[str], kind: str, hint: str) -> bytes:
    """The bytes of a file.

    Raises:
        LabelSetUnreadableError: There is no such file, it cannot be read, or it has more than
            `FILE_LIMIT` bytes.
        ParameterTypeError: `path` is no path.
    """
    require_path(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)  # it may be a device that never ends
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _unreadable(kind, path, error, hint) from error
    if len(data) > FILE_LIMIT:
        raise LabelSetUnreadableError(
            f"Cannot read the {kind} {os.fspath(path)!r}: it has more than {FILE_LIMIT // 2**20} "
            "MiB, which no label set needs. Check the path, or shorten the file."
        )
    return data


def require_path(path: object) -> None:
    """Raise `ParameterTypeError` for what is no path."""
    if not isinstance(path, str | os.PathLike):
        raise ParameterTypeError(
            f"`path` must be a path, got {type(path).__name__}. Pass a str or a pathlib.Path."
        )


def _unreadable(
    kind: str, path: str | os.PathLike[str], error: Exception, hint: str
) -> LabelSetUnreadableError:
    reason = getattr(error, "strerror", None) or str(error)
    return LabelSetUnreadableError(
        f"Cannot read the {kind} {os.fspath(path)!r}: {reason}. Check the path; {hint}."
    )
