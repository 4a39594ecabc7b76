"""Plans carried out: copies, links, moves; full disks and folders that cannot be written to."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sorted_pictures import listing, make_files, said_of

from zsclip.errors import ParameterError, SortingError, UndoFileError
from zsclip.sorting import SortPlan, SortReport, Step, carry, carry_out, plan_sorting, undo_sorting
from zsclip.sorting.carry import give_name

ANSWERS = {"a.png": "cat", "x/a.png": "cat", "x/b.png": "dog"}
SORTED = {"cat/a.png": "a.png", "cat/a-2.png": "x/a.png", "dog/b.png": "x/b.png"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_files(tmp_path / "in", *ANSWERS)


def sort(folder: Path, how: Any = "copy", into: str = "out") -> SortReport:
    out = folder.parent / into
    return carry_out(plan_sorting(said_of(folder, ANSWERS), folder, out, how=how))


def other_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has names on one file system given by nobody but through a copy."""
    link = os.link

    def link_parts(source: Any, target: Any, **options: Any) -> None:
        if not str(source).endswith(".part"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target, **options)

    monkeypatch.setattr(os, "link", link_parts)


def test_copies_are_whole_with_their_times_and_the_pictures_stay(folder: Path) -> None:
    os.utime(folder / "a.png", ns=(1, 1_500_000_000_123_456_789))
    before = listing(folder)
    report = sort(folder)
    assert (report.done, report.ways, report.left) == (3, {"copy": 3}, ())
    assert listing(folder) == before
    assert listing(folder.parent / "out") == {new: before[old] for new, old in SORTED.items()}
    copied = (folder.parent / "out" / "cat" / "a.png").stat()
    assert copied.st_mtime_ns == 1_500_000_000_123_456_789
    assert not list((folder.parent / "out").rglob("*.part"))


def test_links_are_hard_ones(folder: Path) -> None:
    assert sort(folder, "link").ways == {"link": 3}
    for new, old in SORTED.items():
        assert (folder.parent / "out" / new).samefile(folder / old)
        assert not (folder.parent / "out" / new).is_symlink()
    assert not plan_sorting(
        said_of(folder, ANSWERS), folder, folder.parent / "out", how="link"
    ).steps


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM])
def test_where_no_hard_link_can_be_there_is_a_symbolic_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    report = sort(folder, "link")
    assert report.ways == {"symlink": 3}
    assert (folder.parent / "out" / "dog" / "b.png").readlink() == folder / "x" / "b.png"
    again = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out", how="link")
    assert not again.steps
    assert report.undo_file is not None
    assert undo_sorting(report.undo_file).removed == 3
    assert not (folder.parent / "out").exists()


@pytest.mark.parametrize("far", [False, True])
def test_moves_leave_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, far: bool
) -> None:
    before = listing(folder)
    if far:
        other_device(monkeypatch)
    assert sort(folder, "move").ways == {"move": 3}
    assert listing(folder) == {}
    assert listing(folder.parent / "out") == {new: before[old] for new, old in SORTED.items()}


def test_a_move_to_another_file_system_for_real(folder: Path) -> None:
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == folder.stat().st_dev:
        pytest.skip("there is one file system here")
    before = listing(folder)
    with tempfile.TemporaryDirectory(dir=memory) as far:
        plan = plan_sorting(said_of(folder, ANSWERS), folder, Path(far, "out"), how="move")
        report = carry_out(plan)
        assert listing(folder) == {}
        assert listing(Path(far, "out")) == {new: before[old] for new, old in SORTED.items()}
        assert report.undo_file is not None
        assert undo_sorting(report.undo_file).put_back == 3
        assert listing(folder, hidden=True) == before
        assert not list(Path(far).iterdir())


def test_a_move_that_was_not_written_right_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_device(monkeypatch)
    before = listing(folder)
    monkeypatch.setattr(carry, "file_sha256", lambda _: "0" * 64)
    report = sort(folder, "move")
    assert report.done == 0
    assert {left.reason for left in report.left} == {"What was written is not what was read."}
    assert listing(folder) == before
    assert listing(folder.parent / "out") == {}


def test_a_picture_that_cannot_be_taken_away_is_not_doubled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refuse(self: Path, *args: Any, **options: Any) -> None:
        if self.is_relative_to(folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(self, *args, **options)

    monkeypatch.setattr(Path, "unlink", refuse)
    before = listing(folder)
    assert [left.reason for left in sort(folder, "move").left] == ["Permission denied."] * 3
    other_device(monkeypatch)
    assert sort(folder, "move", "out2").done == 0
    assert listing(folder) == before
    assert listing(folder.parent / "out") == listing(folder.parent / "out2") == {}


def test_a_name_that_is_taken_meanwhile_is_not_replaced(folder: Path) -> None:
    plan = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out")
    make_files(folder.parent / "out", "cat/a.png")
    theirs = listing(folder.parent / "out")
    report = carry_out(plan)
    assert report.left[0].reason == "the name that it was to get is taken by now."
    assert listing(folder.parent / "out")["cat/a.png"] == theirs["cat/a.png"]
    assert report.undo_file is not None
    assert undo_sorting(report.undo_file).kept == ()
    assert listing(folder.parent / "out") == theirs


def test_a_file_system_without_second_names_replaces_nothing_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    before = listing(folder)
    report = sort(folder, "move")
    assert listing(folder.parent / "out") == {new: before[old] for new, old in SORTED.items()}
    with pytest.raises(FileExistsError):
        give_name(folder.parent / "out" / "cat" / "a.png", folder.parent / "out" / "dog" / "b.png")
    assert report.undo_file is not None
    assert undo_sorting(report.undo_file).put_back == 3
    assert listing(folder) == before


@pytest.mark.parametrize("how", ["copy", "move"])
@pytest.mark.parametrize("then", ["finish", "undo"])
def test_a_name_that_was_taken_for_nothing_is_given_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, how: str, then: str
) -> None:
    """Where there are no hard links, an empty file takes the name first."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    before, out = listing(folder), folder.parent / "out"
    monkeypatch.setattr(os, "link", refuse)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            sort(folder, how)
    assert listing(out) == {"cat/a.png": b""}
    if then == "finish":
        sort(folder, how)
        assert sorted(listing(out).values()) == sorted(before.values())
    [file] = out.glob(".zsclip-sort-*.jsonl")
    assert undo_sorting(file).kept == ()
    assert listing(folder) == before
    assert not out.exists()


def test_a_picture_that_is_gone_or_cannot_be_read_does_not_stop_the_others(folder: Path) -> None:
    plan = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out")
    (folder / "a.png").unlink()
    report = carry_out(plan)
    assert report.done == 2
    assert str(report.left[0]) == f"{folder / 'a.png'}: No such file or directory."


def test_a_full_disk_stops_it_and_the_same_command_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Path] = []
    copy_whole = carry.copy_whole

    def fills_up(source: Path, part: Path, **options: bool) -> str:
        if done:
            part.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done.append(source)
        return copy_whole(source, part, **options)

    before = listing(folder)
    with monkeypatch.context() as patch:
        patch.setattr(carry, "copy_whole", fills_up)
        with pytest.raises(
            SortingError, match=r"No space left on device\. 1 of 3 pictures"
        ) as caught:
            sort(folder)
    assert "zsclip sort --undo" in str(caught.value)
    assert listing(folder) == before
    assert set(listing(folder.parent / "out", hidden=True)) >= {"cat/a.png"}
    assert not list((folder.parent / "out").rglob("*.part"))
    report = sort(folder)
    assert report.done == 2
    assert set(listing(folder.parent / "out")) == set(SORTED)
    assert report.undo_file is not None
    assert len(list((folder.parent / "out").glob(".zsclip-sort-*"))) == 1
    assert undo_sorting(report.undo_file).removed == 3
    assert not (folder.parent / "out").exists()


def test_an_undo_file_that_cannot_be_written_stops_it_before_the_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, count = os.write, [0]

    def fails(file: int, data: bytes) -> int:
        count[0] += 1
        if count[0] == 3:
            return write(file, data[: len(data) // 2])
        if count[0] == 4:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return write(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fails)
        with pytest.raises(SortingError, match="cannot be written"):
            sort(folder)
    assert listing(folder.parent / "out") == {}
    assert sort(folder).done == 3  # the line that breaks off is dropped


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    make_files(folder.parent, "file.png")
    with pytest.raises(SortingError, match="Nothing was done"):
        sort(folder, into="file.png/out")


def test_folders_above_are_made_and_removed(folder: Path) -> None:
    report = sort(folder, into="p/q/out")
    assert report.undo_file is not None
    undo_sorting(report.undo_file)
    assert not (folder.parent / "p").exists()


def test_ctrl_c_tells_how_far_it_came(folder: Path) -> None:
    plan = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out")
    seen: list[object] = []

    def after(step: object) -> None:
        seen.append(step)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="2 of 3 pictures are in their places"):
        carry_out(plan, after=after)


@pytest.mark.parametrize(
    "step",
    [
        Step("a.png", "../a.png"),
        Step("a.png", "a.png"),
        Step("../a.png", "cat/a.png"),
        Step("a.png", "cat/a.sh"),
        Step("a.png", ".cat/a.png"),
    ],
)
def test_a_plan_that_was_changed_to_lead_elsewhere_is_refused(folder: Path, step: Step) -> None:
    plan = SortPlan(folder, folder.parent / "out", "move", (Step("x/b.png", "dog/b.png"), step))
    with pytest.raises(ParameterError, match="a step that no plan has"):
        carry_out(plan)
    assert not (folder.parent / "out").exists()


def test_the_folder_may_be_called_otherwise_when_the_rest_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A move that was interrupted between two names is finished, and not done again."""
    plan = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out", how="move")

    class KilledError(Exception):
        pass

    def killed(source: Path, target: Path) -> None:
        os.link(source, target)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(carry, "give_name", killed)
        with pytest.raises(KilledError):
            carry_out(plan)
    (folder.parent / "other").symlink_to(folder)
    other = folder.parent / "other"
    before = listing(folder)
    plan = plan_sorting(said_of(other, ANSWERS), other, folder.parent / "out", how="move")
    report = carry_out(plan)
    assert (report.done, report.left) == (3, ())
    assert listing(folder) == {}
    assert sorted(listing(folder.parent / "out").values()) == sorted(before.values())


def test_two_at_once_are_kept_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fcntl")
    plan = plan_sorting(said_of(folder, ANSWERS), folder, folder.parent / "out")

    def again(_: object) -> None:
        with pytest.raises(SortingError, match="another program is at work"):
            carry_out(plan)
        with pytest.raises(SortingError, match="another program is at work"):
            undo_sorting(next((folder.parent / "out").glob(".zsclip-sort-*.jsonl")))
        seen.append(True)

    seen: list[bool] = []
    assert carry_out(plan, after=again).done == 3
    assert len(seen) == 3


def test_a_damaged_undo_file_of_before_is_told_and_not_written_to(folder: Path) -> None:
    out = folder.parent / "out"
    out.mkdir()
    bad = out / ".zsclip-sort-2020-01-01-000000.jsonl"
    bad.write_text("no\n")
    with pytest.raises(UndoFileError, match="no undo file"):
        sort(folder)
    assert bad.read_text() == "no\n"


def test_every_step_is_on_the_disk_before_it_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing gets its name before its content and the line about it were synchronized."""
    happened: list[str] = []

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            happened.append(name)
            return call(*args, **options)

        return run

    monkeypatch.setattr(os, "fsync", watched("sync", os.fsync))
    monkeypatch.setattr(os, "link", watched("name", os.link))
    sort(folder)
    names = [i for i, name in enumerate(happened) if name == "name"]
    assert len(names) == 3
    assert all(happened[i - 2 : i] == ["sync", "sync"] for i in names)
