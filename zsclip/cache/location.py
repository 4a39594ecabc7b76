"""Which file is meant."""

from __future__ import annotations

import os
from pathlib import Path

from zsclip.errors import ParameterError, ParameterTypeError

__all__ = ["FILE", "default_path", "locate"]

FILE = "embeddings.sqlite"
_SUFFIXES = (".sqlite", ".sqlite3", ".db")


def default_path() -> Path:
    """``embeddings.sqlite`` in the folder that ``ZSCLIP_CACHE`` names, or else the user's cache."""
    if folder := os.environ.get("ZSCLIP_CACHE"):
        return _absolute(Path(folder) / FILE, "ZSCLIP_CACHE")
    import platformdirs

    return _absolute(Path(platformdirs.user_cache_dir("zsclip")) / FILE, "path")


def locate(path: str | os.PathLike[str] | None) -> Path:
    """The file that a caller means. Nothing is made, and nothing opened.

    Args:
        path: A file that ends in ``.sqlite``, ``.sqlite3`` or ``.db``, or a folder for
            ``embeddings.sqlite``, which need not exist; None for the default.

    Raises:
        ParameterError: It is empty, or a file of another kind, which is not to be touched.
        ParameterTypeError: It is no path.

    Examples:
        >>> locate("/srv/zsclip").as_posix().endswith("/srv/zsclip/embeddings.sqlite")
        True
        >>> locate("/srv/animals.sqlite").name
        'animals.sqlite'
    """
    if path is None:
        return default_path()
    if not isinstance(path, str | os.PathLike):
        raise ParameterTypeError(
            f"`path` must be a file, a folder or None, got {type(path).__name__}: {path!r}."
        )
    text = os.fsdecode(path)
    if not text or "\0" in text:
        raise ParameterError(f"`path` must name a file or a folder, got {text!r}.")
    chosen = _absolute(Path(text), "path")
    if os.path.isdir(chosen):  # noqa: PTH112 - false where a Path would raise
        return chosen / FILE
    if chosen.suffix.lower() in _SUFFIXES and not text.endswith(("/", os.sep)):
        return chosen
    if os.path.isfile(chosen):  # noqa: PTH113
        raise ParameterError(
            f"`path` must be a folder, or a file that ends in {', '.join(_SUFFIXES)}, got "
            f"{text!r}, which is another file."
        )
    return chosen / FILE


def _absolute(path: Path, name: str) -> Path:
    try:
        return path.expanduser().absolute()
    except (RuntimeError, OSError) as error:  # no home, or no current folder
        raise ParameterError(
            f"`{name}` must name a folder that can be found, got {str(path)!r} ({error})."
        ) from error
