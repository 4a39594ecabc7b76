"""`SortPlan`: which picture goes where, worked out of results before anything is touched."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from zsclip.errors import ParameterError, SortingError
from zsclip.files import as_path, reason_of
from zsclip.images import Listed, find_pictures
from zsclip.labels import LabelSet
from zsclip.results import Failure, Prediction
from zsclip.sorting.comparing import same_content
from zsclip.sorting.names import (
    FAILED,
    NONE,
    folder_names,
    has_suffix,
    is_inner,
    name_key,
    numbered,
    suffixes,
)
from zsclip.wording import BriefRepr, brief, shown

__all__ = ["How", "Left", "SortPlan", "Step", "pictures_to_sort", "plan_sorting"]

How: TypeAlias = Literal["copy", "link", "move"]
"""What becomes of a picture: a copy in the folder, a link there, or the picture itself."""

WAYS: tuple[How, ...] = ("copy", "link", "move")
ABOVE = 0.5


@dataclass(frozen=True, slots=True, repr=False)
class Step(BriefRepr):
    """One picture and where it goes.

    Attributes:
        source: Its path from the folder that is sorted.
        target: Its path from the folder that it is sorted into: a folder and a name.
    """

    source: str
    target: str


@dataclass(frozen=True, slots=True, repr=False)
class Left(BriefRepr):
    """A picture that stays as it is.

    Attributes:
        path: Its path.
        reason: Why.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.reason}"


@dataclass(frozen=True, slots=True, repr=False)
class SortPlan(BriefRepr):
    """What `carry_out` is to do, as a value.

    Attributes:
        folder: The folder that is sorted, absolute.
        into: The folder that it is sorted into, absolute.
        how: ``"copy"``, ``"link"`` or ``"move"``.
        steps: What is to be done, in this order; no two have one target, and none of these exists.
        there: What had been done before: a picture that is in its place already.
        left: The pictures that stay where they are, and why.
    """

    folder: Path
    into: Path
    how: How
    steps: tuple[Step, ...]
    there: tuple[Step, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures go into each folder, those that are there already among them."""
        all_of_them = [*self.steps, *self.there]
        return dict(sorted(Counter(os.path.dirname(step.target) for step in all_of_them).items()))  # noqa: PTH120


def pictures_to_sort(
    folder: str | os.PathLike[str], into: str | os.PathLike[str]
) -> Iterator[Path]:
    """The pictures of a folder and of those below it, less what lies in the folder to sort into.

    Args:
        folder: The folder to sort, as for `find_pictures`.
        into: The folder to sort into, which need not exist.

    Raises:
        ParameterError: Both are one folder.
        ImageError: There is no such folder, or it cannot be opened.
        ParameterTypeError: One of them is no path.
    """
    folder, into = as_path(folder, "folder"), as_path(into, "into")
    _require_two(folder, into)
    sorted_into = os.path.realpath(into)
    found = find_pictures(folder)
    if _lies_in(os.path.realpath(folder), sorted_into):  # of which no label's folder is this one
        return found

    def others() -> Iterator[Path]:
        parent, inside = "", False
        for path in found:
            if (above := os.path.dirname(path)) != parent:  # noqa: PTH120 - as text, of each
                parent, inside = above, _lies_in(os.path.realpath(above), sorted_into)
            if not inside:
                yield path

    return Listed(others())


def plan_sorting(
    results: Iterable[Prediction | Failure],
    folder: str | os.PathLike[str],
    into: str | os.PathLike[str],
    *,
    how: How = "copy",
    above: float | None = None,
    deepest: float | None = None,
) -> SortPlan:
    """Work out where each picture goes. Nothing is changed.

    A picture goes into the folder of its best label, whose name is that of the label as far as it
    can be one (`folder_names`). What its classifier rejected goes into ``_none-of-these``. What
    could not be read goes into ``_failed``, but is left where it is if pictures are moved: a disk
    that fails is no time to move things. Where several labels may hold at once, a copy or a link
    goes into the folder of each label that is said.

    A name that is taken, by another picture or by a file that is there, gets a number, so that
    nothing is ever replaced. If a copy or link of the very same picture is there under a name that
    would be given to it, it stays as it is: what was interrupted can be planned anew.

    Args:
        results: What the classifier gave of each picture, in the order of `pictures_to_sort`.
        folder: The folder that is sorted.
        into: The folder to sort into.
        how: ``"copy"``; ``"link"``, a hard link, or where none can be, a symbolic one; or
            ``"move"``.
        above: From which score on a label is said, where several may hold at once: 0.5 if None, or
            the thresholds that were fitted.
        deepest: How sure the groups and labels must be whose folders are taken in place of the best
            label's, as for `Prediction.deepest`.

    Raises:
        ParameterError: A parameter has a value that it cannot have, both folders are one, or
            pictures of several labels are to be moved.
        SortingError: Where a label's folder would be, there is a link or a file.
        ParameterTypeError: A folder is no path.
    """
    folder, into = as_path(folder, "folder"), as_path(into, "into")
    _require_two(folder, into)
    if how not in WAYS:
        raise ParameterError(f"`how` must be 'copy', 'link' or 'move', got {brief(how)}.")
    making = _Making(folder, into, how)
    folders = _Folders(above, deepest, how)
    for result in results:
        if isinstance(result, Failure):
            if how == "move":
                making.leave(result.source, f"{_reason(result)} It is not moved.")
            else:
                making.put(result.source, FAILED)
            continue
        for name in folders.of(result):
            making.put(result.source, name)
    return making.plan()


def _reason(failure: Failure) -> str:
    return str(getattr(failure.error, "reason", failure.error))


class _Folders:
    """The folders of a prediction, by the names of their labels."""

    def __init__(self, above: float | None, deepest: float | None, how: How) -> None:
        self._above, self._deepest, self._how = above, deepest, how
        self._labelset: LabelSet | None = None
        self._names: dict[str, str] = {}

    def of(self, prediction: Prediction) -> list[str]:
        several = prediction.origin.multi_label
        if several and self._how == "move":
            raise ParameterError(
                "A picture that may have several labels cannot be moved into the folders of all. "
                "Copy or link it, or leave `multi_label` out (on the command line, --multi-label)."
            )
        if prediction.labelset is not self._labelset:
            self._labelset = prediction.labelset
            named = [(label.id, label.name) for label in self._labelset.labels]
            if self._deepest is not None:  # of one name with a label, that label comes first
                named += [(group.id, group.name) for group in self._labelset.groups]
            names = folder_names(name for _, name in named)
            self._names = {key: name for (key, _), name in zip(named, names, strict=True)}
        return [self._names[label] for label in self._ids(prediction, several)] or [NONE]

    def _ids(self, prediction: Prediction, several: bool) -> Sequence[str]:
        if not prediction.accepted:
            return []
        if several:
            fitted = prediction.learnt.thresholds is not None
            above = ABOVE if self._above is None and not fitted else self._above
            return [score.id for score in prediction.above(above)]
        if self._deepest is not None:
            node = prediction.deepest(self._deepest)
            return [] if node is None else [node.id]
        return [prediction.label_id]


class _Making:
    """A plan in the making: which names are given, and what is there."""

    def __init__(self, folder: Path, into: Path, how: How) -> None:
        self._folder, self._into, self._how = folder, into, how
        self._real = os.path.realpath(folder)
        self._suffixes = suffixes()
        self._given: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], int] = {}  # of names: the first number that is not given
        self._looked_at: dict[str, bool] = {}  # folders of labels: whether they are there
        self._steps: list[Step] = []
        self._there: list[Step] = []
        self._left: list[Left] = []

    def leave(self, source: str, reason: str) -> None:
        self._left.append(Left(source, reason))

    def put(self, source: str, folder: str) -> None:
        inner = os.path.relpath(source, self._folder)
        if inner.split(os.sep, 1)[0] == os.pardir or os.path.isabs(inner):  # noqa: PTH117
            raise ParameterError(f"The picture {brief(source)} does not lie in `folder`.")
        if not (is_inner(inner) and has_suffix(inner, self._suffixes)):
            self.leave(source, "it does not have the name of a picture.")
            return
        if self._how == "move" and not self._is_itself(inner):
            self.leave(source, "it is reached by a link, and what a link leads to is not moved.")
            return
        exists = self._look_at(folder)
        name = os.path.basename(source)  # noqa: PTH119
        given = True  # thousands of folders may hold one name: no number is tried for all of them
        for n in itertools.count(self._next.get((folder, name), 1)):
            chosen = numbered(name, n)
            key = folder, name_key(chosen)
            if key in self._given:
                continue
            if given:
                self._next[folder, name], given = n, False
            target = os.path.join(folder, chosen)  # noqa: PTH118
            place = self._into / target
            if not (exists and os.path.lexists(place)):
                self._steps.append(Step(inner, target))
            elif self._is_done(self._folder / inner, place):
                self._there.append(Step(inner, target))
            else:
                continue
            self._given.add(key)
            return

    def plan(self) -> SortPlan:
        # Read as they are now: what the folders are called may depend on where the program is.
        folder, into = (Path(os.path.abspath(path)) for path in (self._folder, self._into))  # noqa: PTH100
        steps, there, left = tuple(self._steps), tuple(self._there), tuple(self._left)
        return SortPlan(folder, into, self._how, steps, there, left)

    def _is_itself(self, inner: str) -> bool:
        return os.path.realpath(self._folder / inner) == os.path.join(self._real, inner)  # noqa: PTH118

    def _look_at(self, folder: str) -> bool:
        """Whether a label's folder is there, once it is known that it can be used."""
        if folder not in self._looked_at:
            place = self._into / folder
            if os.path.realpath(place) == self._real:
                raise ParameterError(
                    f"The pictures of {brief(folder)} would go into the folder that is sorted. "
                    "Name another folder to sort into."
                )
            exists = os.path.lexists(place)
            if exists and (place.is_symlink() or not place.is_dir()):
                raise SortingError(
                    f"{brief(str(place))} is to be the folder of a label, and is a link or no "
                    "folder. Move it away, or name another folder to sort into."
                )
            self._looked_at[folder] = exists
        return self._looked_at[folder]

    def _is_done(self, source: Path, place: Path) -> bool:
        """Whether what stands in a place is what this picture would become there."""
        if self._how == "move":
            return False
        try:
            if self._how == "link":
                return source.samefile(place)
            return not place.is_symlink() and place.is_file() and same_content(source, place)
        except OSError:
            return False


def _require_two(folder: Path, into: Path) -> None:
    try:
        one = os.path.realpath(folder) == os.path.realpath(into)
    except (OSError, ValueError) as error:
        raise ParameterError(f"`into` must be a folder ({reason_of(error)}).") from error
    if one:
        raise ParameterError(
            f"The folder to sort into must be another one than {brief(str(folder))} itself, in "
            "which sorted pictures and others would be mixed. A folder in it will do, such as "
            f"{brief(str(folder / 'sorted'))}."
        )
    if os.path.lexists(into) and not into.is_dir():
        raise ParameterError(f"The folder to sort into, {brief(str(into))}, is no folder.")


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))  # noqa: PTH118
