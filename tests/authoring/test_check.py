"""The checks for authors: sets, files and names, and the rule that needs an encoder (R10)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from zsclip.authoring import check_labelset, review_target
from zsclip.errors import (
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.labels import DEFAULT_TEMPLATES, Label, LabelSet
from zsclip.testing import FakeEncoder

TOML = 'schema = 1\nname = "{name}"\nlicense = "MIT"\nsource = "own"\nlabels = ["robin", "wren"]\n'


class WordCounter:
    """Counts words, with a start and an end token, and refuses a reserved word."""

    context_length = 8

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if any("<end>" in text for text in texts):
            raise ParameterError("`texts` must not hold '<end>'. Remove it.")
        return [len(text.split()) + 2 for text in texts]


def test_a_set_that_fits() -> None:
    birds = LabelSet.from_names(["robin", "wren"], templates=["a b c d e {}"])

    assert check_labelset(birds) == []
    assert check_labelset(birds, encoder=WordCounter()) == []


def test_every_prompt_that_is_too_long_is_named() -> None:
    birds = LabelSet.from_names(
        [
            Label("robin", "robin", aliases=("robin redbreast",)),
            Label("w", "wren", prompts=("one two three four five six seven",)),
        ],
        templates=["a b c d e {}", "{}"],
    )

    assert check_labelset(birds, encoder=WordCounter()) == [
        "R10 labels[0] ('robin'): the prompt 'a b c d e robin redbreast' has 9 tokens, and the "
        "encoder takes 8. Shorten the name, the alias or the template.",
        "R10 labels[1] ('w'): the prompt 'one two three four five six seven' has 9 tokens, and the "
        "encoder takes 8. Shorten the name, the alias or the template.",
    ]


def test_a_null_prompt_that_is_too_long_is_named() -> None:
    birds = LabelSet(
        "birds", (Label("r", "r"),), templates=("{}",), null_prompts=("x", "a " * 8 + "a")
    )
    [problem] = check_labelset(birds, encoder=WordCounter())
    assert problem.startswith("R10 null_prompts[1]: the prompt 'a a a a a a a a a' has 11 tokens")


def test_a_set_without_templates_is_checked_with_the_classifier_s() -> None:
    assert max(DEFAULT_TEMPLATES, key=len) == "a photo of the large {}."
    # It takes 7 of the 8 tokens around the name.
    birds = LabelSet.from_names(["spotted woodpecker", "wren"])

    (problem,) = check_labelset(birds, encoder=WordCounter())

    assert "'a photo of the large spotted woodpecker.' has 9 tokens" in problem


def test_a_prompt_that_the_encoder_refuses() -> None:
    birds = LabelSet.from_names(["robin <end>", "wren"], templates=["a b c d e f {}"])

    refused, long = check_labelset(birds, encoder=WordCounter())

    assert refused.startswith("R10 labels[0] ('robin <end>'): the prompt")
    assert refused.endswith("cannot be encoded: `texts` must not hold '<end>'. Remove it.")
    assert long.startswith("R10 labels[1] ('wren'): the prompt 'a b c d e f wren' has 9 tokens")


def test_an_installed_set_is_checked_with_an_encoder(install: Callable[..., Path]) -> None:
    toml = TOML.format(name="garden") + 'templates = ["a very long way to say that this is a {}"]\n'
    install("test-garden", sets={"garden": toml})

    assert check_labelset("garden") == []
    problems = check_labelset("garden", encoder=WordCounter())
    assert [problem.split(":")[0] for problem in problems] == [
        "R10 labels[0] ('robin')",
        "R10 labels[1] ('wren')",
    ]


def test_a_file_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "anything.toml"
    path.write_text(TOML.format(name="garden"))

    assert check_labelset(path) == []
    assert check_labelset(str(path)) == []
    path.write_text(TOML.format(name="garden").replace("MIT", ""))
    (problem,) = check_labelset(path)
    assert problem.startswith("R9 license: is empty.")


def test_a_file_in_a_package_has_its_set_s_name(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    path = tmp_path / "park.toml"
    path.write_text(TOML.format(name="garden"))

    (problem,) = check_labelset(path)

    assert problem.startswith("R3 name: must be 'park', the name under which the set is declared")
    path.write_text(TOML.format(name="park"))
    assert check_labelset(path) == []


def test_what_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(LabelSetNotFoundError):
        check_labelset("volcanoes")
    for path in (tmp_path / "nowhere.toml", tmp_path, str(tmp_path / "nowhere.toml")):
        with pytest.raises(LabelSetUnreadableError):
            check_labelset(path)
    (tmp_path / "__init__.py").touch()
    with pytest.raises(LabelSetUnreadableError):
        check_labelset(tmp_path / "nowhere.toml")
    with pytest.raises(ParameterTypeError, match="`labelset` must be a LabelSet, a path or a name"):
        check_labelset(["cat", "dog"])  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- targets

GOOD = 'schema = 1\nname = "x"\nlicense = "MIT"\nsource = "own"\nlabels = ["robin", "wren"]\n'


def test_names_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = review_target("cartoon-animals")
    assert found.problems == []
    [(file, labelset)] = found.sets
    assert (file, labelset.name) == ("", "cartoon-animals")
    Path("x.toml").write_text(GOOD)
    assert [file for file, _ in review_target("x.toml").sets] == ["x.toml"]
    Path("x.toml").write_text(GOOD.replace("MIT", ""))
    assert [str(problem)[:27] for problem in review_target("x.toml").problems] == [
        "x.toml: R9 license: is empt"
    ]
    Path("garden").mkdir()
    for path in ("garden/", "./garden", "garden" + os.sep, Path("garden"), "."):
        (problem,) = review_target(path).problems
        assert str(problem).startswith("pyproject.toml: D1 file: is missing.")


def test_a_name_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies on the disk does not change what a name means."""
    monkeypatch.chdir(tmp_path)
    Path("cartoon-animals").mkdir()
    assert [labelset.name for _, labelset in review_target("cartoon-animals").sets] == [
        "cartoon-animals"
    ]
    Path("garden").mkdir()
    with pytest.raises(LabelSetNotFoundError, match="For the folder write 'garden/'"):
        review_target("garden")
    Path("names.json").write_text("[]")
    with pytest.raises(ParameterError, match=r"a \.toml, \.txt or \.csv file, or a folder"):
        review_target("names.json")
    with pytest.raises(LabelSetNotFoundError, match=r"is named ''\. Known: [^\n]*$"):
        review_target("")
    with pytest.raises(LabelSetUnreadableError):
        review_target("nowhere/x.whl")


def test_lengths_of_everything_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(GOOD.replace("wren", "a bird of many words"))
    (problem,) = review_target(path).misfits(FakeEncoder(context_length=9))
    assert (problem.rule, problem.file) == ("R10", str(path))
    assert problem.where == "labels[1] ('a bird of many words')"
    assert not problem.is_advice


def test_what_show_takes_is_checked_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("car\nbus\n")
    Path("bad.csv").write_text("name\nrobin\nRobin\n")
    for target, labels in (
        ("names.txt", 2),
        ("cartoon-animals/bird", 17),
        ("cartoon-animals/bird + names.txt", 19),
        ("robin, wren", 2),
    ):
        found = review_target(target)
        assert found.problems == []
        [(_, labelset)] = found.sets
        assert len(labelset) == labels
    (problem,) = review_target("names.txt+bad.csv").problems
    assert str(problem).startswith("bad.csv: R6 line 3, name: 'Robin' belongs to 'robin'")
    assert review_target("bad.csv").sets == []
    (problem,) = review_target("robin,Robin").problems
    assert problem.rule == "R6"
    Path("photos/cat").mkdir(parents=True)
    Path("photos/dog").mkdir()
    [(_, labelset)] = review_target("photos/").sets
    assert labelset.names == ("cat", "dog")


def test_a_distribution_is_no_label_set(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(LabelSetUnreadableError, match="Check it with `check_distribution`"):
        check_labelset(tmp_path)
