"""What package tools leave behind of a distribution: it hides, doubles and renames nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from zsclip.labels import list_labelsets, load_labelset

Files = Mapping[str, bytes]
Layout = Callable[..., Files]
Write = Callable[[Path, Files], Path]

METADATA = "Metadata-Version: 2.1\nName: test-pond\nVersion: {}\n"
POINTS = "[zsclip.labelsets]\npond-life = test_pond\npond-old = test_pond\n"


def _info(site: Path, name: str, version: str = "", *, points: str = POINTS) -> Path:
    """A folder of metadata; an empty one without a version."""
    folder = site / name
    folder.mkdir(parents=True)
    if version:
        file = "PKG-INFO" if name.endswith(".egg-info") else "METADATA"
        (folder / file).write_text(METADATA.format(version))
        (folder / "entry_points.txt").write_text(points)
    return folder


def _renamed(site: Path) -> None:
    """What pip makes of a distribution that it is about to remove."""
    for name in ("test_pond", "test_pond-1.2.dist-info"):
        shutil.copytree(site / name, site / f"~{name[1:]}")
        shutil.copytree(site / name, site / f"-{name[1:]}")


def _without_metadata(site: Path) -> None:
    folder = _info(site, "test_pond-1.1.dist-info", "1.1")
    (folder / "METADATA").unlink()
    (folder / "RECORD").write_text("test_pond/__init__.py,,\n")


def _of_a_folder_renamed_by_hand(site: Path) -> None:
    shutil.copytree(site / "test_pond-1.2.dist-info", site / "test_pond_old-1.2.dist-info")


def _another_version(site: Path, version: str) -> None:
    """One that is whole but for its files, which are those of 1.2 now."""
    folder = _info(site, f"test_pond-{version}.dist-info", version)
    record = (site / "test_pond-1.2.dist-info/RECORD").read_text()
    rows = record.replace("-1.2.", f"-{version}.").replace("sha256=", "sha256=0")
    (folder / "RECORD").write_text(rows)


def _egg_in_a_file(site: Path) -> None:
    with zipfile.ZipFile(site / "test_pond-0.9-py3.11.egg", "w") as egg:
        egg.writestr("EGG-INFO/PKG-INFO", METADATA.format("0.9"))
        egg.writestr("EGG-INFO/entry_points.txt", POINTS)
        egg.writestr("test_pond/__init__.py", "")


def _links(site: Path) -> None:
    (site / "test-pond.egg-link").write_text("/nowhere/pond\n.")
    (site / "easy-install.pth").write_text("/nowhere/pond\n")


def _editable(site: Path) -> None:
    (site / "__editable__.test_pond-1.1.pth").write_text("import __editable___test_pond_finder")
    (site / "__editable___test_pond_finder.py").write_text("raise RuntimeError('left over')")


IN_ONE_PLACE: dict[str, Callable[[Path], object]] = {
    "empty": lambda site: _info(site, "test_pond-1.1.dist-info"),
    "empty, later": lambda site: _info(site, "test_pond-1.3.dist-info"),
    "empty, spelled otherwise": lambda site: _info(site, "Test.Pond-1.1.dist-info"),
    "renamed by pip": _renamed,
    "renamed by hand": _of_a_folder_renamed_by_hand,
    "without METADATA": _without_metadata,
    "without RECORD": lambda site: _info(site, "test_pond-1.3.dist-info", "1.3"),
    "an older version": lambda site: _another_version(site, "1.1"),
    "a later version": lambda site: _another_version(site, "1.10"),
    "egg-info": lambda site: _info(site, "test_pond-0.9-py3.11.egg-info", "0.9"),
    "egg-info of a build": lambda site: _info(site, "test_pond.egg-info", "1.3"),
    "egg-info in a file": lambda site: (site / "test_pond-0.9-py3.11.egg-info").write_text(
        METADATA.format("0.9")
    ),
    "egg": _egg_in_a_file,
    "egg-link": _links,
    "editable": _editable,
}

FURTHER_UP: dict[str, Callable[[Path], object]] = {
    "empty": lambda site: _info(site, "test_pond-1.2.dist-info"),
    "without package and RECORD": lambda site: _info(site, "test_pond-1.3.dist-info", "1.3"),
    "without entry points": lambda site: _info(site, "test_pond-1.3.dist-info", "1.3", points=""),
    "egg-info of a build": lambda site: _info(site, "test_pond.egg-info", "1.3"),
    "renamed by pip": lambda site: _info(site, "~est_pond-1.3.dist-info", "1.3"),
}


@pytest.fixture(params=[False, True], ids=["", "backwards"])
def _listing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are listed in one order and in the other: the system's may be any."""
    listdir = os.listdir
    monkeypatch.setattr(
        os, "listdir", lambda path=".": sorted(listdir(path), reverse=request.param)
    )


def assert_alone() -> None:
    """Of the distribution there are the set and the version that are installed, and no others."""
    found = [info for info in list_labelsets() if info.package == "test_pond"]
    assert [(info.name, info.distribution, info.version) for info in found] == [
        ("pond-life", "test-pond", "1.2")
    ]
    assert found[0].error is None
    [provenance] = load_labelset("pond-life").provenance
    assert (provenance.distribution, provenance.version) == ("test-pond", "1.2")


@pytest.mark.usefixtures("_listing")
@pytest.mark.parametrize("leave", IN_ONE_PLACE.values(), ids=IN_ONE_PLACE)
def test_leftovers_beside_a_distribution_change_nothing(
    install: Callable[..., Path], leave: Callable[[Path], object]
) -> None:
    leave(install("test-pond", sets={"pond-life": None}))
    assert_alone()


@pytest.mark.parametrize("leave", FURTHER_UP.values(), ids=FURTHER_UP)
def test_leftovers_further_up_the_path_change_nothing(
    install: Callable[..., Path],
    leave: Callable[[Path], object],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    install("test-pond", sets={"pond-life": None})
    leave(tmp_path / "earlier")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "earlier"), *sys.path])
    assert_alone()


@pytest.mark.parametrize("leave", [_renamed, lambda site: _info(site, "test_pond.egg-info")])
def test_leftovers_alone_are_no_distribution(
    install: Callable[..., Path], leave: Callable[[Path], object]
) -> None:
    site = install("test-pond", sets={"pond-life": None})
    leave(site)
    for name in ("test_pond", "test_pond-1.2.dist-info"):
        shutil.rmtree(site / name)
    assert [info for info in list_labelsets() if info.package == "test_pond"] == []


def test_a_system_that_drops_the_list_of_files_still_goes_first(
    install: Callable[..., Path], make_layout: Layout, write_files: Write, tmp_path: Path
) -> None:
    first = install("test-pond", sets={"pond-life": None})
    (first / "test_pond-1.2.dist-info/RECORD").unlink()
    install("test-pond", sets={"pond-life": None}, version="1.3")
    assert_alone()


def test_an_egg_on_the_path_is_a_distribution(
    add_path: Callable[[Path], None], tmp_path: Path, make_layout: Layout
) -> None:
    egg = tmp_path / "test_pond-1.2-py3.11.egg"
    with zipfile.ZipFile(egg, "w") as archive:
        for path, data in make_layout("test-pond", sets={"pond-life": None}).items():
            name = path.replace("test_pond-1.2.dist-info", "EGG-INFO")
            archive.writestr(name.replace("METADATA", "PKG-INFO"), data)
    add_path(egg)
    assert_alone()


def test_of_two_versions_that_pip_put_into_one_place_the_files_tell(
    make_layout: Layout,
    make_wheel: Callable[[Path, Files], Path],
    add_path: Callable[[Path], None],
    tmp_path: Path,
) -> None:
    """``--target`` leaves the package that is there alone, and puts new metadata beside it."""
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    for version in ("1.2", "1.3"):
        toml = None if version == "1.2" else make_toml("pond-life", '"newt", "frog"')
        wheel = make_wheel(
            tmp_path, make_layout("test-pond", sets={"pond-life": toml}, version=version)
        )
        options = ["--no-index", "--no-deps", "--target", str(target)]
        subprocess.run([*pip, *options, str(wheel)], check=True, timeout=300, capture_output=True)
    add_path(target)
    assert len(list(target.glob("test_pond-*.dist-info"))) == 2
    assert load_labelset("pond-life").names == ("robin", "house sparrow")
    assert_alone()


def make_toml(name: str, labels: str) -> str:
    return f'schema = 1\nname = "{name}"\nlicense = "MIT"\nsource = "own"\nlabels = [{labels}]\n'
