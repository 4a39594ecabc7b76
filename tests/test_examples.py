"""The examples of the documentation and of the docstrings do what they say.

Of README.md and each page under docs/, the ``python`` blocks run from top to bottom as one program,
in a folder that holds the demo's drawings (``frog.png`` and others), as does ``drawings/`` in it.
In a block with prompts (``>>>``), what is shown is what must come. A comment in front of a block
changes what happens:

- ``<!-- not run: why -->`` leaves it out;
- ``<!-- file: name -->`` writes it into the folder under that name, whatever its language. A
  ``pyproject.toml`` is installed: its entry points hold for the rest of the page.

A label set of this repository that a page tells to install (``./labelsets/coco``) is installed for
that page.
"""

from __future__ import annotations

import doctest
import importlib
import importlib.metadata
import io
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import zsclip
from zsclip.demo import load_drawings

ROOT = Path(__file__).parents[1]
PACKAGE = Path(zsclip.__file__).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

_BLOCK = re.compile(
    r"(?:^<!-- (?P<order>not run|file): (?P<about>.+?) -->\n+)?"
    r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    code: str
    line: int
    file: str = ""


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        if match["order"] == "file":
            yield Block(match["code"], line, match["about"])
        elif match["language"] in ("python", "pycon") and match["order"] != "not run":
            yield Block(match["code"], line)


PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if any(not block.file for block in blocks(page))
]
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>>" in path.read_text("utf-8")]


@pytest.fixture
def folder(tmp_path: Path, drawings: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an example runs: among drawings, without a network, and forgotten afterwards."""
    for drawing in drawings.glob("*.png"):
        shutil.copy(drawing, tmp_path)
    shutil.copytree(drawings, tmp_path / "drawings")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as it is for a script
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(tmp_path)):
            del sys.modules[name]


def write(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder / block.file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(block.code, encoding="utf-8")
    if target.name != "pyproject.toml":
        return
    project = tomllib.loads(block.code)["project"]
    name, version = project["name"], project["version"]
    info = target.parent / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, points in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    if target.parent != folder:
        monkeypatch.syspath_prepend(target.parent)
    importlib.invalidate_caches()


def install_labelsets(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the page's commands install, but for what is installed beside the tests."""
    here = {distribution.name for distribution in importlib.metadata.distributions()}
    commands = " ".join(re.findall(r"^\$ pip install (.*)", page.read_text("utf-8"), re.MULTILINE))
    for name in dict.fromkeys(re.findall(r"\./labelsets/(\S+)", commands)):
        source = ROOT / "labelsets" / name
        if f"zsclip-labels-{name}" not in here and source.is_dir():
            shutil.copytree(source, folder / "installed" / name)
            project = (source / "pyproject.toml").read_text("utf-8")
            write(Block(project, 0, f"installed/{name}/pyproject.toml"), folder, monkeypatch)


def check(test: doctest.DocTest, flags: int) -> None:
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=flags)
    runner.run(test, out=report.write, clear_globs=False)
    assert runner.failures == 0, report.getvalue()


def run(block: Block, page: Path, names: dict[str, Any]) -> None:
    if ">>>" in block.code:
        test = doctest.DocTestParser().get_doctest(
            block.code, names, page.name, str(page), block.line
        )
        check(test, FLAGS)
        names.update(test.globs)
    else:  # blank lines in front make a traceback show the line of the page
        exec(compile("\n" * block.line + block.code, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    install_labelsets(page, folder, monkeypatch)
    for block in blocks(page):
        if block.file:
            write(block, folder, monkeypatch)
        else:
            run(block, page, names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
@pytest.mark.usefixtures("folder")
def test_docstrings(path: Path) -> None:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    module = importlib.import_module(".".join(("zsclip", *parts)).removesuffix(".__init__"))
    tests = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert tests
    for test in tests:
        check(test, doctest.ELLIPSIS)


def test_examples_were_found() -> None:
    assert ROOT / "README.md" in PAGES
    assert PACKAGE / "classifier.py" in MODULES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_work_in_one_folder(page: Path) -> None:
    code = "".join(block.code for block in blocks(page))
    assert not ('"drawings' in code and re.search(r'"\w+\.png"', code))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_whose_examples_open_drawings_says_how_to_get_them(page: Path) -> None:
    text = page.read_text("utf-8")
    typed = "".join(re.findall(r"^```(?:python|pycon|console)\n(.*?)^```", text, re.M | re.S))
    names = {drawing.file for drawing in load_drawings()}
    if "drawings/" in typed or names & {*re.findall(r"\w+\.png", typed)}:
        assert "demo --copy " in text or "copy_drawings(" in text


def test_the_example_of_the_log_shows_the_log() -> None:
    [block] = [b for b in blocks(ROOT / "docs" / "classifier.md") if "import logging" in b.code]
    first = next(blocks(ROOT / "docs" / "classifier.md")).code.partition("prediction =")[0]
    done = subprocess.run(
        [sys.executable, "-c", first + block.code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "INFO:zsclip:Computing on " in done.stderr


def test_blocks_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Title\n```python\na = 1\n```\n<!-- not run: it would fetch -->\n```python\nno\n```\n"
        "```console\n$ no\n```\n<!-- file: x/y.toml -->\n\n```toml\nz = 2\n```\n"
        "```pycon\n>>> a\n1\n```\n"
    )
    assert list(blocks(page)) == [
        Block("a = 1\n", 2),
        Block("z = 2\n", 14, "x/y.toml"),
        Block(">>> a\n1\n", 17),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("```python\nassert 1 == 2\n```\n", AssertionError),
        ("```python\n>>> 1 + 1\n3\n```\n", AssertionError),
        ("```python\nimport no_such_module\n```\n", ModuleNotFoundError),
    ],
)
def test_a_page_that_is_wrong_fails(tmp_path: Path, text: str, error: type[Exception]) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    [block] = blocks(page)
    with pytest.raises(error):
        run(block, page, {})
