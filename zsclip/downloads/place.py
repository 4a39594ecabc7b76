"""Where downloads go to, and whether they come from here."""

from __future__ import annotations

import os
from pathlib import Path

from zsclip.errors import DownloadError
from zsclip.wording import brief

__all__ = ["cache_dir", "is_on_disk"]


def cache_dir(download_root: str | os.PathLike[str] | None = None) -> Path:
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
            f"The folder {brief(str(folder))} cannot be found ({error}). Set ZSCLIP_CACHE to a "
            "folder for zsclip's files."
        ) from error


def is_on_disk(source: str) -> bool:
    """Whether a source is a place on this machine, an absolute path, and not an address.

    Examples:
        >>> is_on_disk("https://example.org/ViT-B-32.pt")
        False
    """
    return os.path.isabs(source)  # noqa: PTH117 - of a text
