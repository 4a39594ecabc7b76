"""Notes beside the embeddings: whole, bounded, and never an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsclip.encoders import notes
from zsclip.encoders.notes import place_of_notes, read_notes, write_notes


def test_what_is_written_is_read(cache_folder: Path) -> None:
    place = place_of_notes("some.json")
    assert place == cache_folder / "some.json"
    assert read_notes(place) == {}
    write_notes(place, {"a": 1})
    assert read_notes(place) == {"a": 1}
    assert place.stat().st_mode & 0o077 == 0 or cache_folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "no", "[1]", "3", "[" * 50_000])
def test_what_is_no_object_holds_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.json"
    file.write_text(text)
    assert read_notes(file) == {}


def test_what_is_too_large_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "some.json"
    write_notes(file, {"a": 1})
    monkeypatch.setattr(notes, "MOST_BYTES", 5)
    assert read_notes(file) == {}


def test_a_folder_that_others_may_write_to_has_no_place(cache_folder: Path) -> None:
    cache_folder.mkdir(parents=True)
    cache_folder.chmod(0o777)
    assert place_of_notes("some.json") is None


def test_what_cannot_be_written_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write_notes(tmp_path / "file" / "some.json", {"a": 1})
    assert (tmp_path / "file").read_bytes() == b""
