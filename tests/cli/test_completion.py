"""What a shell is offered for the beginning of a word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.shell_completion import ShellComplete

from zsclip.cli import cli


@pytest.fixture
def offered(install: Callable[..., None]) -> Callable[..., list[str]]:
    """What is offered after some words, as ``type:value`` where it is not a plain value."""
    install()

    def offered(*words: str) -> list[str]:
        shell = ShellComplete(cli, {}, "zsclip", "_ZSCLIP_COMPLETE")
        *args, incomplete = words
        found = shell.get_completions(list(args), incomplete)
        return [item.value if item.type == "plain" else f"{item.type}:" for item in found]

    return offered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("classify", "-l", "gar"), ["garden"]),
        (("classify", "a.png", "--labels", "satellite+gar"), ["satellite+garden"]),
        (("classify", "--labels", "./nam"), ["file:"]),
        (("save", "x", "--labels", "gar"), ["garden"]),
        (("demo", "--labels", "gar"), ["garden"]),
        (("sort", "photos", "--labels", "gar"), ["garden"]),
        (("sort", "photos", "--into", "so"), ["dir:"]),
        (("sort", "--undo", "so"), ["file:"]),
        (("search", "ph"), ["dir:"]),
        (("search", "photos", "--like", "fo"), ["file:"]),
        (("classify", "--model", "RN50x"), ["RN50x4", "RN50x16", "RN50x64"]),
        (("classify", "--model", "./my"), ["file:"]),
        (("classify", "--encoder", "c"), ["clip"]),
        (("classify", "--format", "c"), ["csv"]),
        (("classify", "fro"), ["file:"]),
        (("classify", "-c", "ani"), ["file:"]),
        (("classify", "--download-root", "mod"), ["dir:"]),
        (("labelsets", "show", "gar"), ["garden"]),
        (("labelsets", "check", "gar"), ["garden"]),
        (("labelsets", "check", "./gar"), ["file:"]),
        (("models", "fetch", "RN50", "tiny"), ["tiny-cartoon"]),
        (("models", "info", "ViT-L/14@"), ["ViT-L/14@336px"]),
        (("labelsets", "s"), ["show"]),
    ],
)
def test_names_are_completed_and_files_where_none_fits(
    offered: Callable[..., list[str]], words: tuple[str, ...], expected: list[str]
) -> None:
    assert offered(*words) == expected


def test_what_is_given_twice_is_completed_all_the_same(
    offered: Callable[..., list[str]],
) -> None:
    assert offered("classify", "-m", "a", "-m", "tiny") == ["tiny-cartoon"]


def test_every_name_of_a_file_or_a_folder_is_completed() -> None:
    def walk(command: click.Command) -> list[click.Parameter]:
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        return [*command.params, *(param for one in inner for param in walk(one))]

    context = click.Context(cli)
    lacking = {
        param.human_readable_name
        for param in walk(cli)
        if any(word in str(param.metavar) for word in ("FILE", "FOLDER", "PATH"))
        and not param.shell_complete(context, "no-such-name")
    }
    assert lacking == set()


def test_completing_loads_neither_torch_nor_pictures() -> None:
    code = """
import sys
from click.shell_completion import ShellComplete
from zsclip.cli import cli

shell = ShellComplete(cli, {}, "zsclip", "_ZSCLIP_COMPLETE")
for words in (["classify", "-l"], ["classify", "-m"], ["classify", "--encoder"]):
    assert shell.get_completions(words, ""), words
slow = {"torch", "PIL", "rich", "tqdm", "httpx", "sqlite3"} & set(sys.modules)
assert not slow, slow
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_name_that_a_terminal_would_obey_is_not_offered(
    offered: Callable[..., list[str]], install: Callable[..., None]
) -> None:
    declared = "[zsclip.labelsets]\ngar\x1b[2J = x\n[zsclip.encoders]\nclip\x1b[2J = x\n"
    install("test-evil", entry_points=declared)
    assert offered("classify", "-l", "gar") == ["garden"]
    assert offered("classify", "--encoder", "c") == ["clip"]
