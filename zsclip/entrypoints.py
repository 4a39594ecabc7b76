"""What installed distributions declare in an entry-point group, read without importing any of it.

Each distribution is guarded on its own: one with malformed metadata, which makes
`importlib.metadata.entry_points` raise for everybody, leaves the others alone.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, DistributionFinder

__all__ = ["Declared", "find_declared", "normalize_name"]

logger = logging.getLogger("zsclip")


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
        return f"{self.distribution} {self.version}".strip()


def normalize_name(distribution: str) -> str:
    """A distribution's name, normalized as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def find_declared(group: str) -> list[Declared]:
    """What is declared in a group, each distribution once: the first on the path, as in Python."""
    declared: list[Declared] = []
    seen: set[str] = set()
    for distribution in _distributions():
        try:
            key = _key(distribution)
            if key and key in seen:
                continue
            seen.add(key)
            declared += dict.fromkeys(_declared_by(distribution, group, key))
        except Exception:  # whatever is wrong with this one, the others are served
            logger.debug("Skipped a distribution that cannot be read", exc_info=True)
    return declared


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
        except Exception:
            logger.debug("Skipped the finder %r, which failed", finder, exc_info=True)


def _key(distribution: Distribution) -> str:
    """The distribution's normalized name, off its folder's name where that says it.

    That is what Python goes by, and it spares opening the metadata of every distribution.
    """
    name = getattr(distribution, "_normalized_name", None)
    if not isinstance(name, str):
        name = _header(distribution, "Name")
    return normalize_name(name or "")


def _header(distribution: Distribution, key: str) -> str:
    """A header of the distribution's metadata; empty where it has none or cannot be read."""
    try:
        values = distribution.metadata.get_all(key)
    except Exception:  # noqa: BLE001 - no file, no text, no headers: versions of Python differ
        return ""
    return str(values[0]).strip() if values else ""


def _declared_by(distribution: Distribution, group: str, key: str) -> Iterator[Declared]:
    text = distribution.read_text("entry_points.txt")
    if not text or group not in text:
        return  # which also leaves the malformed files of others alone
    name = _header(distribution, "Name")
    version = _header(distribution, "Version")
    try:
        points = [point for point in distribution.entry_points if point.group == group]
    except Exception as error:  # noqa: BLE001 - the parser raises whatever it stumbles over
        reason = (
            f"The entry_points.txt of {name or key} cannot be parsed ({type(error).__name__}: "
            f"{error}). Reinstall it, or ask its author to correct it."
        )
        yield Declared("", name or key, version, "", reason)
        return
    broken = ""
    if not name or not version:
        broken = (
            f"The metadata of the distribution {name or key!r} cannot be read, so that its name "
            "and version are not known. Reinstall it."
        )
    for point in points:
        yield Declared(point.name, name or key, version, point.value, broken)
