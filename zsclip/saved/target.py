"""Where a classifier is to be written: whether it can be, and whether it may be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from zsclip.errors import SavedClassifierError, SavedClassifierFileError, WouldReplaceError
from zsclip.files import as_path, part_of, reason_of, require_replaceable
from zsclip.owners import follow, open_new
from zsclip.wording import brief

__all__ = ["KEY", "check_target", "refused", "require_other_than_model", "shown"]

KEY = "zsclip_classifier"  # of the metadata; the only one, because safetensors keeps no order


def check_target(
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    is_ours: Callable[[Path], bool] | None = None,
    kind: str = "saved classifier",
) -> Path:
    """The file to write to, with links followed, once it is known that it can be written.

    Args:
        path: The file.
        overwrite: Whether a file that is there may be replaced if it is not of that kind.
        is_ours: Tells whether a file is of the kind that is about to be written; that `save` wrote
            it if None.
        kind: What the kind is called.

    Raises:
        WouldReplaceError: There is one, and it may not.
        SavedClassifierFileError: It cannot be written.
        ParameterTypeError: `path` is no path.
    """
    given = as_path(path)
    try:
        target = follow(given)
        if target.is_dir():
            raise _unwritable(path, "it is a folder. Add the name of a file.")
        if not target.parent.is_dir():
            raise _unwritable(
                path,
                f"there is no folder {brief(str(target.parent))}. Make it first, or name another.",
            )
        if target.exists():
            if not target.is_file():
                raise _unwritable(path, "it is no regular file. Name another.")
            require_replaceable(target, is_ours or _is_ours, kind=kind, overwrite=overwrite)
            with target.open("r+b"):  # what is read-only is not to be replaced
                pass
        probe = part_of(target)
        open_new(probe).close()
        probe.unlink()
    except (SavedClassifierError, WouldReplaceError):
        raise
    except (OSError, ValueError) as error:
        raise refused(path, error) from error
    return target


def require_other_than_model(path: str | os.PathLike[str], target: Path, model: str | None) -> None:
    """Raise if a classifier is about to be written over the model that it needs.

    Args:
        path: The file as it was given.
        target: The same with links followed.
        model: The path of the model, if it has one.

    Raises:
        WouldReplaceError: It is, which nobody can want, not even who said to replace what is there.
    """
    if model is not None and target.exists() and Path(model).exists() and target.samefile(model):
        raise WouldReplaceError(
            f"{shown(path)} holds the model of this classifier, which cannot be used without it, "
            "so zsclip does not replace it. Give another name."
        )


def _is_ours(file: Path) -> bool:
    """Whether a file was written here, however old or damaged it is by now: by how it begins."""
    start = b'{"__metadata__":{"' + KEY.encode("ascii") + b'":'
    with file.open("rb") as opened:
        opened.seek(8)  # the length of what follows
        return opened.read(len(start)) == start


def refused(path: str | os.PathLike[str], error: OSError | ValueError) -> SavedClassifierFileError:
    """The error about a file that the system does not let be written."""
    return _unwritable(
        path, f"{reason_of(error)}. Nothing was changed. Correct that, or name another place."
    )


def _unwritable(path: str | os.PathLike[str], reason: str) -> SavedClassifierFileError:
    return SavedClassifierFileError(f"Cannot save the classifier to {shown(path)}: {reason}")


def shown(path: str | os.PathLike[str]) -> str:
    """A path as messages show it: as it was given, in quotes."""
    return brief(os.fspath(path))
