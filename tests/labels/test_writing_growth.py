"""A label-set file with much prose: written in time by its length."""

from __future__ import annotations

from pathlib import Path

from growth import run_limited


def test_prose_of_megabytes_is_broken_into_lines_in_one_go(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from zsclip.labels import LabelSet
pets = LabelSet.from_names(["cat", "dog"], name="pets")
source = "word " * 400_000 + "end"
Path("pets.toml").write_text(pets.to_toml(license="MIT", source=source))
print(LabelSet.from_toml("pets.toml").source == source)
"""
    assert run_limited(program, folder=tmp_path) == "True\n"
