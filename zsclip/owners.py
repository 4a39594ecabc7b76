"""Whose a file is, who else could have put it there, and opening and holding it as no other does.

The rule is that of OpenSSH's StrictModes: the file and every folder on the way to it belong to the
user or to root, and nobody else may write there. Of what is in the user's home, nothing above the
home is asked about. Of a link, both ends count. Where there are no numbers for users, on Windows,
nothing is doubted.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import IO, TypeVar

__all__ = [
    "TRUST",
    "doubt",
    "doubt_found",
    "follow",
    "hold",
    "is_plain_and_own",
    "is_trusted",
    "make_private_folder",
    "open_more",
    "open_new",
    "open_plain",
]

TRUST = "ZSCLIP_TRUST"
"""The variable that names files and folders, with all in them, that are trusted as they are."""

_MOST_STEPS = 1000  # names and links on the way to a file
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_trusted(path: Path) -> bool:
    """Whether ``ZSCLIP_TRUST`` names an absolute path, or a folder above it; links are followed."""
    named = _named()
    return _lies_in(path, named) or (bool(named) and _lies_in(Path(os.path.realpath(path)), named))


def _named() -> set[Path]:
    """What ``ZSCLIP_TRUST`` names, and where it leads to."""
    texts = os.environ.get(TRUST, "").split(os.pathsep)
    places = [os.path.expanduser(text) for text in texts if text]  # noqa: PTH111
    return {
        Path(form)
        for place in places
        if os.path.isabs(place)  # noqa: PTH117
        for form in (place, os.path.realpath(place))
    }


def _lies_in(path: Path, folders: set[Path]) -> bool:
    return not folders.isdisjoint((path, *path.parents))


def doubt(path: Path) -> str | None:
    """Why what stands at a path, or will, may be somebody else's doing; None if it is not.

    The folder of the file must be nobody else's to write to, not even with the sticky bit: there
    they could still put something beside it.

    Args:
        path: Absolute. As much of the way to it as there is is looked at.

    Raises:
        OSError: It cannot be looked at.
    """
    named = _named()
    if _user() is None or _lies_in(path, named):
        return None
    home = os.path.expanduser("~")  # noqa: PTH111 - "~" where there is none
    homes = [home, os.path.realpath(home)]  # which may be a link to where the homes are
    if not os.fspath(path).startswith(tuple(f"{place}/" for place in homes)):
        homes = []
    for place, found, left in _way(path):
        if any(home.startswith(place.rstrip("/") + "/") for home in homes):
            continue
        if named and _lies_in(Path(place), named):  # where a link led to
            continue
        if reason := doubt_found(place, found, sticky=left > 1):
            return reason
    return None


def doubt_found(place: str | Path, found: os.stat_result, *, sticky: bool = False) -> str | None:
    """The same of one file or folder by what it was found to be.

    Args:
        place: Where it is.
        found: By `lstat`.
        sticky: Whether it is enough, where others write, that they delete only what is theirs.
    """
    user, mode = _user(), found.st_mode
    if user is None:
        return None
    if found.st_uid not in (0, user):
        return f"{place} belongs to {_name(found.st_uid)}"
    if stat.S_ISLNK(mode) or not mode & _OTHERS:
        return None
    if sticky and stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
        return None
    if mode & stat.S_IWOTH:
        return f"everybody may write to {place}"
    if _is_private(found.st_gid, found.st_uid):
        return None
    return f"the group {found.st_gid} may write to {place}"


def is_plain_and_own(found: os.stat_result) -> bool:
    """Whether this is a file that the user made, under one name, and that may be written to.

    A second name is a hard link, which may be the file of somebody else.
    """
    mine = _user() in (None, found.st_uid)
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and mine


def _user() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None


def _way(path: Path) -> Iterator[tuple[str, os.stat_result, int]]:
    """What is passed on the way to a path, links as well, and how many names are left from there.

    Ends where there is nothing. Of texts: a `Path` for each place takes longer than all else.
    """
    at, rest = "", _names(os.fspath(path))
    yield "/", os.lstat("/"), len(rest)
    for _ in range(_MOST_STEPS):
        if not rest:
            return
        name = rest.pop()
        # What was reached has no link in it, so that ".." is what stands above it in the text too.
        place = at.rpartition("/")[0] if name == ".." else f"{at}/{name}"
        try:
            found = os.lstat(place or "/")
        except (FileNotFoundError, NotADirectoryError):
            return
        yield place or "/", found, len(rest)
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(place)  # noqa: PTH115
            at = "" if target.startswith("/") else at
            rest += _names(target)
        else:
            at = place
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))


def _names(path: str) -> list[str]:
    """The names in a path, last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _name(user: int) -> str:
    with suppress(ImportError, KeyError):
        import pwd

        return f"the user {pwd.getpwuid(user).pw_name!r}"
    return f"the user {user}"


def _is_private(group: int, user: int) -> bool:
    """Whether nobody but a user is in a group, as Debian and Fedora give each user one."""
    try:
        import grp
        import pwd

        who, members = pwd.getpwuid(user), grp.getgrgid(group)
    except (ImportError, KeyError):
        return False
    own = who.pw_gid == group and members.gr_name == who.pw_name
    return own and set(members.gr_mem) <= {who.pw_name}


# ----------------------------------------------------------------------------------------- opening

File = TypeVar("File", BufferedReader, BufferedWriter)

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)


def open_plain(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file to read it; nobody is waited for, as a pipe would have it.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAIT))  # noqa: SIM115
    return _checked(file, lambda found: stat.S_ISREG(found.st_mode))


def open_new(path: Path, mode: int = 0o666) -> BufferedWriter:
    """Open a file to write to that was not there before, whatever is put in its place meanwhile.

    Args:
        path: The file.
        mode: Its rights, of which the umask takes some away.

    Raises:
        OSError: It cannot be made, or something has that name, a link included.
    """
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags | _NO_FOLLOW, mode))


def open_more(path: Path) -> BufferedWriter:
    """Open a file of the user's own to write on at its end: no link, and none with two names.

    Raises:
        OSError: It cannot be opened, or is something else.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags & ~os.O_CREAT | _NO_FOLLOW | _NO_WAIT)

    return _checked(open(path, "ab", opener=opener), is_plain_and_own)


def hold(file: IO[bytes], path: Path) -> bool:
    """Have a file to oneself until it is closed, where the system knows of such.

    Returns:
        Whether it is so: nobody else has it, nor has whoever had it before removed it from `path`.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where an open file can be neither renamed nor deleted
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # any other is of a file system without locks
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.lstat(path))
    except FileNotFoundError:
        return False


def _checked(file: File, fits: Callable[[os.stat_result], bool]) -> File:
    """The file, which is closed unless what was opened fits."""
    if not fits(os.fstat(file.fileno())):
        file.close()
        raise OSError(errno.EINVAL, "It is no regular file of the user's own", str(file.name))
    return file


def follow(target: Path) -> Path:
    """The file to write to under a name, with links followed, but for those of somebody else's.

    Raises:
        OSError: There is a link on the way that another user put into a folder where everybody may
            write, to have a file of the user's own replaced.
    """
    if link := _planted_link(Path(os.path.abspath(target))):  # noqa: PTH100
        reason = "A link that another user put there is not followed"
        raise OSError(errno.EACCES, reason, str(link))
    return Path(os.path.realpath(target))


def _planted_link(path: Path) -> Path | None:
    """A link on the way to a path that somebody else put into a folder where everybody may.

    As Linux's ``protected_symlinks`` has it, which holds for the system's own following alone.
    """
    if (user := _user()) is None:
        return None
    for place, found, _ in _way(path):
        if stat.S_ISLNK(found.st_mode) and found.st_uid not in (0, user):
            folder = Path(place).parent.stat()
            if folder.st_mode & stat.S_IWOTH and folder.st_uid != found.st_uid:
                return Path(place)
    return None


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the user alone.

    Raises:
        OSError: It cannot be made.
    """
    for place in (*reversed(folder.parents), folder):
        if not place.is_dir():
            place.mkdir(mode=0o700, exist_ok=True)
