"""Undo files of strangers: what they may say, and that nothing is done by one that says more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sorted_pictures import listing, make_files

from zsclip.errors import UndoFileError
from zsclip.owners import hold, open_more
from zsclip.sorting import reading, undo_sorting
from zsclip.sorting.reading import find_interrupted, read_journal

NAME = ".zsclip-sort-2026-01-01-000000.jsonl"
STEP = {"did": "move", "target": "cat/a.png", "source": "a.png", "size": 1, "inode": 1}


def head(folder: Path | str, **other: Any) -> dict[str, Any]:
    first = {"zsclip": "sort", "version": 1, "folder": str(folder), "how": "move", "made": 0}
    return {**first, **other}


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ({"zsclip": "sort"}, "newer zsclip"),
        ({"a": 1}, "not how such a file begins"),
        ([1], "no object"),
        ({"folder": "in"}, "absolute path"),
        ({"folder": "/a\0b"}, "absolute path"),
        ({"folder": 3}, "absolute path"),
        ({"how": "burn"}, "`how` must be"),
        ({"made": 1000}, "`made` must be"),
        ({"made": True}, "`made` must be"),
    ],
)
def test_a_first_line_that_is_none(tmp_path: Path, first: Any, reason: str) -> None:
    line = {**head("/in"), **first} if isinstance(first, dict) and len(first) == 1 else first
    if first in ({"a": 1}, {"zsclip": "sort"}):
        line = first
    with pytest.raises(UndoFileError, match=reason):
        read_journal(write(tmp_path / NAME, line))


@pytest.mark.parametrize(
    "change",
    [
        {"target": "../a.png"},
        {"target": "/etc/a.png"},
        {"target": "a.png"},
        {"target": "cat/x/a.png"},
        {"target": ".ssh/a.png"},
        {"source": "../../a.png"},
        {"source": "/etc/a.png"},
        {"source": ".ssh/a.png"},
        {"source": ".bashrc"},
        {"source": "a.sh"},
        {"source": ""},
        {"source": "a\0.png"},
        {"target": "cat/authorized_keys"},
        {"did": "burn"},
        {"did": "folder", "target": "cat/dog"},
        {"did": "folder", "target": ".."},
        {"size": -1},
        {"inode": -1},
        {"size": "1"},
        {"size": 1.5},
        {"size": True},
        {"source": None},
        {"more": 1},
        {"did": None},
    ],
)
def test_a_step_that_zsclip_never_takes_is_refused_and_none_is_done(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    folder, out = tmp_path / "in", make_files(tmp_path / "out", "cat/a.png", "cat/b.png")
    good = {**STEP, "target": "cat/b.png", "source": "b.png"}
    file = write(out / NAME, head(folder), good, {**STEP, **change})
    before = listing(tmp_path, hidden=True)
    with pytest.raises(UndoFileError, match=r"Line 3: .*Nothing was done"):
        undo_sorting(file)
    assert listing(tmp_path, hidden=True) == before


def test_lines_that_are_no_json_are_too_long_or_too_deep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / NAME
    for line in ("no", '{"did": "' + "x" * reading.MOST_LINE + '"}', "[" * 50_000):
        file.write_text(json.dumps(head("/in")) + "\n" + line + "\n")
        with pytest.raises(UndoFileError, match="Line 2"):
            read_journal(file)
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(UndoFileError, match="too large"):
        read_journal(file)


def test_what_breaks_off_at_its_end_was_not_begun(tmp_path: Path) -> None:
    file = write(tmp_path / NAME, head("/in"), STEP)
    whole = file.stat().st_size
    file.write_text(file.read_text() + '{"did": "mo')
    record = read_journal(file)
    assert (len(record.entries), record.ended, record.whole) == (1, False, whole)


def test_what_failed_takes_its_line_back(tmp_path: Path) -> None:
    undone = {"did": "nothing", "target": "cat/a.png"}
    symbolic = {**STEP, "did": "symlink"}
    file = write(tmp_path / NAME, head("/in"), STEP, symbolic, undone, {"ended": True})
    record = read_journal(file)
    assert (record.entries, record.ended) == ((), True)


@pytest.mark.parametrize("begun", ["", '{"zs', '{"zsclip": "sort", "version": 1, "folder": "/i'])
def test_one_that_ended_before_it_began_is_removed(tmp_path: Path, begun: str) -> None:
    file = tmp_path / NAME
    file.write_text(begun)
    assert undo_sorting(file).kept == ()
    assert not file.exists()
    file.write_text(begun)
    assert find_interrupted(Path("/in"), tmp_path, "move") is None
    assert not file.exists()


def test_one_that_another_program_is_about_to_begin_stays(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    file = tmp_path / NAME
    file.touch()
    with open_more(file) as other:
        assert hold(other, file)
        assert find_interrupted(Path("/in"), tmp_path, "move") is None
        assert file.exists()


def test_one_that_cannot_be_read_hides_no_other(
    tmp_path: Path,
) -> None:
    write(tmp_path / NAME, head("/in"), STEP)
    (tmp_path / NAME.replace("01-01", "01-02")).mkdir()
    found = find_interrupted(Path("/in"), tmp_path, "move")
    assert found is not None
    assert found.path.name == NAME


def test_an_empty_file_of_another_name_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.touch()
    with pytest.raises(UndoFileError):
        undo_sorting(file)
    assert file.exists()


def test_the_interrupted_sort_of_the_same_folder_is_found(tmp_path: Path) -> None:
    write(tmp_path / NAME, head("/in"), STEP)
    write(tmp_path / NAME.replace("01-01", "01-02"), head("/in"), {"ended": True})
    found = find_interrupted(Path("/in"), tmp_path, "move")
    assert found is not None
    assert found.path.name == NAME
    assert find_interrupted(Path("/in"), tmp_path, "copy") is None
    assert find_interrupted(Path("/other"), tmp_path, "move") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_any_bytes_are_read_or_refused(
    tmp_path: Path, noise: bytes, place: int, instead: bool
) -> None:
    file = write(tmp_path / NAME, head("/in"), STEP, {"ended": True})
    whole = file.read_bytes()
    file.write_bytes(whole[:place] + noise + whole[place + (len(noise) if instead else 0) :])
    try:
        record = read_journal(file)
    except UndoFileError:
        return
    assert record.into == tmp_path
    for entry in record.entries:
        assert ".." not in entry.target + entry.source
