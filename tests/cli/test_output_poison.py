"""Whatever strangers write, nothing that a terminal obeys is printed, and no secret."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from poison import ESCAPES, POISON, SECRET

from zsclip.cli.listing import Listing
from zsclip.cli.output import table
from zsclip.cli.writers import Printer
from zsclip.demo import load_drawings
from zsclip.labels import Label, LabelSet
from zsclip.outputs import lines_of
from zsclip.results import Failure

Run = Callable[..., Result]
TINY = ("--model", "tiny-cartoon", "--no-progress", "--device", "cpu")
SET = """
schema = 1
name = "garden"
license = "MIT [bold]b[/bold]"
source = "own [red]"
title = "[bold]A garden[/bold]"
description = "Of [link=http://evil]frogs[/link]."
templates = ["a {} [blink]."]
labels = ["frog [bold]x[/bold]", "[/]", "[link=http://evil]fox[/link]"]
"""


def faults_of_output(text: str, most: int = 20_000) -> list[str]:
    raw = {c for c in text if not c.isprintable()} - {"\n"}
    return [
        *([f"raw characters {raw}"] if raw else []),
        *(["a secret"] if SECRET in text else []),
        *([f"{len(text)} characters"] if len(text) > most else []),
    ]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


COMMANDS: dict[str, tuple[str, ...]] = {
    "a command": ("POISON",),
    "an option": ("--POISON",),
    "an option of a command": ("classify", "--POISON"),
    "a number": ("classify", "a.png", "--labels", "a,b", "--top", "POISON"),
    "a format": ("classify", "a.png", "--labels", "a,b", "--format", "POISON"),
    "labels": ("classify", "a.png", "--labels", "POISON"),
    "a file of labels": ("classify", "a.png", "--labels", "POISON.toml"),
    "a template": ("classify", "a.png", "--labels", "a,b", "--template", "POISON"),
    "a classifier": ("classify", "a.png", "--classifier", "POISON"),
    "a model": ("classify", "a.png", "--labels", "a,b", "--model", "POISON"),
    "a model with a traceback": ("-v", "classify", "a.png", "--labels", "a,b", "-m", "POISON"),
    "an encoder": ("classify", "a.png", "--labels", "a,b", "--encoder", "POISON"),
    "a device": (
        "classify",
        "a.png",
        "--labels",
        "a,b",
        "--device",
        "POISON",
        "-m",
        "tiny-cartoon",
    ),
    "a background": ("classify", "a.png", "--labels", "a,b", "--background", "POISON"),
    "a picture": ("classify", "POISON", "--labels", "a,b", *TINY),
    "a picture as JSON": ("classify", "POISON", "--labels", "a,b", *TINY, "--format", "json"),
    "a set to show": ("labelsets", "show", "POISON"),
    "a set to check": ("labelsets", "check", "POISON"),
    "a set to make": ("labelsets", "new", "POISON", "--from", "a.txt"),
    "a model to show": ("models", "info", "POISON"),
}


@pytest.mark.parametrize("kind", POISON)
@pytest.mark.parametrize("what", COMMANDS)
def test_no_poison_is_printed(what: str, kind: str, run: Run) -> None:
    poison = POISON[kind][:100_000]  # of more, the system would start no program
    result = run(*(word.replace("POISON", poison) for word in COMMANDS[what]))
    assert result.exit_code in (1, 2)
    most = 1_000_000 if "JSON" in what else 20_000  # a source as it was given is data
    assert faults_of_output(result.stderr) == []
    assert faults_of_output(result.stdout, most) == []


def test_markup_in_a_label_set_is_text(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(SET)
    shown = run("labelsets", "show", "a.toml")
    assert shown.exit_code == 0
    assert faults_of_output(shown.output) == []
    for text in [
        "frog [bold]x[/bold]",
        "[/]",
        "[link=http://evil]fox[/link]",
        "a {} [blink].",
        "[bold]A garden[/bold]",
        "[link=http://evil]frogs[/link]",
        "own [red]",
    ]:
        assert text in shown.output
    (tmp_path / "[bold]a[link].png").write_bytes(load_drawings()[0].data)
    result = run("classify", ".", "--labels", "a.toml", *TINY)
    assert "frog [bold]x[/bold]" in result.stdout
    assert "[bold]a[link].png" in result.stdout


def test_a_table_is_printable_whatever_is_in_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    from zsclip.cli.output import facts, show

    made = table("name", "n", right=["n"])
    made.add_row(ESCAPES, "1")
    show(made)
    facts(ESCAPES, [(ESCAPES, ESCAPES)])
    printed = capsys.readouterr().out
    assert faults_of_output(printed) == []
    assert r"\x1b[31m" in printed


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_path_in_csv_is_exact_but_for_a_terminal(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    labels = LabelSet("x", (Label("a", "a"), Label("b", "b")))
    lines = lines_of("csv", labels, Listing("top", 1), rejecting=False)
    Printer(lines, "csv").write("\x1b[2J.png", Failure("\x1b[2J.png", ValueError("x")))
    printed = capsys.readouterr().out
    assert ("\x1b" in printed) is not is_terminal


def test_a_terminal_gets_colors_from_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from zsclip.cli import output

    lines: list[str] = []
    monkeypatch.setattr(output, "emit_exactly", lines.append)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output.show(ESCAPES, style="bold")
    printed = "".join(lines)
    assert "\x1b[1m" in printed
    assert "\x1b[31m" not in printed
    assert "\x07" not in printed
    assert os.linesep not in printed
