"""Help, and the page that documents every command."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result
from videos import drawings_of, write_video

from zsclip.cli import cli
from zsclip.demo import load_drawings
from zsclip.encoders.native import DEFAULT_MODEL
from zsclip.version import __version__

Run = Callable[..., Result]

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def walk(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(inner, (*path, name))


COMMANDS = dict(walk(cli, ()))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_parses(
    run: Run, path: tuple[str, ...]
) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert result.stdout == run(*path, "-h").stdout
    shown, examples = result.stdout.split("Examples:\n")
    assert shown.startswith(f"Usage: cli {' '.join(path)}".rstrip())
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    lines = [part for line in examples.splitlines() for part in line.split("|") if "zsclip" in part]
    assert lines
    for line in lines:
        program, *words = shlex.split(line.split(">")[0])
        assert program == "zsclip"
        assert tuple(words[: len(path)]) == path
        context = click.Context(cli, help_option_names=["-h", "--help"])
        command: click.Command | None = cli
        while isinstance(command, click.Group):
            _, command, words = command.resolve_command(context, words)
        assert command is not None
        command.make_context("example", words, parent=context)  # raises on what it does not take


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_command_takes_an_option_of_one_value_twice(run: Run, path: tuple[str, ...]) -> None:
    for option in COMMANDS[path].params:
        if not isinstance(option, click.Option) or option.is_flag or option.multiple:
            continue
        value = "1"
        if isinstance(option.type, click.Choice):
            value = option.type.choices[0]
        arguments = [p for p in COMMANDS[path].params if isinstance(p, click.Argument)]
        given = [option.opts[0], value, option.opts[-1], value]
        result = run(*path, *given, *("x" for _ in arguments))
        assert result.exit_code == 2, option.name
        assert f"{max(option.opts, key=len)} takes one value" in result.stderr


def test_version_and_the_default_model(run: Run) -> None:
    assert run("--version").stdout == f"zsclip {__version__}\n"
    assert f"{DEFAULT_MODEL} if not given" in " ".join(run("classify", "--help").stdout.split())


def test_help_and_lists_answer_without_torch() -> None:
    code = """
import sys
from click.testing import CliRunner
from zsclip.cli import cli

def run(*args):
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    slow = {"torch", "numpy", "PIL", "rich", "tqdm", "httpx", "sqlite3"}
    return slow & set(sys.modules)

for args in [(), ("demo",), ("classify",), ("video",), ("sort",), ("search",), ("evaluate",),
             ("save",), ("doctor",), ("labelsets",), ("labelsets", "check"), ("labelsets", "new"),
             ("models",), ("models", "info"), ("models", "fetch"), ("cache",), ("cache", "clear")]:
    assert not run(*args, "--help"), args
assert not run("--version")
for args in [("labelsets", "list"), ("models", "list"), ("models", "info", "ViT-B/32"),
             ("cache", "info"), ("cache", "verify")]:
    assert "torch" not in run(*args), args
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------------------ the page


def examples() -> list[tuple[str, list[str]]]:
    blocks = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    return [(command, output.splitlines()) for command, output in blocks]


def form(line: str) -> str:
    """What an example promises of a line: its words and numbers may differ, its make-up may not."""
    if line.startswith('{"'):
        return ",".join(json.loads(line))
    line = re.sub(r"^\./.*,1,\w+,\w+,[\d.]+,$", "row", line)
    if re.fullmatch(r"(0\.\d{3}  [\w -]+?  +)+\S+", line):
        return "table " + str(len(re.findall(r"(?:^|  )0\.\d{3}  ", line)))
    if re.fullmatch(r"[a-z]+\.png .* (right|close|wrong)", line):
        return "demo"
    return " ".join(line.replace("─", "").split())


@pytest.mark.parametrize(("command", "output"), examples(), ids=lambda value: str(value)[:40])
def test_the_examples_of_the_page_run(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    install: Callable[..., None],
    command: str,
    output: list[str],
) -> None:
    animals = ", ".join(f'"{drawing.animal}"' for drawing in load_drawings())
    install(
        "zsclip-labels-cartoon-animals",
        name="cartoon-animals",
        toml='schema = 1\nname = "cartoon-animals"\ntitle = "Cartoon animals"\n'
        f'license = "CC0-1.0"\nsource = "own work"\nlabels = [{animals}]\n',
    )
    (tmp_path / "drawings").mkdir()
    for drawing in load_drawings():
        (tmp_path / "drawings" / drawing.file).write_bytes(drawing.data)
    for name in ("frog.png", "fish.png"):
        shutil.copy(tmp_path / "drawings" / name, tmp_path / name)
    for drawing in load_drawings():
        folder = tmp_path / "known" / drawing.animal
        folder.mkdir(parents=True, exist_ok=True)
        (folder / drawing.file).write_bytes(drawing.data)
    shown = drawings_of("frog", "octopus", frames=20)
    (tmp_path / "clip.mp4").write_bytes(write_video(shown, codec="libx264"))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "names.txt").write_text("frog\nfish\n")
    monkeypatch.chdir(tmp_path)

    *before, last = command.split(" | ")
    assert all(part.startswith("find ") for part in before)
    found = "./frog.png\n./fish.png\n" if before else None
    program, *args = shlex.split(last)
    assert program == "zsclip"
    if "--classifier" in args:
        run("save", "animals.zsclip", "--labels", "cartoon-animals", "--model", "tiny-cartoon")
    result = run(*args, stdin=found)
    assert result.exit_code == ("notes.txt" in args), result.output
    printed = {form(line) for line in result.stdout.splitlines()}
    for line in output:
        assert line == "..." or form(line) in printed, (line, printed)
