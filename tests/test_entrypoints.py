"""What distributions declare, found without importing it and whatever is wrong with others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from zsclip.entrypoints import Declared, find_declared, normalize_name

GROUP = "zsclip.tests"


@pytest.fixture
def declare(tmp_path: Path, add_path: Callable[[Path], None]) -> Callable[..., Path]:
    """Puts a distribution that is nothing but metadata on the path."""

    def declare(folder: str, points: str | None, metadata: str | None = None) -> Path:
        place = tmp_path / folder / "test_pond-1.0.dist-info"
        place.mkdir(parents=True)
        metadata = "Name: Test.Pond\nVersion: 1.0\n" if metadata is None else metadata
        (place / "METADATA").write_text(metadata)
        if points is not None:
            (place / "entry_points.txt").write_text(points)
        add_path(tmp_path / folder)
        return place

    return declare


def test_a_declaration_is_read_with_name_and_version_of_its_distribution(
    declare: Callable[..., Path],
) -> None:
    declare("one", f"[{GROUP}]\nfrog = pond.frogs:Frog\n[other]\nnewt = pond\n")
    [found] = find_declared(GROUP)
    assert found == Declared("frog", "Test.Pond", "1.0", "pond.frogs:Frog")
    assert str(found) == "Test.Pond 1.0"
    assert "pond" not in sys.modules


def test_of_two_copies_of_a_distribution_the_first_on_the_path_counts(
    declare: Callable[..., Path],
) -> None:
    declare("one", f"[{GROUP}]\nfrog = first\n")
    declare("two", f"[{GROUP}]\nfrog = second\nnewt = second\n")
    assert [(one.name, one.value) for one in find_declared(GROUP)] == [("frog", "first")]


def test_what_is_declared_twice_alike_is_one_declaration(declare: Callable[..., Path]) -> None:
    declare("one", f"[{GROUP}]\nfrog = pond\n[{GROUP}]\nfrog = pond\n")
    assert [one.name for one in find_declared(GROUP)] == ["frog"]


def test_declarations_that_cannot_be_parsed_are_told_of(declare: Callable[..., Path]) -> None:
    declare("one", f"[{GROUP}]\nfrog\n")
    [found] = find_declared(GROUP)
    assert (found.name, found.distribution) == ("", "Test.Pond")
    assert "entry_points.txt of Test.Pond cannot be parsed" in found.broken


@pytest.mark.parametrize("metadata", ["", "Name: Test.Pond\n", "Version: 1.0\n"])
def test_a_distribution_without_name_or_version_is_told_of(
    declare: Callable[..., Path], metadata: str
) -> None:
    declare("one", f"[{GROUP}]\nfrog = pond\n", metadata)
    [found] = find_declared(GROUP)
    assert found.name == "frog"
    assert "cannot be read, so that its name and version are not known" in found.broken


class Failing(Distribution):
    def read_text(self, filename: str) -> str | None:
        raise RuntimeError(filename)

    def locate_file(self, path: Any) -> Any:
        raise RuntimeError(path)


class Finder:
    """One that gives a distribution that fails, and then fails itself."""

    def __init__(self, failure: type[BaseException]) -> None:
        self.failure = failure

    def find_spec(self, *args: object) -> None:
        return None

    def find_distributions(self, context: object) -> Iterator[Distribution]:
        yield Failing()
        raise self.failure("no more")


@pytest.mark.parametrize("failure", [RuntimeError, SystemExit])
def test_what_fails_hides_nothing_else(
    declare: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    failure: type[BaseException],
) -> None:
    declare("one", f"[{GROUP}]\nfrog = pond\n")
    monkeypatch.setattr(sys, "meta_path", [Finder(failure), object(), *sys.meta_path])
    assert [one.name for one in find_declared(GROUP)] == ["frog"]


@pytest.mark.parametrize("name", ["Test.Pond", "test-pond", "TEST__pond", "test-._pond"])
def test_spellings_of_a_distribution_are_one_name(name: str) -> None:
    assert normalize_name(name) == "test-pond"
