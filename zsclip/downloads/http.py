"""The HTTP half of a download: one file brought to a ``.part`` beside its final name.

What was fetched before is kept and resumed by a range request; every fault that can pass by itself
is tried again under one `RetryPolicy`. Nothing here gives a file its final name: that is
`zsclip.downloads.download.fetch`, once the SHA-256 is right.

Ranges, ``If-Range`` and ``Retry-After`` follow RFC 9110, sections 14, 13.1.5 and 10.2.3.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import sleep as _sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zsclip.downloads.client import SettingsError, answer, connect, failure_of, status_of
from zsclip.downloads.wanted import Wanted
from zsclip.errors import ChecksumError, DownloadError
from zsclip.files import exact_size, size_in_words
from zsclip.logs import logger_for, untold
from zsclip.wording import fit_to_tell, shown

if TYPE_CHECKING:
    import httpx
    from tqdm import tqdm

__all__ = ["DEFAULT_RETRY", "RetryPolicy", "transfer"]

log = logger_for("zsclip")
downloads = logger_for("zsclip.downloads")  # what is fetched, and from where

_PARTIAL = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.ASCII)
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_MISSING = {403, 404, 410}  # some stores say 403 of what they do not have


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and after which pauses, a fault that can pass is tried again.

    Attributes:
        attempts: Tries in a row that may fail before the download does.
        base_delay: Seconds before the second try; each further pause is twice as long.
        max_delay: The longest such pause, in seconds.
        max_retry_after: The longest pause that a server can ask for with ``Retry-After``, in
            seconds.
        fresh_bytes: A try that brings the file this much further does not count as failed, so that
            a long download survives many short breaks.
        lock_patience: Seconds to wait for another process that holds the lock and gets no further.
    """

    attempts: int = 5
    base_delay: float = 0.5
    max_delay: float = 30.0
    max_retry_after: float = 120.0
    fresh_bytes: int = 1 << 20
    lock_patience: float = 300.0

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the given number of failures in a row (1 or more).

        Half of the pause is fixed and half random, so that many clients do not return together.
        """
        backoff = min(self.max_delay, self.base_delay * 2.0 ** min(failures - 1, 60))
        backoff *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        return max(backoff, min(retry_after or 0.0, self.max_retry_after))


DEFAULT_RETRY = RetryPolicy()


class _Passing(Exception):  # noqa: N818 - a signal within this file
    """A fault that may be gone at the next try."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def transfer(wanted: Wanted, *, timeout: float, retry: RetryPolicy, progress: bool) -> bool:
    """Bring ``wanted.part`` to its full length.

    Args:
        wanted: What to fetch; the folder of its target exists.
        timeout: Seconds to wait for a connection, and for each read.
        retry: When to try again.
        progress: Whether to draw a progress bar on standard error.

    Returns:
        Whether the file was pieced together from several responses. If so, a wrong SHA-256 may be
        the fault of the old pieces, and a fresh start is worth a try.

    Raises:
        DownloadError: It cannot be had; what came so far is kept.
        ChecksumError: The server offers a file of another length.
        OSError: The disk refuses.
    """
    if wanted.is_foreign() or (wanted.size is not None and wanted.have() > wanted.size):
        wanted.discard()
    if wanted.size:
        if wanted.have() == wanted.size:
            return True
        wanted.check_room(wanted.size)
    missing = wanted.size and size_in_words(wanted.size - wanted.have())
    downloads.info(
        "%s is not here yet: %s to fetch, from %s into %s.",
        wanted.name,
        missing or "an unknown amount",
        wanted.url,
        wanted.target.parent,
    )
    try:
        with untold(), connect(timeout) as client, _bar(wanted, progress) as bar:
            return _try_on(client, wanted, timeout, retry, bar)
    except SettingsError as error:
        raise DownloadError(wanted.failure(str(error))) from fit_to_tell(error.__cause__)


def _try_on(
    client: httpx.Client, wanted: Wanted, timeout: float, retry: RetryPolicy, bar: tqdm[Any] | None
) -> bool:
    failures, furthest = 0, wanted.have()
    while True:
        try:
            return _attempt(client, wanted, timeout, bar)
        except _Passing as fault:
            # Measured from the furthest point ever reached: a server without ranges that
            # always breaks off at the same place makes no progress.
            if wanted.have() - furthest >= retry.fresh_bytes:
                failures, furthest = 0, wanted.have()
            failures += 1
            if failures >= retry.attempts:
                reason = f"{fault} (given up after {failures} failed tries)"
                raise wanted.refused(reason) from fit_to_tell(fault.__cause__)
            pause = retry.delay(failures, fault.retry_after)
            log.warning("%s: %s; next try in %.1f s.", wanted.name, fault, pause)
        _sleep(pause)


@contextmanager
def _bar(wanted: Wanted, progress: bool) -> Iterator[tqdm[Any] | None]:
    if not progress:
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=wanted.name, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        yield bar


def _attempt(client: httpx.Client, wanted: Wanted, timeout: float, bar: tqdm[Any] | None) -> bool:
    """One request; returns whether ``part`` is complete with bytes from earlier ones in it."""
    import httpx

    offset, validator = wanted.have(), wanted.validator()
    # Continue only the same file. Without a validator, the hash of the whole will tell, if there
    # is one.
    if offset and not validator and not wanted.known_by:
        wanted.discard()
        offset = 0
    headers = {**wanted.secrets(), **({"Range": f"bytes={offset}-"} if offset else {})}
    if offset and validator:
        headers["If-Range"] = validator
    try:
        with answer(client, wanted.url, headers) as response:
            if response.status_code == 416 and offset:
                return _settle_unsatisfied(response, wanted, offset)
            start, total = _check_answer(response, wanted, offset)
            _save(response, wanted, start, total, bar)
            return start > 0
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = failure_of(error, timeout)
        if failure.passes:
            raise _Passing(failure.reason) from error
        raise wanted.refused(failure.reason) from fit_to_tell(error)


def _settle_unsatisfied(response: httpx.Response, wanted: Wanted, offset: int) -> bool:
    """Status 416: nothing comes after what is here, which is all of it or not part of it."""
    match = _UNSATISFIED.fullmatch(response.headers.get("content-range", ""))
    if match and int(match[1]) == offset:
        return True
    wanted.discard()
    raise _Passing("the server has nothing to resume; starting from zero")


def _check_answer(response: httpx.Response, wanted: Wanted, offset: int) -> tuple[int, int | None]:
    """Where in the file the body starts, and how long the file is if known; raises otherwise."""
    status, (said, passes) = response.status_code, status_of(response)
    if passes:
        raise _Passing(said, _retry_after(response.headers.get("retry-after", "")))
    start, total = 0, None
    if status == 206 and offset:
        match = _PARTIAL.fullmatch(response.headers.get("content-range", ""))
        if match is None or int(match[1]) != offset:
            wanted.discard()
            raise _Passing("the server sent another range than asked for; starting from zero")
        start = offset
        total = None if match[2] == "*" else int(match[2])
    elif status != 200:
        by_itself = _server_of(str(response.url)) == _server_of(wanted.url)
        error = wanted.refused(said + wanted.hints.get(status, "") * by_itself)
        error.missing = status in _MISSING
        raise error
    elif _NUMBER.fullmatch(length := response.headers.get("content-length", "")):
        total = int(length)
    if (coding := response.headers.get("content-encoding", "identity")) != "identity":
        raise wanted.refused(f"the server sent it encoded ({shown(coding)}), unasked")
    if wanted.size is not None and total is not None and total != wanted.size:
        # Most often the login page of a network. What is in .part stays as it is.
        kind = response.headers.get("content-type", "unnamed type")
        offered = f"{exact_size(total)} ({shown(kind)})"
        reason = f"the server offers {offered}, which is not the published file"
        raise wanted.refused(reason, ChecksumError)
    return start, wanted.size if total is None else total


def _server_of(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _save(
    response: httpx.Response,
    wanted: Wanted,
    start: int,
    total: int | None,
    bar: tqdm[Any] | None,
) -> None:
    """Write the body into ``part`` from ``start`` on, and see that all of it came."""
    if total is not None:
        wanted.check_room(total)
    if bar is not None:
        bar.total, bar.n = total, start
        bar.refresh()
    with wanted.open_part(resume=start > 0) as file:
        if not start:
            # A weak ETag cannot stand in If-Range: it promises likeness, not the same bytes.
            etag = response.headers.get("etag", "")
            wanted.take_notes(etag if etag[:1] == '"' else response.headers.get("last-modified"))
        # Raw and as received: gathering chunks here would lose the last one with the line.
        for chunk in response.iter_raw():
            file.write(chunk)
            start += len(chunk)
            if bar is not None:
                bar.update(len(chunk))
            if total is not None and start > total:
                break  # not the published file; the check of the whole says so
        file.flush()
        os.fsync(file.fileno())
    if total is not None and start < total:
        raise _Passing(f"the server stopped after {exact_size(start)} of {exact_size(total)}")


def _retry_after(value: str) -> float | None:
    """Seconds from a ``Retry-After``, which holds a number of them or a date; None if neither."""
    value = value.strip()
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
