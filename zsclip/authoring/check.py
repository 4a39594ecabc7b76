"""The contract as a check, for authors and for tests: of sets, files and distributions."""

from __future__ import annotations

import os
from pathlib import Path

from zsclip.authoring.distributions import review_distribution
from zsclip.authoring.review import Review
from zsclip.authoring.trees import Kind
from zsclip.errors import LabelSetUnreadableError, LabelSetVersionError, ParameterTypeError
from zsclip.files import as_path
from zsclip.labels import LabelSet, TokenCounter
from zsclip.spelling import Spelling, draft_of_spelling, parse_labels, parse_spelling
from zsclip.wording import brief

__all__ = ["check_distribution", "check_labelset", "is_distribution", "review_target"]

_KINDS: dict[str, Kind] = {
    "sources": "sources",
    "folder": "sources",
    "wheel": "wheel",
    "sdist": "sdist",
}


def check_labelset(
    labelset: LabelSet | str | os.PathLike[str], *, encoder: TokenCounter | None = None
) -> list[str]:
    """Check a label set by the rules of the contract.

    Args:
        labelset: A set, or what spells one: the name of an installed set, the path of a label-set
            file, or anything else that `zsclip.spelling.parse_labels` takes. Where a label-set file
            lies in a package, it must give itself the name that the file has.
        encoder: Checks also that every prompt fits this encoder's context (rule R10), and that it
            does not take texts of two labels for one.

    Returns:
        Every breach, as a text that starts with the rule, such as ``R6``, and says where it is and
        what to do. None where all is well.

    Raises:
        LabelSetNotFoundError: No set of this name is installed.
        LabelSetConflictError: Several distributions offer one of this name.
        LabelSetUnreadableError: There is no file at this path, or it cannot be read.
        ParameterTypeError: `labelset` is none of these.

    Examples:
        >>> check_labelset(LabelSet.from_names(["cat", "dog"]))
        []
    """
    if isinstance(labelset, LabelSet):
        found = Review(sets=[("", labelset)])
    elif not isinstance(labelset, str | os.PathLike):
        raise ParameterTypeError(
            f"`labelset` must be a LabelSet, a path or a name, got {type(labelset).__name__}. "
            "Make a set of names with `LabelSet.from_names`."
        )
    elif is_distribution(labelset):
        raise LabelSetUnreadableError(
            f"{brief(os.fspath(labelset))} is a distribution and no label set. Check it with "
            "`check_distribution`."
        )
    else:
        found = review_target(labelset)
    problems = [*found.problems, *(found.misfits(encoder) if encoder is not None else ())]
    return [problem.without_file for problem in problems]


def check_distribution(
    path: str | os.PathLike[str], *, encoder: TokenCounter | None = None
) -> list[str]:
    """Check a distribution of label sets: every rule, in every file.

    Nothing of it is imported, and of an archive nothing is unpacked to disk.

    Args:
        path: A wheel, an sdist (``.tar.gz``), or the folder of the sources, with its
            ``pyproject.toml``.
        encoder: Checks also that every prompt fits this encoder's context (rule R10), and that it
            does not take texts of two labels for one.

    Returns:
        Every breach, as a text that holds the file, the rule, the place, what is wrong there, and
        what to do. None where all is well.

    Raises:
        LabelSetUnreadableError: There is nothing at this path that could be a distribution.
        ParameterTypeError: `path` is no path.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as empty:
        ...     print(*check_distribution(empty))
        pyproject.toml: D1 file: is missing. `zsclip labelsets new` writes one; or check the wheel.
    """
    path = as_path(path)
    kind = _KINDS.get(parse_spelling(path).kind)
    if kind is None or (kind == "sources" and not os.path.isdir(path)):  # noqa: PTH112 - of any text
        raise LabelSetUnreadableError(
            f"{brief(os.fspath(path))} is no wheel (.whl), no sdist (.tar.gz) and no folder. "
            "Check the path."
        )
    found = review_distribution(path, kind)
    problems = [*found.problems, *(found.misfits(encoder) if encoder is not None else ())]
    return [str(problem) for problem in problems]


def review_target(target: str | os.PathLike[str]) -> Review:
    """Look at whatever a label set may be in, by all rules that need no model.

    Args:
        target: What `zsclip.spelling.parse_labels` takes, or the path of a wheel, of an sdist
            (``.tar.gz``), or of a folder with the sources of a distribution.

    Raises:
        LabelSetError: There is none such, or it cannot be read at all.
    """
    spelling = parse_spelling(target)
    if _holds_distribution(spelling):
        return review_distribution(target, _KINDS[spelling.kind])
    found = Review()
    for term in spelling.terms or (spelling,):
        _review_term(term, found)
    if not found.problems and (spelling.terms or spelling.part):
        found.sets = [("", parse_labels(target))]
    return found


def is_distribution(target: str | os.PathLike[str]) -> bool:
    """Whether a target of `review_target` is a wheel, an sdist or a folder of sources."""
    return _holds_distribution(parse_spelling(target))


def _holds_distribution(spelling: Spelling) -> bool:
    """A folder without class folders, or with a table beside them, is one of sources."""
    if spelling.kind != "folder":
        return spelling.is_distribution
    try:
        entries = list(Path(spelling.text).iterdir())
    except (OSError, ValueError):
        return False
    is_data = any(entry.is_dir() and not entry.name.startswith(".") for entry in entries)
    return not is_data or any(entry.suffix == ".toml" for entry in entries)


def _review_term(term: Spelling, found: Review) -> None:
    """The rules, for one set or one file."""
    file = "" if term.kind in ("installed", "names") else term.text
    own_name = None
    if term.kind == "file" and (Path(file).parent / "__init__.py").exists():
        own_name = Path(file).stem
    try:
        found.judge(draft_of_spelling(term, own_name=own_name), file)
    except LabelSetVersionError as error:
        found.note("R2", file, "schema", str(error))
    except LabelSetUnreadableError as error:
        if term.kind != "installed":
            raise
        found.note("R1", file, "file", str(error))
