"""The label sets that are installed: found by entry point, read as data, never imported."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from zsclip.entrypoints import Declared, find_declared, normalize_name
from zsclip.errors import (
    LabelSetConflictError,
    LabelSetError,
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterTypeError,
)
from zsclip.labels.drafts import Draft, Problem
from zsclip.labels.labelset import LabelSet, labelset_of
from zsclip.labels.published import to_install
from zsclip.labels.reading import FILE_LIMIT
from zsclip.labels.rules import format_error
from zsclip.labels.toml import NAME_FORM, read_toml
from zsclip.packages import is_top_level_name, read_from_package
from zsclip.wording import (
    BriefRepr,
    brief,
    did_you_mean,
    in_a_row,
    in_lines,
    shown,
)

__all__ = [
    "LABELSETS_GROUP",
    "LabelSetInfo",
    "check_entry_point",
    "list_labelsets",
    "load_labelset",
    "read_installed",
]

LABELSETS_GROUP = "zsclip.labelsets"
"""The entry-point group in which distributions declare their label sets."""


@dataclass(frozen=True, repr=False)
class LabelSetInfo(BriefRepr):
    """What is known of an installed label set.

    Attributes:
        name: The name that it is declared under; empty where a distribution declares label sets
            in a file that cannot be parsed.
        distribution: The distribution that declares it.
        version: That distribution's version; empty where it cannot be read.
        package: The package that holds its file, as declared.
    """

    name: str
    distribution: str
    version: str
    package: str
    _load: Callable[[], LabelSet | str] = field(repr=False, compare=False)

    @property
    def labelset(self) -> LabelSet | None:
        """The label set; None where it cannot be loaded by its name.

        Its file is read when this or `error` is first asked for, so that a list of many sets is
        quick.
        """
        return None if isinstance(self._loaded, str) else self._loaded

    @property
    def error(self) -> str | None:
        """Why it cannot be loaded by its name; None where it can."""
        return self._loaded if isinstance(self._loaded, str) else None

    @functools.cached_property
    def _loaded(self) -> LabelSet | str:
        return self._load()


def list_labelsets() -> list[LabelSetInfo]:
    """Every label set that an installed distribution declares, the broken ones included.

    Never raises: what is wrong with one set or one distribution stands in its `error`, which says
    what `load_labelset` would, and leaves the others alone.

    Returns:
        What is known of each, by name and then by distribution.

    Examples:
        >>> good = [info.name for info in list_labelsets() if info.error is None]
    """
    rivals: dict[str, _Rivals] = {}
    infos = []
    for one in find_declared(LABELSETS_GROUP):
        of_name = rivals.setdefault(one.name, _Rivals([]))
        of_name.declared.append(one)
        load = functools.partial(_load_or_error, one, of_name)
        infos.append(LabelSetInfo(one.name, one.distribution, one.version, one.value, load))
    return sorted(infos, key=lambda info: (info.name, info.distribution, info.package))


@dataclass
class _Rivals:
    """All that is declared under one name, and what is said of that, once for all of them."""

    declared: list[Declared]

    @functools.cached_property
    def conflict(self) -> str:
        return str(_conflict(self.declared[0].name, self.declared))


def _load_or_error(one: Declared, rivals: _Rivals) -> LabelSet | str:
    try:
        if len(rivals.declared) > 1 and one.name:
            return rivals.conflict
        return labelset_of(_read(one))
    except LabelSetError as error:
        return str(error)


def load_labelset(name: str) -> LabelSet:
    """Load an installed label set.

    Args:
        name: The set's name, such as ``cartoon-animals``; or, to say whose it is where several
            distributions offer one of that name, ``distribution:name``.

    Returns:
        The set, with its provenance.

    Raises:
        LabelSetNotFoundError: No installed distribution declares a set of this name.
        LabelSetConflictError: Several do.
        LabelSetFormatError: Its file breaks rules; `problems` holds every breach.
        LabelSetVersionError: Its file follows a newer schema.
        LabelSetUnreadableError: Its file, or the metadata of its distribution, cannot be read.
        ParameterTypeError: `name` is no text.
    """
    return labelset_of(read_installed(name))


def read_installed(name: str) -> Draft:
    """The draft of an installed label set, over which no rule has been run yet.

    Raises:
        LabelSetError: As `load_labelset`, but for what breaks rules.
        ParameterTypeError: `name` is no text.
    """
    if not isinstance(name, str):
        raise ParameterTypeError(
            f"`name` must be a text, got {brief(name)}. Pass a label set's name."
        )
    distribution, _, own = name.rpartition(":")
    declared = find_declared(LABELSETS_GROUP)
    found = [one for one in declared if one.name == own and own]
    if distribution:
        found = [
            one for one in found if normalize_name(one.distribution) == normalize_name(distribution)
        ]
    if not found:
        raise _not_found(name, declared)
    if len(found) > 1:
        raise _conflict(own, found)
    return _read(found[0])


def _read(one: Declared) -> Draft:
    what = f"The label set {brief(one.name)} of {one}"
    if one.broken:
        raise LabelSetUnreadableError(one.broken)
    if problems := check_entry_point(one.name, one.value):
        return Draft(what, problems=problems)
    filename = f"{one.name}.toml"
    try:
        data = read_from_package(one.value, filename, limit=FILE_LIMIT)
    except LabelSetUnreadableError as error:
        raise LabelSetUnreadableError(f"{what} cannot be read: {shown(str(error))}") from error
    return read_toml(
        data,
        file=f"{one.value}/{filename}",
        name=one.name,
        distribution=one.distribution,
        version=one.version,
    )


def check_entry_point(name: str, package: str) -> list[Problem]:
    """Rule R3 for an entry point: what is wrong with its name and with what it leads to."""
    problems = []
    if not re.fullmatch(NAME_FORM, name):
        message = (
            f"{brief(name)} is no name for a label set. Use lower-case letters and digits, with "
            "single hyphens between words."
        )
        problems.append(Problem("R3", "entry point", message))
    if not is_top_level_name(package):
        message = (
            f"must lead to one top-level package, got {brief(package)}. Write the package's name "
            "alone, without dots, colons or extras."
        )
        problems.append(Problem("R3", "entry point", message))
    return problems


def _conflict(name: str, rivals: list[Declared]) -> LabelSetError:
    if len({normalize_name(one.distribution) for one in rivals}) == 1:
        values = in_a_row([brief(one.value) for one in rivals], " and ")
        message = f"{brief(name)} is declared twice, as {values}. Remove one of the two lines."
        return format_error(
            f"The label set {brief(name)} of {rivals[0]}", [Problem("R3", "entry point", message)]
        )
    lines = in_lines([f"{one}: load_labelset({_full(one)!r})" for one in rivals])
    return LabelSetConflictError(
        f"{len(rivals)} installed distributions offer a label set {brief(name)}. Say which one is "
        f"meant, or uninstall the others:{lines}"
    )


def _full(one: Declared) -> str:
    return f"{normalize_name(one.distribution)}:{one.name}"


def _not_found(name: str, declared: list[Declared]) -> LabelSetNotFoundError:
    if "/" in name or "\\" in name or name.endswith(".toml"):
        hint = "A file is read with `LabelSet.from_toml`."
    else:
        known = [one.name for one in declared if one.name]
        if ":" in name:
            known = [_full(one) for one in declared if one.name]
        hint = did_you_mean(name, sorted(set(known))) if known else "None is installed."
        hint += to_install(name, {one.name for one in declared})
    broken = [str(one) for one in declared if not one.name]
    if broken:
        hint += f" What these declare cannot be parsed: {in_a_row(broken)}."
    return LabelSetNotFoundError(f"No installed label set is named {brief(name)}. {hint}")
