"""Undo files that two programs write to: what one of them wrote is lost to neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from sorted_pictures import make_files, said_of

from zsclip.errors import SortingError
from zsclip.sorting import carry_out, plan_sorting
from zsclip.sorting.journal import writing
from zsclip.sorting.reading import find_interrupted


def test_what_another_program_wrote_since_it_was_read_is_not_cut_off(tmp_path: Path) -> None:
    folder, out = make_files(tmp_path / "in", "a.png", "b.png"), tmp_path / "out"
    plan = plan_sorting(said_of(folder, {"a.png": "cat", "b.png": "dog"}), folder, out)

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(plan, after=stop)
    read = find_interrupted(folder, out, "copy")
    assert read is not None
    carry_out(plan_sorting(said_of(folder, {"b.png": "dog"}), folder, out))
    whole = read.path.read_bytes()
    with (
        pytest.raises(SortingError, match="another program is at work"),
        writing(folder, out, "copy", 0, read),
    ):
        pass
    assert read.path.read_bytes() == whole
