"""zsclip as applications ship it: without the metadata of an installation, and in an archive."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import zsclip

PACKAGE = Path(zsclip.__file__).parent

SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
from importlib.metadata import PackageNotFoundError, version
try:
    version("zsclip")
except PackageNotFoundError:
    print("no metadata")
"""


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    """Everything that is installed, but nothing of zsclip."""
    import click

    folder = tmp_path / "libraries"
    folder.mkdir()
    for entry in Path(click.__file__).parents[1].iterdir():
        if "zsclip" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def python(libraries: Path, tmp_path: Path) -> Callable[[str, Path], list[str]]:
    """Runs lines in a process that finds zsclip in a place and has no installation of it."""

    def run(lines: str, place: Path) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", SCRIPT + lines, str(place), str(libraries)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                "HOME": str(tmp_path),
                "ZSCLIP_CACHE": str(tmp_path),
                "ZSCLIP_OFFLINE": "1",
                "OMP_NUM_THREADS": "1",
            },
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the package alone."""
    place = tmp_path / "application"
    place.mkdir()
    (place / "zsclip").symlink_to(PACKAGE)
    return place


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A zip file with the package."""
    place = tmp_path / "application.zip"
    with zipfile.ZipFile(place, "w") as packed:
        for file in sorted(PACKAGE.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                packed.write(file, Path("zsclip") / file.relative_to(PACKAGE))
    return place


def test_without_metadata_the_version_is_known_and_all_is_well(
    python: Callable[[str, Path], list[str]], folder: Path
) -> None:
    printed = python(
        "import zsclip, zsclip.classifier\n"
        "print(zsclip.__version__, [one.version for one in zsclip.list_encoders()])\n"
        "from zsclip.__main__ import main\n"
        "sys.argv = ['zsclip', 'doctor']\n"
        "main()",
        folder,
    )
    assert printed[:2] == ["no metadata", f"{zsclip.__version__} {[zsclip.__version__] * 3}"]
    assert f"zsclip {zsclip.__version__}" in [" ".join(line.split()) for line in printed]
    assert printed[-1] == "All is well."


def test_out_of_an_archive_model_drawings_licenses_vocabulary_and_pages_are_found(
    python: Callable[[str, Path], list[str]], archive: Path, tmp_path: Path
) -> None:
    lines = (
        "import zsclip, zsclip.demo, zsclip.authoring\n"
        f"assert zsclip.__file__.startswith({str(archive)!r})\n"
        "outcome = zsclip.demo.run_demo(device='cpu')\n"
        "print(len(outcome.answers), outcome.hits(1) > 6)\n"
        "from pathlib import Path\n"
        "file = Path('birds.txt')\n"
        "file.write_text('robin\\nwren\\n')\n"
        "made = zsclip.authoring.create_distribution('birds', file, license='MIT')\n"
        "print((Path(made.folder) / 'LICENSE').read_text().splitlines()[0])\n"
        "print(outcome.model_info.source)\n"
        "import os\n"
        "sys.stdout.flush()\n"
        "if not (child := os.fork()): sys.exit()\n"
        "os.waitpid(child, 0)\n"
        "print(Path(outcome.model_info.source).is_file())\n"
        "from zsclip.report import is_report, write_report\n"
        "write_report([], 'report.html')\n"
        "print(is_report('report.html'))\n"
    )
    printed = python(lines, archive)
    assert printed[:3] == ["no metadata", "13 True", "MIT License"]
    assert not Path(printed[3]).exists()  # taken out for the process, and removed with it
    assert printed[4:] == ["True", "True"]
