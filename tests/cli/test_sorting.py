"""`zsclip sort`, from the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sorted_pictures import listing

import zsclip.sorting
from zsclip.cli import sorting

Run = Callable[..., Result]
OPTIONS = ("--labels", "frog,fish", "--model", "tiny-cartoon", "--no-progress")


def test_pictures_are_sorted_and_put_back(run: Run, pictures: Path) -> None:
    before = listing(pictures)
    into = pictures.parent / "sorted"
    done = run("sort", pictures, "--into", into, *OPTIONS)
    assert done.exit_code == 1  # one of them is none
    assert set(listing(into)) == {"fish/a fish.png", "frog/frog.png", "_failed/b.jpg"}
    assert "fish            1" in done.stdout
    assert "3 copied." in done.stdout
    assert "1 of 3 could not be classified." in done.stderr
    command = done.stdout.splitlines()[-1].removeprefix("To take it back: zsclip ")
    undone = run(*command.split())
    assert (undone.exit_code, undone.stdout) == (0, "3 copies and links removed.\n")
    assert listing(pictures) == before
    assert not into.exists()


def test_a_dry_run_tells_and_does_nothing(run: Run, pictures: Path) -> None:
    into = pictures / "sorted"
    told = run("sort", pictures, "--into", into, *OPTIONS, "--dry-run")
    assert told.stdout.splitlines()[:3] == [
        "a fish.png -> fish/a fish.png",
        "b.jpg -> _failed/b.jpg",
        f"{Path('below', 'frog.png')} -> {Path('frog', 'frog.png')}",
    ]
    assert not into.exists()


def test_moving_leaves_what_cannot_be_read(run: Run, pictures: Path) -> None:
    into = pictures / "sorted"
    done = run("sort", pictures, "--into", into, *OPTIONS, "--move")
    assert done.exit_code == 1
    assert set(listing(pictures)) == {"b.jpg", "sorted/fish/a fish.png", "sorted/frog/frog.png"}
    assert "It is not moved." in done.stderr
    assert "1 stays where it was." in done.stderr
    again = run("sort", pictures, "--into", into, *OPTIONS, "--move")
    assert "Nothing was done." in again.stdout


def test_a_move_that_was_interrupted_when_all_was_done_is_finished(
    run: Run, pictures: Path
) -> None:
    into = pictures.parent / "sorted"
    again = (str(pictures), "--into", str(into), "--move", *OPTIONS)
    (pictures / "b.jpg").unlink()
    run("sort", *again)
    [file] = into.glob(".zsclip-sort-*.jsonl")
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))  # killed before it
    finished = run("sort", *again)
    assert finished.exit_code == 0, finished.stderr
    assert f"To take it back: zsclip sort --undo {file}" in finished.stdout
    assert "There is no picture to sort" in run("sort", *again).stderr


def test_what_was_changed_stays_and_the_status_tells(run: Run, pictures: Path) -> None:
    into = pictures.parent / "sorted"
    run("sort", pictures, "--into", into, *OPTIONS, "--link")
    (into / "frog" / "frog.png").unlink()
    (into / "frog" / "frog.png").write_text("mine")
    [file] = into.glob(".zsclip-sort-*")
    undone = run("sort", "--undo", file)
    assert undone.exit_code == 1
    assert "it has changed since, and stays." in undone.stderr
    assert "1 could not be undone; the undo file stays." in undone.stderr


def test_several_labels_and_groups(run: Run, pictures: Path, install: Callable[..., None]) -> None:
    install()
    into = pictures.parent / "sorted"
    told = run(
        *("sort", pictures, "--into", into, *OPTIONS, "--multi-label", "--above", "0", "--dry-run")
    )
    assert "a fish.png -> frog/a fish.png" in told.stdout
    assert "a fish.png -> fish/a fish.png" in told.stdout
    told = run(
        *("sort", pictures, "--into", into, "--labels", "garden", "--model", "tiny-cartoon"),
        *("--deepest", "0.000001", "--dry-run"),
    )
    assert "a fish.png -> " in told.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Name the FOLDER to sort"),
        (("x",), "Name the FOLDER to sort"),
        (("--into", "y"), "Name the FOLDER to sort"),
        (("--undo", "f", "--move"), "--undo goes alone"),
        (("x", "--undo", "f"), "--undo goes alone"),
        (("--undo", "f"), "There is no undo file 'f'"),
        (("x", "--into", "y", *OPTIONS), "there is no such folder"),
        ((".", "--into", ".", *OPTIONS), "must be another one than"),
        (("empty", "--into", "y", *OPTIONS), "There is no picture to sort"),
        (("empty", "--into", "y", *OPTIONS, "--multi-label", "--move"), "cannot be moved into"),
        (("empty", "--into", "y", *OPTIONS, "--above", "0.5"), "--above takes --multi-label"),
        (("empty", "--into", "y", *OPTIONS, "--multi-label", "--deepest", "0.5"), "--deepest adds"),
    ],
)
def test_what_cannot_be_sorted_so(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    done = run("sort", *args)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "y").exists()


def test_ctrl_c_while_it_looks_at_pictures(
    run: Run, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(results: Any, *_: object, **__: object) -> None:
        next(iter(results))
        raise KeyboardInterrupt

    monkeypatch.setattr(zsclip.sorting, "plan_sorting", interrupted)
    done = run("sort", pictures, "--into", pictures.parent / "sorted", *OPTIONS)
    assert done.exit_code == 130
    assert "Nothing was sorted; what was computed is in the cache." in done.stderr


def test_the_command_that_takes_it_back_can_be_copied_into_a_shell_of_either_kind() -> None:
    assert sorting._quoted("my photos/undo.jsonl") == "'my photos/undo.jsonl'"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "name", "nt")
        quoted = sorting._quoted(r"C:\my photos\undo.jsonl")
    assert quoted == r'"C:\my photos\undo.jsonl"'
