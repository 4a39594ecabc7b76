"""Keys without collisions, and stamps of files."""

from __future__ import annotations

import hashlib
import os
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
    assert (linked.size, linked.mtime_ns) == (plain.size, plain.mtime_ns)


def test_what_is_no_plain_file_has_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "gone", tmp_path / "pipe", "\0", tmp_path / ("x" * 5000)):
        assert FileStamp.of(path) is None
    with pytest.raises(ParameterTypeError, match="`path` must be a path, got int"):
        FileStamp.of(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(("age", "settled"), [(0, False), (1.9, False), (2, True), (-5, False)])
def test_a_file_that_has_just_changed_is_not_settled(age: float, settled: bool) -> None:
    now = 10**18
    assert FileStamp("/fox.png", 5, now - int(age * 1e9), now).settled is settled
