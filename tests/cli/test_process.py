"""The command line as a process of its own: pipes, streams, signals, names that are no text."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from zsclip.demo import load_drawings

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
        assert process.stderr.read().strip() == b""


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
    assert (done.returncode, done.stderr) == (0, b"No picture was named.\n")


def test_a_name_that_is_no_text_comes_out_byte_for_byte(start: Start, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9 \xe5\x90\x8d.png"
    with open(name, "wb") as file:  # noqa: PTH123 - a Path cannot be bytes
        file.write(FROG)
    process = start("classify", tmp_path, *TINY, "--format", "csv", "--top", "1")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    rows = list(csv.reader(io.StringIO(os.fsdecode(out))))
    assert os.fsencode(rows[1][0]) == name
