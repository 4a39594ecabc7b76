"""Weights on disk: fetched once, verified by SHA-256, never half there.

A file gets its final name only when it is complete and its SHA-256 is the published one. Until then
it is ``<file>.part``, which the next try resumes. ``<file>.lock`` lets one process fetch at a time,
and ``<file>.verified`` remembers a verification, so that a start does not hash gigabytes again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from typing import Literal

from filelock import FileLock, Timeout

from zsclip.errors import ChecksumError, DownloadError, OfflineError, ParameterError
from zsclip.weights.transfer import DEFAULT_RETRY, RetryPolicy, transfer
from zsclip.weights.wanted import Wanted, amount

__all__ = ["DEFAULT_RETRY", "RetryPolicy", "cache_dir", "fetch", "file_sha256", "is_offline"]

log = logging.getLogger("zsclip")

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def cache_dir(download_root: str | Path | None = None) -> Path:
    """The folder for weights; it is not created here.

    Args:
        download_root: The folder itself, if the caller names one.

    Returns:
        ``download_root``, else ``clip`` in the folder that ``ZSCLIP_CACHE`` names, else
        ``~/.cache/clip``: the official package's folder, so that both share their files. Always
        absolute, with ``~`` expanded.

    Raises:
        DownloadError: ``~`` is needed, and this user has no home folder.

    Examples:
        >>> cache_dir("/srv/models").as_posix().endswith("/srv/models")
        True
    """
    if download_root is not None:
        folder = Path(download_root)
    elif cache := os.environ.get("ZSCLIP_CACHE"):
        folder = Path(cache) / "clip"
    else:
        folder = Path("~/.cache/clip")
    try:
        return folder.expanduser().absolute()
    except RuntimeError as error:
        raise DownloadError(
            f"The folder {str(folder)!r} cannot be found ({error}). Set ZSCLIP_CACHE to a folder "
            "for zsclip's files."
        ) from error


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
        f"`ZSCLIP_OFFLINE` must be one of 1, true, yes, on, or 0, false, no, off, got {value!r}. "
        "Set it to 1 to forbid downloads, or unset it."
    )


def file_sha256(path: str | Path) -> str:
    """The SHA-256 of a file, as 64 lower-case hexadecimal digits.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.

    Examples:
        >>> import os
        >>> file_sha256(os.devnull)[:16]
        'e3b0c44298fc1c14'
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str,
    size: int | None = None,
    progress: bool = False,
    timeout: float = 30.0,
    name: str | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
) -> Path:
    """Have a verified file: the one that is there, or else a download.

    A file that stands under the final name with another SHA-256 is replaced, with a warning in the
    log, once the right one is complete. Proxies and certificates are taken from the environment.

    Args:
        url: Where to get it, by http or https.
        target: Its final path. Missing folders are created.
        sha256: Its published SHA-256, 64 hexadecimal digits.
        size: Its published length in bytes, where known.
        progress: Whether to draw a progress bar on standard error.
        timeout: Seconds to wait for a connection, and for each read; a slow download is fine.
        name: What to call it in messages; the file's name by default.
        retry: When to try again after a fault.

    Returns:
        ``target``, complete and verified.

    Raises:
        OfflineError: A download is needed, and ``ZSCLIP_OFFLINE`` forbids it.
        ChecksumError: What the server has is not the published file; or, offline, what is here.
        DownloadError: It cannot be had, or not be kept on this disk. What came so far stays in
            ``<target>.part``, for a next try to resume.
        ParameterError: ``sha256`` is not a SHA-256.

    Examples:
        >>> import tempfile
        >>> abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "abc.txt"
        ...     _ = path.write_text("abc")
        ...     fetch("https://example.org/abc.txt", path, sha256=abc) == path  # nothing to do
        True
    """
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ParameterError(f"`sha256` must be 64 hexadecimal digits, got {sha256!r}.")
    path = Path(target).absolute()
    wanted = Wanted(url, path, sha256.lower(), size, name or path.name)
    with wanted.disk_errors():
        state = _state(wanted)
        if state == "valid":
            return target
        if is_offline():
            _refuse_offline(wanted, state)
        if state == "wrong":
            log.warning(
                "%s is not the published %s (its SHA-256 is not %s) and will be replaced.",
                path,
                wanted.name,
                wanted.sha256,
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(wanted, retry):
            # Another process may have fetched it while this one waited.
            if _state(wanted) != "valid":
                _download(wanted, timeout=timeout, retry=retry, progress=progress)
    return target


def _refuse_offline(wanted: Wanted, state: Literal["wrong", "absent"]) -> None:
    if state == "wrong":
        reason = (
            "the file there has another SHA-256, and ZSCLIP_OFFLINE forbids to download it anew"
        )
        raise ChecksumError(wanted.failure(reason))
    raise OfflineError(wanted.failure("it is not there, and ZSCLIP_OFFLINE forbids to download it"))


def _download(wanted: Wanted, *, timeout: float, retry: RetryPolicy, progress: bool) -> None:
    """Fetch, verify, and give the final name; the caller holds the lock."""
    for again in (True, False):
        pieced = transfer(wanted, timeout=timeout, retry=retry, progress=progress)
        found, length = file_sha256(wanted.part), wanted.have()
        if found == wanted.sha256:
            break
        wanted.discard()
        if not (pieced and again):
            reason = f"what came is not the published file: {amount(length)} with SHA-256 {found}"
            raise ChecksumError(wanted.failure(reason))
        log.warning("%s: the resumed file has a wrong SHA-256; starting from zero.", wanted.name)
    wanted.part.replace(wanted.target)
    _sync_folder(wanted.target.parent)
    wanted.notes.unlink(missing_ok=True)
    _remember(wanted, wanted.target.stat())
    log.info("%s is complete and verified: %s.", wanted.name, wanted.target)


def _sync_folder(folder: Path) -> None:
    # So that the new name survives a power cut. Not every system can; the data itself is synced.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# ------------------------------------------------------------------------------ what is there


def _state(wanted: Wanted) -> Literal["valid", "wrong", "absent"]:
    """What stands under the final name, hashed only if it changed since the last time."""
    try:
        stat = wanted.target.stat()
    except FileNotFoundError:
        return "absent"
    if S_ISDIR(stat.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has the name of the file", wanted.target)
    if wanted.size is not None and stat.st_size != wanted.size:
        return "wrong"
    if _seal(wanted, stat) == _read_seal(wanted):
        return "valid"
    if file_sha256(wanted.target) != wanted.sha256:
        return "wrong"
    _remember(wanted, stat)
    return "valid"


def _sidecar(wanted: Wanted) -> Path:
    return wanted.target.with_name(wanted.target.name + ".verified")


def _seal(wanted: Wanted, stat: os.stat_result) -> dict[str, object]:
    return {"sha256": wanted.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _read_seal(wanted: Wanted) -> object:
    with suppress(OSError, ValueError):
        return json.loads(_sidecar(wanted).read_text("utf-8"))
    return None


def _remember(wanted: Wanted, stat: os.stat_result) -> None:
    """Note that the file as of ``stat`` is verified; in a read-only folder, go without."""
    sidecar = _sidecar(wanted)
    draft = sidecar.with_name(f"{sidecar.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(_seal(wanted, stat)), "utf-8")
        draft.replace(sidecar)
    except OSError as error:
        log.debug("%s: the verification is not remembered: %s", wanted.name, error)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


# ---------------------------------------------------------------------------- one at a time


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
