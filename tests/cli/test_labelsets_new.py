"""`zsclip labelsets new`, and `check` over everything that it makes and more."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zsclip.labels import LabelSet

Run = Callable[..., Result]

TWINS = """
schema = 1
name = "twins"
license = "CC0-1.0"
source = "own work"
templates = ["a cartoon {}."]
labels = ["sea lion", "sea lion!", "horse "]
"""


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_new_tells_what_it_did_line_by_line(run: Run) -> None:
    Path("names.txt").write_text("# garden\nrobin \n\nBlue_Tit\nwren\n")
    result = run(
        "labelsets", "new", "birds", "--from", "names.txt", "-t", "a {}.", "--license", "mit"
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "names.txt: 5 lines, 3 labels",
        "  line 1: a comment, skipped",
        "  line 2: white space removed around 'robin'",
        "  line 3: blank, skipped",
        "  line 4: 'Blue_Tit' is called 'Blue Tit'; its id stays",
        "No source was given: it says 'The names in names.txt'. Say where the names come from.",
        "birds/",
        "  pyproject.toml",
        "  README.md",
        "  LICENSE",
        "  zsclip_labels_birds/__init__.py",
        "  zsclip_labels_birds/birds.toml",
        "  tests/test_labelset.py",
        "Try it: pip install -e ./birds/ and zsclip labelsets show birds",
    ]
    labelset = LabelSet.from_toml("birds/zsclip_labels_birds/birds.toml")
    assert labelset.ids == ("robin", "Blue_Tit", "wren")
    assert (labelset.license, labelset.templates) == ("MIT", ("a {}.",))
    assert run("labelsets", "check", "birds/").stdout == "birds/: no problems.\n"


def test_new_refuses_what_it_cannot_take(run: Run) -> None:
    Path("names.txt").write_text("robin\nwren\n\nRobin\n")
    result = run("labelsets", "new", "birds", "--from", "names.txt")
    assert result.exit_code == 2
    assert "line 4: 'Robin' belongs to 'robin' (line 1)" in result.stderr
    assert not Path("birds").exists()
    result = run("labelsets", "new", "Garden Birds")
    assert result.exit_code == 2
    assert result.stderr.endswith("Try 'garden-birds'.\n")
    Path("birds").mkdir()
    result = run("labelsets", "new", "birds")
    assert result.exit_code == 2
    assert "'birds' is there already, and nothing is overwritten." in result.stderr
    assert list(Path("birds").iterdir()) == []


def test_new_makes_its_folder_where_it_is_told(run: Run, tmp_path: Path) -> None:
    result = run("labelsets", "new", "birds", "--into", tmp_path / "a" / "b")
    assert result.exit_code == 0
    assert (tmp_path / "a" / "b" / "birds" / "pyproject.toml").is_file()
    assert f"pip install -e {tmp_path / 'a' / 'b' / 'birds'}" in result.stdout


def test_check_of_a_folder_and_of_a_wheel(run: Run) -> None:
    run("labelsets", "new", "birds")
    Path("birds/zsclip_labels_birds/birds.toml").unlink()
    result = run("labelsets", "check", "./birds")
    assert result.exit_code == 1
    problem, count = result.stdout.splitlines()
    assert problem.startswith("zsclip_labels_birds/birds.toml: D4 file: is missing")
    assert count == "./birds: 1 problem."
    with zipfile.ZipFile("zsclip_labels_birds-0.1.0-py3-none-any.whl", "w"):
        pass
    result = run("labelsets", "check", "zsclip_labels_birds-0.1.0-py3-none-any.whl")
    assert result.exit_code == 1
    assert "must hold one .dist-info folder, got none" in result.stdout


def test_check_as_json(run: Run) -> None:
    run("labelsets", "new", "birds")
    result = run("labelsets", "check", "birds/", "--format", "json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told == {"target": "birds/", "ok": True, "labelsets": ["birds"], "problems": []}
    file = Path("birds/zsclip_labels_birds/birds.toml")
    file.write_text(file.read_text().replace('"wood pigeon"', '"Robin"'))
    result = run("labelsets", "check", "birds/", "--format", "json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["ok"], told["labelsets"]) == (False, [])
    (problem,) = (one for one in told["problems"] if one["rule"] == "R6")
    assert problem["file"] == "zsclip_labels_birds/birds.toml"
    assert problem["where"] == "labels[3].name"
    assert problem["message"].startswith("'Robin' belongs to 'robin'")
    assert problem["advice"] is False
    assert problem["text"].startswith("zsclip_labels_birds/birds.toml: R6 labels[3].name: 'Robin'")


def test_check_gives_the_model_s_advice(run: Run) -> None:
    Path("twins.toml").write_text(TWINS.replace('"horse "', '"dog"'))
    check = ("labelsets", "check", "twins.toml", "--model", "tiny-cartoon")
    result = run(*check)
    assert result.exit_code == 0
    advice, end = result.stdout.splitlines()
    assert advice.startswith(
        "M1 labels[0] ('sea lion'): all but coincides with labels[1] ('sea lion!') for "
        "tiny-cartoon: the cosine is "
    )
    assert advice.endswith(", from 0.99 on. Merge the two, or tell them apart by other words.")
    assert end == "twins.toml: no problems, 1 piece of advice."
    assert run(*check, "--strict").exit_code == 1
    told = json.loads(run(*check, "--format", "json").stdout)["problems"]
    assert all(one["advice"] for one in told)


def test_check_tells_of_labels_that_are_one_to_the_model(run: Run) -> None:
    Path("twins.toml").write_text(TWINS.replace('"horse "', '"sea lion !"'))
    assert run("labelsets", "check", "twins.toml").exit_code == 0
    result = run("labelsets", "check", "twins.toml", "--model", "tiny-cartoon")
    assert result.exit_code == 1
    assert (
        "R6 labels[2] ('sea lion !'): 'sea lion !' has the same tokens as 'sea lion!' of lab"
        in (result.stdout)
    )


def test_check_gives_no_advice_on_prompts_that_do_not_fit(run: Run) -> None:
    Path("long.toml").write_text(TWINS.replace('"horse "', '"' + "very " * 80 + 'long"'))
    result = run("labelsets", "check", "long.toml", "--model", "tiny-cartoon")
    assert result.exit_code == 1
    assert result.stdout.startswith("R10 labels[2]")
    assert "twins: no advice" in result.stderr


# ------------------------------------------------------------------------------------- any content


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.text(max_size=8) | st.from_regex("[a-z0-9-]{1,8}", fullmatch=True),
    content=st.binary(max_size=80) | st.text("aB_ -#\n\r\t,;\"'|\x00é\u200b{}", max_size=80),
    ending=st.sampled_from([".txt", ".csv", ".tsv", ".toml", ".names", ""]),
    template=st.text(max_size=8) | st.just("a {}."),
    license_=st.text(max_size=8) | st.sampled_from(["MIT", "MIT OR Apache-2.0", ""]),
    source=st.text(max_size=8),
)
def test_no_input_to_new_ends_in_a_traceback(
    run: Run,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    content: bytes | str,
    ending: str,
    template: str,
    license_: str,
    source: str,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    names = folder / f"names{ending}"
    names.write_bytes(content if isinstance(content, bytes) else content.encode())
    args = ["--template", template, "--license", license_, "--source", source]
    result = run("labelsets", "new", "--from", names, "--into", folder / "out", *args, "--", name)
    assert result.exit_code in (0, 2), result.output
    if result.exit_code == 0:
        assert run("labelsets", "check", folder / "out" / name).exit_code == 0
    else:
        assert "Error: " in result.stderr


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200),
    ending=st.sampled_from(["x-1-py3-none-any.whl", "x-1.tar.gz", "x.toml", "x/pyproject.toml"]),
)
def test_no_file_given_to_check_ends_in_a_traceback(
    run: Run, tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / ending
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    result = run("labelsets", "check", path.parent if ending.startswith("x/") else path)
    assert result.exit_code in (1, 2), result.output


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=st.text(max_size=12))
def test_no_argument_of_check_ends_in_a_traceback(run: Run, target: str) -> None:
    assert run("labelsets", "check", "--", target).exit_code in (0, 1, 2)  # "0,1" is a set
