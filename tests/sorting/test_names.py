"""Labels as folder names, and names with numbers."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.files import is_system_folder
from zsclip.sorting import folder_names
from zsclip.sorting.names import FAILED, NONE, is_inner, name_key, numbered


@given(st.lists(st.text(max_size=300) | st.sampled_from(["a", "A", "a-2", "..", "con.x", FAILED])))
def test_folder_names_can_be_made_anywhere_and_are_all_apart(labels: list[str]) -> None:
    names = folder_names(labels)
    assert len(names) == len(labels)
    keys = [name_key(name) for name in names]
    assert len({*keys, name_key(NONE), name_key(FAILED)}) == len(labels) + 2
    for name in names:
        assert name.isprintable()
        assert len(name.encode()) <= 255
        assert not set(name) & set('/\\:*?"<>|')
        assert name == name.strip(" ")
        assert not name.endswith(".")
        assert not is_system_folder(name)
        assert name.partition(".")[0].lower() not in ("con", "aux", "nul", "prn", "com1", "lpt9")
        assert unicodedata.is_normalized("NFC", name)
    assert folder_names(labels) == names


def test_a_label_that_can_be_a_folder_keeps_its_name_whatever_comes_before() -> None:
    assert folder_names(["a/b", "a_b", "Fox", "fox"]) == ["a_b-2", "a_b", "Fox", "fox-2"]
    assert folder_names(["red fox", "CON", "nul.txt"]) == ["red fox", "_CON", "_nul.txt"]


def test_ten_thousand_labels_that_come_to_one_name_are_numbered_at_once() -> None:
    assert folder_names(["/"] * 10_000)[-1] == "_-10000"


def test_a_number_goes_before_the_suffix_and_the_name_stays_in_bounds() -> None:
    assert numbered("a.b.png", 2) == "a.b-2.png"
    long = numbered("ü" * 126 + ".png", 12)
    assert len(long.encode()) <= 255
    assert long.endswith("ü-12.png")
    assert numbered("caf\udce9.png", 2) == "caf\udce9-2.png"


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "a//b", "a/../b", "/a", ".ssh/a", "a/.b", "a\0b", "a/", "$RECYCLE.BIN/a"],
)
def test_what_leads_elsewhere_is_no_inner_path(path: str) -> None:
    assert not is_inner(path.replace("/", os.sep))
