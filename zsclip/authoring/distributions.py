"""The check of a whole distribution of label sets: its source tree, its sdist, or its wheel.

Rules D1 to D7, here and in `zsclip.authoring.metadata`, and those of label sets for every file.
"""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from zsclip.authoring.metadata import (
    Project,
    check_record,
    list_in,
    read_project,
    read_record,
    read_wheel,
    table_in,
)
from zsclip.authoring.review import Review
from zsclip.authoring.trees import Kind, Tree, TreeError, open_tree
from zsclip.errors import LabelSetVersionError
from zsclip.labels import LABELSETS_GROUP, Problem
from zsclip.labels.installed import check_entry_point
from zsclip.labels.toml import read_toml
from zsclip.wording import brief

__all__ = ["review_distribution"]

DEPTH = 4  # folders down from the top, where files are looked for that are not where they should be

MOST_SETS = 100
"""Label sets of one distribution that is checked: each is compared with all of its settings."""

MOST_PLACES = 1000
"""Folders that the settings of a build back end name, in which a package is looked for."""

PACKAGE_DATA = '[tool.setuptools.package-data] with {package} = ["*.toml"]'


def review_distribution(path: str | os.PathLike[str], kind: Kind) -> Review:
    """Look at everything in a distribution.

    Raises:
        LabelSetUnreadableError: There is nothing at this path that could be a distribution.
    """
    review = Review()
    name = Path(path).name
    try:
        tree = open_tree(path, kind)
    except TreeError as error:
        review.note("D1", name, "file", str(error))
        return review
    project = read_wheel(tree, name) if kind == "wheel" else read_project(tree)
    review.problems += project.problems
    if kind == "sdist" and tree.read("PKG-INFO") is None:
        review.note("D1", "PKG-INFO", "file", "is missing. Build the sdist anew.")
    _review_sets(tree, project, review)
    return review


def _review_sets(tree: Tree, project: Project, review: Review) -> None:
    """Every label set that is declared, and the files beside them that are not."""
    declaring = f"{project.info}/entry_points.txt" if project.info else "pyproject.toml"
    for name, count in Counter(name for name, _ in project.declared).items():
        if count > 1:
            message = f"{brief(name)} is declared {count} times. Keep one of them."
            review.note("R3", declaring, "entry point", message)
    seen: set[str] = set()
    folders: dict[str, str] = {}
    declared = list(dict.fromkeys(project.declared))
    if len(declared) > MOST_SETS:
        message = (
            f"{len(declared):,} label sets are declared, and a check takes {MOST_SETS} at most. "
            "Divide them among several distributions."
        )
        review.note("D1", declaring, "entry points", message)
        return
    hashes = read_record(tree, project.info) if project.info else {}
    elsewhere = _Elsewhere(tree)
    for name, package in declared:
        wrong = check_entry_point(name, package)
        review.problems += [replace(problem, file=declaring) for problem in wrong]
        if wrong:
            continue
        folder = _find_package(tree, project, package)
        if folder is None:
            message = (
                f"{brief(name)} leads to the package {brief(package)}, and no such folder is here"
                f"{elsewhere.told(f'{name}.toml')}. {_advice(project, package)}"
            )
            review.note("D4", declaring, "entry point", message)
            continue
        file = f"{folder}/{name}.toml"
        folders[folder] = package
        seen.add(file)
        try:
            data = tree.read(file)
        except TreeError as error:
            review.note("R1", file, "file", str(error))
            continue
        if data is None:
            message = (
                f"is missing, and the entry point {brief(name)} leads to it"
                f"{elsewhere.told(f'{name}.toml')}. {_advice(project, package)}"
            )
            review.note("D4", file, "file", message)
            continue
        if project.info and (problem := check_record(hashes, file, data)):
            review.note("D1", f"{project.info}/RECORD", "file", problem)
        try:
            review.judge(read_toml(data, file=file, name=name), file)
        except LabelSetVersionError as error:
            review.note("R2", file, "schema", str(error))
        if not project.info:
            review.problems += _left_behind(tree, project, package, file)
    for folder, package in folders.items():
        review.problems += _undeclared(tree, folder, package, seen, declaring)


def _find_package(tree: Tree, project: Project, package: str) -> str | None:
    """The folder of a package: at the top of a wheel, and where sources may have it."""
    places = [package]
    if not project.info:
        wheel = table_in(project.table, "tool", "hatch", "build", "targets", "wheel")
        where = list_in(table_in(project.table, "tool", "setuptools", "packages", "find"), "where")
        places += [path.strip("/") for path in list_in(wheel, "packages") if isinstance(path, str)]
        places += [f"{path.strip('/')}/{package}" for path in where if isinstance(path, str)]
        places.append(f"src/{package}")
    for place in islice(dict.fromkeys(places), MOST_PLACES):
        if place.rpartition("/")[2] == package and tree.files_in(place):
            return place
    return None


class _Elsewhere:
    """Where files lie that are not where they should be; the tree is gone through once for all."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def told(self, filename: str) -> str:
        """Where the first file of a name lies, for a message."""
        path = self._first.get(filename)
        return f"; a file of this name lies at {brief(path)}" if path else ""

    @cached_property
    def _first(self) -> dict[str, str]:
        first: dict[str, str] = {}
        for path in _walk(self._tree, "", DEPTH):
            first.setdefault(path.rpartition("/")[2], path)
        return first


def _walk(tree: Tree, folder: str, depth: int) -> Iterator[str]:
    yield from tree.files_in(folder)
    for inner in tree.folders_in(folder) if depth else ():
        if not inner.rpartition("/")[2].startswith((".", "venv", "build", "dist", "node_modules")):
            yield from _walk(tree, inner, depth - 1)


def _advice(project: Project, package: str) -> str:
    """How to get the file into the place that the entry point leads to."""
    if not project.info:
        return "Put it there, or correct the entry point."
    if "setuptools" in project.builder:
        return f"Tell setuptools to take it along: {PACKAGE_DATA.format(package=package)}."
    by = project.builder or "the build back end"
    return (
        f"See that {by} takes it along: that no `exclude` covers it, and that no .gitignore does. "
        f"With setuptools: {PACKAGE_DATA.format(package=package)}."
    )


def _left_behind(tree: Tree, project: Project, package: str, file: str) -> Iterator[Problem]:
    """Rule D7, for the settings that leave data out of a wheel without a word."""
    tool = table_in(project.table, "tool")
    if project.builder.startswith("setuptools"):
        requires = list_in(table_in(project.table, "build-system"), "requires")
        by_git = any("setuptools-scm" in str(r).replace("_", "-").lower() for r in requires)
        own = table_in(tool, "setuptools", "package-data")
        patterns = [p for key in (package, "*") for p in list_in(own, key) if isinstance(p, str)]
        listed = any(fnmatch.fnmatch(file.rpartition("/")[2], pattern) for pattern in patterns)
        elsewhere = [n for n in ("MANIFEST.in", "setup.py", "setup.cfg") if n in tree.files_in("")]
        if not (listed or by_git or elsewhere):
            message = f"is missing, so that setuptools leaves {brief(file)} out. Add {{}}."
            message = message.format(PACKAGE_DATA.format(package=package))
            yield Problem("D7", "tool.setuptools.package-data", message, "pyproject.toml")
    hatch = table_in(tool, "hatch", "build")
    wheel = table_in(hatch, "targets", "wheel")
    taken = list_in(wheel, "packages") or list_in(wheel, "only-include")
    if project.builder.startswith("hatchling") and taken:
        folders = [str(path).strip("/") for path in taken]
        if not any(file == path or file.startswith(f"{path}/") for path in folders):
            message = f"does not hold {brief(package)}, so that {brief(file)} is left out. Add it."
            yield Problem("D7", "tool.hatch.build.targets.wheel", message, "pyproject.toml")
    for where, settings in (
        ("tool.poetry.exclude", list_in(table_in(tool, "poetry"), "exclude")),
        ("tool.hatch.build.exclude", list_in(hatch, "exclude")),
        ("tool.hatch.build.targets.wheel.exclude", list_in(wheel, "exclude")),
        (
            "tool.uv.build-backend.wheel-exclude",
            list_in(table_in(tool, "uv", "build-backend"), "wheel-exclude"),
        ),
    ):
        for pattern in settings:
            text = str(pattern.get("path", "") if isinstance(pattern, dict) else pattern)
            if _covers(text.lstrip("/"), file):
                message = f"leaves {brief(file)} out, by {brief(text)}. Remove that."
                yield Problem("D7", where, message, "pyproject.toml")


def _covers(pattern: str, file: str) -> bool:
    """Whether a pattern of a kind that build back ends take covers a file."""
    name = file.rpartition("/")[2]
    if not pattern:
        return False
    if "/" not in pattern and fnmatch.fnmatch(name, pattern):
        return True
    return fnmatch.fnmatch(file, pattern) or fnmatch.fnmatch(file, pattern.replace("**/", ""))


def _undeclared(
    tree: Tree, folder: str, package: str, declared: set[str], declaring: str
) -> Iterator[Problem]:
    """Rule D5."""
    for file in tree.files_in(folder):
        if not file.endswith(".toml") or file in declared:
            continue
        try:
            data = tree.read(file) or b""
        except TreeError:
            continue  # whatever it is, no label set is that large
        if b"schema" in data and b"labels" in data:
            name = file.rpartition("/")[2].removesuffix(".toml")
            message = (
                f"lies in {brief(package)} and is not declared, so that nobody finds it. Add "
                f"{name} = "
                f'"{package}" to the entry points of {LABELSETS_GROUP}, or remove the file.'
            )
            yield Problem("D5", "file", message, file)
