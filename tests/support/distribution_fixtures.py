"""Distributions written the way an installer writes them, so that discovery runs for real."""

from __future__ import annotations

import base64
import hashlib
import importlib
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from zsclip.authoring import check_labelset
from zsclip.errors import LabelSetFormatError
from zsclip.labels import list_labelsets, load_labelset

VALID = """
schema = 1
name = "{name}"
license = "CC0-1.0"
source = "own work"
templates = ["a photo of a {{}}."]
labels = ["robin", {{ name = "house sparrow", aliases = ["sparrow"] }}]
"""


def layout(
    distribution: str,
    *,
    sets: Mapping[str, str | bytes | None] | None = None,
    package: str | None = None,
    version: str = "1.2",
    init: str | None = "",
    entry_points: str | None = None,
    metadata: str | bytes | None = None,
    files: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """The files of an installed distribution, by their paths under site-packages.

    Args:
        distribution: Its name.
        sets: TOML by label-set name; None as the TOML stands for a valid one.
        package: The package that holds them; made from the distribution's name by default.
        version: Its version.
        init: The text of ``__init__.py``; None writes none.
        entry_points: The text of ``entry_points.txt``; by default the sets, each in the package.
        metadata: The METADATA; None writes a good one, empty bytes leave the file out.
        files: Further files.
    """
    stem = distribution.replace("-", "_")
    package = package or stem
    sets = {} if sets is None else sets
    if entry_points is None:
        lines = "".join(f"{name} = {package}\n" for name in sets)
        entry_points = f"[zsclip.labelsets]\n{lines}"
    if metadata is None:
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    info = f"{stem}-{version}.dist-info"
    out: dict[str, bytes] = {
        f"{info}/entry_points.txt": entry_points.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/METADATA": metadata.encode() if isinstance(metadata, str) else metadata,
    }
    if init is not None:
        out[f"{package}/__init__.py"] = init.encode()
    for name, toml in sets.items():
        text = VALID.format(name=name) if toml is None else toml
        data = text.encode() if isinstance(text, str) else text
        out[f"{package}/{name}.toml"] = data
    out.update(files or {})
    out = {path: data for path, data in out.items() if data or not path.endswith("/METADATA")}
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in out.items()]
    out[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    return out


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


@pytest.fixture
def make_layout() -> Callable[..., dict[str, bytes]]:
    """`layout`: the files of a distribution."""
    return layout


@pytest.fixture
def write_files() -> Callable[[Path, Mapping[str, bytes]], Path]:
    """`write`: files into a folder."""
    return write


@pytest.fixture
def make_wheel() -> Callable[[Path, Mapping[str, bytes]], Path]:
    """Zips the files of a distribution into a wheel, named as wheels are."""

    def make(folder: Path, files: Mapping[str, bytes]) -> Path:
        info = next(path.split("/")[0] for path in files if ".dist-info/" in path)
        wheel = folder / f"{info.removesuffix('.dist-info')}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return wheel

    return make


@pytest.fixture
def add_path(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Puts a folder or an archive at the end of the import path, until the test ends."""

    def add(path: Path) -> None:
        monkeypatch.setattr(sys, "path", [*sys.path, str(path)])
        importlib.invalidate_caches()

    return add


@pytest.fixture
def install(tmp_path: Path, add_path: Callable[[Path], None]) -> Callable[..., Path]:
    """Installs a distribution into a folder of its own on the path; takes what `layout` takes."""
    count = 0

    def install(distribution: str, **options: object) -> Path:
        nonlocal count
        count += 1
        site = write(tmp_path / f"site{count}", layout(distribution, **options))  # type: ignore[arg-type]
        add_path(site)
        return site

    return install


@pytest.fixture
def assert_breach(install: Callable[..., Path]) -> Callable[[str | bytes, str], None]:
    """Installs a set "garden" and asserts that a problem is reported, alike wherever one asks."""

    def check(toml: str | bytes, problem: str) -> None:
        install("test-garden", sets={"garden": toml})
        with pytest.raises(LabelSetFormatError) as caught:
            load_labelset("garden")
        problems = caught.value.problems
        assert any(p.startswith(problem) for p in problems), problems
        assert "'garden' of test-garden" in str(caught.value)
        assert all(p in str(caught.value) for p in problems)
        assert check_labelset("garden") == list(problems)
        (info,) = (info for info in list_labelsets() if info.name == "garden")
        assert info.error == str(caught.value)

    return check
