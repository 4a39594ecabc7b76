"""Bars: what they count, that they end, and that nothing of them is loaded where none is shown."""

from __future__ import annotations

import errno
import gc
import io
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import tqdm
import tqdm.auto
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.errors import CalibrationWarning, ImageError, ParameterError, ParameterTypeError
from zsclip.progress import counting, watched

Solid = Callable[[str], Image.Image]


class Bar:
    """What tqdm would show.

    Attributes:
        total: How many were announced.
        counted: How many were told of, one call after the other.
        closed: Whether it ended.
    """

    made: list[Bar]

    def __init__(self, *, total: int | None, unit: str, dynamic_ncols: bool) -> None:
        assert (unit, dynamic_ncols) == (" pictures", True)
        self.total, self.counted, self.closed = total, 0, False
        type(self).made.append(self)

    def update(self, n: int) -> None:
        assert not self.closed
        self.counted += n

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    """The bars that are shown from here on."""
    monkeypatch.setattr(Bar, "made", [], raising=False)
    monkeypatch.setattr(tqdm, "tqdm", Bar)
    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    return Bar.made


def only(bars: list[Bar]) -> tuple[int | None, int, bool]:
    [bar] = bars
    return bar.total, bar.counted, bar.closed


CALLS: dict[str, Callable[[ZeroShotClassifier, Any, Any], object]] = {
    "classify_many": lambda c, images, p: c.classify_many(images, progress=p),
    "stream": lambda c, images, p: list(c.stream(images, progress=p)),
    "predict": lambda c, images, p: c.predict(images, progress=p),
    "predict_proba": lambda c, images, p: c.predict_proba(images, progress=p),
    "encode_images": lambda c, images, p: c.encode_images(images, progress=p),
    "similarity": lambda c, images, p: c.similarity(images, ["a red one"], progress=p),
    "evaluate": lambda c, images, p: c.evaluate(images, [0, 1, 2], progress=p),
    "linear_probe": lambda c, i, p: c.linear_probe(i, [0, 1, 2], start="text", progress=p),
    "rejecting": lambda c, images, p: c.rejecting(images, coverage=0.5, progress=p),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("progress", [True, "text"])
def test_every_picture_is_counted_of_the_number_that_is_known(
    colors: ZeroShotClassifier, swatches: Path, bars: list[Bar], name: str, progress: Any
) -> None:
    CALLS[name](colors, sorted(swatches.iterdir()), progress)
    assert only(bars) == (3, 3, True)
    bars.clear()
    CALLS[name](colors, swatches, progress)  # the folder, searched first
    assert only(bars) == (3, 3, True)
    bars.clear()
    CALLS[name](colors, iter(sorted(swatches.iterdir())), progress)
    assert only(bars) == (None, 3, True)
    bars.clear()
    CALLS[name](colors, swatches, False)
    assert bars == []


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("progress", "error"), [("notebook", ParameterError), (1, ParameterTypeError)]
)
def test_what_says_nothing_of_a_bar_is_refused(
    colors: ZeroShotClassifier, swatches: Path, name: str, progress: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r'`progress` must be True, False or "text", got'):
        CALLS[name](colors, sorted(swatches.iterdir()), progress)


def test_what_else_learns_from_pictures_counts_them(
    colors: ZeroShotClassifier, fake: Any, solid: Solid, bars: list[Bar]
) -> None:
    images = [solid(color) for color in ("red", "green", "blue", "white")] * 5
    colors.rejecting(images, [0, 1, 2, None] * 5, max_error=0.9, progress=True)
    several = ZeroShotClassifier(["red", "blue"], multi_label=True, encoder=fake, cache=False)
    several.standardized(images, progress=True)
    several.calibrated(images, [[0], [], [1], []] * 5, progress=True)
    with pytest.warns(CalibrationWarning):
        colors.calibrated([*images[:3], *images[:3]], [0, 1, 2] * 2, progress=True)
    assert [(bar.total, bar.counted, bar.closed) for bar in bars] == [
        (20, 20, True), (20, 20, True), (20, 20, True), (6, 6, True),
    ]  # fmt: skip


def test_a_folder_of_classes_is_counted(
    colors: ZeroShotClassifier, tmp_path: Path, solid: Solid, bars: list[Bar]
) -> None:
    for color in ("red", "blue"):
        (tmp_path / color).mkdir()
        solid(color).save(tmp_path / color / "a.png")
    colors.evaluate_folder(tmp_path, progress=True)
    assert only(bars) == (2, 2, True)


@pytest.mark.parametrize("name", ["classify_many", "encode_images", "predict"])
def test_an_error_ends_the_bar(
    colors: ZeroShotClassifier, swatches: Path, bars: list[Bar], name: str
) -> None:
    with pytest.raises(ImageError):
        CALLS[name](colors, [*sorted(swatches.iterdir()), b"no picture"], True)
    assert only(bars) in [(4, 3, True), (4, 0, True)]  # embeddings are counted by the batch


def test_a_stream_that_nobody_wants_any_more_ends_its_bar_and_its_work(
    colors: ZeroShotClassifier, swatches: Path, bars: list[Bar]
) -> None:
    results = colors.stream(swatches, progress=True)
    assert bars == []  # nothing is shown before the first is asked for
    next(results)
    assert only(bars) == (3, 1, False)
    del results
    assert only(bars) == (3, 1, True)


def test_where_there_is_no_standard_error_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with counting(True, 2) as done:
        done(2)


@pytest.mark.parametrize("takes", [0, 1, 5])
def test_where_a_bar_cannot_be_shown_any_more_no_result_is_lost(
    takes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        """As of a full disk, after so many writes."""

        left = takes

        def write(self, text: str) -> int:
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return len(text)

    monkeypatch.setattr(sys, "stderr", full := Full())
    for progress in (True, "text"):
        with counting(progress, 3) as done:
            for _ in range(3):
                time.sleep(0.11)  # as long as tqdm waits before it draws again
                done(1)
    assert full.left < 0
    gc.collect()


def test_what_is_watched_is_closed_with_its_bar(bars: list[Bar]) -> None:
    ended: list[str] = []

    def source() -> Generator[int, None, None]:
        try:
            yield from range(10)
        finally:
            ended.append("the source")

    results = watched(source(), True, 10)
    for n in results:
        if n == 3:
            break
    results.close()
    assert ended == ["the source"]
    assert only(bars) == (10, 4, True)


def test_the_bar_of_text_tells_total_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    with counting("text", 4) as done:
        done(2)
        done(2)
    shown = capsys.readouterr()
    assert "4/4 [00:00<00:00" in shown.err
    assert " pictures/s]" in shown.err
    assert shown.out == ""


# Of an engine without torch, which imports tqdm itself.
SCRIPT = """
import sys
from zsclip import ZeroShotClassifier
from zsclip.testing import FakeEncoder
clf = ZeroShotClassifier(["frog", "fish"], encoder=FakeEncoder(), cache=False)
prediction = clf.classify(sys.argv[1])
assert prediction["frog"] and prediction.to_dict()
clf.classify_many([sys.argv[1]])
extras = "tqdm matplotlib pandas pyarrow av sklearn scipy IPython ipywidgets".split()
own = "markup fragments plot report searching sorting tables video results.shown results.grid"
loaded = {*extras, *(f"zsclip.{name}" for name in own.split())} & set(sys.modules)
assert not loaded, loaded
sys.modules["IPython"] = None  # whatever asks for it fails
assert "<div" in prediction._repr_html_() and "<div" in clf._repr_html_()
assert "tqdm" not in sys.modules
"""


def test_a_plain_classify_loads_nothing_that_shows_anything(drawings: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(drawings / "frog.png")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
