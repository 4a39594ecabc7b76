"""What a wheel says of itself: its metadata, read as Python will once it is installed."""

from __future__ import annotations

import base64
import csv
import email
import hashlib
from importlib.metadata import Distribution
from pathlib import PurePath
from typing import Any

from zsclip.authoring.findings import Finding
from zsclip.authoring.projects import Project, check_requirements
from zsclip.authoring.trees import Tree, TreeError
from zsclip.entrypoints import normalize_name
from zsclip.labels.registry import LABELSETS_GROUP

__all__ = ["check_record", "read_wheel"]


def read_wheel(tree: Tree, filename: str) -> Project:
    """Read and check the metadata of a wheel.

    Args:
        tree: The wheel.
        filename: Its name, which says what is in it.
    """
    project = Project()
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in (5, 6):
        message = "must be name-version-python-abi-platform.whl. Keep the name it was built with."
        project.findings.append(Finding("D1", filename, "name", message))
    infos = [path for path in tree.folders_in("") if path.endswith(".dist-info")]
    if len(infos) != 1:
        count = len(infos) or "none"
        message = f"must hold one .dist-info folder, got {count}. Build it anew."
        project.findings.append(Finding("D1", filename, "file", message))
        return project
    (project.info,) = infos
    metadata = _Metadata(tree, project.info)
    for name in ("METADATA", "WHEEL", "RECORD"):
        if metadata.read_text(name) is None:
            message = metadata.failures.get(name, "is missing. Build the wheel anew.")
            project.findings.append(Finding("D1", f"{project.info}/{name}", "file", message))
    _check_headers(project, metadata.headers("METADATA"), parts)
    project.builder = _first(metadata.headers("WHEEL"), "Generator").partition(" ")[0]
    _read_entry_points(project, metadata)
    return project


def _check_headers(project: Project, headers: dict[str, list[str]], parts: list[str]) -> None:
    """Rules D2 and D3."""
    file = f"{project.info}/METADATA"

    def note(rule: str, where: str, message: str) -> None:
        project.findings.append(Finding(rule, file, where, message))

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
            note(
                "D2",
                "Name",
                f"is {name} {version}, and the file's name says {named}. Build it anew.",
            )
    classified = any(text.startswith("License ::") for text in headers.get("Classifier", ()))
    if not (_first(headers, "License-Expression") or _first(headers, "License") or classified):
        note("D2", "License-Expression", 'is missing. Write license = "..." in pyproject.toml.')
    check_requirements(headers.get("Requires-Dist", ()), "Requires-Dist", note)


def _read_entry_points(project: Project, metadata: _Metadata) -> None:
    file = f"{project.info}/entry_points.txt"
    try:
        points = [point for point in metadata.entry_points if point.group == LABELSETS_GROUP]
    except Exception as error:  # noqa: BLE001 - the parser raises whatever it stumbles over
        message = f"cannot be parsed ({type(error).__name__}: {error}). Correct it."
        project.findings.append(Finding("R3", file, "file", message))
        return
    project.declared = [(point.name, point.value) for point in points]
    if not points:
        message = "is missing, so that zsclip finds nothing. Declare the set in pyproject.toml."
        message = metadata.failures.get("entry_points.txt", message)
        project.findings.append(Finding("R3", file, f"[{LABELSETS_GROUP}]", message))


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


def check_record(tree: Tree, info: str, path: str, content: bytes) -> str | None:
    """What is wrong with a file's line in a wheel's RECORD; None if nothing is."""
    try:
        text = (tree.read(f"{info}/RECORD") or b"").decode("utf-8", "replace")
        rows = [row for row in csv.reader(text.splitlines()) if row[:1] == [path]]
    except (TreeError, csv.Error):
        return "cannot be read. Build the wheel anew."
    if not rows:
        return f"does not list {path!r}, so that it is not installed. Build the wheel anew."
    kind, _, given = rows[0][1].partition("=") if len(rows[0]) > 1 else ("", "", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if kind == "sha256" and given.rstrip("=") != digest:
        return f"has another hash for {path!r}. The wheel was changed; build it anew."
    return None


def _first(headers: dict[str, list[str]], key: str) -> str:
    return next(iter(headers.get(key, ())), "")
