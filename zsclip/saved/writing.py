"""Writing the file of a classifier: whole, or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from zsclip.errors import NonFiniteError, SavedClassifierError, SavedClassifierFileError
from zsclip.labels.plain import plain_of_labelset
from zsclip.saved.content import FORMAT, KEY, TENSOR, SavedClassifier, matrix_sha256
from zsclip.saved.wording import as_path, reason_of, shown
from zsclip.version import __version__

__all__ = ["check_target", "write_classifier"]

HEADER_LIMIT = 100_000_000  # bytes; safetensors reads no longer header


def check_target(path: str | os.PathLike[str]) -> Path:
    """The file to write to, with links followed, once it is known that it can be written.

    Raises:
        SavedClassifierFileError: It cannot.
        ParameterTypeError: `path` is no path.
    """
    given = as_path(path)
    try:
        target = Path(os.path.realpath(given))
        if target.is_dir():
            raise _unwritable(path, "it is a folder. Add the name of a file.")
        if not target.parent.is_dir():
            raise _unwritable(
                path, f"there is no folder {str(target.parent)!r}. Make it first, or name another."
            )
        if target.exists():
            if not target.is_file():
                raise _unwritable(path, "it is no regular file. Name another.")
            with target.open("r+b"):  # what is read-only is not to be replaced
                pass
        probe = _part(target)
        probe.touch(exist_ok=False)
        probe.unlink()
    except SavedClassifierError:
        raise
    except (OSError, ValueError) as error:
        raise _refused(path, error) from error
    return target


def write_classifier(saved: SavedClassifier, path: str | os.PathLike[str]) -> None:
    """Write the file whole or not at all; what stood there before goes only when the new one is.

    Equal classifiers make equal bytes.

    Raises:
        SavedClassifierFileError: It cannot be written there.
        SavedClassifierError: The labels take more room than the format has.
        NonFiniteError: The class matrix holds NaN or infinity.
        ParameterTypeError: `path` is no path.
    """
    _require_finite(saved, path)
    target, data = check_target(path), _serialize(saved)
    if int.from_bytes(data[:8], "little") > HEADER_LIMIT:
        raise SavedClassifierError(
            f"Cannot save the classifier to {shown(path)}: its labels and prompts take more than "
            f"the {HEADER_LIMIT:,} bytes that the format has for them. Save parts of the label set."
        )
    part = _part(target)
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except OSError as error:
        raise _refused(path, error) from error
    finally:  # also when interrupted
        with suppress(OSError):
            part.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _serialize(saved: SavedClassifier) -> bytes:
    from safetensors.numpy import save

    about = {
        "format": FORMAT,
        "zsclip": __version__,
        "labelset": plain_of_labelset(saved.labels),
        "templates": list(saved.templates),
        "model": asdict(saved.model),
        "class_matrix_sha256": matrix_sha256(saved.class_matrix),
    }
    matrix = np.ascontiguousarray(saved.class_matrix, np.float32)
    text = json.dumps(about, allow_nan=False, separators=(",", ":"))
    return save({TENSOR: matrix}, {KEY: text})


def _require_finite(saved: SavedClassifier, path: str | os.PathLike[str]) -> None:
    finite = np.isfinite(saved.class_matrix).all(axis=1)
    if not finite.all():
        name = saved.labels[int(finite.argmin())].name
        raise NonFiniteError(
            f"Cannot save the classifier to {shown(path)}: {saved.model.name} gave NaN or infinity "
            f"for the label {name!r} in {saved.model.precision}. Try precision='fp32'; if that "
            "does not help, the weights are damaged, or the label's prompts cancel each other out."
        )


def _part(target: Path) -> Path:
    """A new name in the same folder; short, because the target's own may be as long as can be."""
    return target.with_name(f".zsclip-{secrets.token_hex(8)}.part")


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk as well, where the system can be asked for it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refused(path: str | os.PathLike[str], error: OSError | ValueError) -> SavedClassifierFileError:
    return _unwritable(
        path, f"{reason_of(error)}. Nothing was changed. Correct that, or name another place."
    )


def _unwritable(path: str | os.PathLike[str], reason: str) -> SavedClassifierFileError:
    return SavedClassifierFileError(f"Cannot save the classifier to {shown(path)}: {reason}")
