"""Pictures under names that somebody gave them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images import ImageSource, Listed, apart, with_name, with_names


def test_what_has_a_name_is_told_apart_from_it() -> None:
    assert apart(with_name(b"abc", "upload-17.png")) == (b"abc", "upload-17.png")
    assert apart(b"abc") == (b"abc", "<bytes, 3 B>")


def test_what_is_secret_in_a_name_is_left_out() -> None:
    assert apart(with_name(b"", "https://me:pw@example.org/a?token=1"))[1] == (
        "https://***@example.org/a?token=***"
    )


@pytest.mark.parametrize("name", [None, b"a.png", 17])
def test_a_name_is_a_text(name: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`source` must be a text"):
        with_name(b"abc", name)


def test_pictures_of_a_list_with_names_of_a_list_stay_listed() -> None:
    listed: Iterator[ImageSource] = Listed([b"a", b"b"])
    named = with_names(listed, ["1", "2"], total=2)
    assert isinstance(named, Listed)
    assert [apart(one) for one in named] == [(b"a", "1"), (b"b", "2")]
    names = (str(i) for i in range(2))  # whose code may write files
    assert not isinstance(with_names(Listed([b"a", b"b"]), names, total=2), Listed)


def test_too_few_names_are_an_error_at_once_where_both_are_known() -> None:
    with pytest.raises(ParameterError, match="there are 3 pictures and 2 names"):
        with_names(iter([b"", b"", b""]), ["a", "b"], total=3)


@pytest.mark.parametrize("names", ["ab", "abcd"])
def test_a_name_that_is_missing_or_too_many_is_an_error_when_it_is_seen(names: str) -> None:
    named = with_names(iter([b"", b"", b""]), iter(names), total=None)
    with pytest.raises(ParameterError, match="must name each picture"):
        list(named)


@pytest.mark.parametrize("names", ["abc", b"abc", 3])
def test_names_are_several(names: Any) -> None:
    with pytest.raises(ParameterTypeError, match="must be names, one for each picture"):
        with_names(iter([b""]), names, total=None)
