"""The time of a picture, from its source to its pixels, and the memory that it may take."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable
from itertools import chain, count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from deadlines import run_program
from PIL import Image

from zsclip import budget
from zsclip.errors import ImageError, ImageWarning
from zsclip.forks import PerProcess
from zsclip.images import Reading, allowance, decode_picture, load_image
from zsclip.images.allowance import Allowance, Watched
from zsclip.images.remarks import one_at_a_time

Encode = Callable[..., bytes]

# A progressive JPEG of 1.6 MB whose last scan comes 10,000 times: minutes for a decoder that goes
# through all of them.
SCANS = """
    import io, os, signal, threading
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which whoever started it may ignore
    from PIL import Image
    from zsclip import Reading, load_image
    from zsclip.errors import ImageError
    stream = io.BytesIO()
    picture = Image.new("RGB", (3000, 2000), (10, 20, 30))
    picture.save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    bomb = data[:-2] + data[data.rindex(b"\\xff\\xda"):-2] * 10_000
"""


@pytest.fixture(autouse=True)
def _own_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of shares that a test keeps, the next one has no less."""
    monkeypatch.setattr(budget, "_of_process", PerProcess(budget._Budget))


def run(program: str, folder: Path) -> str:
    path = folder / "program.py"
    path.write_text(textwrap.dedent(SCANS) + textwrap.dedent(program))
    return run_program([path], folder=folder, seconds=100)


def test_row_too_late(tmp_path: Path) -> None:
    out = run(
        """
        try:
            load_image(bomb, reading=Reading(timeout=0.5))
        except ImageError as error:
            print(error.reason)
        """,
        tmp_path,
    )
    assert "longer than `timeout` (0.5 s)" in out
    assert "--timeout" in out


def test_a_long_decode_can_be_interrupted(tmp_path: Path) -> None:
    out = run(
        """
        threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
        try:
            load_image(bomb, reading=Reading(timeout=600))
        except KeyboardInterrupt:
            print("interrupted")
        """,
        tmp_path,
    )
    assert out == "interrupted\n"


class Counted(Watched):
    """Counts what it gives, and ends the picture's time with one of its blocks."""

    def __init__(self, data: bytes, last: int = 10**9) -> None:
        super().__init__(io.BytesIO(data), Allowance(Reading()))
        self.given: list[int] = []
        self.last = last

    def read(self, size: int | None = -1, /) -> bytes:
        if len(self.given) == self.last:
            raise self.allowance.too_late()
        block = super().read(size)
        self.given.append(len(block))
        return block


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TGA", "PPM", "PCX", "TIFF", "QOI"])
def test_decoders_that_come_back_for_more_are_ended(form: str, encode: Encode) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    data = encode(Image.fromarray(noise), form)
    stream = Counted(data)
    decode_picture(stream, name="x", reading=Reading())
    assert max(stream.given) < len(data), "it takes all at once, and is not among those of the docs"
    late = Counted(data, last=len(stream.given) - 1)
    with pytest.raises(ImageError, match=r"longer than `timeout` \(10 s\)"):
        decode_picture(late, name="x", reading=Reading())


def test_getting_a_picture_and_decoding_it_share_one_time(
    png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], thread_time=lambda: now[0])
    monkeypatch.setattr(allowance, "time", clock)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            now[0] += 1
            return super().read(size)

    assert load_image(Slow(png), reading=Reading(timeout=3)).size
    now[0] = 0.0
    with pytest.raises(ImageError, match=r"longer than `timeout` \(1.5 s\)"):
        load_image(Slow(png), reading=Reading(timeout=1.5))


def test_waiting_for_memory_is_not_the_pictures_time(
    png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], thread_time=lambda: now[0])
    monkeypatch.setattr(allowance, "time", clock)

    def take(holder: object, need: int, most: int) -> float:
        now[0] += 60
        return 60

    monkeypatch.setattr(budget, "take", take)
    assert load_image(png, reading=Reading(timeout=1)).size


def test_waiting_for_a_disk_or_a_core_is_not_the_pictures_time(
    png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(png)
    hours, seconds = chain([0, 0], count(step=3600)), count(step=0)
    clock = SimpleNamespace(monotonic=lambda: next(hours), thread_time=lambda: next(seconds))
    monkeypatch.setattr(allowance, "time", clock)
    assert load_image(path).size
    hours, seconds = chain([0, 0], count(step=3600)), count(step=6)
    with pytest.raises(ImageError, match=r"longer than `timeout` \(10 s\)"):
        load_image(path)


def test_a_picture_that_is_read_alone_waits_for_nothing(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pillow says something that is not heard, in a program that wants to know of everything: the
    # picture is decoded once more, having had all the memory before, while others wait to warn.
    factory, accept = Image.OPEN["WEBP"]

    def opened(stream: Any, name: str) -> Any:
        image = factory(stream, name)  # which reads the file whole, and counts that
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return image

    shares: list[tuple[int, bool]] = []
    begin = budget._Budget._await_turn

    def awaits(own: Any, holder: object, need: int, most: int) -> None:
        shares.append((need, one_at_a_time._lock.get()._is_owned()))
        begin(own, holder, need, most)

    monkeypatch.setitem(Image.OPEN, "WEBP", (opened, accept))
    monkeypatch.setattr(budget._Budget, "_await_turn", awaits)
    with one_at_a_time:  # so that it is there
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ImageWarning)
        assert load_image(encode(Image.new("RGB", (8, 8)), "WEBP")).size
    assert [need for need, _ in shares][-1] == Reading().memory
    assert not any(alone for _, alone in shares)


def test_a_picture_that_takes_too_much_memory_names_the_limit(png: bytes, encode: Encode) -> None:
    with pytest.raises(ImageError) as caught:
        load_image(encode(Image.new("RGBA", (300, 300))), reading=Reading(max_memory=1_000_000))
    assert caught.value.reason == (
        "decoding it takes about 1.1 MB of memory, more than `max_memory` (1.0 MB). Pass a higher "
        "limit, reading=Reading(max_memory=...), or on the command line --max-memory, if you trust "
        "where it comes from."
    )
    assert load_image(png, reading=Reading(max_memory=1_000_000)).size


def test_what_a_decoder_reads_whole_is_counted_before(encode: Encode) -> None:
    data = encode(Image.new("RGB", (8, 8)), "WEBP") + bytes(2_000_000)
    with pytest.raises(ImageError, match=r"takes about 2.0 MB of memory, .* \(1.0 MB\)"):
        load_image(data, reading=Reading(max_memory=1_000_000))


@pytest.mark.parametrize("fails", [False, True])
def test_the_share_is_given_back_whatever_happens(
    fails: bool, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: set[object] = set()
    take, give_back = budget.take, budget.give_back

    def taken(holder: object, need: int, most: int) -> float:
        held.add(holder)
        return take(holder, need, most)

    def given(holder: object) -> None:
        held.discard(holder)
        give_back(holder)

    monkeypatch.setattr(budget, "take", taken)
    monkeypatch.setattr(budget, "give_back", given)
    if fails:
        with pytest.raises(ImageError):
            load_image(png[:-40])
    else:
        load_image(png)
        decode_picture(io.BytesIO(png), name="x", reading=Reading())
    assert held == set()
