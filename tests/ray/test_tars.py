"""Samples of tars."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from zsclip.ray.shards import PICTURE, PROBLEM
from zsclip.ray.tars import Tar


def test_links_are_rows_and_what_is_hidden_is_none(tmp_path: Path) -> None:
    """A tar of a folder in which a file has two names holds one of them as a link."""
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, kind in (
            *(("./._a.png", tarfile.REGTYPE), ("./a.png", tarfile.REGTYPE)),
            *(("./b.png", tarfile.LNKTYPE), ("./c.png", tarfile.SYMTYPE), ("./d", tarfile.DIRTYPE)),
        ):
            about = tarfile.TarInfo(name)
            about.type, about.linkname = kind, "a.png"
            about.size = 3 if kind == tarfile.REGTYPE else 0
            tar.addfile(about, io.BytesIO(b"png"))
    read = Tar(
        str(tmp_path / "a.tar"), 0, None, "id", strict=False, most_bytes=9, problem=None
    )  # fmt: skip
    (rows,) = read
    assert rows.column("member").to_pylist() == ["./a.png", "./b.png", "./c.png"]
    assert rows.column(PICTURE).to_pylist() == [b"png", None, None]
    link = "It is a link to 'a.png', and no file of its own."
    assert rows.column(PROBLEM).to_pylist() == [None, link, link]
