"""Every public name: there, described, and used by a test. The pages: `test_documented.py`."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import members

import zsclip

TESTS = Path(__file__).parent

NAMES = sorted(zsclip.__all__)
CLASSES = [name for name in NAMES if inspect.isclass(getattr(zsclip, name))]
DATACLASSES = [name for name in CLASSES if dataclasses.is_dataclass(getattr(zsclip, name))]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(zsclip, name))]


def members_of_all() -> Iterator[tuple[str, Any]]:
    for name in CLASSES:
        yield from ((f"{name}.{member}", value) for member, value in members(getattr(zsclip, name)))


def callables() -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(zsclip, name)) for name in FUNCTIONS)
    yield from ((name, value) for name, value in members_of_all() if inspect.isfunction(value))
    yield "ZeroShotClassifier", zsclip.ZeroShotClassifier
    yield "EmbeddingCache", zsclip.EmbeddingCache


def test_every_name_can_be_had() -> None:
    assert set(NAMES) <= set(dir(zsclip))
    assert len(set(NAMES)) == len(NAMES)
    for name in NAMES:
        assert getattr(zsclip, name) is getattr(zsclip, name)
    offered = inspect.getclosurevars(zsclip.__getattr__).nonlocals["module_of"]
    assert offered.keys() == set(NAMES) - {"errors"}  # which is loaded at once


def test_a_name_is_what_its_module_calls_it() -> None:
    for name in CLASSES + FUNCTIONS:
        value = getattr(zsclip, name)
        assert (value.__name__, value.__module__.partition(".")[0]) == (name, "zsclip")


@pytest.mark.parametrize("name", [*CLASSES, *FUNCTIONS, "errors"])
def test_it_describes_itself(name: str) -> None:
    doc = getattr(zsclip, name).__doc__
    assert doc
    assert not doc.startswith(f"{name}(")  # what a dataclass without a docstring is given


@pytest.mark.parametrize(("name", "value"), [pytest.param(*m, id=m[0]) for m in members_of_all()])
def test_its_members_describe_themselves(name: str, value: Any) -> None:
    owner, _, member = name.partition(".")
    in_class = re.search(rf"^ +{member}: ", getattr(zsclip, owner).__doc__, re.MULTILINE)
    assert value.__doc__ or in_class


@pytest.mark.parametrize(
    "name", [n for n in CLASSES if dataclasses.is_dataclass(getattr(zsclip, n))]
)
def test_its_fields_are_described(name: str) -> None:
    doc = inspect.getdoc(getattr(zsclip, name)) or ""
    for field in dataclasses.fields(getattr(zsclip, name)):
        if not field.name.startswith("_"):
            assert re.search(rf"^    {field.name}: ", doc, re.MULTILINE), field.name


@pytest.mark.parametrize(("name", "value"), [pytest.param(*c, id=c[0]) for c in callables()])
def test_its_parameters_are_described_in_their_order(name: str, value: Any) -> None:
    """All of them, or none where the summary says what there is to say.

    Those that several ways to make a classifier have in common are described by its class.
    """
    doc = inspect.getdoc(value) or ""
    section = re.search(r"^Args:\n((?:    .*\n|\n)+)", doc + "\n", re.MULTILINE)
    if section is None:
        assert len(inspect.signature(value).parameters) <= 3, "too many to go without a section"
        return
    described = re.findall(r"^    (\w+): ", section[1], re.MULTILINE)
    parameters = [p for p in inspect.signature(value).parameters if p not in ("self", "cls")]
    if described[-1] == "options":
        common = re.findall(
            r"^    (\w+): ", inspect.getdoc(zsclip.ZeroShotClassifier) or "", re.MULTILINE
        )
        described[-1:] = [p for p in common if p in parameters and p not in described]
    assert described == parameters


@pytest.mark.parametrize("name", NAMES)
def test_some_test_uses_it(name: str) -> None:
    users = [
        path
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__) and re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))
    ]
    assert users
