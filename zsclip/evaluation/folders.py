"""Pictures and what is true of them, out of a folder of class folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zsclip.errors import ImageError, LabelNotFoundError, ParameterError
from zsclip.evaluation.parts import UnknownTruth
from zsclip.evaluation.truth import LabelPositions
from zsclip.files import as_path, is_system_folder
from zsclip.images import describe_source, find_pictures, picture_suffixes
from zsclip.labels import LabelSet
from zsclip.labels.tables import words_of
from zsclip.wording import Hints, brief, fit_to_tell, in_lines

__all__ = ["FolderTruth", "find_truth"]


@dataclass(frozen=True)
class FolderTruth:
    """What a folder of class folders says.

    Attributes:
        images: The pictures in folders of labels.
        truth: The position of the label of each.
        unknown: The pictures in other folders, with the folder's name, and those in none, with
            None.
    """

    images: tuple[Path, ...]
    truth: tuple[int, ...]
    unknown: tuple[UnknownTruth, ...]


def find_truth(path: str | os.PathLike[str], labelset: LabelSet) -> FolderTruth:
    """The pictures in class folders, and of which label each folder is.

    Args:
        path: The folder that holds the class folders.
        labelset: The labels.

    Raises:
        LabelNotFoundError: No folder is a label.
        ImageError: There is no such folder, or it or one in it cannot be opened.
        ParameterError: The folders of labels hold no picture; or a folder's name means two labels.
        ParameterTypeError: `path` is no path.
    """
    root = as_path(path)
    positions = LabelPositions(labelset)
    images: list[Path] = []
    truth: list[int] = []
    unknown: list[UnknownTruth] = []
    folders: list[str] = []
    for entry in _entries(root):
        if not os.path.isdir(entry.path):  # noqa: PTH112 - false for a link to itself
            if Path(entry.name).suffix.lower() in picture_suffixes():
                unknown.append(UnknownTruth(describe_source(entry.path), None))
            continue
        folders.append(entry.name)
        position = _position_of(entry.name, positions)
        for picture in find_pictures(entry.path):
            if position < 0:
                unknown.append(UnknownTruth(describe_source(picture), entry.name))
            else:
                images.append(picture)
                truth.append(position)
    if not any(_position_of(name, positions) >= 0 for name in folders):
        raise _no_label(root, folders, labelset)
    if not images:
        raise ParameterError(
            f"The class folders in {brief(os.fspath(root))} hold no pictures; "
            f"{len(unknown):,} lie directly in it or in folders that are no label."
        )
    return FolderTruth(tuple(images), tuple(truth), tuple(unknown))


def _entries(root: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(root) as entries:
            of_data = [entry for entry in entries if not is_system_folder(entry.name)]
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = "it is no folder that can be opened. Name the one that holds the class folders."
        raise ImageError(describe_source(root), reason) from fit_to_tell(error)
    yield from sorted(of_data, key=lambda entry: entry.name)


def _position_of(folder: str, positions: LabelPositions) -> int:
    """That of the label that a folder's name is, as it is or in words; -1 if it is none."""
    name = f"folder {folder}"
    exact = positions(folder, name)
    return exact if exact >= 0 else positions(words_of(folder), name)


def _no_label(root: Path, folders: list[str], labelset: LabelSet) -> LabelNotFoundError:
    what = f"No folder in {brief(os.fspath(root))} is a label of {brief(labelset.name)}"
    if not folders:
        return LabelNotFoundError(f"{what}: it holds none. Name the one of the class folders.")
    hints, texts = Hints(), tuple(dict.fromkeys((*labelset.names, *labelset.ids)))
    lines = [f"{brief(name)}. {hints.about(words_of(name), texts)}".rstrip() for name in folders]
    return LabelNotFoundError(
        f"{what}. Name the folder that holds the class folders, and call these by the labels' ids "
        f"or names:{in_lines(lines)}"
    )
