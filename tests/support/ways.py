"""The way that a call takes through the files of a package, as it really runs.

usage: python tests/support/ways.py

prints the ways of a label and of a picture through zsclip as they run here: first their stops, then
every file with its functions. ``docs/architecture.md`` tells both in tables; `tests/test_ways.py`
holds these against what runs.

Which files a call enters is too long a list to be read: a property that is asked for, an error
class, ``isinstance`` in another file. These rules make stops of it.

- Only functions count: neither a module nor a class body that runs because something is imported.
- A stop is a file. What a page names counts whenever it is entered. What it does not name counts
  where it leads on: it is entered from another room and enters a third one, or, if the page names
  nothing of its room, any further file. Helpers that answer a question and come back are no stops,
  nor is what files of a room ask of each other.
- Quiet functions count where the page names the function itself (or its class), and else only what
  they call in other files does: properties, methods between double underscores (a value is made,
  compared or shown), and all of the ground, `GROUND`.
- A file is left when the way comes to another stop that is not beneath it. So a file whose callee
  calls it back has not been left, nor has one that is called twice with no stop in between.
- A generator is not left before it ends: that it goes on with the next batch is no new entry.
- What another way tells is left out with all that is beneath it: a label's way is that of the first
  use without the picture's part of it.
- A way is that of one thread. What others run is told apart.
- Where weights come from belongs to neither way: both towers are loaded before. Nor does the cache,
  which is off; it is looked into before the encoder is asked, and written to after it.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import zsclip

__all__ = [
    "GROUND",
    "Call",
    "Stop",
    "Trace",
    "beside",
    "entered_again",
    "read_way",
    "record",
    "record_ways",
    "stops",
]

PACKAGE = Path(zsclip.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
TITLES = ("The way of a picture", "The way of a label")
PICTURES = ("fish", "frog", "octopus")
GROUND = (
    *("__init__.py", "budget.py", "entrypoints.py", "errors.py", "files.py", "frames.py"),
    *("forks.py", "lazy.py", "version.py", "wording.py"),
)


class Stop(NamedTuple):
    """A file, by its path in the package, and a function in it: ``embed`` or ``Reader.read``."""

    file: str
    function: str

    def __str__(self) -> str:
        return f"{self.file} {self.function}"


@dataclass(eq=False)
class Call:
    """One call of a function of the package, and the calls that it made."""

    stop: Stop
    quiet: bool
    serial: int
    calls: list[Call] = field(default_factory=list, repr=False)


@dataclass(eq=False)
class Trace:
    """What ran: the calls that came from outside of the package, and those in other threads."""

    calls: list[Call] = field(default_factory=list, repr=False)
    elsewhere: list[Stop] = field(default_factory=list)

    def every_call(self, *, beside: Sequence[str] = ()) -> Iterator[Call]:
        """All calls, each before those that it made, without those of another way."""
        todo = self.calls[::-1]
        while todo:
            call = todo.pop()
            if not call.stop.file.startswith(tuple(beside)):
                yield call
                todo += call.calls[::-1]


@contextmanager
def record(package: Path) -> Iterator[Trace]:
    """Record the calls of the functions of a package, by its folder."""
    recorder = _Recorder(package)
    before = sys.getprofile()
    threading.setprofile(recorder.elsewhere)
    sys.setprofile(recorder.here)
    try:
        yield recorder.trace
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


class _Recorder:
    def __init__(self, package: Path) -> None:
        self.trace = Trace()
        self._root = f"{package.resolve()}/"
        self._open: list[tuple[FrameType, Call | None]] = []  # None: a module or class body
        self._generators: dict[FrameType, Call] = {}
        self._known: dict[tuple[str, CodeType], tuple[Stop, bool]] = {}
        self._serial = 0

    def here(self, frame: FrameType, event: str, _arg: object) -> None:
        """The profile function of the thread whose way this is."""
        if event == "return" and self._open and self._open[-1][0] is frame:
            self._open.pop()
        elif event == "call" and frame.f_code.co_filename.startswith(self._root):
            self._enter(frame)

    def elsewhere(self, frame: FrameType, event: str, _arg: object) -> None:
        """That of all threads that start meanwhile."""
        if event == "call" and frame.f_code.co_filename.startswith(self._root):
            self.trace.elsewhere.append(self._stop(frame))

    def _enter(self, frame: FrameType) -> None:
        caller = self._open[-1][1] if self._open else None
        if (self._open and caller is None) or not frame.f_code.co_flags & inspect.CO_NEWLOCALS:
            self._open.append((frame, None))
            return
        call = self._generators.get(frame)
        if call is None:
            stop, quiet = self._described(frame)
            self._serial += 1
            call = Call(stop, quiet, self._serial)
            (caller.calls if caller else self.trace.calls).append(call)
            if frame.f_code.co_flags & inspect.CO_GENERATOR:
                self._generators[frame] = call  # keeps the frame, so that no other gets its id
        self._open.append((frame, call))

    def _described(self, frame: FrameType) -> tuple[Stop, bool]:
        code = frame.f_code
        key = code.co_filename, code  # equal codes of two files are equal
        if key not in self._known:
            name = code.co_name
            quiet = name[:2] == name[-2:] == "__" or _is_property(frame)
            self._known[key] = self._stop(frame), quiet
        return self._known[key]

    def _stop(self, frame: FrameType) -> Stop:
        code = frame.f_code
        return Stop(code.co_filename.removeprefix(self._root), code.co_qualname)


def _is_property(frame: FrameType) -> bool:
    """Whether a frame is that of a property of its first argument."""
    code = frame.f_code
    if code.co_argcount != 1:
        return False
    owner = type(frame.f_locals.get(code.co_varnames[0]))
    return isinstance(
        inspect.getattr_static(owner, code.co_name, None), property | functools.cached_property
    )


# ------------------------------------------------------------------------------- calls to stops


@dataclass(eq=False)
class _Visit:
    """A file that was entered, from the outside or from another file."""

    stop: Stop
    serial: int
    visits: list[_Visit] = field(default_factory=list)


def stops(trace: Trace, named: Sequence[Stop] = (), *, beside: Sequence[str] = ()) -> list[Stop]:
    """The stops of a way in the order in which it comes to them, each with its first function.

    A file that is entered again after it was left stands there again.

    Args:
        trace: What ran.
        named: The stops that a page names.
        beside: Files and rooms (``"images/"``) of another way.
    """
    entered = _Visit(Stop("", ""), 0)
    for call in trace.calls:
        _visit(call, [entered], named, tuple(beside))
    kept = _merged([visit for child in entered.visits for visit in _kept(child, "", named)])
    way: list[_Visit] = []
    for visit in sorted(_with_below(kept), key=lambda visit: visit.serial):
        before = [i for i, other in enumerate(way) if other.stop.file == visit.stop.file]
        if not before or not set(way[before[-1] :]) <= set(_with_below([way[before[-1]]])):
            way.append(visit)
    return [visit.stop for visit in way]


def entered_again(way: Sequence[Stop]) -> list[str]:
    """The files that stand more than once among stops."""
    files = [stop.file for stop in way]
    return sorted({file for file in files if files.count(file) > 1})


def _visit(
    call: Call, entered: list[_Visit], named: Sequence[Stop], beside: tuple[str, ...]
) -> None:
    """Hang the files that a call enters beneath those that are entered already."""
    file = call.stop.file
    if file.startswith(beside):
        return
    silent = call.quiet or file in GROUND
    if (silent and not _names(named, call.stop)) or any(file == up.stop.file for up in entered):
        inner = entered
    else:
        inner = [*entered, _Visit(call.stop, call.serial)]
        entered[-1].visits.append(inner[-1])
    for below in call.calls:
        also = silent and below.stop.file == file
        _visit(dataclasses.replace(below, quiet=True) if also else below, inner, named, beside)


def _with_below(visits: Sequence[_Visit]) -> list[_Visit]:
    """Visits and all that are beneath them."""
    return [found for visit in visits for found in (visit, *_with_below(visit.visits))]


def _names(named: Sequence[Stop], stop: Stop) -> bool:
    """Whether a page names a function, or its class if it is between double underscores."""
    owner = stop.function.rpartition(".")[0]
    return stop in named or Stop(stop.file, owner) in named


def _kept(visit: _Visit, room: str, named: Sequence[Stop]) -> list[_Visit]:
    """A visit as stops: itself with those below, those below alone, or nothing."""
    own = _room(visit.stop.file)
    below = [kept for child in visit.visits for kept in _kept(child, own, named)]
    if visit.stop.file in {stop.file for stop in named}:
        return [_Visit(visit.stop, visit.serial, below)]
    onward = visit.visits
    if own in {_room(stop.file) for stop in named}:
        onward = [found for found in _with_below(onward) if _room(found.stop.file) != own]
    return [_Visit(visit.stop, visit.serial, below)] if own != room and onward else below


def _room(file: str) -> str:
    return file.partition("/")[0]


def _merged(visits: list[_Visit]) -> list[_Visit]:
    """Visits of one file that follow upon each other as one."""
    merged: list[_Visit] = []
    for visit in visits:
        if merged and merged[-1].stop.file == visit.stop.file:
            merged[-1].visits += visit.visits
        else:
            merged.append(visit)
    for visit in merged:
        visit.visits = _merged(visit.visits)
    return merged


# ------------------------------------------------------------------------------- zsclip's ways


def record_ways(pictures: Sequence[Path], *, cache: bool | Path = False) -> tuple[Trace, Trace]:
    """The way of a picture whose labels were embedded before, and of labels in their first use.

    Args:
        pictures: Three of them.
        cache: As in `ZeroShotClassifier`.
    """
    first, second, third = pictures
    clf = zsclip.ZeroShotClassifier(
        ["fish", "frog"], model="tiny-cartoon", device="cpu", precision="fp32", cache=cache
    )
    clf.classify(first)  # loads the towers; that of texts goes when that of pictures comes
    clf.encode_texts(["a text, so that its tower is there again"])
    with record(PACKAGE) as of_picture:
        clf.classify(second)
    other = clf.with_labels(["cat", "dog"])
    with record(PACKAGE) as of_label:
        other.classify(third)
    return of_picture, of_label


def read_way(page: str, title: str) -> list[Stop]:
    """The stops in the table below a title of a page, whose columns are number, file, function.

    Examples:
        >>> read_way("## A way\\n\\n| 1 | `a.py` | `f` | begins |\\n", "A way")
        [Stop(file='a.py', function='f')]
    """
    _, found, section = page.partition(f"## {title}\n")
    assert found, f"the page has no section {title!r}"
    rows = re.findall(r"^\| *\d+ *\| *`([^`]+)` *\| *`([^`]+)`", section.split("\n## ")[0], re.M)
    return [Stop(*row) for row in rows]


def beside(way: Sequence[Stop], other: Sequence[Stop]) -> list[str]:
    """The rooms that only the other of two ways tells, and its own files of rooms that both do."""
    files, rooms = {stop.file for stop in way}, {_room(stop.file) for stop in way}
    apart = [stop.file for stop in other if stop.file not in files]
    return [
        f"{_room(file)}/" if "/" in file and _room(file) not in rooms else file for file in apart
    ]


def _print_ways() -> None:
    pictures = [PACKAGE / "demo" / "drawings" / f"{name}.png" for name in PICTURES]
    page = PAGE.read_text("utf-8") if PAGE.exists() else ""
    told = [read_way(page, title) if title in page else [] for title in TITLES]
    for cache in (False, True):
        traces = record_ways(pictures, cache=Path(tempfile.mkdtemp()) if cache else False)
        for title, trace, named, other in zip(TITLES, traces, told, told[::-1], strict=True):
            print(f"\n=== {title}, {'with' if cache else 'without'} a cache")
            apart = beside(named, other) or (["pipeline/embedding.py"] * (trace is traces[1]))
            _print(trace, named, apart)


def _print(trace: Trace, named: Sequence[Stop], apart: Sequence[str]) -> None:
    if named:
        print(f"the page tells ({len(named)}):", *named, sep="\n  ")
    way = stops(trace, named, beside=apart)
    print(f"what runs ({len(way)}), without {' '.join(apart) or 'nothing'}:", *way, sep="\n  ")
    print("entered again:", *(entered_again(way) or ["none"]))
    print("in other threads:", *(sorted({stop.file for stop in trace.elsewhere}) or ["none"]))
    files: dict[str, dict[str, None]] = {}
    for call in sorted(trace.every_call(beside=apart), key=lambda call: call.serial):
        mark = f"({call.stop.function})" if call.quiet else call.stop.function
        files.setdefault(call.stop.file, {}).setdefault(mark)
    print(
        f"all files ({len(files)}) by first entry, with their functions, (quiet) ones in brackets:"
    )
    for file, functions in files.items():
        print(f"  {file}: {', '.join(functions)}")


if __name__ == "__main__":
    _print_ways()
