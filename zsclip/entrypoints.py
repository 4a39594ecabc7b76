"""What installed distributions declare in an entry-point group, read without importing any of it.

Each distribution is guarded on its own: one with malformed metadata, which makes
`importlib.metadata.entry_points` raise for everybody, leaves the others alone. And what package
tools leave behind of one, interrupted or not, neither hides nor doubles the one that is installed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, DistributionFinder
from typing import Any

from zsclip.logs import logger_for
from zsclip.wording import brief, shown

__all__ = ["Declared", "find_declared", "normalize_name"]

logger = logger_for("zsclip")


@dataclass(frozen=True, slots=True)
class Declared:
    """One entry point, or in `broken` the reason why it cannot be used.

    Attributes:
        name: Its name; empty where a distribution declares some in a file that cannot be parsed.
        distribution: The distribution that declares it.
        version: That distribution's version; empty where it cannot be read.
        value: What it leads to, as declared.
        broken: Why it cannot be used; empty where it can.
    """

    name: str
    distribution: str
    version: str
    value: str
    broken: str = ""

    def __str__(self) -> str:
        return shown(f"{self.distribution} {self.version}".strip())


def normalize_name(distribution: str) -> str:
    """A distribution's name, normalized as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def find_declared(group: str) -> list[Declared]:
    """What is declared in a group, each distribution once.

    Of several copies of one, the first on the path counts, as in Python, but for remains: a folder
    of metadata without a name and a version, or without both a list of files and the files. In one
    place that is the copy whose list of files agrees with the files.
    """
    copies: dict[str, list[_Copy]] = {}
    for distribution in _distributions():
        try:
            copy = _look_at(distribution, group)
        except Exception:  # whatever is wrong with this one, the others are served
            logger.debug("Skipped a distribution that cannot be read", exc_info=True)
            continue
        if copy is not None:  # without a name it can be no copy of another
            copies.setdefault(copy.key or f"#{len(copies)}", []).append(copy)
    declared: list[Declared] = []
    for several in copies.values():
        if any(copy.text for copy in several):
            chosen = several[0] if len(several) == 1 else _choose(several, group)
            declared += dict.fromkeys(_declared_by(chosen, group))
    return declared


@dataclass(frozen=True, slots=True)
class _Copy:
    """A distribution on the path.

    Attributes:
        distribution: The distribution.
        key: Its normalized name: its own if it declares something in the group, else its folder's,
            which spares opening the metadata of all others.
        text: Its ``entry_points.txt``; empty where that does not name the group.
    """

    distribution: Distribution
    key: str
    text: str

    def header(self, key: str) -> str:
        """A header of its metadata; empty where it has none or cannot be read."""
        try:
            values = self.distribution.metadata.get_all(key)
        except Exception:  # noqa: BLE001 - no file, no text, no headers: versions of Python differ
            return ""
        return str(values[0]).strip() if values else ""


def _distributions() -> Iterator[Distribution]:
    """All distributions, as `importlib.metadata.distributions` gives them but finder by finder.

    Over there one finder that fails ends the iteration for all.
    """
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_distributions", None)
        if find is None:
            continue
        try:
            yield from find(DistributionFinder.Context())
        except (Exception, SystemExit):
            logger.debug("Skipped the finder %r, which failed", finder, exc_info=True)


def _look_at(distribution: Distribution, group: str) -> _Copy | None:
    """What is to be known of a distribution; None where it is none any more."""
    folder = _folder_name(distribution)
    if folder and not folder[0].isalnum():
        return None  # what pip is about to remove, it renames: ~ond-1.0.dist-info
    text = distribution.read_text("entry_points.txt") or ""
    if group not in text:
        text = ""  # which also leaves the malformed files of others alone
    copy = _Copy(distribution, "", text)
    name = copy.header("Name") if text else ""
    if not name and folder.endswith((".dist-info", ".egg-info")):
        name = folder.rpartition(".")[0].partition("-")[0]
    return _Copy(distribution, normalize_name(name or copy.header("Name")), text)


def _folder_name(distribution: Distribution) -> str:
    """The name of the folder that its metadata are in; empty where that is not told."""
    return str(getattr(getattr(distribution, "_path", None), "name", ""))


# ------------------------------------------------------------------------------ several copies


def _choose(copies: list[_Copy], group: str) -> _Copy:
    """The copy that is installed, of several with one name."""
    points = [point for copy in copies for point in _declared_by(copy, group)]
    packages = {re.split(r"[.:\s[]", point.value)[0] for point in points}
    remains = [_is_remains(copy, packages) for copy in copies]
    first = copies[remains.index(min(remains))]
    place = _located(first, "")
    rivals = [
        copy
        for copy, left in zip(copies, remains, strict=True)
        if copy is first or (left == min(remains) and place and _located(copy, "") == place)
    ]
    return max(rivals, key=lambda copy: _standing(copy, packages))


def _is_remains(copy: _Copy, packages: set[str]) -> bool:
    """Whether it is what an interrupted installation, removal or build has left.

    No list of files alone says nothing, since some systems leave it out.
    """
    if not (copy.header("Name") and copy.header("Version")):
        return True
    names = [name for package in packages for name in (package, f"{package}.py")]
    return not _has_record(copy) and not any(map(_exists, (_located(copy, n) for n in names)))


def _standing(copy: _Copy, packages: set[str]) -> tuple[bool, bool, bool, Any]:
    """By what one of several copies in one place is known to be installed; the highest is."""
    return (
        _has_record(copy),
        not _folder_name(copy.distribution).endswith(".egg-info"),
        _agrees(copy, packages),
        _version_key(copy.header("Version")),
    )


def _has_record(copy: _Copy) -> bool:
    with suppress(Exception):
        return bool(copy.distribution.read_text("RECORD"))
    return False


def _located(copy: _Copy, name: str) -> Any:
    """The path of something that lies beside its metadata; None where there is no place for it."""
    with suppress(Exception):  # finders of others may give anything
        return copy.distribution.locate_file(name)
    return None


def _exists(path: Any) -> bool:
    with suppress(Exception):
        return bool(path.exists())
    return False


_VERSION = 1000  # characters of a version that are compared
_HASHED = 2**20  # bytes; larger files are compared by their size


def _agrees(copy: _Copy, packages: set[str]) -> bool:
    """Whether the files of the packages are those in its list of files."""
    try:
        files = [file for file in copy.distribution.files or () if file.parts[0] in packages]
        for file in files:
            data = file.locate().read_bytes() if (file.size or 0) <= _HASHED else None  # type: ignore[attr-defined]
            if data is None:
                if file.locate().stat().st_size != file.size:  # type: ignore[attr-defined]
                    return False
            elif file.hash is not None:
                digest = hashlib.new(file.hash.mode, data).digest()
                if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                    return False
    except Exception:  # noqa: BLE001 - a file that is not there, a list that is none
        return False
    return bool(files)


def _version_key(version: str) -> list[tuple[int, int, str]]:
    """Versions in their order; a release goes behind what was released in advance of it."""
    # No release has numbers of twenty digits, and Python reads none of thousands.
    parts = re.findall(r"[0-9]{1,20}|[a-z]+", version[:_VERSION].lower())
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts] + [(1, -1, "")]


# ------------------------------------------------------------------------------------- declared


def _declared_by(copy: _Copy, group: str) -> Iterator[Declared]:
    if not copy.text:
        return
    name, version = copy.header("Name"), copy.header("Version")
    try:
        points = [point for point in copy.distribution.entry_points if point.group == group]
    except Exception as error:  # noqa: BLE001 - the parser raises whatever it stumbles over
        reason = (
            f"The entry_points.txt of {shown(name or copy.key)} cannot be parsed "
            f"({type(error).__name__}: {shown(str(error))}). Reinstall it, or ask its author to "
            "correct it."
        )
        yield Declared("", name or copy.key, version, "", reason)
        return
    broken = ""
    if not name or not version:
        broken = (
            f"The metadata of the distribution {brief(name or copy.key)} cannot be read, so that "
            "its name and version are not known. Reinstall it."
        )
    for point in points:
        yield Declared(point.name, name or copy.key, version, point.value, broken)
