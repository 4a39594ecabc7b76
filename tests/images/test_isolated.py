"""Pictures that are decoded in processes of their own: the same pixels, and nothing else shared."""

from __future__ import annotations

import atexit
import dataclasses
import math
import os
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deadlines import run_program
from peaks import CASES
from PIL import Image

from zsclip.errors import DamagedImageWarning, ImageError
from zsclip.forks import PerProcess
from zsclip.images import Reading, is_doubted, isolated, load_image

Encode = Callable[..., bytes]

APART = Reading(isolate=True, timeout=120)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process is left from before, and none is left behind."""
    monkeypatch.setattr(isolated, "_of_process", PerProcess(isolated._Pool))
    yield
    if pool := isolated._of_process.found():
        pool.end(os.getpid())


@pytest.mark.parametrize(
    "case",
    ["jpeg-turned", "jpeg-reduced", "png-rgb-16", "gif-transparent", "webp-rgba", "avif",
     "jpeg2000", "tiff-deflate-rgba", "icns"],
)  # fmt: skip
def test_the_pixels_are_those_that_are_decoded_here(case: str, tmp_path: Path) -> None:
    make, options = CASES[case]
    options = {**options}
    min_side = options.pop("min_side", None)
    path = tmp_path / "picture"
    path.write_bytes(make(130))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pictures = [
            load_image(path, reading=Reading(isolate=isolate, **options), min_side=min_side)
            for isolate in (False, True)
        ]
    assert pictures[0].size == pictures[1].size
    assert pictures[0].tobytes() == pictures[1].tobytes()
    said = [str(warning.message) for warning in caught]
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_reasons_and_warnings_come_along(encode: Encode) -> None:
    whole = encode(Image.effect_noise((90, 90), 50), "JPEG")
    damaged = whole[: len(whole) // 2] + b"\xff\xd9"
    with pytest.warns(DamagedImageWarning, match="it is a damaged JPEG"):
        assert is_doubted(load_image(damaged, reading=APART))
    for data in (b"Dear fox", whole[:300], b""):
        reasons = []
        for reading in (Reading(), APART):
            with pytest.raises(ImageError) as caught:
                load_image(data, reading=reading)
            reasons.append(caught.value.reason)
        assert reasons[0] == reasons[1]
    for field in ("max_pixels", "max_memory"):
        limited = dataclasses.replace(APART, **{field: 100})  # type: ignore[arg-type]
        with pytest.raises(ImageError, match=f"more than `{field}`"):
            load_image(whole, reading=limited)
    assert len(isolated._of_process.get()._idle) == 1  # all by one process


def test_threads_have_a_process_each(encode: Encode) -> None:
    data = encode(Image.effect_noise((90, 90), 50), "PNG")
    read: list[Any] = []
    threads = [
        threading.Thread(target=lambda: read.append(load_image(data, reading=APART).tobytes()))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert read == 3 * [load_image(data).tobytes()]


TAKES = """
    import sys
    from zsclip import frames
    given, answers = sys.stdin.buffer, sys.stdout.buffer
    _, _, size = frames.receive(given)
    given.read(size)
"""
# What a process may do that a decoder has taken over, and what becomes of the picture.
HOSTILE = {
    "hangs": ("while True: pass", "longer than `timeout`"),
    "breaks": ("import os; os.abort()", "was ended by SIGABRT"),
    "ends": ("sys.exit(3)", "ended with status 3"),
    "lies about its size": (
        "frames.send(answers, frames.DONE, {'size': [9, 9]}, 5); answers.write(bytes(5))",
        "no picture|ended with status",
    ),
    "gives more than was asked for": (
        "frames.send(answers, frames.DONE, {'size': [99999, 99999]}, 3 * 99999 ** 2)",
        "no picture|ended with status",
    ),
    "takes all memory": (
        "frames.send(answers, frames.MEMORY, {'need': 10 ** 18}); given.read()",
        "more than `max_memory`",
    ),
    "talks without end": (
        "answers.write(b'd' + b'\\xff' * 100_000); answers.flush(); given.read()",
        "no picture",
    ),
    "gives no sentence": (
        "frames.send(answers, frames.REFUSED, {'reason': 5}); given.read()",
        "no picture",
    ),
    "remarks what there is not": (
        "frames.send(answers, frames.REFUSED, {'reason': 'x', 'remarks': [['SystemExit', 'x']]})",
        "no picture|ended with status",
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_process_that_breaks_is_an_error_of_one_picture(
    name: str, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    does, said = HOSTILE[name]
    program = "import sys; sys.path[:] = {path!r}\n" + textwrap.dedent(TAKES) + does
    with monkeypatch.context() as patch:
        patch.setattr(isolated, "_PROGRAM", _escaped(program))
        with pytest.raises(ImageError, match=said):
            load_image(png, reading=Reading(isolate=True, timeout=5))
    assert load_image(png, reading=APART).tobytes() == load_image(png).tobytes()


def _escaped(program: str) -> str:
    """Fit for `str.format`, but for the path."""
    doubled = program.replace("{", "{{").replace("}", "}}")
    return doubled.replace("{{path!r}}", "{path!r}")


@pytest.mark.parametrize("entry", ["", "."])
def test_modules_in_the_current_folder_are_not_imported(
    entry: str, png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = tmp_path / "uploads"
    for name in ("json", "PIL", "zsclip", "simplejpeg"):
        (uploads / name).mkdir(parents=True)
        (uploads / name / "__init__.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(uploads)
    monkeypatch.setattr(sys, "path", [entry, *sys.path])
    assert load_image(png, reading=APART).tobytes() == load_image(png).tobytes()
    assert not (uploads / "ran").exists()


def test_a_path_for_modules_that_is_no_text_is_left_out(
    png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [tmp_path, *sys.path])  # by mistake: Python passes over it
    assert load_image(png, reading=APART).size


@pytest.mark.parametrize("limit", [math.inf, 1e9, None])
def test_limits_beyond_what_a_system_knows_are_none(
    limit: float | None, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert load_image(png, reading=dataclasses.replace(APART, max_memory=10**20)).size


def test_what_is_sent_to_a_process_is_counted_before(tmp_path: Path, png: bytes) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png)
    os.truncate(path, 2**30)
    with pytest.raises(ImageError, match=r"takes about 1.1 GB of memory, .* \(1.0 MB\)"):
        load_image(path, reading=dataclasses.replace(APART, max_memory=1_000_000))
    assert isolated._of_process.found() is None


def test_one_more_picture_leaves_nothing_behind(
    png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[object] = []
    monkeypatch.setattr(atexit, "register", lambda *given: registered.append(given))
    for _ in range(3):
        load_image(png, reading=APART)
    assert len(registered) == 1


def test_a_process_that_may_have_been_ended_just_now_gets_no_other_picture(
    png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(isolated._Worker):
        def decode(self, stream: Any, reading: Reading, min_side: int | None) -> Any:
            outcome = super().decode(stream, reading, min_side)
            monkeypatch.setattr(stream.allowance, "_end", 0.0)
            return outcome

    monkeypatch.setattr(isolated, "_Worker", Slow)
    assert load_image(png, reading=APART).size
    assert not isolated._of_process.get()._idle


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_such_a_process_has_its_limits(png: bytes) -> None:
    load_image(png, reading=APART)
    [worker] = isolated._of_process.get()._idle
    limits = Path(f"/proc/{worker._process.pid}/limits").read_text().splitlines()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits[1:]}
    assert soft["Max core file size"] == soft["Max file size"] == "0"
    assert int(soft["Max data size"]) < APART.memory + 2**30
    assert int(soft["Max cpu time"]) > 0


def test_nothing_is_left_when_the_program_ends(tmp_path: Path, png: bytes) -> None:
    (tmp_path / "fox.png").write_bytes(png)
    program = tmp_path / "program.py"
    program.write_text(
        "import os\n"
        "from zsclip.images import Reading, isolated, load_image\n"
        "load_image('fox.png', reading=Reading(isolate=True, timeout=60))\n"
        "print(isolated._of_process.get()._idle[0]._process.pid)\n"
        "import sys; assert 'torch' not in sys.modules\n"
    )
    pid = int(run_program([program], folder=tmp_path))
    if hasattr(os, "kill") and sys.platform != "win32":
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_such_a_process_does_not_load_torch() -> None:
    program = "import sys, zsclip.images.worker; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_reading_a_picture_here_starts_no_process(png: bytes) -> None:
    program = (
        "import sys\nfrom zsclip.images import load_image\nload_image(sys.stdin.buffer.read())\n"
        "print('zsclip.images.isolated' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=png, capture_output=True, check=True
    )
    assert done.stdout.split() == [b"False"]
