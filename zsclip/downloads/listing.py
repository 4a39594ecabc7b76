"""What a repository on the hub holds: which commit a revision is, its files, and their hashes.

Addresses, tokens and offline rules are huggingface_hub's. The one request is made here, because its
client reads an answer of any length, and waits for it for any time; who writes a repository decides
how long the list of its files is.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zsclip.downloads.client import SettingsError, answer, connect, failure_of, said, status_of
from zsclip.downloads.http import RetryPolicy
from zsclip.errors import DownloadError, ParameterError
from zsclip.logs import logger_for, untold
from zsclip.masking import masked_url
from zsclip.wording import brief, fit_to_tell

if TYPE_CHECKING:
    import httpx

__all__ = [
    "COMMIT", "HubFile", "Listing", "check_repository", "check_revision", "completed", "endpoint",
    "file_url", "hints_for", "hub_is_offline", "read_listing", "safe_files", "secrets", "unfit",
]  # fmt: skip

log = logger_for("zsclip")

_MOST_BYTES = 16 << 20  # of a list of files; 50,000 of them take that
_MOST_SECONDS = 60.0  # for all of it
_LARGEST = 200 << 30  # bytes of one file; the largest CLIP known takes 20
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_REVISION = re.compile(r"\w[\w./+-]{0,199}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_FILE = re.compile(r"[\w][\w.+@ ()=,-]{0,199}")  # in the folder itself, hidden ones left out
_SHA1, _SHA256 = re.compile(r"[0-9a-f]{40}", re.ASCII), re.compile(r"[0-9a-f]{64}", re.ASCII)
_YES = {"1", "ON", "YES", "TRUE"}  # as huggingface_hub reads them


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub knows it; of `sha256` and `git` one is empty, or both if it states none."""

    name: str
    size: int | None
    sha256: str
    git: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository at one commit; `whole` unless the hub was not asked for them."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]
    whole: bool = True


def check_repository(repository: str) -> str:
    """The name itself, if it can be one: no part of a path, and what a folder can be named by.

    Raises:
        ParameterError: It cannot.
    """
    owner, _, name = repository.partition("/")
    if all(_NAME.fullmatch(part) and not {"--", ".."} & {*_pairs(part)} for part in (owner, name)):
        return repository
    raise ParameterError(
        "A repository on the hub must be named as organization/name, in letters, digits, `-`, `_` "
        f"and `.`, got {brief(repository)}."
    )


def check_revision(revision: str | None) -> str:
    """The revision itself, or ``main`` if there is none.

    Raises:
        ParameterError: It can be neither a branch nor a tag nor a commit.
    """
    if revision is None:
        return "main"
    if _REVISION.fullmatch(revision) and ".." not in revision:
        return revision
    raise ParameterError(
        "A revision must be the name of a branch or tag, or a commit's 40 digits, got "
        f"{brief(revision)}."
    )


def _pairs(text: str) -> Iterable[str]:
    return (text[i : i + 2] for i in range(len(text) - 1))


def endpoint() -> str:
    """The address of the hub: ``HF_ENDPOINT``, else huggingface.co."""
    from huggingface_hub import constants  # which has read the environment when it was imported

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def hub_is_offline() -> bool:
    """Whether ``HF_HUB_OFFLINE`` forbids to ask the hub."""
    from huggingface_hub import constants

    said = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return constants.HF_HUB_OFFLINE or said.upper() in _YES


def secrets() -> dict[str, str]:
    """The header that lets this user in, if there is a token: ``HF_TOKEN``, or of a login.

    Raises:
        ParameterError: The token has characters that no header can have.
    """
    from huggingface_hub import constants, get_token

    token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    if not token:
        return {}
    if not (token.isascii() and token.isprintable()):
        raise ParameterError(
            "The token for the hub (`HF_TOKEN`, or of `hf auth login`) holds characters that no "
            "token has. Set it anew."
        )
    return {"Authorization": f"Bearer {token}"}


def file_url(repository: str, commit: str, name: str) -> str:
    """Where a file is."""
    return f"{endpoint()}/{repository}/resolve/{quote(commit, safe='')}/{quote(name)}"


def hints_for(repository: str) -> dict[int, str]:
    """What a status means where a file of a repository is asked for, and what to do."""
    gated = (
        f": its terms must be accepted first. Do so at {endpoint()}/{repository}, and set HF_TOKEN "
        "to a token of that account (https://huggingface.co/settings/tokens)"
    )
    return {401: gated, 403: gated}


def unfit(repository: str, reason: str, kind: type[DownloadError] = DownloadError) -> DownloadError:
    """An error that lies with the hub or the repository; another source may have the model."""
    error = kind(
        f"Cannot get {brief(repository)} from the hub: {reason}.\n"
        f"  URL:     {masked_url(endpoint())}/{repository}\n"
        "  Or download its files elsewhere into a folder, and give that folder's path as the model."
    )
    error.fault = reason
    return error


def read_listing(
    repository: str, revision: str, *, retry: RetryPolicy, timeout: float = 10.0
) -> Listing:
    """Ask the hub what a repository holds.

    Args:
        repository: ``organization/name``.
        revision: A branch, a tag or a commit.
        retry: When to try again.
        timeout: Seconds to wait for a connection, and for each read.

    Returns:
        The commit that the revision is now, and those of its files whose names are plain. The
        repository may have another name by now.

    Raises:
        DownloadError: It cannot be had; the message says what to do.
        ParameterError: The token is none.
    """
    url = f"{endpoint()}/api/models/{repository}/revision/{quote(revision, safe='')}?blobs=true"
    body = _ask(repository, revision, url, retry, timeout)
    try:
        told = json.loads(body)
        commit, files = str(told["sha"]), safe_files(told["siblings"])
        now = str(told.get("id", repository))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise unfit(repository, "the hub's answer is no list of files") from None
    if not COMMIT.fullmatch(commit):
        raise unfit(repository, f"the hub names no commit, but {brief(commit)}")
    if now != repository:
        try:
            check_repository(now)
        except ParameterError:
            now = repository
        else:
            log.warning("The repository %s is called %s by now; name it so.", repository, now)
    return Listing(now, commit, files)


def completed(listing: Listing, file: HubFile, timeout: float) -> HubFile:
    """A file of a list, with size and hash asked for by themselves where the list has none.

    So it is with some programs that stand in for the hub.

    Raises:
        DownloadError: Its size is not to be had, or is none.
    """
    if file.size is None or not (file.sha256 or file.git):
        file = _asked_for(listing, file, min(timeout, 10.0))
    if file.size is None:
        reason = f"of {brief(file.name)} no size is stated, or more than {_LARGEST >> 30} GiB"
        raise unfit(listing.repository, reason)
    return file


def _asked_for(listing: Listing, file: HubFile, timeout: float) -> HubFile:
    from huggingface_hub import get_hf_file_metadata

    if hub_is_offline():
        return file
    url = file_url(listing.repository, listing.commit, file.name)
    try:
        token = secrets().get("Authorization", "").removeprefix("Bearer ")
        found = get_hf_file_metadata(url, token=token or False, timeout=timeout)
    except Exception as error:  # noqa: BLE001 - of whichever client its version stands on
        raise unfit(
            listing.repository, f"of {brief(file.name)} nothing is told ({said(error)})"
        ) from (fit_to_tell(error))
    etag, size = found.etag or "", file.size if found.size is None else found.size
    sha256, git = bool(_SHA256.fullmatch(etag)), bool(_SHA1.fullmatch(etag))
    fits = size is not None and 0 <= size <= _LARGEST
    return HubFile(
        file.name,
        size if fits else None,
        file.sha256 or etag * sha256,
        file.git or etag * git,
    )


def safe_files(siblings: Any) -> tuple[HubFile, ...]:
    """The files of a list as the hub gives it, less those in folders, hidden or of strange names.

    Raises:
        TypeError, KeyError, AttributeError: It is no such list.
    """
    return tuple(
        HubFile(sibling["rfilename"], _size(sibling), *_hashes(sibling))
        for sibling in siblings
        if _FILE.fullmatch(sibling["rfilename"])
    )


def _size(sibling: dict[str, Any]) -> int | None:
    size = sibling.get("size")
    return size if type(size) is int and 0 <= size <= _LARGEST else None


def _hashes(sibling: dict[str, Any]) -> tuple[str, str]:
    sha256 = str((sibling.get("lfs") or {}).get("sha256", ""))
    if _SHA256.fullmatch(sha256):
        return sha256, ""
    git = str(sibling.get("blobId", ""))
    return "", git if _SHA1.fullmatch(git) and not sibling.get("lfs") else ""


def _ask(repository: str, revision: str, url: str, retry: RetryPolicy, timeout: float) -> bytes:
    import httpx

    headers, failures = secrets(), 0
    while True:
        cause: BaseException | None = None
        try:
            with (
                untold(),
                connect(timeout) as client,
                answer(client, url, headers) as response,
            ):
                reason, passes = status_of(response)
                if response.status_code == 200:
                    return _body(repository, response)
                if not passes:
                    raise unfit(repository, _refusal(repository, revision, response, reason))
        except SettingsError as error:
            raise DownloadError(f"Cannot get {brief(repository)}: {error}.") from fit_to_tell(error)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = failure_of(error, timeout)
            reason, passes, cause = failure.reason, failure.passes, error
        failures += 1
        if not passes or failures >= retry.attempts:
            raise unfit(repository, reason) from fit_to_tell(cause)
        time.sleep(retry.delay(failures))


def _body(repository: str, response: httpx.Response) -> bytes:
    body, end = bytearray(), time.monotonic() + _MOST_SECONDS
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > _MOST_BYTES:
            most = _MOST_BYTES >> 20
            raise unfit(repository, f"the list of its files is longer than {most} MiB")
        if time.monotonic() > end:
            raise unfit(repository, f"the list of its files took longer than {_MOST_SECONDS:g} s")
    return bytes(body)


def _refusal(repository: str, revision: str, response: httpx.Response, reason: str) -> str:
    code, status = response.headers.get("x-error-code", ""), response.status_code
    if code == "RevisionNotFound":
        return f"it has no revision {brief(revision)}"
    if code == "GatedRepo":
        return reason + hints_for(repository)[status if status in (401, 403) else 403]
    if status == 401 and not code and "authorization" in response.request.headers:
        return (
            f"{reason}: the hub does not take the token (`HF_TOKEN`, or of `hf auth login`). Set "
            "one that holds, or none if the repository is public"
        )
    if code == "RepoNotFound" or status in (401, 404):
        return (
            f"{reason}: there is no repository of this name, or it is private. Check the name; if "
            "it is private, set HF_TOKEN to a token that may read it"
        )
    return reason
