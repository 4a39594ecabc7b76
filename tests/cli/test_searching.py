"""`zsclip search`, from the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
MODEL = ("--model", "tiny-cartoon", "--no-progress")


def test_the_nearest_picture_is_printed_first(run: Run, pictures: Path) -> None:
    found = run("search", pictures, "a green frog", *MODEL)
    assert found.exit_code == 1  # one file is no picture
    head, first, second = found.stdout.splitlines()
    assert head == "similarity  picture"
    assert first.endswith(str(Path("below", "frog.png")))
    assert second.endswith("a fish.png")
    assert "1 of 3 could not be compared." in found.stderr
    assert "Cannot read the picture" in found.stderr


def test_formats_of_what_was_found(
    run: Run, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pictures.parent)
    options = ("search", pictures.name, "a frog", "--like", pictures / "a fish.png", *MODEL)
    found = json.loads(run(*options, "--not", "a fox", "--format", "json").stdout)
    assert [Path(match["source"]).name for match in found["matches"]] == ["a fish.png", "frog.png"]
    assert found["searched"] == 2
    (pictures / "a fish.png").rename(pictures / 'a\n"fish".png')
    rows = list(
        csv.reader(
            run(
                "search", pictures.name, "fish", *MODEL, "-k", "1", "--format", "csv"
            ).stdout.splitlines(True)
        )
    )
    assert rows[0] == ["rank", "similarity", "source"]
    assert rows[1][0] == "1"
    assert rows[1][2] == "pictures/" + 'a\n"fish".png'  # as classify has it


def test_a_folder_that_was_found_in_is_no_formula(
    run: Run, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pictures.parent)
    pictures.rename("=1+1")
    found = run("search", "=1+1", "a frog", *MODEL, "--format", "csv").stdout
    sources = [row["source"] for row in csv.DictReader(io.StringIO(found))]
    assert len(sources) == 2
    assert all(source.startswith("./=1+1/") and Path(source).is_file() for source in sources)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("pictures",), "Nothing is searched for"),
        (("pictures", "--not", "a fox"), "Nothing is searched for"),
        (("nowhere", "a fox"), "there is no such folder"),
        (("empty", "a fox"), "There is no picture to search"),
        (("pictures", "--like", "missing.png"), "missing.png"),
        (("pictures", "a fox", "-k", "0"), "0 is not in the range"),
    ],
)
def test_what_cannot_be_found_so(
    run: Run,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(pictures.parent)
    Path("empty").mkdir()
    done = run("search", *args, *MODEL)
    assert done.exit_code == 2
    assert message in done.stderr


def test_the_bar_of_a_search_is_on_standard_error(run: Run, pictures: Path) -> None:
    found = run("search", pictures, "a frog", "--model", "tiny-cartoon", "--progress")
    assert "3/3" in found.stderr
    assert "pictures" not in found.stdout.splitlines()[0]
