"""Pictures to sort, what a classifier could have said of them, and what a folder holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zsclip import Failure, LabelSet, Origin, Prediction
from zsclip.errors import ImageError
from zsclip.testing import FakeEncoder

__all__ = ["listing", "make_files", "said_of"]


def make_files(folder: Path, *names: str) -> Path:
    """Files of these names, each of its own content; nobody reads them as pictures."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"what is in {name}".encode() * 100)
    return folder


def said_of(
    folder: Path, answers: Mapping[str, str | None], labels: tuple[str, ...] = ("cat", "dog")
) -> list[Prediction | Failure]:
    """Results for pictures of a folder: the label of each, or None for one that cannot be read."""
    labelset = LabelSet.from_names(list(labels))
    origin = Origin(FakeEncoder().model_info, None, labelset.name, (), ("{}",), "0")
    found: list[Prediction | Failure] = []
    for name, label in answers.items():
        path = str(folder / name)
        if label is None:
            found.append(Failure(path, ImageError(path, "it is damaged.")))
            continue
        scores = np.array([float(one == label) for one in labels], np.float32)
        found.append(Prediction(path, scores, labelset, origin))
    return found


def listing(folder: Path, *, hidden: bool = False) -> dict[str, bytes]:
    """The files of a folder and of those below it, by their paths, and what they hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (hidden or not path.name.startswith("."))
    }
