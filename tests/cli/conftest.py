"""Commands run in this process, and for real; pictures and label sets to run them on."""

from __future__ import annotations

import importlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import zsclip.demo
from zsclip.cli import cli

DRAWINGS = Path(zsclip.demo.__file__).parent / "drawings"

GARDEN = """
schema = 1
name = "garden"
title = "Birds of the garden"
license = "CC0-1.0"
source = "own work"
templates = ["a photo of a {}."]
groups = ["bird", { id = "tit", parent = "bird" }]
labels = [
    { name = "robin", aliases = ["redbreast"], parent = "bird" },
    { id = "tit-blue", name = "blue tit", parent = "tit" },
    "cat [indoors]",
]
"""


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's weights, or reaches for others."""
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Runs a command in this process; fails on anything that would be a traceback."""

    def run(*args: str | Path, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a command as a process of its own."""
    # What a shell starts in the background is born with Ctrl-C ignored, and so are its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*args: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "zsclip", *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )

    yield start
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a drawing, a text in the disguise of one, and another drawing further down."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    shutil.copy(DRAWINGS / "fish.png", folder / "a fish.png")
    (folder / "b.jpg").write_text("not a picture")
    shutil.copy(DRAWINGS / "frog.png", folder / "below" / "frog.png")
    return folder


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs a distribution, as an installer lays it out, until the test ends."""

    def install(
        distribution: str = "test-garden",
        *,
        toml: str = GARDEN,
        name: str = "garden",
        entry_points: str | None = None,
    ) -> None:
        package = distribution.replace("-", "_")
        site = tmp_path / f"site-{package}"
        info = site / f"{package}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2")
        declared = entry_points or f"[zsclip.labelsets]\n{name} = {package}\n"
        (info / "entry_points.txt").write_text(declared)
        (site / package).mkdir()
        (site / package / "__init__.py").write_text("raise RuntimeError('never to be imported')")
        (site / package / f"{name}.toml").write_text(toml)
        monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
        importlib.invalidate_caches()

    return install
