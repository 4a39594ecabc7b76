"""Label sets in every kind of installation, and beside distributions that are broken."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import logging
import site
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from zsclip.errors import LabelSetNotFoundError, LabelSetUnreadableError
from zsclip.labels import LabelSetInfo, list_labelsets, load_labelset

Files = Mapping[str, bytes]
RAISES = "raise RuntimeError('a label set was imported')"


def infos(*distributions: str) -> dict[str, LabelSetInfo]:
    return {i.distribution: i for i in list_labelsets() if i.distribution in distributions}


def test_a_package_that_raises_at_import_is_never_imported(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": None}, init=RAISES)

    assert infos("test-birds")["test-birds"].error is None
    assert len(load_labelset("garden-birds")) == 2
    assert "test_birds" not in sys.modules


def test_discovery_imports_neither_plugins_nor_torch(install: Callable[..., Path]) -> None:
    folder = install("test-birds", sets={"garden-birds": None}, init=RAISES)
    code = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from zsclip.labels import list_labelsets, load_labelset\n"
        "assert 'garden-birds' in [info.name for info in list_labelsets()]\n"
        "load_labelset('garden-birds')\n"
        "heavy = {'torch', 'numpy', 'PIL', 'click', 'rich', 'httpx', 'test_birds'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_an_imported_package_is_found_as_well(install: Callable[..., Path]) -> None:
    install("test-birds", sets={"garden-birds": None}, package="test_imported_birds")
    importlib.import_module("test_imported_birds")

    assert len(load_labelset("garden-birds")) == 2


def test_installed_from_a_wheel(
    make_layout: Callable[..., Files],
    make_wheel: Callable[[Path, Files], Path],
    add_path: Callable[[Path], None],
    tmp_path: Path,
) -> None:
    wheel = make_wheel(tmp_path, make_layout("test-birds", sets={"garden-birds": None}))
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True)
    add_path(target)

    assert (target / "test_birds-1.2.dist-info/INSTALLER").read_text().strip() == "pip"
    assert repr(load_labelset("garden-birds")).endswith("test-birds 1.2>")


@pytest.mark.parametrize("init", ["", None], ids=["package", "namespace package"])
def test_in_a_zip_file(
    make_layout: Callable[..., Files],
    make_wheel: Callable[[Path, Files], Path],
    add_path: Callable[[Path], None],
    tmp_path: Path,
    init: str | None,
) -> None:
    files = make_layout("test-birds", sets={"garden-birds": None, "broken": "x"}, init=init)
    archive = make_wheel(tmp_path, files)
    with zipfile.ZipFile(archive, "a") as zipped:  # zipimport knows folders by their entries
        zipped.writestr("test_birds/", b"")
        points = "[zsclip.labelsets]\nno-file = test_birds\n"
        zipped.writestr("test_x-1.dist-info/entry_points.txt", points)
        zipped.writestr("test_x-1.dist-info/METADATA", "Name: test-x\nVersion: 1\n")
    add_path(archive)

    assert load_labelset("garden-birds").names == ("robin", "house sparrow")
    with pytest.raises(LabelSetUnreadableError, match=r"has no file 'no-file\.toml'"):
        load_labelset("no-file")
    assert infos("test-birds")["test-birds"].version == "1.2"


def test_a_namespace_package_in_two_folders(
    install: Callable[..., Path],
    write_files: Callable[[Path, Files], Path],
    add_path: Callable[[Path], None],
    tmp_path: Path,
) -> None:
    add_path(write_files(tmp_path / "first", {"test_birds/other.txt": b""}))
    install("test-birds", sets={"garden-birds": None}, init=None)

    assert len(load_labelset("garden-birds")) == 2
    assert "test_birds" not in sys.modules


def test_editable_by_a_path_file(
    make_layout: Callable[..., Files],
    write_files: Callable[[Path, Files], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    files = make_layout("test-birds", sets={"garden-birds": None})
    source = write_files(tmp_path / "src", {k: v for k, v in files.items() if "info/" not in k})
    installed = write_files(tmp_path / "site", {k: v for k, v in files.items() if "info/" in k})
    (installed / "_test_birds.pth").write_text(f"{source}\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    site.addsitedir(str(installed))

    assert len(load_labelset("garden-birds")) == 2


class EditableFinder:
    """Maps a package to its source folder, as import hooks of editable installs do."""

    def __init__(self, package: str, folder: Path) -> None:
        self.package = package
        self.folder = folder

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.package:
            return None
        init = self.folder / "__init__.py"
        return importlib.util.spec_from_file_location(
            name, init, submodule_search_locations=[str(self.folder)]
        )


def test_editable_by_an_import_hook(
    make_layout: Callable[..., Files],
    write_files: Callable[[Path, Files], Path],
    add_path: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    files = make_layout("test-birds", sets={"garden-birds": None}, init=RAISES)
    source = write_files(tmp_path / "src", {k: v for k, v in files.items() if "info/" not in k})
    add_path(write_files(tmp_path / "site", {k: v for k, v in files.items() if "info/" in k}))
    finder = EditableFinder("test_birds", source / "test_birds")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])

    assert len(load_labelset("garden-birds")) == 2
    assert "test_birds" not in sys.modules


class BareLoader:
    """A loader with none of the optional methods."""


class FailingLoader:
    def get_resource_reader(self, name: str) -> object:
        raise MemoryError("no reader today")


@pytest.mark.parametrize("loader", [BareLoader(), FailingLoader(), None])
def test_a_loader_without_a_reader(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, loader: object
) -> None:
    folder = install("test-birds", sets={"garden-birds": None})
    spec = importlib.machinery.ModuleSpec("test_birds", loader, is_package=True)  # type: ignore[arg-type]
    spec.submodule_search_locations = [str(folder / "nowhere"), str(folder / "test_birds")]
    finder = EditableFinder("test_birds", folder)
    monkeypatch.setattr(
        finder, "find_spec", lambda name, *_: spec if name == "test_birds" else None
    )
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])

    assert len(load_labelset("garden-birds")) == 2
    spec.submodule_search_locations = [str(folder / "nowhere")]
    with pytest.raises(LabelSetUnreadableError):
        load_labelset("garden-birds")


# ----------------------------------------------------------------- beside broken distributions


@pytest.fixture
def good(install: Callable[..., Path]) -> str:
    """A good set, installed before and after the broken ones of a test."""
    install("test-birds", sets={"garden-birds": None})
    return "garden-birds"


@pytest.mark.parametrize(
    "points",
    [
        "[zsclip.labelsets]\nno equals sign\n",
        "no-section = test_broken\n[zsclip.labelsets]\nx-set = test_broken\n",
        "[zsclip.labelsets\nx-set = test_broken\nbroken",
    ],
)
def test_malformed_entry_points(good: str, install: Callable[..., Path], points: str) -> None:
    install("test-broken", entry_points=points)
    install("test-later", sets={"forest-birds": None})

    assert len(load_labelset(good)) == 2
    assert len(load_labelset("forest-birds")) == 2
    listed = infos("test-birds", "test-broken", "test-later")
    assert listed["test-birds"].error is None
    assert listed["test-later"].error is None
    if "test-broken" in listed:  # whether a file can be parsed differs between versions of Python
        broken = listed["test-broken"]
        assert broken.error


def test_entry_points_that_cannot_be_parsed_are_listed(
    good: str, install: Callable[..., Path]
) -> None:
    install("test-broken", entry_points="[zsclip.labelsets]\nno equals sign\n", version="7")

    broken = infos("test-broken")["test-broken"]

    assert broken.name == ""
    assert broken.version == "7"
    assert "The entry_points.txt of test-broken cannot be parsed" in str(broken.error)
    with pytest.raises(LabelSetNotFoundError, match=r"cannot be parsed: test-broken 7\."):
        load_labelset("volcanoes")
    assert len(load_labelset(good)) == 2


def test_malformed_entry_points_of_a_foreign_distribution(
    good: str, install: Callable[..., Path]
) -> None:
    install("test-foreign", entry_points="[console_scripts]\nno equals sign\n")

    assert infos("test-foreign") == {}
    assert len(load_labelset(good)) == 2


def test_entry_points_that_are_no_text(
    good: str, install: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    folder = install("test-broken", sets={"forest-birds": None})
    next(folder.glob("*.dist-info/entry_points.txt")).write_bytes(b"[zsclip.labelsets]\n\xff\xfe")

    with caplog.at_level(logging.DEBUG, logger="zsclip"):
        assert infos("test-birds", "test-broken").keys() == {"test-birds"}

    assert "Skipped a distribution that cannot be read" in caplog.text
    assert len(load_labelset(good)) == 2


@pytest.mark.parametrize(
    "metadata",
    [b"", b"\xff\xfe\x00", b"Metadata-Version: 2.1\n", b"Name: test-broken\n", b"\n\nName: x\n"],
    ids=["none", "no text", "no name", "no version", "late headers"],
)
def test_broken_metadata(good: str, install: Callable[..., Path], metadata: bytes) -> None:
    install("test-broken", sets={"forest-birds": None}, metadata=metadata)

    # Provenance that cannot be told is not made up.
    with pytest.raises(LabelSetUnreadableError, match="metadata of the distribution 'test-broken'"):
        load_labelset("forest-birds")
    assert "cannot be read" in str(infos("test-broken")["test-broken"].error)
    assert infos("test-birds")["test-birds"].error is None
    assert len(load_labelset(good)) == 2


def test_everything_broken_at_once(good: str, install: Callable[..., Path]) -> None:
    install("test-a", entry_points="[zsclip.labelsets]\nno equals sign\n")
    install("test-b", sets={"b-set": "not = [toml"})
    install("test-c", sets={"c-set": None}, metadata=b"")
    install("test-d", sets={"d-set": None}, init=RAISES)
    install("test-e", sets={"e-set": b"\xff"})
    install("test-f", entry_points="[zsclip.labelsets]\nf-set = nowhere\n")
    install("test-g", entry_points="[other]\nno equals sign\n")

    listed = infos(*(f"test-{letter}" for letter in "abcdefg"), "test-birds")

    assert {name for name, info in listed.items() if info.error is None} == {"test-birds", "test-d"}
    assert len(listed) == 7
    assert len(load_labelset(good)) == 2
    assert len(load_labelset("d-set")) == 2
