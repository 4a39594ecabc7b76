"""What was sorted taken back: as it was, less what somebody has changed or added since."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from sorted_pictures import listing, make_files, said_of

from zsclip.errors import SortingError, UndoFileError
from zsclip.sorting import carry_out, plan_sorting, undo, undo_sorting

ANSWERS = {"a.png": "cat", "x/a.png": "cat", "x/b.png": "dog", "c.png": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_files(tmp_path / "in", *ANSWERS)


def sort(folder: Path, how: Any) -> Path:
    plan = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out", how=how)
    file = carry_out(plan).undo_file
    assert file is not None
    return file


@pytest.mark.parametrize("how", ["copy", "link", "move"])
def test_all_is_as_it_was(folder: Path, how: str) -> None:
    before = listing(folder.parent, hidden=True)
    file = sort(folder, how)
    report = undo_sorting(file)
    assert report.kept == ()
    assert (report.put_back, report.removed) == ((3, 0) if how == "move" else (0, 4))
    assert listing(folder.parent, hidden=True) == before
    assert not (folder.parent / "out").exists()
    with pytest.raises(UndoFileError, match="Once all is undone, it is removed"):
        undo_sorting(file)


@pytest.mark.parametrize("how", ["copy", "move"])
def test_what_was_changed_or_added_stays_and_is_told(folder: Path, how: str) -> None:
    before = listing(folder)
    file = sort(folder, how)
    out = folder.parent / "out"
    (out / "cat" / "a.png").write_bytes(b"edited")
    make_files(out, "dog/mine.png")
    for _ in range(2):  # as often as is wanted
        report = undo_sorting(file)
        assert [str(left) for left in report.kept] == [
            f"{out}/cat/a.png: it has changed since, and stays."
        ]
        assert listing(out) == {
            "cat/a.png": b"edited",
            "dog/mine.png": b"what is in dog/mine.png" * 100,
        }
    assert file.exists()
    expected = before if how == "copy" else {k: v for k, v in before.items() if k != "a.png"}
    assert listing(folder) == expected


def test_a_copy_that_was_touched_is_known_by_its_content(folder: Path) -> None:
    file = sort(folder, "copy")
    os.utime(folder.parent / "out" / "cat" / "a.png")
    assert undo_sorting(file).kept == ()


@pytest.mark.parametrize("how", ["copy", "link"])
def test_the_last_copy_is_not_removed(folder: Path, how: str) -> None:
    file = sort(folder, how)
    (folder / "a.png").unlink()
    [left] = undo_sorting(file).kept
    assert "the picture itself is gone" in left.reason
    assert (folder.parent / "out" / "cat" / "a.png").exists()


@pytest.mark.parametrize("how", ["copy", "link"])
def test_what_is_left_of_a_picture_that_has_changed_is_not_removed(folder: Path, how: str) -> None:
    file = sort(folder, how)
    (folder / "new").write_bytes(b"another picture")
    (folder / "new").replace(folder / "a.png")  # as an editor saves it
    os.utime(folder / "x" / "a.png")  # which is what it was
    [left] = undo_sorting(file).kept
    assert "the picture itself has changed" in left.reason
    assert listing(folder.parent / "out") == {"cat/a.png": b"what is in a.png" * 100}


def test_a_place_that_is_taken_is_not_replaced(folder: Path) -> None:
    file = sort(folder, "move")
    (folder / "a.png").write_bytes(b"new")
    [left] = undo_sorting(file).kept
    assert left.reason == f"something else is where it was, {str(folder / 'a.png')!r}."
    assert (folder / "a.png").read_bytes() == b"new"
    (folder / "a.png").unlink()
    assert undo_sorting(file).kept == ()


def test_what_is_gone_in_both_places_is_told(folder: Path) -> None:
    file = sort(folder, "move")
    shutil.rmtree(folder.parent / "out" / "cat")
    assert [left.reason for left in undo_sorting(file).kept] == [
        "it is gone, and so is the picture itself."
    ] * 2
    assert (folder / "x" / "b.png").exists()


def test_a_folder_that_is_gone_is_made_again(folder: Path) -> None:
    before = listing(folder)
    file = sort(folder, "move")
    shutil.rmtree(folder / "x")
    assert undo_sorting(file).kept == ()
    assert listing(folder) == before


def test_a_move_to_another_file_system_goes_back_through_a_copy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(folder)
    file = sort(folder, "move")
    link = os.link

    def link_parts(source: Any, target: Any, **options: Any) -> None:
        if not str(source).endswith(".part"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target, **options)

    monkeypatch.setattr(os, "link", link_parts)
    assert undo_sorting(file).put_back == 3
    assert listing(folder, hidden=True) == before


def test_a_label_folder_that_has_become_a_link_is_not_followed(folder: Path) -> None:
    file = sort(folder, "copy")
    out = folder.parent / "out"
    (out / "cat").rename(folder.parent / "elsewhere")
    (out / "cat").symlink_to(folder.parent / "elsewhere")
    report = undo_sorting(file)
    assert [left.reason for left in report.kept] == [
        "its folder has become a link, which is not followed."
    ] * 2
    assert len(listing(folder.parent / "elsewhere")) == 2


def test_only_a_file_of_ones_own_is_believed(folder: Path) -> None:
    file = sort(folder, "move")
    os.link(file, folder.parent / "second")
    with pytest.raises(UndoFileError, match="no file of your own"):
        undo_sorting(file)
    with pytest.raises(UndoFileError, match="no file of your own"):
        undo_sorting(folder)


def test_what_fails_is_told_of_its_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = sort(folder, "move")

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(undo, "give_name", fail)
    assert {left.reason for left in undo_sorting(file).kept} == {"Permission denied."}
    monkeypatch.setattr(undo, "read_journal", fail)
    with pytest.raises(SortingError, match="Cannot undo by"):
        undo_sorting(file)
