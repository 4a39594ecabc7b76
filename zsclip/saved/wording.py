"""How paths are taken, and how they and the system's complaints are told."""

from __future__ import annotations

import os
from pathlib import Path

from zsclip.errors import ParameterTypeError

__all__ = ["as_path", "reason_of", "shown"]


def as_path(path: str | os.PathLike[str]) -> Path:
    """A path that a user gave, with ``~`` filled in.

    Raises:
        ParameterTypeError: It is no path.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise ParameterTypeError(f"`path` must be the path of a file, got {path!r}.")
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's raises for an unknown user


def shown(path: str | os.PathLike[str]) -> str:
    """A path as messages show it: as it was given, in quotes."""
    return repr(os.fspath(path))


def reason_of(error: OSError | ValueError) -> str:
    """The system's own words, such as ``No space left on device``, without the path in them."""
    return getattr(error, "strerror", None) or str(error)
