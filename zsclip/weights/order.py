"""Where the weights of a published model are had from, one source after the other.

A source that does not have them, has others, or does not answer leads on to the next one. What
lies with this machine, such as a full disk, does not: it would be the same with each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsclip.downloads import is_on_disk
from zsclip.downloads.download import fetch, is_offline
from zsclip.downloads.http import DEFAULT_RETRY, RetryPolicy
from zsclip.downloads.hub import fetch_repository, find_repository
from zsclip.downloads.listing import endpoint
from zsclip.errors import CheckpointError, ChecksumError, DownloadError, OfflineError
from zsclip.files import exact_size
from zsclip.logs import logger_for
from zsclip.masking import masked_url
from zsclip.weights.mirror import below, fetch_mirrored, find_mirrored, mirror
from zsclip.weights.sources import archive_path, split_revision
from zsclip.weights.spec import ModelSpec, license_notice

__all__ = ["Source", "fetch_in_order", "find_copy", "sources_of"]

log = logger_for("zsclip")

# Where another source is left, one that is down is to cost seconds.
_HURRIED = RetryPolicy(attempts=2, base_delay=0.5, max_delay=1.0, max_retry_after=5.0)
_HURRIED_TIMEOUT, _TIMEOUT = 8.0, 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """One place that may have the weights of a model.

    Attributes:
        name: What it is called.
        of: Who has it.
        url: Its address, or the path of a folder.
        fetch: Has them on this machine, given when to try again and how many seconds to wait for
            a connection, and for each read.
    """

    name: str
    of: Literal["mirror", "publisher", "hub"]
    url: str
    fetch: Callable[[RetryPolicy, float], Path]


def sources_of(
    spec: ModelSpec,
    *,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
) -> list[Source]:
    """The sources of a model, in the order in which they are asked.

    Raises:
        ParameterError: ``ZSCLIP_MIRROR`` is neither a folder nor an address.
    """

    def published(url: str) -> Callable[[RetryPolicy, float], Path]:
        return lambda retry, timeout: fetch(
            url,
            archive_path(spec, download_root),
            sha256=spec.sha256,
            size=spec.size,
            progress=progress,
            name=spec.name,
            retry=retry,
            timeout=timeout,
        )

    def mirrored(root: str, name: str) -> Callable[[RetryPolicy, float], Path]:
        return lambda retry, timeout: fetch_mirrored(
            root, name, download_root, progress, retry, timeout
        )

    def on_the_hub(name: str, revision: str | None) -> Callable[[RetryPolicy, float], Path]:
        return lambda retry, timeout: fetch_repository(
            name,
            revision,
            download_root=download_root,
            progress=progress,
            offline=offline,
            retry=retry,
            timeout=timeout,
        )

    sources, root = [], mirror()
    copies = [split_revision(copy) for copy in spec.hub]
    if root is not None:
        if spec.file:
            url = below(root, spec.file)
            sources.append(Source("the mirror", "mirror", url, published(url)))
        for name, revision in copies:
            if revision is None:  # of which a mirror knows nothing
                called = f"the mirror's {name}"
                sources.append(Source(called, "mirror", below(root, name), mirrored(root, name)))
    if spec.url is not None:
        address = "the official address"
        sources.append(Source(address, "publisher", spec.url, published(spec.url)))
    for name, revision in copies:
        url = f"{endpoint()}/{name}"
        sources.append(Source(f"the hub's {name}", "hub", url, on_the_hub(name, revision)))
    return sources


def fetch_in_order(
    spec: ModelSpec,
    *,
    download_root: str | os.PathLike[str] | None,
    progress: bool,
    offline: bool,
) -> Path:
    """Have the weights of a model on this machine, from the first source that has them.

    Returns:
        The published file, or the folder of a copy.

    Raises:
        OfflineError: Nothing is here, and nothing may be downloaded.
        DownloadError: No source has them; the message says why of each, and what to do by hand.
    """
    archive = archive_path(spec, download_root) if spec.file else None
    if archive is not None and spec.url is not None and os.path.lexists(archive):
        try:
            return _verified(spec, archive)
        except (ChecksumError, OfflineError):  # another file, which is told of where it is replaced
            pass
    for find in (_verified_copy, _mirrored_copy):
        for copy in spec.hub:
            if folder := find(copy, download_root):
                return folder
    forbidden = offline or is_offline()
    sources = sources_of(spec, download_root=download_root, progress=progress, offline=offline)
    if forbidden:  # of the hub there may be what its own client has fetched
        sources = [source for source in sources if source.of == "hub" or is_on_disk(source.url)]
    if sources and not (forbidden and sources[0].of == "hub") and (notice := license_notice(spec)):
        log.warning("%s", notice)
    failures: list[tuple[Source, DownloadError | CheckpointError]] = []
    while sources:
        source, *sources = sources
        last = not sources
        try:
            return source.fetch(
                *((DEFAULT_RETRY, _TIMEOUT) if last else (_HURRIED, _HURRIED_TIMEOUT))
            )
        except (DownloadError, CheckpointError) as error:  # or it has another kind of model
            if not (fault := _fault(error)):
                raise
            failures.append((source, error))
            if _is_down(error) and source.of == "mirror":  # it would be as silent about the rest
                sources = [other for other in sources if other.of != "mirror"]
            if sources and not isinstance(error, OfflineError):
                log.warning(
                    "%s is not to be had from %s (%s): %s. Next comes %s.",
                    spec.name,
                    source.name,
                    masked_url(source.url),
                    fault,
                    sources[0].name,
                )
    if forbidden:
        for _, failure in failures:
            if isinstance(failure, ChecksumError | CheckpointError):  # here, and another one
                raise failure
        if archive is not None and spec.url is not None:
            return _verified(spec, archive, offline=offline)  # raises, and says what belongs there
        raise next(error for source, error in failures if source.of == "hub")
    if len(failures) == 1:
        raise failures[0][1]
    raise _none_has_it(spec, failures, archive) from failures[0][1].__cause__


def find_copy(spec: ModelSpec, download_root: str | os.PathLike[str] | None) -> Path | None:
    """The folder of a copy of the model that is here, whole; not verified."""
    for copy in spec.hub:
        name, revision = split_revision(copy)
        if folder := find_repository(name, revision, download_root=download_root):
            return folder
    return next(filter(None, (_mirrored_copy(copy, download_root) for copy in spec.hub)), None)


def _verified(spec: ModelSpec, archive: Path, *, offline: bool = True) -> Path:
    assert spec.url is not None
    return fetch(
        spec.url, archive, sha256=spec.sha256, size=spec.size, offline=offline, name=spec.name
    )


def _verified_copy(copy: str, download_root: str | os.PathLike[str] | None) -> Path | None:
    name, revision = split_revision(copy)
    if find_repository(name, revision, download_root=download_root) is None:
        return None
    try:
        return fetch_repository(name, revision, download_root=download_root, offline=True)
    except ChecksumError as error:  # fetched anew where it may be
        log.warning("A copy from the hub is damaged: %s", error)
        return None


def _mirrored_copy(copy: str, download_root: str | os.PathLike[str] | None) -> Path | None:
    name, revision = split_revision(copy)
    return find_mirrored(name, download_root) if revision is None else None


def _fault(error: DownloadError | CheckpointError) -> str:
    return error.fault if isinstance(error, DownloadError) else str(error).rstrip(".")


def _is_down(error: DownloadError | CheckpointError) -> bool:
    """Whether nobody answers there, or only that something is wrong."""
    sound = isinstance(error, CheckpointError | ChecksumError) or error.missing
    return not sound


def _none_has_it(
    spec: ModelSpec,
    failures: list[tuple[Source, DownloadError | CheckpointError]],
    archive: Path | None,
) -> DownloadError:
    lines = [f"Cannot get {spec.name}: none of its {len(failures)} sources has it."]
    lines += [
        f"  {source.name}, {masked_url(source.url)}: {_fault(error)}" for source, error in failures
    ]
    if archive is not None:
        size = exact_size(spec.size)
        lines.append(
            f"  By hand: put the published file (SHA-256 {spec.sha256}, {size}) at {archive}"
        )
        lines.append("  under exactly that name, wherever it comes from;")
    else:
        lines.append(f"  By hand: download the files of {spec.hub[0]} elsewhere into a folder, and")
        lines.append("  give that folder's path as the model;")
    lines.append("  or set ZSCLIP_MIRROR to a folder or an address that has it.")
    return DownloadError("\n".join(lines))
