"""Finding and loading installed label sets: names, collisions, and every error."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path
from unittest.mock import Mock

import pytest

from zsclip.authoring import check_labelset
from zsclip.errors import (
    LabelSetConflictError,
    LabelSetError,
    LabelSetFormatError,
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterTypeError,
)
from zsclip.labels import LabelSetInfo, installed, list_labelsets, load_labelset


def infos(*names: str) -> list[LabelSetInfo]:
    """What is listed under these names; other sets may be installed beside them."""
    return [info for info in list_labelsets() if info.name in names]


def test_many_that_offer_one_name_are_told_once(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "".join(f"birds = birds{i}\n" for i in range(2000))
    install("test-birds", entry_points=f"[zsclip.labelsets]\n{points}")
    conflict = Mock(wraps=installed._conflict)
    monkeypatch.setattr(installed, "_conflict", conflict)
    errors = {info.error for info in infos("birds")}
    assert len(errors) == conflict.call_count == 1
    assert len(str(*errors)) < 2000


def test_a_file_of_more_bytes_than_a_set_needs_is_not_read(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install("test-birds", sets={"garden-birds": None}) / "test_birds/garden-birds.toml"
    monkeypatch.setattr(installed, "FILE_LIMIT", path.stat().st_size)
    load_labelset("garden-birds")
    with path.open("a") as file:
        file.truncate(2**40)  # which no memory would hold
    with pytest.raises(LabelSetUnreadableError, match="has more than 0 MiB, which no label set"):
        load_labelset("garden-birds")


def test_a_version_of_thousands_of_digits_hides_no_set(install: Callable[..., Path]) -> None:
    site = install("test-birds", sets={"garden-birds": None}, version="1")
    shutil.copytree(site / "test_birds-1.dist-info", site / "test_birds-2.dist-info")
    for number in "12":
        header = f"Metadata-Version: 2.4\nName: test-birds\nVersion: {number * 5000}\n"
        (site / f"test_birds-{number}.dist-info" / "METADATA").write_text(header)
    assert len(infos("garden-birds")) == 1


def test_an_installed_set_is_found_and_loaded(install: Callable[..., Path]) -> None:
    site = install("test-birds", sets={"garden-birds": None})

    birds = load_labelset("garden-birds")

    assert birds.names == ("robin", "house sparrow")
    assert repr(birds) == "<LabelSet 'garden-birds' 2 labels, 1 template, test-birds 1.2>"
    [provenance] = birds.provenance
    assert provenance.distribution == "test-birds"
    assert provenance.version == "1.2"
    assert provenance.file == "test_birds/garden-birds.toml"
    record = next(site.glob("*.dist-info/RECORD")).read_text()
    assert "test_birds/garden-birds.toml" in record
    [info] = infos("garden-birds")
    assert (info.distribution, info.version, info.package) == ("test-birds", "1.2", "test_birds")
    assert info.error is None
    assert repr(info).endswith("package='test_birds')")
    assert check_labelset("garden-birds") == []


def test_several_sets_in_one_package(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": None, "forest-birds": None})

    assert [info.name for info in infos("garden-birds", "forest-birds")] == [
        "forest-birds",
        "garden-birds",
    ]
    assert load_labelset("forest-birds").name == "forest-birds"


def test_a_set_is_loaded_by_its_distribution_too(install: Callable[..., Path]) -> None:
    install("Test.Birds_X", sets={"garden-birds": None}, package="test_birds_x")

    # Names of distributions compare as PEP 503 has it.
    assert load_labelset("test-birds-x:garden-birds") == load_labelset("garden-birds")
    assert load_labelset("TEST_birds.X:garden-birds") == load_labelset("garden-birds")


def test_unknown_name(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": None})

    with pytest.raises(LabelSetNotFoundError, match=r"Did you mean 'garden-birds'\?"):
        load_labelset("garden-bird")
    with pytest.raises(LookupError, match=r"Known: [a-z', -]*'garden-birds'[a-z', -]*\.$"):
        load_labelset("volcanoes")
    with pytest.raises(LabelSetNotFoundError, match="Did you mean 'test-birds:garden-birds'"):
        load_labelset("test-bird:garden-birds")
    with pytest.raises(LabelSetNotFoundError, match=r"read with `LabelSet\.from_toml`"):
        load_labelset("sets/garden-birds.toml")
    with pytest.raises(LabelSetNotFoundError):
        load_labelset("")
    with pytest.raises(LabelSetNotFoundError):
        check_labelset("volcanoes")


def test_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [])

    assert list_labelsets() == []
    with pytest.raises(LabelSetNotFoundError, match="None is installed"):
        load_labelset("garden-birds")


def test_the_name_must_be_a_text() -> None:
    with pytest.raises(ParameterTypeError, match="`name` must be a text, got 3"):
        load_labelset(3)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------- collisions


def test_two_distributions_of_one_name_conflict(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": None})
    install("other-birds", sets={"garden-birds": None}, version="3")

    with pytest.raises(LabelSetConflictError) as caught:
        load_labelset("garden-birds")

    message = str(caught.value)
    assert "test-birds 1.2: load_labelset('test-birds:garden-birds')" in message
    assert "other-birds 3: load_labelset('other-birds:garden-birds')" in message
    listed = infos("garden-birds")
    assert [info.distribution for info in listed] == ["other-birds", "test-birds"]
    assert all(info.error and "2 installed distributions" in info.error for info in listed)
    for distribution in ("test-birds", "other-birds"):
        birds = load_labelset(f"{distribution}:garden-birds")
        [provenance] = birds.provenance
        assert provenance.distribution == distribution
    with pytest.raises(LabelSetConflictError):
        check_labelset("garden-birds")
    assert check_labelset("test-birds:garden-birds") == []


def test_a_broken_rival_is_a_rival_still(install: Callable[..., Path]) -> None:
    # Falling back on the good one would be picking, and would pick the other way after a repair.
    install("test-birds", sets={"garden-birds": None})
    install("other-birds", sets={"garden-birds": "broken"})

    with pytest.raises(LabelSetConflictError):
        load_labelset("garden-birds")
    assert len(load_labelset("test-birds:garden-birds")) == 2
    with pytest.raises(LabelSetFormatError):
        load_labelset("other-birds:garden-birds")


def test_a_conflict_leaves_other_sets_alone(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": None, "forest-birds": None})
    install("other-birds", sets={"garden-birds": None})

    assert len(load_labelset("forest-birds")) == 2
    assert [info.error for info in infos("forest-birds")] == [None]


def test_one_distribution_may_not_declare_a_name_twice(install: Callable[..., Path]) -> None:
    points = "[zsclip.labelsets]\ngarden-birds = test_birds\ngarden-birds = other_package\n"
    install("test-birds", sets={"garden-birds": None}, entry_points=points)

    for name in ("garden-birds", "test-birds:garden-birds"):
        with pytest.raises(LabelSetFormatError, match="declared twice, as 'test_birds' and 'oth"):
            load_labelset(name)
    assert all("declared twice" in str(info.error) for info in infos("garden-birds"))


def test_the_same_line_twice_is_one_declaration(install: Callable[..., Path]) -> None:
    points = "[zsclip.labelsets]\ngarden-birds = test_birds\ngarden-birds = test_birds\n"
    install("test-birds", sets={"garden-birds": None}, entry_points=points)

    assert len(load_labelset("garden-birds")) == 2
    assert len(infos("garden-birds")) == 1


def test_a_label_set_distribution_twice_on_the_path_counts_once(
    install: Callable[..., Path],
) -> None:
    install("test-birds", sets={"garden-birds": None}, version="2")
    install("test-birds", sets={"garden-birds": None}, version="1")

    assert [info.version for info in infos("garden-birds")] == ["2"]
    [provenance] = load_labelset("garden-birds").provenance
    assert provenance.version == "2"


def test_a_shadowed_distribution_declares_nothing(install: Callable[..., Path]) -> None:
    # As in Python's own entry_points(): the first on the path is the distribution, whole.
    install("test-birds", entry_points="[console_scripts]\nbirds = test_birds:main\n", version="2")
    install("Test_Birds", sets={"garden-birds": None}, version="1")

    assert infos("garden-birds") == []


# ------------------------------------------------------------------------------- broken sets


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("test_birds.data", "'test_birds.data'"),
        ("test_birds:birds", "'test_birds:birds'"),
        ("test_birds [extra]", "'test_birds [extra]'"),
        ("test-birds", "'test-birds'"),
        ("class", "'class'"),
        ("../test_birds", "'../test_birds'"),
        ("", "''"),
    ],
)
def test_the_value_must_be_a_top_level_package(
    install: Callable[..., Path], value: str, shown: str
) -> None:
    points = f"[zsclip.labelsets]\ngarden-birds = {value}\nforest-birds = test_birds\n"
    install("test-birds", sets={"garden-birds": None, "forest-birds": None}, entry_points=points)

    with pytest.raises(LabelSetFormatError) as caught:
        load_labelset("garden-birds")

    (problem,) = caught.value.problems
    assert problem.startswith(f"R3 entry point: must lead to one top-level package, got {shown}.")
    assert check_labelset("garden-birds") == [problem]
    assert len(load_labelset("forest-birds")) == 2


@pytest.mark.parametrize(
    "name", ["Garden", "garden_birds", "-garden", "a--b", "../birds", "gärten"]
)
def test_the_name_must_have_the_form_of_names(install: Callable[..., Path], name: str) -> None:
    install("test-birds", entry_points=f"[zsclip.labelsets]\n{name} = test_birds\n")

    with pytest.raises(LabelSetFormatError, match=r"R3 entry point: .* is no name for a label set"):
        load_labelset(name)
    assert len(infos(name)) == 1


def test_a_package_that_is_not_there(install: Callable[..., Path]) -> None:
    install("test-birds", entry_points="[zsclip.labelsets]\ngarden-birds = test_birds_gone\n")

    with pytest.raises(LabelSetUnreadableError, match="'test_birds_gone' is not installed"):
        load_labelset("garden-birds")
    (info,) = infos("garden-birds")
    assert "'test_birds_gone' is not installed" in str(info.error)
    (problem,) = check_labelset("garden-birds")
    assert problem.startswith("R1 file: ")


def test_a_file_that_is_not_in_the_package(install: Callable[..., Path]) -> None:
    points = "[zsclip.labelsets]\ngarden-birds = test_birds\n"
    install("test-birds", sets={"forest-birds": None}, entry_points=points)

    with pytest.raises(LabelSetUnreadableError, match=r"no file 'garden-birds\.toml'.*the wheel"):
        load_labelset("garden-birds")
    with pytest.raises(OSError, match=r"of test-birds 1\.2 cannot be read"):
        load_labelset("garden-birds")


def test_a_file_that_is_a_folder(install: Callable[..., Path]) -> None:
    site = install("test-birds", entry_points="[zsclip.labelsets]\ngarden-birds = test_birds\n")
    (site / "test_birds/garden-birds.toml").mkdir()

    with pytest.raises(LabelSetUnreadableError, match="cannot be read"):
        load_labelset("garden-birds")


def test_a_module_is_no_package(install: Callable[..., Path]) -> None:
    files = {"test_birds.py": b"", "garden-birds.toml": b"schema = 1"}
    points = "[zsclip.labelsets]\ngarden-birds = test_birds\n"
    install("test-birds", init=None, files=files, entry_points=points)

    with pytest.raises(LabelSetUnreadableError, match="'test_birds' is a single module"):
        load_labelset("garden-birds")


def test_a_module_that_took_the_package_s_name(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("test-birds", sets={"garden-birds": None})
    monkeypatch.setitem(sys.modules, "test_birds", type(sys)("test_birds"))  # has no __spec__

    with pytest.raises(LabelSetUnreadableError, match="search for the package 'test_birds' failed"):
        load_labelset("garden-birds")


# ---------------------------------------------------------------- broken distributions, finders


class FailingFinder:
    """A finder of somebody else's that fails wherever it is asked."""

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[Distribution]:
        raise RuntimeError("no distributions today")

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.startswith("test_"):
            raise RuntimeError("no modules today")


@pytest.mark.parametrize("first", [True, False])
def test_a_failing_finder_of_distributions(
    install: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    first: bool,
) -> None:
    install("test-birds", sets={"garden-birds": None})
    finders = [FailingFinder(), *sys.meta_path] if first else [*sys.meta_path, FailingFinder()]
    monkeypatch.setattr(sys, "meta_path", finders)

    with caplog.at_level(logging.DEBUG, logger="zsclip"):
        (info,) = infos("garden-birds")

    assert "which failed" in caplog.text
    if first:  # then the search for the package fails as well, which is that set's error
        assert "no modules today" in str(info.error)
        with pytest.raises(LabelSetUnreadableError, match="no modules today"):
            load_labelset("garden-birds")
    else:
        assert info.error is None


def test_errors_are_label_set_errors(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": "schema = 9"})

    for name in ("volcanoes", "garden-birds"):
        with pytest.raises(LabelSetError):
            load_labelset(name)
