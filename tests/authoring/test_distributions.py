"""The check of distributions: source trees and sdists, good ones and every breach."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from zsclip.authoring import check_distribution, trees

LIBRARY = Path(__file__).parents[2] / "labelsets"
FOLDERS = sorted(path for path in LIBRARY.glob("*") if path.is_dir())


@pytest.fixture
def satellite(tmp_path: Path) -> Path:
    """A copy of the sources of a distribution."""
    ignored = shutil.ignore_patterns("dist", "__pycache__")
    return Path(shutil.copytree(LIBRARY / "satellite", tmp_path / "satellite", ignore=ignored))


def pack(folder: Path, *, top: str = "zsclip_labels_satellite-0.1.0") -> Path:
    """An sdist of a source tree, as `python -m build` makes it."""
    sdist = folder.parent / "zsclip_labels_satellite-0.1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(folder, arcname=top)
        info = tarfile.TarInfo(f"{top}/PKG-INFO")
        archive.addfile(info, io.BytesIO())
    return sdist


# ----------------------------------------------------------------------------------------- folders


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_sources_of_the_library(folder: Path) -> None:
    assert check_distribution(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('name = "zsclip-labels-satellite"\n', "", "D2 project.name: is missing."),
        ('"zsclip-labels-satellite"', '"a b"', "D2 project.name: must be letters and digits"),
        ('version = "0.1.0"\n', "", "D2 project.version: is missing."),
        ('license = "MIT"\n', "", "D2 project.license: is missing."),
        ('["zsclip>=0.1.0"]', '["numpy"]', "D3 project.dependencies: must hold zsclip"),
        ('["zsclip>=0.1.0"]', '["zsclip[x]>=0.1,<2"]', "D3 project.dependencies: must set no"),
        ('["zsclip>=0.1.0"]', '["ZSclip ~= 0.1"]', "D3 project.dependencies: must set no"),
        ('"README.md"', '"readme.txt"', "D6 project.readme: names 'readme.txt', which is"),
        ('["LICENSE"]', '["COPYING"]', "D6 project.license-files: names 'COPYING'"),
        ("[build-system]", "[system]", "D1 build-system: is missing."),
        ("zsclip.labelsets", "zsclip.labels", 'R3 project.entry-points."zsclip.labelsets": is'),
        ('satellite = "zsclip', 'Satellite = "zsclip', "R3 entry point: 'Satellite' is no name"),
        ('te = "zsclip_labels_', 'te = "zsclip.labels_', "R3 entry point: must lead to one"),
        ('te = "zsclip_labels_s', 'te = "labels_s', "D4 entry point: 'satellite' leads to"),
        ('te = "zsclip_labels_satellite"', "te = 1", 'R3 project.entry-points."zsclip.labelsets".'),
        ("[project]", "[project]\nname =", "D1 file: is not TOML: Invalid value (at line 6"),
        ("packages =", "exclude = ['*.toml']\npackages =", "D7 tool.hatch.build.targets.wheel.ex"),
        ('packages = ["z', 'packages = ["src/z', "D7 tool.hatch.build.targets.wheel: does"),
    ],
)  # fmt: skip
def test_a_breach_in_the_project_s_file(satellite: Path, old: str, new: str, finding: str) -> None:
    project = satellite / "pyproject.toml"
    text = project.read_text("utf-8")
    assert old in text
    project.write_text(text.replace(old, new), "utf-8")

    found = check_distribution(satellite)

    assert any(problem.startswith(f"pyproject.toml: {finding}") for problem in found), found


def test_what_setuptools_leaves_out(satellite: Path) -> None:
    project = satellite / "pyproject.toml"
    text = project.read_text("utf-8").partition("\n[tool.hatch")[0]
    text = text.replace("hatchling.build", "setuptools.build_meta").replace(
        "hatchling>", "setuptools>"
    )
    project.write_text(text, "utf-8")

    assert check_distribution(satellite) == [
        "pyproject.toml: D7 tool.setuptools.package-data: is missing, so that setuptools leaves "
        "'zsclip_labels_satellite/satellite.toml' out. Add [tool.setuptools.package-data] with "
        'zsclip_labels_satellite = ["*.toml"].'
    ]
    told = '[tool.setuptools.package-data]\nzsclip_labels_satellite = ["*.toml"]\n'
    project.write_text(f"{text}\n{told}", "utf-8")
    assert check_distribution(satellite) == []


def test_the_files_of_label_sets(satellite: Path) -> None:
    file = satellite / "zsclip_labels_satellite" / "satellite.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"river"', '"Forest"').replace('"MIT"', '""', 1), "utf-8")
    file.with_name("other.toml").write_text(text, "utf-8")
    file.with_name("settings.toml").write_text("unrelated = true", "utf-8")

    six, nine, undeclared = check_distribution(satellite)

    assert six.startswith("zsclip_labels_satellite/satellite.toml: R6 labels[8].name: 'Forest' bel")
    assert nine.startswith("zsclip_labels_satellite/satellite.toml: R9 license: is empty.")
    assert undeclared.startswith(
        "zsclip_labels_satellite/other.toml: D5 file: lies in 'zsclip_labels"
    )
    file.rename(satellite / "satellite.toml")
    missing, _ = check_distribution(satellite)
    assert missing == (
        "zsclip_labels_satellite/satellite.toml: D4 file: is missing, and the entry point "
        "'satellite' leads to it; a file of this name lies at 'satellite.toml'. Put it there, or "
        "correct the entry point."
    )


def test_sources_below_src_and_a_newer_schema(satellite: Path) -> None:
    (satellite / "src").mkdir()
    package = satellite / "zsclip_labels_satellite"
    moved = package.rename(satellite / "src" / package.name)
    project = satellite / "pyproject.toml"
    text = project.read_text("utf-8").replace('["zsclip_labels_', '["src/zsclip_labels_')
    project.write_text(text, "utf-8")
    assert check_distribution(satellite) == []

    file = moved / "satellite.toml"
    file.write_text(file.read_text("utf-8").replace("schema = 1", "schema = 2"), "utf-8")
    (problem,) = check_distribution(satellite)
    assert problem.startswith(
        "src/zsclip_labels_satellite/satellite.toml: R2 schema: The label-set"
    )


class WordCounter:
    """Counts words."""

    context_length = 9

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]


def test_the_lengths_of_prompts(satellite: Path) -> None:
    found = check_distribution(satellite, encoder=WordCounter())
    assert found[0].startswith(
        "zsclip_labels_satellite/satellite.toml: R10 labels[0] ('AnnualCrop')"
    )
    assert all(": R10 labels[" in problem for problem in found)


# ------------------------------------------------------------------------------------------ sdists


def test_an_sdist_is_checked_as_its_tree(satellite: Path) -> None:
    assert check_distribution(pack(satellite)) == []
    (satellite / "zsclip_labels_satellite" / "satellite.toml").unlink()
    (problem,) = check_distribution(pack(satellite))
    assert problem.startswith("zsclip_labels_satellite/satellite.toml: D4 file: is missing")


def test_an_sdist_that_would_land_elsewhere(satellite: Path) -> None:
    for top in ("../elsewhere", "..", "a/../.."):
        (problem,) = check_distribution(pack(satellite, top=top))
        assert "D1 file: holds the path" in problem
        assert problem.endswith("which leads out of it. Build it anew.")


def test_a_link_in_an_sdist_is_not_followed(satellite: Path) -> None:
    file = satellite / "zsclip_labels_satellite" / "satellite.toml"
    secret = satellite.parent / "secret.toml"
    file.rename(secret)
    file.symlink_to(secret)
    (problem,) = check_distribution(pack(satellite))
    assert "D4 file: is missing" in problem


def test_an_sdist_with_loose_files_or_without_metadata(tmp_path: Path) -> None:
    sdist = tmp_path / "x-1.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("pyproject.toml"))
    (problem,) = check_distribution(sdist)
    assert problem.startswith("x-1.tar.gz: D1 file: must hold one folder named by name and version")
    with tarfile.open(sdist, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x-1/setup.py"))
    found = check_distribution(sdist)
    assert [problem.split(".")[0] for problem in found] == [
        "pyproject",
        "PKG-INFO: D1 file: is missing",
    ]


def test_archives_that_unpack_to_too_much(
    satellite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (satellite / "zsclip_labels_satellite" / "large.toml").write_bytes(b"#" * 3_000_000)
    sdist = pack(satellite)
    bundle = tmp_path / "zsclip_labels_satellite-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(satellite / "zsclip_labels_satellite" / "large.toml", "large.toml")
    assert max(sdist.stat().st_size, bundle.stat().st_size) < 20_000
    monkeypatch.setattr(trees, "TOTAL_LIMIT", 2**20)
    for path in (sdist, bundle):
        (problem,) = check_distribution(path)
        assert problem.startswith(f"{path.name}: D1 file: unpacks to more than 1 MiB")


def test_a_label_set_that_is_too_large(satellite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = satellite / "zsclip_labels_satellite" / "satellite.toml"
    file.write_bytes(b"#" * 2**20 + file.read_bytes())
    monkeypatch.setattr(trees, "FILE_LIMIT", 2**20)
    for path in (satellite, pack(satellite)):
        assert check_distribution(path) == [
            "zsclip_labels_satellite/satellite.toml: R1 file: has more than 1 MiB. Shorten it."
        ]
