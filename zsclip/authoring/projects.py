"""What the sources of a distribution say of it: their ``pyproject.toml``, read and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from zsclip.authoring.findings import Finding
from zsclip.authoring.trees import Tree, TreeError
from zsclip.entrypoints import normalize_name
from zsclip.labels.registry import LABELSETS_GROUP
from zsclip.labels.toml import read_toml

__all__ = ["FIRST_ZSCLIP", "Project", "check_requirements", "list_in", "read_project", "table_in"]

FIRST_ZSCLIP = "0.1.0"
"""The first version of zsclip that reads schema 1."""

Note: TypeAlias = Callable[[str, str, str], None]
"""Takes the rule, the place and the message of a finding."""

_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?([^;]*)"
)
_UPPER_BOUND = re.compile(r"<|(?<![!=])==|~=|\^")


@dataclass(slots=True)
class Project:
    """A distribution's own account of itself, and what is wrong with it.

    Attributes:
        declared: The label sets: name and package of each entry point.
        builder: The build back end, or the program that built the wheel; empty if not known.
        findings: What is wrong.
        table: The content of ``pyproject.toml``; empty for a wheel.
        info: The wheel's folder of metadata; empty for sources.
    """

    declared: list[tuple[str, str]] = field(default_factory=list)
    builder: str = ""
    findings: list[Finding] = field(default_factory=list)
    table: dict[str, Any] = field(default_factory=dict)
    info: str = ""


def read_project(tree: Tree) -> Project:
    """Read the ``pyproject.toml`` of a source tree."""
    file = "pyproject.toml"
    project = Project()

    def note(rule: str, where: str, message: str) -> None:
        project.findings.append(Finding(rule, file, where, message))

    try:
        data = tree.read(file)
    except TreeError as error:
        note("D1", "file", str(error))
        return project
    if data is None:
        message = "is missing. `zsclip labelsets new` writes one; or check the wheel."
        note("D1", "file", message)
        return project
    table = read_toml(data)
    if isinstance(table, str):
        note("D1", "file", table)
        return project
    project.table = table
    project.builder = _text(table_in(table, "build-system"), "build-backend")
    if not project.builder:
        note("D1", "build-system", 'is missing. Add one, as in requires = ["hatchling"].')
    own, poetry = table_in(table, "project"), table_in(table, "tool", "poetry")
    dynamic = {key for key in list_in(own, "dynamic") if isinstance(key, str)}
    for key in ("name", "version"):
        if not (_text(own, key) or _text(poetry, key) or key in dynamic):
            note("D2", f"project.{key}", f'is missing. Write {key} = "...".')
    _check_name(_text(own, "name") or _text(poetry, "name"), "project.name", note)
    if not (own.get("license") or poetry.get("license") or "license" in dynamic):
        example = 'license = "CC0-1.0"'
        note("D2", "project.license", f"is missing. Say it here as in the data, as in {example}.")
    if "dependencies" not in dynamic:
        needed = [text for text in list_in(own, "dependencies") if isinstance(text, str)]
        specs = table_in(poetry, "dependencies")
        needed += [
            f"{name} {spec if isinstance(spec, str) else ''}" for name, spec in specs.items()
        ]
        check_requirements(needed, "project.dependencies", note)
    _check_named_files(tree, own, note)
    groups = {**table_in(poetry, "plugins"), **table_in(own, "entry-points")}
    where = f'project.entry-points."{LABELSETS_GROUP}"'
    points = groups.get(LABELSETS_GROUP)
    if isinstance(points, dict):
        for name, value in points.items():
            if isinstance(value, str):
                project.declared.append((name, value))
            else:
                note("R3", f"{where}.{name}", "must be a text. Write the package's name in quotes.")
    if "entry-points" in dynamic:
        note("R3", where, "is dynamic, so that only the wheel tells. Build it and check that.")
    elif not points:
        note("R3", where, "is missing, so that zsclip finds nothing. Declare the label set there.")
    return project


def _check_named_files(tree: Tree, own: dict[str, Any], note: Note) -> None:
    """Rule D6 for the README and the license."""
    readme = own.get("readme")
    named = [("readme", readme.get("file") if isinstance(readme, dict) else readme)]
    license_ = own.get("license")
    if isinstance(license_, dict):
        named.append(("license", license_.get("file")))
    named += [("license-files", path) for path in list_in(own, "license-files")]
    for key, path in named:
        if not isinstance(path, str) or set(path) & set("*?["):
            continue  # none, or a pattern, which may match whatever there is
        folder, _, _ = path.rpartition("/")
        if path not in tree.files_in(folder):
            note("D6", f"project.{key}", f"names {path!r}, which is not there. Write that file.")


def _check_name(name: str, where: str, note: Note) -> None:
    if name and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        message = f"must be letters and digits with hyphens between them, got {name!r}. Rename it."
        note("D2", where, message)


def check_requirements(requirements: Iterable[str], where: str, note: Note) -> None:
    """Rule D3: it depends on zsclip, without an upper bound."""
    for text in requirements:
        parts = _REQUIREMENT.match(text)
        if parts is None or normalize_name(parts[1]) != "zsclip":
            continue
        if _UPPER_BOUND.search(parts[2]):
            message = (
                f"must set no upper bound for zsclip, got {text.strip()!r}. Later versions read "
                f'every earlier schema; write "zsclip>={FIRST_ZSCLIP}".'
            )
            note("D3", where, message)
        return
    note("D3", where, f'must hold zsclip, which reads the label set. Add "zsclip>={FIRST_ZSCLIP}".')


def table_in(table: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A table within tables; empty where there is none."""
    for key in keys:
        value = table.get(key)
        table = value if isinstance(value, dict) else {}
    return table


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def list_in(table: dict[str, Any], key: str) -> list[Any]:
    """A list within a table; empty where there is none."""
    value = table.get(key)
    return value if isinstance(value, list) else []
