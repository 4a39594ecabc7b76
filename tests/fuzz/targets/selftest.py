"""Targets that do what a fuzzer looks for, so that it can be seen that it finds it."""

from __future__ import annotations

import mmap
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NoReturn

from tests.fuzz.catalogue import Target
from tests.fuzz.mutations import Seed

_kept: list[object] = []


def _well(data: bytes) -> str:
    if data == b"bad":
        raise ValueError(data)
    return "read"


def _crash(data: bytes) -> str:
    if data == b"bad":
        os.abort()
    return "read"


def _hang(data: bytes) -> str:
    while data == b"bad":
        pass
    return "read"


def _growth(data: bytes) -> str:
    if data == b"bad":
        size = 1_500_000_000
        with mmap.mmap(-1, size) as grown:
            grown.madvise(mmap.MADV_HUGEPAGE)  # small pages can take as long as a hang
            for start in range(0, size, mmap.PAGESIZE):
                grown[start] = 1
    return "read"


def _raise(data: bytes) -> str:
    if data == b"bad":
        _refuse()
    return "read"


def _refuse() -> NoReturn:
    raise KeyError("what nobody expects")


def _thread(data: bytes) -> str:
    if data == b"bad":
        threading.Thread(target=time.sleep, args=[60], daemon=True).start()
    return "read"


def _file(data: bytes) -> str:
    if data == b"bad":
        tempfile.mkstemp()
    return "read"


def _descriptor(data: bytes) -> str:
    if data == b"bad":
        _kept.append(os.open("/dev/zero", os.O_RDONLY))
    return "read"


def _program(data: bytes) -> str:
    if data == b"bad":
        subprocess.run(["true"], check=True)
    return "read"


def _elsewhere(data: bytes) -> str:
    if data == b"bad":
        path = Path.cwd().parent / "elsewhere"
        path.write_text("x")
    return "read"


def _seeds() -> list[Seed]:
    return [Seed("good", b"good"), Seed("bad", b"bad"), Seed("other", b"other")]


WELL, CRASH, HANG, GROWTH, RAISE, THREAD, FILE, DESCRIPTOR, PROGRAM, ELSEWHERE = (
    Target(_seeds, run, (ValueError,))
    for run in (
        _well, _crash, _hang, _growth, _raise, _thread, _file, _descriptor, _program, _elsewhere
    )
)  # fmt: skip
