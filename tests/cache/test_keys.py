"""Keys without collisions, and stamps of files."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.cache import FileStamp, make_key
from zsclip.errors import ParameterTypeError

PART = st.one_of(st.text(alphabet=st.characters(exclude_categories=())), st.binary())
PARTS = st.lists(PART, max_size=4).map(tuple)


@given(PARTS, PARTS)
def test_keys_are_equal_where_the_parts_are(one: tuple[Any, ...], two: tuple[Any, ...]) -> None:
    assert (make_key(*one) == make_key(*two)) == (one == two)


@given(PARTS, PARTS)
def test_where_one_part_ends_counts(one: tuple[Any, ...], two: tuple[Any, ...]) -> None:
    key = make_key(*one, *two)
    assert len(key) == 32
    assert key != make_key(make_key(*one), make_key(*two))
    assert key != make_key(*one, *two, "")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a",), (b"a",)),
        (("a",), ("a", "")),
        ((), ("",)),
        (("a", "b"), ("b", "a")),
        (("é",), ("e\u0301",)),
    ],
)
def test_parts_that_look_alike(one: tuple[Any, ...], two: tuple[Any, ...]) -> None:
    assert make_key(*one) != make_key(*two)


def test_a_key_stays_what_it_is() -> None:
    """Caches outlive the version that filled them."""
    written = b"b\x02\0\0\0\0\0\0\0ab" + b"s\x02\0\0\0\0\0\0\0\xc3\xa9"
    assert make_key(b"ab", "é") == hashlib.sha256(written).digest()


@pytest.mark.parametrize("part", [1, None, bytearray(b"a"), ["a"]])
def test_a_part_of_another_type(part: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`parts` must be text or bytes, got"):
        make_key("a", part)


# ----------------------------------------------------------------------------------------- stamps


@pytest.mark.usefixtures("plain_stamps")
def test_a_stamp_is_equal_as_long_as_the_file_is(tmp_path: Path) -> None:
    file = tmp_path / "fox.png"
    file.write_bytes(b"a fox")
    os.utime(file, ns=(0, 10**18))
    stamp = FileStamp.of(file)
    assert stamp == FileStamp(str(file), 5, 10**18)
    assert stamp == FileStamp.of(str(file))
    assert hash(stamp) == hash(FileStamp.of(file))
    os.utime(file, ns=(0, 10**18 + 1))
    assert stamp != FileStamp.of(file)
    file.write_bytes(b"two foxes")
    os.utime(file, ns=(0, 10**18))
    assert stamp != FileStamp.of(file)


def test_a_path_is_absolute_and_a_link_stands_for_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fox.png").write_bytes(b"a fox")
    (tmp_path / "link.png").symlink_to("fox.png")
    monkeypatch.chdir(tmp_path)
    linked, plain = FileStamp.of("link.png"), FileStamp.of("./fox.png")
    assert linked is not None
    assert plain is not None
    assert plain.path == str(tmp_path / "fox.png")
    assert linked.path == str(tmp_path / "link.png")
    assert dataclasses.replace(linked, path=plain.path) == plain


def test_what_is_no_plain_file_has_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "gone", tmp_path / "pipe", "\0", tmp_path / ("x" * 5000)):
        assert FileStamp.of(path) is None
    with pytest.raises(ParameterTypeError, match="`path` must be a path, got int"):
        FileStamp.of(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(("age", "settled"), [(0, False), (1.9, False), (2, True), (-5, False)])
def test_a_file_that_has_just_changed_is_not_settled(age: float, settled: bool) -> None:
    now = 10**18
    then = now - int(age * 1e9)
    assert FileStamp("/fox.png", 5, then, now).settled is settled
    assert FileStamp("/fox.png", 5, 10**17, now, ctime_ns=then).settled is settled


# What gives a path other content, of the same length and time.


def renamed(file: Path, other: Path) -> None:
    other.rename(file)


def copied_over(file: Path, other: Path) -> None:
    """``cp -p``: the same inode, and the time of the other file."""
    shutil.copy2(other, file)


def linked_elsewhere(file: Path, other: Path) -> None:
    """``ln -sfn``."""
    file.unlink()
    file.symlink_to(other)


def written_in_place(file: Path, other: Path) -> None:
    file.write_bytes(other.read_bytes())
    os.utime(file, ns=(0, 10**18))


def hard_linked(file: Path, other: Path) -> None:
    file.unlink()
    os.link(other, file)


@pytest.mark.parametrize(
    "change", [renamed, copied_over, linked_elsewhere, written_in_place, hard_linked]
)
def test_another_file_under_the_same_name_has_another_stamp(
    tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    file, other = tmp_path / "fox.png", tmp_path / "owl.png"
    for path, content in ((file, b"a fox"), (other, b"a owl")):
        path.write_bytes(content)
        os.utime(path, ns=(0, 10**18))
    before = FileStamp.of(file)
    wait_for_a_tick(file)
    change(file, other)
    after = FileStamp.of(file)
    assert file.read_bytes() == b"a owl"
    assert after is not None
    assert before is not None
    assert (after.size, after.mtime_ns) == (before.size, before.mtime_ns)
    assert after != before
    assert after.text != before.text


def wait_for_a_tick(file: Path) -> None:
    """Until the clock by which the file system notes changes has gone on."""
    probe = file.with_name("probe")
    probe.touch()
    while probe.stat().st_ctime_ns <= file.stat().st_ctime_ns:
        probe.touch()


def test_the_text_of_a_stamp_holds_all_but_the_path_and_when_it_was_taken() -> None:
    stamp = FileStamp("/fox.png", 5, 10**18, 2 * 10**18, ctime_ns=10**18 + 1, inode=7)
    assert stamp.text == b"5 1000000000000000000 1000000000000000001 7"
