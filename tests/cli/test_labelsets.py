"""`zsclip labelsets`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from growth import run_limited

from zsclip import LabelSet, check_labelset

Run = Callable[..., Result]
Install = Callable[..., None]

BROKEN = """
schema = 1
name = "garden"
license = ""
source = "own work"
labels = ["robin", "Robin"]
"""


def test_list_tells_name_size_and_origin(run: Run, install: Install) -> None:
    install()
    result = run("labelsets", "list")
    assert result.exit_code == 0
    head, _, *rows = result.stdout.splitlines()
    assert head.split() == ["name", "labels", "title", "distribution", "version"]
    title = ["Birds", "of", "the", "garden"]
    assert ["garden", "3", *title, "test-garden", "1.2"] in [row.split() for row in rows]
    assert rows[-1] == "More of one: zsclip labelsets show NAME"
    assert all(line == line.rstrip() for line in result.stdout.splitlines())


def test_list_shows_a_broken_set_with_the_reason_and_the_others(run: Run, install: Install) -> None:
    install("test-garden", toml=BROKEN)
    install("test-pond", name="pond", toml=BROKEN.replace("Robin", "duck").replace('""', '"MIT"'))
    result = run("labelsets", "list")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["garden", "broken;", "see", "below", "test-garden", "1.2"] in rows
    assert "R9" in result.stdout
    # its file names another set
    assert ["pond", "broken;", "see", "below", "test-pond", "1.2"] in rows
    assert "R3" in result.stdout


def test_list_tells_of_a_collision_once(run: Run, install: Install) -> None:
    install("test-one")
    install("test-two")
    text = run("labelsets", "list").stdout
    assert text.count("broken; see below") == 2
    assert text.count("2 installed distributions offer a label set 'garden'.") == 1


def test_label_sets_are_listed_as_json(run: Run, install: Install) -> None:
    install()
    rows = json.loads(run("labelsets", "list", "--format", "json").stdout)
    [row] = [row for row in rows if row["name"] == "garden"]
    assert row == {
        "name": "garden",
        "title": "Birds of the garden",
        "labels": 3,
        "templates": 1,
        "language": "",
        "license": "CC0-1.0",
        "distribution": "test-garden",
        "version": "1.2",
        "package": "test_garden",
        "error": None,
    }


def test_list_with_nothing_installed_says_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zsclip.labels.list_labelsets", list)
    result = run("labelsets", "list")
    assert result.exit_code == 0
    assert "pip install zsclip-labels-cartoon-animals" in result.stdout


def test_list_breaks_no_name_on_a_common_terminal(
    run: Run, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("zsclip-labels-birds-of-gardens", name="garden")
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("labelsets", "list").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("zsclip-labels-birds-of-gardens  1.2" in line for line in lines)
    monkeypatch.setenv("COLUMNS", "40")
    text = "".join(line[-20:] for line in run("labelsets", "list").stdout.splitlines())
    assert "…" not in text


def test_show_tells_everything_about_a_set(run: Run, install: Install) -> None:
    install()
    result = run("labelsets", "show", "garden")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for line in (
        "Birds of the garden",
        "License CC0-1.0",
        "Source own work",
        "Labels 3 in 2 groups",
        "Distribution test-garden 1.2",
        "File test_garden/garden.toml",
        "a photo of a {}.",
        "Prompts, 4 of 4",
        "a photo of a redbreast.",
        "a photo of a cat [indoors].",
    ):
        assert line in lines
    tree = [line for line in result.stdout.splitlines() if line.startswith("  ")]
    top = tree.index("  bird")
    assert tree[top + 1 : top + 5] == [
        "  ├── tit",
        "  │   └── blue tit [tit-blue]",
        "  └── robin: redbreast",
        "  cat [indoors]",
    ]


def test_show_reads_a_file_and_names_an_unknown_set(
    run: Run, install: Install, tmp_path: Path
) -> None:
    install()
    path = tmp_path / "site-test_garden" / "test_garden" / "garden.toml"
    assert "Birds of the garden" in run("labelsets", "show", path).stdout
    result = run("labelsets", "show", "gardens")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: No installed label set is named 'gardens'.")
    assert "Did you mean 'garden'?" in result.stderr


def test_show_takes_parts_and_several_sets_with_the_files_of_each(
    run: Run, install: Install, tmp_path: Path
) -> None:
    install()
    (tmp_path / "pets.txt").write_text("cat\ndog\n")
    result = run("labelsets", "show", f"garden/bird+{tmp_path}/pets.txt")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "garden/bird+pets" in lines
    assert "File test_garden/garden.toml" in lines
    assert sum(line.startswith("SHA-256 ") for line in lines) == 2
    assert "License" not in result.stdout  # which nobody said for the file
    assert "none: each label has complete prompts" not in lines  # a cat and a dog have none
    result = run("labelsets", "show", "garden/tit+garden/robin")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "Labels 2 in 2 groups" in lines
    assert "a photo of a {}." in lines  # both parts have the same


def test_show_of_complete_prompts_and_of_one_group(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "cars.csv"
    table.write_text("name,prompts,parent\ncar,a car|an automobile,road\nbus,a bus,road\n")
    lines = [" ".join(li.split()) for li in run("labelsets", "show", table).stdout.splitlines()]
    assert "Labels 2 in 1 group" in lines
    assert "none: each label has complete prompts" in lines


def test_show_tells_what_stands_for_none_of_the_labels(run: Run, tmp_path: Path) -> None:
    birds = LabelSet.from_names(["wren", "owl"], name="birds")
    path = tmp_path / "birds.toml"
    path.write_text(birds.to_toml(license="MIT", source="own"), encoding="utf-8")
    assert "Null prompts" not in run("labelsets", "show", path).stdout
    own = dataclasses.replace(birds, null_prompts=("an empty garden.",))
    path.write_text(own.to_toml(license="MIT", source="own"), encoding="utf-8")
    shown = run("labelsets", "show", path).stdout
    assert "Null prompts\n  an empty garden.\n" in "\n".join(
        line.rstrip() for line in shown.splitlines()
    )


def test_check_prints_every_problem_and_fails(run: Run, install: Install) -> None:
    install("test-garden", toml=BROKEN)
    result = run("labelsets", "check", "garden")
    assert result.exit_code == 1
    *problems, count = result.stdout.splitlines()
    assert problems == check_labelset("garden")
    assert [problem.split()[0] for problem in problems] == ["R6", "R9"]
    assert count == "garden: 2 problems."


def test_check_of_a_good_set_and_of_a_file(run: Run, install: Install, tmp_path: Path) -> None:
    install()
    assert run("labelsets", "check", "garden").stdout == "garden: no problems.\n"
    path = tmp_path / "broken.toml"
    path.write_text(BROKEN.replace("Robin", "wren"))
    result = run("labelsets", "check", path)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == f"{path}: 1 problem."


def test_check_with_a_model_finds_prompts_that_are_too_long(run: Run, install: Install) -> None:
    long = "very " * 80 + "small bird"
    install("test-garden", toml=BROKEN.replace("Robin", long).replace('""', '"MIT"'))
    assert run("labelsets", "check", "garden").exit_code == 0
    result = run("labelsets", "check", "garden", "--model", "tiny-cartoon")
    assert result.exit_code == 1
    assert result.stdout.startswith("R10 ")
    assert run("labelsets", "check", "garden", "--model", "tiny").exit_code == 2


def test_check_of_what_is_not_there(run: Run) -> None:
    for name in ("nothing-of-this-name", "nowhere/set.toml"):
        result = run("labelsets", "check", name)
        assert result.exit_code == 2
        assert result.stderr.startswith("Error: ")


def test_show_counts_prompts_and_makes_the_first(tmp_path: Path) -> None:
    head = 'schema = 1\nname = "many"\nlicense = "MIT"\nsource = "own"\n'
    templates = ", ".join(f'"{{}} {i}"' for i in range(1000))
    labels = ", ".join(f'"n{i}"' for i in range(10_000))
    (tmp_path / "many.toml").write_text(f"{head}templates = [{templates}]\nlabels = [{labels}]\n")
    program = """
from unittest.mock import patch
from zsclip.cli.labelsets import labelsets
from zsclip.labels import Label
with patch.object(Label, "prompts_with", autospec=True, side_effect=Label.prompts_with) as made:
    labelsets(["show", "many.toml"], standalone_mode=False)
assert made.call_count < 10
"""
    assert "Prompts, 5 of 10,000,000" in run_limited(program, folder=tmp_path)


def test_show_draws_groups_as_deep_as_people_read(tmp_path: Path) -> None:
    head = 'schema = 1\nname = "deep"\nlicense = "MIT"\nsource = "own"\nlabels = ["a", "b"]\n'
    groups = ", ".join(f'{{ id = "g{i}", parent = "g{i + 1}" }}' for i in range(20_000))
    (tmp_path / "deep.toml").write_text(f'{head}groups = [{groups}, "g20000"]\n')
    program = """
from zsclip.cli.labelsets import labelsets
labelsets(["show", "deep.toml"], standalone_mode=False)
"""
    printed = run_limited(program, folder=tmp_path)
    assert "── g19981\n" in printed
    assert "── … 1 and what is below\n" in printed
    assert "g19980" not in printed
