"""What a distribution says of itself: the ``pyproject.toml`` of its sources, or a wheel's metadata.

A wheel's is read as Python will read it once it is installed.
"""

from __future__ import annotations

import base64
import csv
import email
import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution
from pathlib import PurePath
from typing import Any

from zsclip.authoring.trees import Tree, TreeError
from zsclip.entrypoints import normalize_name
from zsclip.labels import LABELSETS_GROUP, Problem
from zsclip.labels.toml import load_table
from zsclip.wording import brief, shown

__all__ = [
    "FIRST_ZSCLIP",
    "Project",
    "check_record",
    "list_in",
    "read_project",
    "read_record",
    "read_wheel",
    "table_in",
]

FIRST_ZSCLIP = "0.1.0"
"""The first version of zsclip that reads schema 1."""

_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?([^;]*)"
)
_UPPER_BOUND = re.compile(r"<|(?<![!=])==|~=|\^")


@dataclass(slots=True)
class Project:
    """A distribution's own account of itself, and what is wrong with it.

    Attributes:
        file: The file that what is noted now is about.
        declared: The label sets: name and package of each entry point.
        builder: The build back end, or the program that built the wheel; empty if not known.
        problems: What is wrong.
        table: The content of ``pyproject.toml``; empty for a wheel.
        info: The wheel's folder of metadata; empty for sources.
    """

    file: str
    declared: list[tuple[str, str]] = field(default_factory=list)
    builder: str = ""
    problems: list[Problem] = field(default_factory=list)
    table: dict[str, Any] = field(default_factory=dict)
    info: str = ""

    def note(self, rule: str, where: str, message: str, file: str | None = None) -> None:
        """Add a problem."""
        self.problems.append(Problem(rule, where, message, file or self.file))


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


# ----------------------------------------------------------------------------------------- sources


def read_project(tree: Tree) -> Project:
    """Read the ``pyproject.toml`` of a source tree."""
    project = Project("pyproject.toml")
    note = project.note
    try:
        data = tree.read(project.file)
    except TreeError as error:
        note("D1", "file", str(error))
        return project
    if data is None:
        message = "is missing. `zsclip labelsets new` writes one; or check the wheel."
        note("D1", "file", message)
        return project
    table = load_table(data)
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
    _check_name(_text(own, "name") or _text(poetry, "name"), project)
    if not (own.get("license") or poetry.get("license") or "license" in dynamic):
        example = 'license = "CC0-1.0"'
        note("D2", "project.license", f"is missing. Say it here as in the data, as in {example}.")
    if "dependencies" not in dynamic:
        needed = [text for text in list_in(own, "dependencies") if isinstance(text, str)]
        specs = table_in(poetry, "dependencies")
        needed += [
            f"{name} {spec if isinstance(spec, str) else ''}" for name, spec in specs.items()
        ]
        _check_requirements(needed, "project.dependencies", project)
    _check_named_files(tree, own, project)
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


def _check_named_files(tree: Tree, own: dict[str, Any], project: Project) -> None:
    """Rule D6 for the README and the license."""
    readme = own.get("readme")
    named = [("readme", readme.get("file") if isinstance(readme, dict) else readme)]
    license_ = own.get("license")
    if isinstance(license_, dict):
        named.append(("license", license_.get("file")))
    named += [("license-files", path) for path in list_in(own, "license-files")]
    files = functools.cache(lambda folder: frozenset(tree.files_in(folder)))
    for key, path in named:
        if not isinstance(path, str) or set(path) & set("*?["):
            continue  # none, or a pattern, which may match whatever there is
        if path not in files(path.rpartition("/")[0]):
            message = f"names {brief(path)}, which is not there. Write that file."
            project.note("D6", f"project.{key}", message)


def _check_name(name: str, project: Project) -> None:
    if name and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        got = brief(name)
        message = f"must be letters and digits with hyphens between them, got {got}. Rename it."
        project.note("D2", "project.name", message)


def _check_requirements(requirements: Iterable[str], where: str, project: Project) -> None:
    """Rule D3: it depends on zsclip, without an upper bound."""
    for text in requirements:
        parts = _REQUIREMENT.match(text)
        if parts is None or normalize_name(parts[1]) != "zsclip":
            continue
        if _UPPER_BOUND.search(parts[2]):
            message = (
                f"must set no upper bound for zsclip, got {brief(text.strip())}. Later versions "
                f'read every earlier schema; write "zsclip>={FIRST_ZSCLIP}".'
            )
            project.note("D3", where, message)
        return
    message = f'must hold zsclip, which reads the label set. Add "zsclip>={FIRST_ZSCLIP}".'
    project.note("D3", where, message)


# ------------------------------------------------------------------------------------------ wheels


def read_wheel(tree: Tree, filename: str) -> Project:
    """Read and check the metadata of a wheel.

    Args:
        tree: The wheel.
        filename: Its name, which says what is in it.
    """
    project = Project(filename)
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in (5, 6):
        message = "must be name-version-python-abi-platform.whl. Keep the name it was built with."
        project.note("D1", "name", message)
    infos = [path for path in tree.folders_in("") if path.endswith(".dist-info")]
    if len(infos) != 1:
        count = len(infos) or "none"
        message = f"must hold one .dist-info folder, got {count}. Build it anew."
        project.note("D1", "file", message)
        return project
    (project.info,) = infos
    metadata = _Metadata(tree, project.info)
    for name in ("METADATA", "WHEEL", "RECORD"):
        if metadata.read_text(name) is None:
            message = metadata.failures.get(name, "is missing. Build the wheel anew.")
            project.note("D1", "file", message, f"{project.info}/{name}")
    _check_headers(project, metadata.headers("METADATA"), parts)
    project.builder = _first(metadata.headers("WHEEL"), "Generator").partition(" ")[0]
    _read_entry_points(project, metadata)
    return project


def _check_headers(project: Project, headers: dict[str, list[str]], parts: list[str]) -> None:
    """Rules D2 and D3."""
    project.file = f"{project.info}/METADATA"
    note = project.note
    if not headers:
        return  # it is missing or damaged, which is said already
    name, version = _first(headers, "Name"), _first(headers, "Version")
    for key, value in (("Name", name), ("Version", version)):
        if not value:
            note("D2", key, "is missing. Build the wheel anew.")
    if len(parts) in (5, 6):
        same = normalize_name(name) == normalize_name(parts[0])
        if not (same and version.replace("-", "_") == parts[1]):
            named = f"{parts[0]} {parts[1]}"
            message = f"is {name} {version}, and the file's name says {named}. Build it anew."
            note("D2", "Name", message)
    classified = any(text.startswith("License ::") for text in headers.get("Classifier", ()))
    if not (_first(headers, "License-Expression") or _first(headers, "License") or classified):
        note("D2", "License-Expression", 'is missing. Write license = "..." in pyproject.toml.')
    _check_requirements(headers.get("Requires-Dist", ()), "Requires-Dist", project)


def _read_entry_points(project: Project, metadata: _Metadata) -> None:
    project.file = f"{project.info}/entry_points.txt"
    try:
        points = [point for point in metadata.entry_points if point.group == LABELSETS_GROUP]
    except Exception as error:  # noqa: BLE001 - the parser raises whatever it stumbles over
        message = f"cannot be parsed ({type(error).__name__}: {shown(str(error))}). Correct it."
        project.note("R3", "file", message)
        return
    project.declared = [(point.name, point.value) for point in points]
    if not points:
        message = "is missing, so that zsclip finds nothing. Declare the set in pyproject.toml."
        message = metadata.failures.get("entry_points.txt", message)
        project.note("R3", f"[{LABELSETS_GROUP}]", message)


class _Metadata(Distribution):
    """The metadata of a wheel, parsed as Python will parse it once it is installed."""

    def __init__(self, tree: Tree, info: str) -> None:
        self._tree = tree
        self._info = info
        self.failures: dict[str, str] = {}

    def read_text(self, filename: str) -> str | None:
        try:
            data = self._tree.read(f"{self._info}/{filename}")
            return None if data is None else data.decode("utf-8")
        except TreeError as error:
            self.failures[filename] = str(error)
        except UnicodeDecodeError:
            self.failures[filename] = "is not UTF-8. Build the wheel anew."
        return None

    def locate_file(self, path: Any) -> Any:  # which the base class asks for; nothing is on disk
        return PurePath(path)

    def headers(self, filename: str) -> dict[str, list[str]]:
        """The headers of a file in the form of an e-mail, each with all of its values."""
        text = self.read_text(filename)
        try:
            message = email.message_from_string(text or "")
            found: dict[str, list[str]] = {}
            for key, value in message.items():
                found.setdefault(key, []).append(str(value).strip())
        except Exception:  # noqa: BLE001 - what the parser makes of damage differs by version
            self.failures[filename] = "cannot be parsed. Build the wheel anew."
            return {}
        return found


def read_record(tree: Tree, info: str) -> dict[str, str] | None:
    """The hash of each file in a wheel's RECORD, empty where it says none; None if it is damaged.

    The first line of a file counts.
    """
    hashes: dict[str, str] = {}
    try:
        text = (tree.read(f"{info}/RECORD") or b"").decode("utf-8", "replace")
        for row in csv.reader(text.splitlines()):
            if row:
                hashes.setdefault(row[0], row[1] if len(row) > 1 else "")
    except (TreeError, csv.Error):
        return None
    return hashes


def check_record(hashes: dict[str, str] | None, path: str, content: bytes) -> str | None:
    """What is wrong with a file's line in a wheel's RECORD; None if nothing is.

    Args:
        hashes: What `read_record` gave.
        path: The file.
        content: What is in it.
    """
    if hashes is None:
        return "cannot be read. Build the wheel anew."
    if path not in hashes:
        return f"does not list {brief(path)}, so that it is not installed. Build the wheel anew."
    kind, _, given = hashes[path].partition("=")
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if kind == "sha256" and given.rstrip("=") != digest:
        return f"has another hash for {brief(path)}. The wheel was changed; build it anew."
    return None


def _first(headers: dict[str, list[str]], key: str) -> str:
    return next(iter(headers.get(key, ())), "")
