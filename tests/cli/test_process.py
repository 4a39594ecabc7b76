"""The command line as a process of its own: pipes, streams, signals, names that are no text."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from zsclip.demo import load_drawings

Run = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[bytes]"]

FROG = next(drawing.data for drawing in load_drawings() if drawing.animal == "frog")
TINY = ("--labels", "frog,fish", "--model", "tiny-cartoon", "--device", "cpu")


def test_a_stream_is_answered_line_by_line_until_ctrl_c(start: Start, tmp_path: Path) -> None:
    (tmp_path / "frog.png").write_bytes(FROG)
    with start("classify", "-", *TINY, "--batch-size", "1", "--format", "json") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(2):  # the second is asked for only after the first was answered
            process.stdin.write(b"frog.png\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(b'{"source": "frog.png", "label": ')
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read().decode().strip() == (
            "Interrupted. 2 pictures were classified; what was computed is in the cache, so that "
            "the same command gets there soon."
        )


def test_ctrl_c_leaves_what_the_same_command_goes_on_with(
    start: Start, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frog.png").write_bytes(FROG)
    args = ("classify", "-", *TINY, "--batch-size", "1", "-o", "out.csv")
    part = tmp_path / "out.csv.part"
    with start(*args) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"frog.png\nmissing.png\n")
        process.stdin.flush()
        given_up = time.monotonic() + 60
        while not (part.exists() and part.read_bytes().count(b"\n") == 3):
            assert process.poll() is None
            assert time.monotonic() < given_up
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        told = "pictures? (was|were) classified; the same command with --resume goes on."
        assert re.search(told, process.stderr.read().decode())
    names = b"frog.png\nmissing.png\nfrog.png\n"
    refused = run(*args, stdin=names)
    assert (refused.exit_code, part.exists()) == (2, True)
    assert "or delete it to begin anew" in refused.stderr
    assert "--top was 3, and is 1" in run(*args, "--top", "1", "--resume", stdin=names).stderr
    done = run(*args, "--resume", stdin=names)
    assert (done.exit_code, done.stderr) == (1, "1 of 3 could not be classified.\n")
    assert run(*args[:-1], "again.csv", stdin=names).exit_code == 1
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert not part.exists()


def test_a_reader_that_goes_away_ends_it_in_silence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "frog.png").write_bytes(FROG)
    with start("classify", "-", *TINY, "--batch-size", "1", "--format", "csv") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"frog.png\n" * 3)
        process.stdin.flush()
        assert process.stdout.readline() == b"source,rank,label,label_id,score,error\n"
        process.stdout.close()
        process.stdin.write(b"frog.png\n" * 30)
        process.stdin.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_no_standard_input_at_all(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m zsclip "$@" <&-', sys.executable, "classify", "-", *TINY],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr == b"Error: No picture was named: there is nothing on standard input.\n"


CLOSED = [("--help",), ("demo",), ("models", "list"), ("classify", "frog.png", *TINY)]
FULL = [
    ("--help",),
    ("classify", "--help"),
    ("demo", "--device", "cpu"),
    ("demo", "--copy", "drawings"),
    ("classify", "frog.png", *TINY, "--format", "json"),
    ("models", "list"),
    ("labelsets", "list"),
    ("labelsets", "new", "garden"),
    ("labelsets", "show", "frog,fish"),
    ("cache", "verify"),
    ("cache", "clear"),
    ("doctor",),
]
NOWHERE = [(">&-", args) for args in CLOSED] + [(">/dev/full", args) for args in FULL]


def in_shell(
    folder: Path, redirection: str, *args: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m zsclip "$@" {redirection}', sys.executable, *args],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        timeout=120,
    )


@pytest.mark.parametrize(("redirection", "args"), NOWHERE, ids=str)
def test_results_that_cannot_be_printed_are_an_error_of_one_line(
    tmp_path: Path, redirection: str, args: tuple[str, ...]
) -> None:
    (tmp_path / "frog.png").write_bytes(FROG)
    done = in_shell(tmp_path, redirection, *args)
    assert done.returncode == 2, done
    assert re.fullmatch(rb"Error: [^\n]*\n", done.stderr), done.stderr
    told = b"is closed" if redirection == ">&-" else b"No space left on device"
    assert told in done.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_standard_error_results_come_all_the_same(tmp_path: Path, redirection: str) -> None:
    (tmp_path / "frog.png").write_bytes(FROG)
    args = ("classify", "missing.png", "frog.png", *TINY, "--top", "1", "--format", "table")
    done = in_shell(tmp_path, redirection, *args)
    assert done.returncode == 1
    head, frog = done.stdout.splitlines()
    assert head.split() == [b"score", b"label", b"picture"]
    assert frog.endswith(b"frog.png")
    assert in_shell(tmp_path, redirection, "classify", "frog.png", "-l", "cat").returncode == 2


def test_a_picture_on_standard_input_is_classified(tmp_path: Path) -> None:
    for args in (("-",), ("-0", "-")):
        done = in_shell(
            tmp_path, "", "classify", *args, *TINY, "--format", "json", "--top", "1", stdin=FROG
        )
        assert (done.returncode, done.stderr) == (0, b"")
        [line] = done.stdout.splitlines()
        found = json.loads(line)
        assert (found["source"], found["label"]) == ("-", "frog")


def test_names_that_end_in_nul(tmp_path: Path) -> None:
    names = ["a\nb.png", "c.png", " d.png"]
    for name in names:
        (tmp_path / name).write_bytes(FROG)
    given = b"\0".join(name.encode() for name in names)
    for stdin in (given, given + b"\0"):
        done = in_shell(
            tmp_path, "", "classify", "--null", "-", *TINY, "--format", "json", stdin=stdin
        )
        assert done.returncode == 0, done.stderr
        assert [json.loads(line)["source"] for line in done.stdout.splitlines()] == names
    forgotten = in_shell(tmp_path, "", "classify", "-", *TINY, stdin=given.replace(b"\n", b" "))
    assert forgotten.returncode == 2
    assert b"Pass --null, too." in forgotten.stderr


def test_what_is_neither_a_picture_nor_a_list_of_names_is_one_failure(tmp_path: Path) -> None:
    done = in_shell(tmp_path, "", "classify", "-", *TINY, stdin=b"%PDF-1.7\n" + b"1 0 obj\n" * 99)
    assert done.returncode == 1
    failure, count = done.stderr.splitlines()
    assert b"it is a PDF document" in failure
    assert count == b"1 of 1 could not be classified."


def test_a_name_of_bytes_is_valid_in_json(tmp_path: Path) -> None:
    name = b"caf\xe9.png"
    with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:  # noqa: PTH123
        file.write(FROG)
    done = in_shell(
        tmp_path,
        "",
        "classify",
        "-",
        *TINY,
        "--format",
        "json",
        "--top",
        "1",
        stdin=name + b"\nx\xff",
    )
    frog, missing = (json.loads(line) for line in done.stdout.splitlines())
    assert frog["source"] == r"caf\udce9.png"
    assert base64.b64decode(frog["source_bytes"]) == name
    assert base64.b64decode(missing["source_bytes"]) == b"x\xff"
    for line in (frog, missing):
        json.dumps(line, ensure_ascii=False).encode()  # raises on half a character


def test_a_name_that_is_no_text_comes_out_byte_for_byte(start: Start, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9 \xe5\x90\x8d.png"
    with open(name, "wb") as file:  # noqa: PTH123 - a Path cannot be bytes
        file.write(FROG)
    process = start("classify", tmp_path, *TINY, "--format", "csv", "--top", "1")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    rows = list(csv.reader(io.StringIO(os.fsdecode(out))))
    assert os.fsencode(rows[1][0]) == name
