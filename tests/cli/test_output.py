"""Where output goes: widths, colors, logs, warnings, errors of the outer world."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import zsclip.demo
import zsclip.weights.having
from zsclip.cli import cli
from zsclip.errors import ZsclipWarning

Run = Callable[..., Result]
LONG = "https://example.org/" + "x" * 300


@pytest.fixture
def long_set(install: Callable[..., None]) -> None:
    install(
        toml='schema = 1\nname = "garden"\nlicense = "CC0-1.0"\n'
        f'source = "{LONG}"\nlabels = ["robin", "wren [bold]"]\n'
    )


@pytest.mark.usefixtures("long_set")
def test_nothing_is_cut_in_a_pipe_and_brackets_are_text(run: Run) -> None:
    result = run("labelsets", "show", "garden")
    assert LONG in result.stdout
    assert "  wren [bold]" in result.stdout.splitlines()


@pytest.mark.usefixtures("long_set")
def test_a_narrow_screen_wraps_and_cuts_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    result = run("labelsets", "show", "garden")
    assert max(map(len, result.stdout.splitlines())) <= 40
    folded = "".join(line[-24:].strip() for line in result.stdout.splitlines())
    assert "x" * 300 in folded
    assert run("demo", "--device", "cpu").exit_code == 0


@pytest.mark.parametrize("columns", ["20", "40", "60", "68", "200"])
def test_no_number_in_a_table_is_broken(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = run("models", "list").stdout
    numbers = ("84.4", "1,007", "2,540", "378", "~3.9", "GFLOP")
    wide = ("84.4 %", "1,007", "2,539.6 M", "378", "~10,158 MB", "1,354 MB", "parameters")
    for number in wide if columns == "200" else numbers:
        assert number in shown


@pytest.mark.parametrize("columns", ["0", "00", "-3", "many", ""])
def test_a_width_that_is_none_is_not_taken_for_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    expected = {
        command: run(*command).stdout for command in (("models", "list"), ("cache", "info"))
    }
    monkeypatch.setenv("COLUMNS", columns)
    for command, shown in expected.items():
        assert run(*command).stdout.split() == shown.split() != []


def test_a_terminal_without_a_width_shows_all(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_a_terminal(["labelsets", "show", "frog,fish"], monkeypatch)  # it says 0 columns
    assert "frog" in shown
    monkeypatch.setenv("COLUMNS", "0")
    assert on_a_terminal(["labelsets", "show", "frog,fish"], monkeypatch) == shown


def on_a_terminal(args: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command shows on a terminal."""
    monkeypatch.setenv("TERM", "xterm-256color")
    screen, terminal = pty.openpty()
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "zsclip", *args],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, terminal, 1), (os.POSIX_SPAWN_DUP2, terminal, 2)],
    )
    os.close(terminal)
    shown = b""
    try:
        while block := os.read(screen, 4096):
            shown += block
    except OSError:  # the other end is closed
        pass
    os.close(screen)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return shown.decode()


def test_color_on_a_terminal_unless_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = re.compile(r"\x1b\[[0-9;]*m")
    colored = on_a_terminal(["demo", "--device", "cpu"], monkeypatch)
    assert "\x1b[32mright" in colored
    monkeypatch.setenv("NO_COLOR", "1")
    refused = on_a_terminal(["demo", "--device", "cpu"], monkeypatch)
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", refused) is None
    assert plain.sub("", colored) == plain.sub("", refused)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> None:
        logging.getLogger("zsclip").info("going on")
        logging.getLogger("zsclip.images").warning("something is %s", "odd")
        warnings.warn("take care", ZsclipWarning, stacklevel=1)
        raise error

    monkeypatch.setattr(zsclip.demo, "load_drawings", fail)


@pytest.mark.filterwarnings("always")
def test_warnings_are_single_lines_and_verbose_tells_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, OSError(28, "No space left on device"))
    logger = logging.getLogger("zsclip")
    before = (logger.level, list(logger.handlers), warnings.showwarning)
    result = run("demo")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "Warning: something is odd",
        "Warning: take care",
        "Error: [Errno 28] No space left on device",
    ]
    verbose = run("-v", "demo")
    assert verbose.exit_code == 2
    assert "INFO zsclip: going on\nWARNING zsclip.images: something is odd\n" in verbose.stderr
    assert "Traceback (most recent call last):" in verbose.stderr
    assert verbose.stderr.endswith("Error: [Errno 28] No space left on device\n")
    assert (logger.level, list(logger.handlers), warnings.showwarning) == before


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141)]
)
def test_an_interruption_and_a_closed_pipe_say_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    failing(monkeypatch, error)
    result = run("demo")
    assert result.exit_code == status
    assert "Error" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.filterwarnings("always")
def test_a_fault_of_the_program_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError())
    assert isinstance(CliRunner().invoke(cli, ["demo"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(("charset", "shown"), [("ascii", r"\u540d"), ("utf-8", "名")])
def test_a_terminal_that_lacks_a_letter_shows_its_number(charset: str, shown: str) -> None:
    @click.command()
    def name() -> None:
        from zsclip.cli.output import emit_exactly, reporting

        with reporting(verbose=False):
            emit_exactly("名 " + os.fsdecode(b"\xff"))

    result = CliRunner(charset=charset).invoke(name)
    assert result.exception is None
    last = b"\xff" if charset == "utf-8" else rb"\udcff"
    assert result.stdout_bytes == shown.encode(charset) + b" " + last + b"\n"


def test_what_is_kept_is_told_after_ctrl_c(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(zsclip.weights.having, "fetch_weights", interrupted)
    result = run("models", "fetch", "RN50")
    assert result.exit_code == 130
    assert result.stderr.split("\n", 1)[1] == (
        "Interrupted at RN50. What has come of it is kept, and the same command goes on from "
        "there.\n"
    )


def test_json_holds_no_half_of_a_character(run: Run, tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    found = json.loads(run("cache", "info", "--path", folder, "--format", "json").stdout)
    assert found["path"].startswith(str(tmp_path) + r"/caf\udce9")


def test_an_error_of_the_library_is_one_line(run: Run, pictures: Path) -> None:
    result = run("classify", pictures, "-l", "cat,dog", "--model", pictures)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
