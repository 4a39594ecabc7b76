"""Programs that end in time, or are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["run_program"]


def run_program(arguments: Sequence[str | Path], *, folder: Path, seconds: float = 120) -> str:
    """What a Python program prints; a failure if it does not end well, and in time.

    With it go the processes that it forked, which would keep its output open. It has two threads to
    compute with, as nothing is left behind by a fork of a process that has one.

    Args:
        arguments: Those of Python.
        folder: Where it runs.
        seconds: How long it may take.
    """
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "ZSCLIP_OFFLINE": "1", "no_proxy": "127.0.0.1", "OMP_NUM_THREADS": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        out, err = process.communicate()
        pytest.fail(f"still running after {seconds} s; so far it said:\n{out}\n{err}")
    finally:
        _end(process)
    assert process.returncode == 0, out + err
    return out


def _end(process: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    else:
        process.kill()
