"""Weights fetched once, verified by SHA-256, never half there.

A file gets its final name only when it is complete and its SHA-256 is the published one. Until then
it is ``<file>.part``, which the next try resumes. ``<file>.lock`` lets one process fetch at a time.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Literal

from filelock import FileLock, Timeout

from zsclip.downloads.copying import copy
from zsclip.downloads.http import DEFAULT_RETRY, RetryPolicy, transfer
from zsclip.downloads.place import is_on_disk
from zsclip.downloads.wanted import Wanted
from zsclip.errors import (
    ChecksumError,
    DownloadError,
    OfflineError,
    ParameterError,
)
from zsclip.files import exact_size, sync_folder
from zsclip.logs import logger_for
from zsclip.wording import brief

__all__ = ["fetch", "is_offline"]

log = logger_for("zsclip")

_NO_HINTS: Mapping[int, str] = {}

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def is_offline() -> bool:
    """Whether ``ZSCLIP_OFFLINE`` forbids downloads: ``1``, ``true``, ``yes`` or ``on``.

    Raises:
        ParameterError: It is set to something that says neither yes nor no.
    """
    value = os.environ.get("ZSCLIP_OFFLINE", "")
    if (word := value.strip().casefold()) in _YES:
        return True
    if word in _NO:
        return False
    raise ParameterError(
        "`ZSCLIP_OFFLINE` must be one of 1, true, yes, on, or 0, false, no, off, got "
        f"{brief(value)}. Set it to 1 to forbid downloads, or unset it."
    )


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    git: str | None = None,
    size: int | None = None,
    progress: bool = False,
    offline: bool | str = False,
    timeout: float = 30.0,
    name: str | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
    secrets: Callable[[], Mapping[str, str]] = dict,
    hints: Mapping[int, str] = _NO_HINTS,
) -> Path:
    """Have a verified file: the one that is there, or else a download.

    A file that stands under the final name with another SHA-256 is replaced, with a warning in the
    log, once the right one is complete. Proxies and certificates are taken from the environment.

    Args:
        url: Where to get it: by http or https, or the absolute path of a copy.
        target: Its final path. Missing folders are created.
        sha256: Its published SHA-256, 64 hexadecimal digits; None if there is none.
        git: Where there is none, its SHA-1 as git computes it, 40 hexadecimal digits; None if that
            is not known either. What comes then is checked for its length alone.
        size: Its published length in bytes, where known.
        progress: Whether to draw a progress bar on standard error.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says; a text is who forbids it. To
            copy is no download.
        timeout: Seconds to wait for a connection, and for each read; a slow download is fine.
        name: What to call it in messages; the file's name by default.
        retry: When to try again after a fault.
        secrets: Gives headers for that server, which go to no other host that it redirects to.
        hints: What to add to a status in messages.

    Returns:
        ``target``, complete and verified.

    Raises:
        OfflineError: A download is needed, and ``ZSCLIP_OFFLINE`` or ``offline`` forbids it.
        ChecksumError: What the server has is not the published file; or, offline, what is here.
        DownloadError: It cannot be had, or not be kept on this disk. What came so far stays in
            ``<target>.part``, for a next try to resume.
        ParameterError: ``sha256`` is not a SHA-256, or ``git`` no SHA-1.

    Examples:
        >>> import tempfile
        >>> abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "abc.txt"
        ...     _ = path.write_text("abc")
        ...     fetch("https://example.org/abc.txt", path, sha256=abc) == path  # nothing to do
        True
    """
    for param, value, digits in (("sha256", sha256, 64), ("git", git, 40)):
        if value is not None and not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", value):
            raise ParameterError(
                f"`{param}` must be {digits} hexadecimal digits, got {brief(value)}."
            )
    path = Path(target).absolute()
    called = name or path.name
    wanted = Wanted(
        url, path, (sha256 or "").lower(), size, called, (git or "").lower(), secrets, hints
    )
    with wanted.disk_errors():
        state = _check(wanted)
        if state == "valid":
            return target
        if not is_on_disk(url) and (offline or is_offline()):
            who = "this call" if offline is True else offline or "ZSCLIP_OFFLINE"
            if state == "absent":
                reason = f"it is not there, and {who} forbids to download it"
                raise wanted.refused(reason, OfflineError)
            kind = wanted.kind_of_hash
            reason = f"the file there has another {kind}, and {who} forbids to download it anew"
            raise wanted.refused(reason, ChecksumError)
        if state == "wrong":
            log.warning(
                "%s is not the published %s (its %s is not %s) and will be replaced.",
                path,
                wanted.name,
                wanted.kind_of_hash,
                wanted.known_by,
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(wanted, retry):
            # Another process may have fetched it while this one waited.
            if _check(wanted) != "valid":
                _download(wanted, timeout=timeout, retry=retry, progress=progress)
    return target


def _check(wanted: Wanted) -> Literal["valid", "wrong", "absent"]:
    """Whether the file that is there is the published one.

    It is hashed each time: size and time would not tell a file that a disk has damaged.

    Raises:
        OSError: It cannot be read.
    """
    try:
        stat = wanted.target.stat()
    except FileNotFoundError:
        return "absent"
    if S_ISDIR(stat.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has the name of the file", wanted.target)
    if not S_ISREG(stat.st_mode) or wanted.size not in (None, stat.st_size):
        return "wrong"
    return "valid" if wanted.hash_of(wanted.target) == wanted.known_by else "wrong"


def _download(wanted: Wanted, *, timeout: float, retry: RetryPolicy, progress: bool) -> None:
    """Fetch, verify, and give the final name; the caller holds the lock."""
    for again in (True, False):
        if is_on_disk(wanted.url):
            pieced = copy(wanted)
        else:
            pieced = transfer(wanted, timeout=timeout, retry=retry, progress=progress)
        found, length = wanted.hash_of(wanted.part), wanted.have()
        if found == wanted.known_by and wanted.size in (None, length):
            break
        wanted.discard()
        if not (pieced and again):
            reason = f"what came is not the published file: {exact_size(length)}"
            reason += f" with {wanted.kind_of_hash} {found}" if found else ""
            raise wanted.refused(reason, ChecksumError)
        kind = wanted.kind_of_hash
        log.warning("%s: the resumed file has a wrong %s; starting from zero.", wanted.name, kind)
    # first, as who sees the file under its final name does not wait for the lock
    wanted.notes.unlink(missing_ok=True)
    wanted.part.replace(wanted.target)
    sync_folder(wanted.target.parent)
    state = "complete and verified" if wanted.known_by else "complete, and of no known hash"
    log.info("%s is %s: %s.", wanted.name, state, wanted.target)


@contextmanager
def _lock(wanted: Wanted, retry: RetryPolicy) -> Iterator[None]:
    """Hold ``<target>.lock``, waiting for a process that has it as long as that gets further."""
    lock = FileLock(wanted.target.with_name(wanted.target.name + ".lock"))
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("%s: another process is fetching it; waiting for that.", wanted.name)
            _wait(lock, wanted, retry.lock_patience)
    except NotImplementedError as error:
        reason = (
            f"files cannot be locked there ({error}); set ZSCLIP_CACHE to a folder on a local disk"
        )
        raise DownloadError(wanted.failure(reason)) from error
    try:
        yield
    finally:
        lock.release()


def _wait(lock: FileLock, wanted: Wanted, patience: float) -> None:
    before = _progress_of_other(wanted)
    while True:
        try:
            lock.acquire(timeout=patience, poll_interval=0.2)
        except Timeout as error:
            now = _progress_of_other(wanted)
            if now != before:
                before = now
                continue
            reason = (
                f"another process holds {lock.lock_file} and has got no further for {patience:g} "
                "s; end that process"
            )
            raise DownloadError(wanted.failure(reason)) from error
        return


def _progress_of_other(wanted: Wanted) -> tuple[int, int] | None:
    with suppress(OSError):
        stat = wanted.part.stat()
        return stat.st_size, stat.st_mtime_ns
    return None
