"""How much is decoded for frames that lie apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from videos import grays, number_of, write_video

from zsclip.errors import DamagedVideoWarning
from zsclip.video import frames
from zsclip.video.decoding import Decoding


def long_video(form: str, codec: str = "mpeg4", gop: int = 10) -> bytes:
    return write_video(grays(40), form=form, codec=codec, rate=1, gop_size=gop)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many frames were decoded since it was asked last."""
    begun: list[Decoding] = []
    first = Decoding.__init__

    def noted(self: Decoding, *args: Any, **given: Any) -> None:
        begun.append(self)
        first(self, *args, **given)

    monkeypatch.setattr(Decoding, "__init__", noted)
    return lambda: begun.pop().decoded


@pytest.mark.parametrize("form", ["mp4", "matroska", "avi"])
def test_frames_between_those_that_lie_apart_are_not_decoded(
    form: str, decoded: Callable[[], int]
) -> None:
    """Forty frames at one a second, of which each tenth stands by itself."""
    video = long_video(form)
    assert [number_of(f.image) for f in frames(video, every=20, limit=2)] == [0, 20]
    assert decoded() == 2
    assert [number_of(f.image) for f in frames(video, start=33, limit=1)] == [33]
    assert decoded() <= 6
    assert [number_of(f.image) for f in frames(video, every=1)] == list(range(40))
    assert decoded() == 40


def test_where_no_key_frame_lies_ahead_a_search_is_not_tried_again_and_again(
    decoded: Callable[[], int],
) -> None:
    video = long_video("mp4", gop=1000)
    assert [number_of(f.image) for f in frames(video, every=5)] == list(range(0, 40, 5))
    assert decoded() < 100


def test_in_files_without_an_index_all_is_decoded(decoded: Callable[[], int]) -> None:
    video = write_video(grays(40), form="mpegts", codec="mpeg2video", gop_size=10)
    assert [number_of(f.image) for f in frames(video, every=3)] == [0, 30]
    assert decoded() == 40


def test_an_index_that_leads_too_far_loses_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    go_to = Decoding._go_to

    def too_far(self: Decoding, stamp: int) -> None:
        go_to(self, stamp and 2 * stamp)

    monkeypatch.setattr(Decoding, "_go_to", too_far)
    found = [number_of(f.image) for f in frames(long_video("matroska"), every=12)]
    assert found == [0, 12, 24, 36]


@pytest.mark.parametrize("every", [1, 3, 30])
def test_a_file_that_is_cut_off_is_told_however_far_apart_frames_lie(every: int) -> None:
    whole = long_video("matroska")
    with pytest.warns(DamagedVideoWarning, match="says that it lasts 40.0 s"):
        found = list(frames(whole[: len(whole) * 6 // 10], every=every))
    assert found[-1].time < 40 - every
    assert [frame.time for frame in frames(whole, every=every)] == list(range(0, 40, every))


def test_a_file_that_ends_in_a_part_of_a_frame_is_told_behind_the_last_that_is_wanted() -> None:
    whole = write_video(grays(40), form="avi", codec="mjpeg", rate=1, pix_fmt="yuvj420p")
    with pytest.warns(DamagedVideoWarning, match="a part of the file is missing"):
        assert len(list(frames(whole[: len(whole) * 6 // 10], every=30))) == 1


def test_b_frames_come_in_the_order_in_which_they_are_shown() -> None:
    video = write_video(grays(30), form="matroska", codec="libx264", max_b_frames=3, gop_size=12)
    assert [number_of(f.image) for f in frames(video, per_second=10)] == list(range(30))
