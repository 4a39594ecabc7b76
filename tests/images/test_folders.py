"""The rows of docs/pictures.md about folders."""

from __future__ import annotations

import inspect
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zsclip.errors import ImageError
from zsclip.images import find_pictures


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_pictures(folder)]


def test_row_find_order(tmp_path: Path) -> None:
    names = ["1.png", "2.png", "10.png", "A1.png", "a2/9.png", "a2/10.png", "A10.png", "b.png"]
    fill(tmp_path, *reversed(names))
    assert found(tmp_path) == names
    assert found(tmp_path) == names
    fill(tmp_path, "a01.png", "a1.png")  # equal but for case and zeros: by their characters
    assert found(tmp_path)[3:6] == ["A1.png", "a01.png", "a1.png"]


def test_row_find_suffixes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wanted = ["a.png", "b.JPG", "c.jpeg", "d.webp", "e.gif", "f.tif", "g.bmp", "h.ppm", "i.ico"]
    fill(
        tmp_path, *wanted, "j.txt", "k.pdf", "l.svg", "m.eps", "n.mp4", "o.mpg", "png", "p.png.txt"
    )
    assert found(tmp_path) == wanted
    assert not caplog.records


@pytest.mark.usefixtures("without_heif")
def test_row_find_heic(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, "a.heic", "b/c.HEIF", "d.png")
    with caplog.at_level(logging.WARNING, logger="zsclip"):
        assert found(tmp_path) == ["d.png"]
    [record] = caplog.records
    assert "Passed over 2 HEIC files" in record.getMessage()
    assert 'pip install "zsclip[formats]"' in record.getMessage()


def test_row_find_hidden(tmp_path: Path) -> None:
    hidden = tmp_path / ".hidden"  # named by the caller, who therefore means it
    fill(hidden, "a.png", ".b.png", ".c/d.png", "._a.png")
    assert found(hidden) == ["a.png"]
    assert found(tmp_path) == []


SYSTEM = [
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    "$Recycle.Bin",
    "System Volume Information",
    "__MACOSX",
    "lost+found",
    ".Trash-1000",
    "@Recycle",
    "@Recently-Snapshot",
    "#snapshot",
    "LOST.DIR",
    "__pycache__",
]


def test_row_find_system(tmp_path: Path) -> None:
    fill(tmp_path, "fox.png", "den/cub.png", *(f"{name}/fox.png" for name in SYSTEM))
    fill(tmp_path, "den/@eaDir/fox.png/SYNOPHOTO_THUMB_M.jpg", "eaDir/1.png", "recycle/1.png")
    assert found(tmp_path) == ["den/cub.png", "eaDir/1.png", "fox.png", "recycle/1.png"]
    assert found(tmp_path / "#recycle") == ["fox.png"]  # named by the caller, who means it


def test_row_find_links(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    fill(root, "a/1.png", "z/2.png")
    fill(outside, "3.png")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to("self")
    (root / "b").symlink_to(outside)
    (root / "c").symlink_to(outside)
    (root / "link.png").symlink_to(outside / "3.png")
    (root / "broken.png").symlink_to(tmp_path / "nowhere")
    (outside / "back").symlink_to(root)
    assert found(root) == ["a/1.png", "b/3.png", "link.png", "z/2.png"]
    (outside / "around").symlink_to(tmp_path.parent)  # all that lies beside the root
    (root / "around").symlink_to(tmp_path)
    assert found(root) == ["a/1.png", "b/3.png", "link.png", "z/2.png"]
    # Two folders that point at each other, and a tree that would double with each level.
    mesh = tmp_path / "mesh"
    for name in "abcdefgh":
        fill(mesh, f"{name}/{name}.png")
    for one in "abcdefgh":
        for other in "abcdefgh":
            (mesh / one / f"to-{other}").symlink_to(mesh / other)
    paths = found(mesh)
    assert {f"{name}/{name}.png" for name in "abcdefgh"} <= set(paths)
    assert len(paths) <= 16


def test_row_find_deep(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 200)
    fill(deep, "1.png")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)  # fewer calls than there are levels
    try:
        assert list(find_pictures(tmp_path)) == [deep / "1.png"]
    finally:
        sys.setrecursionlimit(limit)


def test_row_find_unreadable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a/1.png", "b/2.png", "c/3.png")
    scandir = os.scandir

    def guarded(path: Any) -> Iterator[os.DirEntry[str]]:
        # as for who is not the administrator; pytest, which clears up, asks by a number
        if not isinstance(path, int) and os.fspath(path).endswith("b"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with caplog.at_level(logging.WARNING, logger="zsclip"):
        assert found(tmp_path) == ["a/1.png", "c/3.png"]
    [record] = caplog.records
    assert record.getMessage() == f"Passed over {tmp_path / 'b'}: Permission denied"
    with pytest.raises(ImageError, match="cannot be opened"):
        find_pictures(tmp_path / "b")


def test_row_find_missing(tmp_path: Path) -> None:
    fill(tmp_path, "fox.png")
    with pytest.raises(ImageError, match="there is no such folder"):
        find_pictures(tmp_path / "foxes")  # at once, and not when the first one is asked for
    with pytest.raises(ImageError, match="it is not a folder"):
        find_pictures(tmp_path / "fox.png")
    assert list(find_pictures(str(tmp_path))) == [tmp_path / "fox.png"]
