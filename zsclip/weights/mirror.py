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
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from zsclip.downloads import is_on_disk
from zsclip.downloads.download import fetch
from zsclip.downloads.http import RetryPolicy
from zsclip.downloads.hub import repository_folder
from zsclip.errors import CheckpointError, DownloadError, ForeignModelError, ParameterError
from zsclip.formats.configs import read_configuration
from zsclip.formats.folders import wanted_files
from zsclip.owners import TRUST, doubt
from zsclip.wording import brief

__all__ = ["below", "fetch_mirrored", "find_mirrored", "mirror", "places_of_configurations"]

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
    return str(Path(root, path)) if is_on_disk(root) else f"{root}/{path}"


def places_of_configurations(url: str) -> list[str]:
    """Where below the address of a repository on a mirror its configuration may be."""
    return [f"{form.format(url)}/{config}" for form in _FORMS for config, _, _ in _LAYOUTS]


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
        DownloadError: It holds none of it, or does not answer.
        CheckpointError: What it holds is no CLIP, or damaged.
    """
    from zsclip.formats.layouts import open_model  # loads torch, which a start can spare

    if is_on_disk(root):
        for form in _FORMS:
            folder = Path(root, form.format(repository))
            with suppress(OSError):
                if wanted_files(file.name for file in folder.iterdir()):
                    open_model(folder)
                    return folder
        raise _without(root, repository, "there is no model in that folder")
    folder = repository_folder(repository, download_root) / "mirror"
    if folder.exists() and (reason := doubt(folder / "any")):
        raise _without(
            root, repository, f"{reason}. If you trust whoever can, set {TRUST} to {folder}"
        )

    first: DownloadError | None = None
    bad: CheckpointError | None = None

    def has(form: str, name: str) -> bool:
        nonlocal first
        url = below(root, f"{form.format(repository)}/{name}")
        called = f"{name} of {repository}"
        try:
            fetch(url, folder / name, name=called, progress=progress, retry=retry, timeout=timeout)
        except DownloadError as error:
            if not error.missing:  # where nobody answers, what is asked for next costs as long
                raise
            first = first or error
            return False
        return True

    for form in _FORMS:
        for config, weights, others in _LAYOUTS:
            if not has(form, config):
                continue
            came = [config, *(name for name in others if has(form, name))]
            try:
                read_configuration(folder / weights[0], came)  # before gigabytes come
                for name in weights:
                    if has(form, name):
                        came.append(name)
                        open_model(folder)
                        return folder
            except CheckpointError as error:
                # No hash tells a page to log in at, or half of a file, from what was asked for.
                for name in came:
                    (folder / name).unlink(missing_ok=True)
                if isinstance(error, ForeignModelError):
                    raise
                bad = bad or error
    found = bad or first
    assert found is not None
    raise found


def _without(root: str, repository: str, reason: str) -> DownloadError:
    error = DownloadError(f"Cannot get {repository} from {brief(root)}: {reason}.")
    error.fault, error.missing = reason, True
    return error
