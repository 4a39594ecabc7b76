"""Repositories on the hub, fetched once: files verified, and the revision kept that was fetched.

Below the folder of downloads, ``hub/<organization>--<name>/`` holds a folder for each commit that
was asked for, beside it ``<commit>.json`` with what the hub said of its files, and
``revisions.json``, which says what commit a branch was when it was first asked for. As long as
these are there the hub is not asked again. They say what the files are to be, so they are believed
if nobody else can have written them, as `zsclip.owners` has it.

The bytes come through zsclip's own transfer, which resumes; huggingface_hub's deletes what it has.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from zsclip.downloads.download import fetch, is_offline
from zsclip.downloads.http import DEFAULT_RETRY, RetryPolicy
from zsclip.downloads.hub_cache import cached_file, cached_listing
from zsclip.downloads.listing import (
    HubFile,
    Listing,
    check_repository,
    check_revision,
    completed,
    file_url,
    hints_for,
    hub_is_offline,
    read_listing,
    safe_files,
    secrets,
    unfit,
)
from zsclip.downloads.place import cache_dir
from zsclip.downloads.wanted import Verified
from zsclip.errors import DownloadError, OfflineError
from zsclip.files import writing_whole
from zsclip.formats.configs import read_configuration
from zsclip.formats.folders import CONFIGS, OPEN_CLIP, wanted_files, why_none
from zsclip.logs import logger_for
from zsclip.owners import TRUST, doubt, open_plain

__all__ = ["fetch_repository", "find_repository", "repository_folder", "verified_of"]

log = logger_for("zsclip")

_MOST_NOTES = 32 << 20  # bytes
_REVISIONS = "revisions.json"
_OF_PICTURES = {OPEN_CLIP, "preprocessor_config.json", "processor_config.json"}


def repository_folder(repository: str, download_root: str | os.PathLike[str] | None = None) -> Path:
    """The folder for all that is fetched of a repository; it is not created here.

    Raises:
        ParameterError: The name cannot be that of a repository.
    """
    name = check_repository(repository).replace("/", "--")
    return cache_dir(download_root) / "hub" / name


def fetch_repository(
    repository: str,
    revision: str | None = None,
    *,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
    choose: Callable[[Iterable[str]], list[str]] | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
    timeout: float = 30.0,
) -> Path:
    """Have the files of a repository that a model is read from, verified by the hub's hashes.

    Args:
        repository: ``organization/name``.
        revision: A branch, a tag or a commit; ``main`` if None. What a branch was when it was first
            fetched is kept; a commit names another one.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Whether to draw progress bars on standard error.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` and ``HF_HUB_OFFLINE`` say.
        choose: For an engine of models that are no plain CLIP: which of a repository's files, by
            their names, are wanted in place of those of a plain one, for which it need be none.
        retry: When to try again after a fault.
        timeout: Seconds to wait for a connection, and for each read.

    Returns:
        A folder with these files. Each is hashed, whether it was there or came.

    Raises:
        ParameterError: The name or the revision cannot be one.
        OfflineError: Something is to be fetched, and may not be.
        ChecksumError: What came is not what the hub says.
        DownloadError: It cannot be had; the message says what to do.
        ForeignModelError: It is no plain CLIP, as its configuration says; no weights are fetched.
        CheckpointError: Its configuration is damaged.
    """
    place, wanted = repository_folder(repository, download_root), check_revision(revision)
    if choose is not None:  # what is noted of a repository are the files that were wanted of it
        place /= "open-clip"
    forbidden = _forbidden(offline)
    listing = _noted(place, wanted)
    if listing is None or not (listing.whole or forbidden):
        chosen, asked = choose or wanted_files, wanted if listing is None else listing.commit
        try:
            listing = _resolve(repository, asked, place, forbidden, retry, timeout, chosen)
        except DownloadError:
            if listing is None:
                raise
        else:
            _note(place, wanted, listing)
    folder = place / listing.commit
    names = [file.name for file in listing.files]
    weights = next((name for name in names if name not in CONFIGS), "")
    for file in listing.files:
        # configurations come first, and tell what is no CLIP
        if file.name == weights and choose is None:
            read_configuration(folder / weights, [name for name in names if name in CONFIGS])
        _have(file, listing, folder, progress, forbidden, retry, timeout)
    return folder


def find_repository(
    repository: str,
    revision: str | None = None,
    *,
    download_root: str | os.PathLike[str] | None = None,
) -> Path | None:
    """The folder that `fetch_repository` would verify now, if nothing is to be fetched for it."""
    place = repository_folder(repository, download_root)
    listing = _noted(place, check_revision(revision))
    if listing is None or not (listing.whole or _forbidden(False)):
        return None
    folder = place / listing.commit
    try:
        sizes = [(folder / file.name).stat().st_size for file in listing.files]
    except OSError:
        return None
    fits = all(file.size in (None, size) for file, size in zip(listing.files, sizes, strict=True))
    return folder if fits else None


def verified_of(folder: Path) -> Verified:
    """What the files in a folder of `fetch_repository` were checked against."""
    listing = _read(folder.with_name(f"{folder.name}.json"))
    known = listing is not None and all(file.sha256 or file.git for file in listing.files)
    return "hub" if known else "none"


def _forbidden(offline: bool) -> str | None:
    """What forbids to ask the hub, if anything does."""
    if offline:
        return "this call"
    if is_offline():
        return "ZSCLIP_OFFLINE"
    return "HF_HUB_OFFLINE" if hub_is_offline() else None


def _resolve(
    repository: str,
    revision: str,
    place: Path,
    forbidden: str | None,
    retry: RetryPolicy,
    timeout: float,
    choose: Callable[[Iterable[str]], list[str]],
) -> Listing:
    """The files that a model is read from, as the hub lists them, or as its client's cache does."""
    if forbidden:
        listing = cached_listing(repository, revision)
        if listing is None:
            reason = f"it is not here, and {forbidden} forbids to ask the hub"
            if why := _doubted(place, revision):
                reason = f"{why}, and {forbidden} forbids to ask the hub. {_trust(place)}"
            raise unfit(repository, reason, OfflineError)
    else:
        # as long a wait as for a file, but for a list no more than some seconds
        listing = read_listing(repository, revision, retry=retry, timeout=min(timeout, 10.0))
    by_name = {file.name: file for file in listing.files}
    names = choose(by_name)
    if not names:
        raise unfit(repository, f"no model is read from it. {why_none(by_name).rstrip('.')}")
    if not (listing.whole or by_name.keys() & _OF_PICTURES):
        text = "Of %s what another program fetched is used, which says nothing of pictures: %s."
        log.warning(text, repository, ", ".join(names))
    files = (by_name[name] for name in names)
    return replace(listing, files=tuple(completed(listing, file, timeout) for file in files))


def _have(
    file: HubFile,
    listing: Listing,
    folder: Path,
    progress: bool,
    forbidden: str | None,
    retry: RetryPolicy,
    timeout: float,
) -> None:
    target = folder / file.name
    options: dict[str, Any] = {
        "sha256": file.sha256 or None,
        "git": file.git or None,
        "size": file.size,
        "name": f"{file.name} of {listing.repository}",
    }
    if not target.exists() and (copy := cached_file(listing, file)):
        try:
            fetch(copy, target, **options)
        except DownloadError as error:
            if not error.fault:
                raise
            log.info("%s is not taken from the hub's own cache: %s.", file.name, error.fault)
        else:
            return
    url = file_url(listing.repository, listing.commit, file.name)
    if forbidden:
        fetch(url, target, offline=forbidden, **options)
        return
    fetch(
        url,
        target,
        progress=progress,
        retry=retry,
        timeout=timeout,
        secrets=secrets,
        hints={**hints_for(listing.repository), 404: _gone(folder)},
        **options,
    )


def _gone(folder: Path) -> str:
    return (
        f": it was in the repository at commit {folder.name}. If that is gone for good, delete "
        f"{folder.parent}, and the repository is asked for what it holds now"
    )


# ------------------------------------------------------------------------------------------- notes


def _noted(place: Path, revision: str) -> Listing | None:
    """What the hub said of a revision when it was asked, if that can be believed."""
    path = place / f"{_commit_of(place, revision)}.json"
    try:
        if doubt(path):
            return None
    except OSError:
        return None
    return _read(path)


def _doubted(place: Path, revision: str) -> str | None:
    with suppress(OSError):
        path = place / f"{_commit_of(place, revision)}.json"
        return doubt(path) if path.exists() else None
    return None


def _trust(place: Path) -> str:
    return f"If you trust whoever can write there, set {TRUST} to {place}"


def _commit_of(place: Path, revision: str) -> str:
    """The commit that a revision was; the revision itself if it is one, or was never fetched."""
    commit = _load(place / _REVISIONS).get(revision, revision)
    return commit if isinstance(commit, str) and commit.isalnum() else "none"


def _read(path: Path) -> Listing | None:
    said = _load(path)
    try:
        repository = check_repository(said["repository"])
        files, whole = safe_files(said["siblings"]), said.get("whole") is not False
        listing = Listing(repository, path.stem, files, whole)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    return listing if listing.files else None


def _load(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError), open_plain(path) as file:
        said = json.loads(file.read(_MOST_NOTES))
        if isinstance(said, dict):
            return said
    return {}


def _note(place: Path, revision: str, listing: Listing) -> None:
    siblings = [
        {"rfilename": f.name, "size": f.size}
        | ({"lfs": {"sha256": f.sha256}} if f.sha256 else {"blobId": f.git})
        for f in listing.files
    ]
    revisions = {**_load(place / _REVISIONS), revision: listing.commit}
    try:
        place.mkdir(parents=True, exist_ok=True)
        _write(
            place / f"{listing.commit}.json",
            {"repository": listing.repository, "whole": listing.whole, "siblings": siblings},
        )
        _write(place / _REVISIONS, revisions)
    except OSError as error:  # what lies there can be read all the same; else a file's turn says it
        log.info("%s: what the hub said is not kept (%s).", listing.repository, error)


def _write(path: Path, value: dict[str, Any]) -> None:
    with writing_whole(path) as file:
        file.write(json.dumps(value, indent=1).encode("utf-8"))
