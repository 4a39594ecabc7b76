"""Where a cache is: which file is meant, what stands beside it, and what was set aside."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

from zsclip.cache.faults import Cause, Fault, UnfitError
from zsclip.cache.schema import is_ours
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.owners import doubt, doubt_found, is_trusted, make_private_folder, open_new
from zsclip.wording import brief

__all__ = [
    "begin",
    "default_path",
    "discard",
    "list_set_aside",
    "locate",
    "make_folder",
    "rename",
    "require_own",
    "size_on_disk",
    "why_unusable",
]

_FILE = "embeddings.sqlite"
_SUFFIXES = (".sqlite", ".sqlite3", ".db")
_BESIDE = ("-wal", "-shm", "-journal")
_MARK = ".corrupt-"


def default_path() -> Path:
    """``embeddings.sqlite`` in the folder that ``ZSCLIP_CACHE`` names, or else the user's cache."""
    if folder := os.environ.get("ZSCLIP_CACHE"):
        return _absolute(Path(folder) / _FILE, "ZSCLIP_CACHE")
    import platformdirs

    try:
        found = platformdirs.user_cache_dir("zsclip")
    except RuntimeError as error:  # no home
        raise ParameterError(
            f"The user's cache folder cannot be found ({error}). Set ZSCLIP_CACHE or pass cache= "
            "to keep embeddings elsewhere, or pass cache=False to keep none."
        ) from error
    return _absolute(Path(found) / _FILE, "path")


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
            f"`path` must be a file, a folder or None, got {type(path).__name__}: {brief(path)}."
        )
    text = os.fsdecode(path)
    if not text or "\0" in text:
        raise ParameterError(f"`path` must name a file or a folder, got {brief(text)}.")
    chosen = _absolute(Path(text), "path")
    if os.path.isdir(chosen):  # noqa: PTH112 - false where a Path would raise
        return chosen / _FILE
    if chosen.suffix.lower() in _SUFFIXES and not text.endswith(("/", os.sep)):
        return chosen
    if os.path.isfile(chosen):  # noqa: PTH113
        raise ParameterError(
            f"`path` must be a folder, or a file that ends in {', '.join(_SUFFIXES)}, got "
            f"{brief(text)}, which is another file."
        )
    return chosen / _FILE


def _absolute(path: Path, name: str) -> Path:
    try:
        return path.expanduser().absolute()
    except (RuntimeError, OSError) as error:  # no home, or no current folder
        raise ParameterError(
            f"`{name}` must name a folder that can be found, got {brief(str(path))} ({error})."
        ) from error


# -------------------------------------------------------------------------------------- whose it is


def require_own(path: Path) -> None:
    """Raise unless file, folder and what SQLite reads beside it are the user's and nobody else's.

    SQLite opens by name, waits for a pipe and follows links, so this is asked before it does. Where
    the folder is nobody else's to write to, nothing can take the place of what was found.

    Raises:
        UnfitError: Somebody else could have written it.
        OSError: It is no regular file, or cannot be looked at.
    """
    if reason := doubt(path):
        raise UnfitError(Cause.UNTRUSTED, reason)
    name, trusted = os.fspath(path), is_trusted(path)
    for place in (name, *(name + end for end in _BESIDE)):
        try:
            found = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "a folder has its name", place)
        if not stat.S_ISREG(found.st_mode):
            link = stat.S_ISLNK(found.st_mode)
            kind = "a link: name the file itself" if link else "no regular file"
            raise OSError(errno.EINVAL, f"it is {kind}", place)
        if not trusted and (reason := doubt_found(place, found)):
            raise UnfitError(Cause.UNTRUSTED, reason)


def make_folder(path: Path) -> None:
    """Make the folder of a file, and those above it: the user's alone, or as the umask has it.

    Raises:
        OSError: It cannot be made.
    """
    if is_trusted(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        make_private_folder(path.parent)


def begin(path: Path) -> None:
    """Make an empty file, which SQLite gives its rights to what it puts beside it.

    Raises:
        OSError: It cannot be made, or is there.
    """
    open_new(path, 0o666 if is_trusted(path) else 0o600).close()


# ---------------------------------------------------------------------------------- beside the file


def rename(path: Path) -> Path:
    """Give a damaged file, and its log, a name that says so and that is still free.

    Raises:
        OSError: It cannot be renamed.
    """
    stem = f"{path.name}{_MARK}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    aside, n = path.with_name(stem), 1
    while aside.exists():
        n += 1
        aside = path.with_name(f"{stem}-{n}")
    path.rename(aside)
    with suppress(FileNotFoundError):
        path.with_name(path.name + "-wal").rename(aside.with_name(aside.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside


def list_set_aside(path: Path) -> list[Path]:
    """The damaged files that a cache took the place of: those of such a name that are caches."""
    form = re.compile(re.escape(path.name + _MARK) + r"\d{8}-\d{6}(-\d+)?")
    found: list[Path] = []
    with suppress(OSError):
        if doubt(path):
            return found
        for file in path.parent.iterdir():
            with suppress(OSError):
                if form.fullmatch(file.name) and is_ours(file):
                    found.append(file)
    return sorted(found)


def discard(path: Path) -> None:
    """Delete a file and what SQLite put beside it.

    Raises:
        OSError: It cannot be deleted.
    """
    for name in (path.name, *(path.name + end for end in _BESIDE)):
        path.with_name(name).unlink(missing_ok=True)


def size_on_disk(path: Path) -> int:
    """The bytes of a file and of what SQLite put beside it."""
    total = 0
    for name in (path.name, *(path.name + end for end in _BESIDE)):
        with suppress(OSError):
            total += path.with_name(name).stat().st_size
    return total


def why_unusable(path: Path) -> Fault | None:
    """What the rights to a file, or to the folder to make it in, are short of, or too wide."""
    with suppress(OSError):
        if reason := doubt(path):
            return Fault(Cause.UNTRUSTED, reason)
    place, needed = path, os.W_OK
    while not os.path.exists(place) and place != place.parent:  # noqa: PTH110 - never raises
        place, needed = place.parent, os.W_OK | os.X_OK
    if place != path and not os.path.isdir(place):  # noqa: PTH112
        return Fault(Cause.UNREACHABLE, f"{place} is no folder")
    for there in {place, place.parent if place == path else place}:
        if not os.access(there, needed):
            return Fault(Cause.READ_ONLY, f"{there} does not allow it")
    return None
