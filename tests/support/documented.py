"""What the documentation documents, read out of its pages; Sphinx is not asked.

The reference is made of autodoc's directives. They show what has a docstring of its own, or a line
in the docstring of its class, as `docs/conf.py` has it: all members that a class itself defines,
unless the directive says which, and those of its bases where it says `:inherited-members:`.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import zsclip

__all__ = ["Directive", "directives", "members", "rows", "undocumented", "undocumented_members"]

_DIRECTIVE = re.compile(r"^\.\. auto(\w+):: (\S+)\n((?: +:.*\n?)*)", re.MULTILINE)
_OPTION = re.compile(r"^ +:([\w-]+):(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Directive:
    """One of autodoc's: ``kind`` is ``class``, ``function``, ``data`` or ``module``."""

    kind: str
    target: str
    options: dict[str, str]

    @property
    def value(self) -> Any:
        """What it documents."""
        if self.kind == "module":
            return importlib.import_module(self.target)
        module, _, name = self.target.rpartition(".")
        return getattr(importlib.import_module(module), name)

    def names(self, option: str) -> list[str]:
        return [name.strip() for name in self.options.get(option, "").split(",") if name.strip()]


def directives(page: str) -> list[Directive]:
    return [
        Directive(kind, target, dict(_OPTION.findall(options)))
        for kind, target, options in _DIRECTIVE.findall(page)
    ]


def undocumented(names: Iterable[str], page: str) -> list[str]:
    """Of names such as ``zsclip.cache.make_key`` those that no directive of the page documents.

    A class or function may have its directive under another of its names. A module is documented by
    its own directive, by those of what is in it, or where the text names it, as is all else.
    """
    known, objects = set(), []
    for directive in directives(page):
        known |= {directive.target, directive.target.rpartition(".")[0]}
        objects.append(directive.value)
        if directive.kind == "module":
            shown = set(directive.value.__all__) - set(directive.names("exclude-members"))
            known |= {f"{directive.target}.{name}" for name in shown}
    missing = []
    for name in names:
        module, _, last = name.rpartition(".")
        value = getattr(importlib.import_module(module), last, None)
        if inspect.isclass(value) or inspect.isfunction(value):
            told = any(value is known_one for known_one in objects)
        else:
            told = f"`{name}`" in page
        if name not in known and not told:
            missing.append(name)
    return missing


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class and its bases define themselves."""
    own = [base for base in owner.__mro__ if base.__module__.startswith(zsclip.__name__)]
    for member, defined in [item for base in own for item in vars(base).items()]:
        value = inspect.unwrap(getattr(defined, "__func__", defined))
        described = isinstance(value, property) or inspect.isfunction(value)
        if described and not member.startswith("_"):
            yield member, value


def undocumented_members(owner: type, page: str) -> list[str]:
    """The public methods and properties of a class that its directive on the page does not show."""
    found = [d for d in directives(page) if d.kind != "module" and d.value is owner]
    in_class = set(re.findall(r"^ +(\w+): ", owner.__doc__ or "", re.MULTILINE)) if found else set()
    missing = []
    for member, value in members(owner):
        by_itself = value.__doc__ and any(
            (not directive.names("members") or member in directive.names("members"))
            and ("inherited-members" in directive.options or member in vars(owner))
            for directive in found
        )
        if not by_itself and member not in in_class:
            missing.append(member)
    return missing


def rows(text: str) -> list[tuple[str, str]]:
    """The rows of the tables in a text: what stands in backticks first in a row, and the row."""
    lines = re.findall(r"^\| `.*$", text, re.MULTILINE)
    return [(key, line) for line in lines for key in re.findall(r"`([^`]+)`", line.split(" | ")[0])]
