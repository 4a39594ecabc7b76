"""What other programs have fetched from the hub: huggingface_hub's own cache, which is only read.

There a file is a link to one that is named by its hash, which `zsclip.downloads.hub` checks.
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from zsclip.downloads.listing import COMMIT, HubFile, Listing, safe_files
from zsclip.owners import doubt

__all__ = ["cached_file", "cached_listing"]

_MOST_FILES = 10_000


def cached_file(listing: Listing, file: HubFile) -> str | None:
    """The path of a file there, if it has a hash to check it by."""
    from huggingface_hub import try_to_load_from_cache

    if not (file.sha256 or file.git):
        return None
    with suppress(OSError, ValueError):
        found = try_to_load_from_cache(listing.repository, file.name, revision=listing.commit)
        if isinstance(found, str):
            return os.path.abspath(found)  # noqa: PTH100 - of a text
    return None


def cached_listing(repository: str, revision: str) -> Listing | None:
    """What a revision holds that was fetched there, by the names of the files that links lead to.

    For when the hub may not be asked. What others can have written is not believed.
    """
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE, f"models--{repository.replace('/', '--')}").absolute()
    with suppress(OSError, ValueError):
        commit = revision
        if not COMMIT.fullmatch(revision):
            named = place / "refs" / revision
            if not named.resolve().is_relative_to(place.resolve()):
                return None
            commit = named.read_text("utf-8")[:41].strip()
        if not COMMIT.fullmatch(commit) or doubt(place / "snapshots" / commit / "any"):
            return None
        siblings = []
        for entry in islice(os.scandir(place / "snapshots" / commit), _MOST_FILES):
            blob = Path(os.path.realpath(entry.path))
            key = {"lfs": {"sha256": blob.name}} if len(blob.name) == 64 else {"blobId": blob.name}
            siblings.append({"rfilename": entry.name, "size": blob.stat().st_size, **key})
        files = tuple(file for file in safe_files(siblings) if file.sha256 or file.git)
        return Listing(repository, commit, files, whole=False)
    return None
