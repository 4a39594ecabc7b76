"""``ZSCLIP_MIRROR``: a folder, or a place on a web server, that has the weights of models.

Below it are tried, for a model whose published file is ``ViT-B-32.pt`` and that the hub has as
``organization/name``::

    ViT-B-32.pt
    organization/name/model.safetensors
    organization/name/resolve/main/model.safetensors

the last two with each file that a model of open_clip or transformers has. A mirror states no
hashes: published files are checked against theirs, all else against nothing.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from zsclip.downloads.download import fetch
from zsclip.downloads.http import RetryPolicy
from zsclip.downloads.hub import repository_folder
from zsclip.errors import DownloadError, ParameterError
from zsclip.formats.folders import wanted_files
from zsclip.owners import TRUST, doubt
from zsclip.wording import brief

__all__ = ["below", "fetch_mirrored", "find_mirrored", "mirror"]

MIRROR = "ZSCLIP_MIRROR"

# A server tells no names: a configuration comes first, and then the weights that go with it.
_LAYOUTS = (
    (
        "open_clip_config.json",
        ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"),
        (),
    ),
    (
        "config.json",
        ("model.safetensors", "pytorch_model.bin"),
        ("processor_config.json", "preprocessor_config.json"),
    ),
)
_FORMS = ("{}", "{}/resolve/main")


def mirror() -> str | None:
    """The mirror: an address without a slash at its end, or the absolute path of a folder.

    Raises:
        ParameterError: It is set to what can be neither.
    """
    text = os.environ.get(MIRROR, "").strip()
    if not text:
        return None
    scheme = urlsplit(text).scheme.lower() if "://" in text else ""
    if scheme in ("http", "https"):
        return text.rstrip("/")
    if scheme:
        raise ParameterError(
            f"`{MIRROR}` must be the path of a folder, or an address of http or https, got "
            f"{brief(text)}."
        )
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 - of a text


def below(root: str, path: str) -> str:
    """A place below the mirror."""
    return str(Path(root, path)) if os.path.isabs(root) else f"{root}/{path}"  # noqa: PTH117


def find_mirrored(repository: str, download_root: str | os.PathLike[str] | None) -> Path | None:
    """The folder that was fetched from a mirror, if a model can be read from it."""
    folder = repository_folder(repository, download_root) / "mirror"
    with suppress(OSError):
        if wanted_files(file.name for file in folder.iterdir()) and not doubt(folder / "any"):
            return folder
    return None


def fetch_mirrored(
    root: str,
    repository: str,
    download_root: str | os.PathLike[str] | None,
    progress: bool,
    retry: RetryPolicy,
    timeout: float,
) -> Path:
    """Have what the mirror holds of a repository; a folder is read where it lies.

    Raises:
        DownloadError: It holds none of it.
    """
    if os.path.isabs(root):  # noqa: PTH117 - of a text that may be an address
        for form in _FORMS:
            folder = Path(root, form.format(repository))
            with suppress(OSError):
                if wanted_files(file.name for file in folder.iterdir()):
                    return folder
        raise _without(root, repository, "there is no model in that folder")
    folder = repository_folder(repository, download_root) / "mirror"
    if folder.exists() and (reason := doubt(folder / "any")):
        raise _without(
            root, repository, f"{reason}. If you trust whoever can, set {TRUST} to {folder}"
        )

    def have(form: str, name: str) -> None:
        url = below(root, f"{form.format(repository)}/{name}")
        called = f"{name} of {repository}"
        fetch(url, folder / name, name=called, progress=progress, retry=retry, timeout=timeout)

    first: DownloadError | None = None
    for form in _FORMS:
        for config, weights, others in _LAYOUTS:
            try:
                have(form, config)
                for name in others:
                    try:
                        have(form, name)
                    except DownloadError as error:
                        if not _is_none_there(error):
                            raise  # without it pictures would be made otherwise, and look right
                for name in weights[:-1]:
                    with suppress(DownloadError):
                        have(form, name)
                        return folder
                have(form, weights[-1])
            except DownloadError as error:
                if not error.fault:
                    raise
                if first is None or (_is_none_there(first) and not _is_none_there(error)):
                    first = error
            else:
                return folder
    assert first is not None
    raise first


def _is_none_there(error: DownloadError) -> bool:
    return re.match("the server answered (403|404|410)", error.fault) is not None


def _without(root: str, repository: str, reason: str) -> DownloadError:
    error = DownloadError(f"Cannot get {repository} from {brief(root)}: {reason}.")
    error.fault = reason
    return error
