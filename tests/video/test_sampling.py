"""Which frames come, and with what time."""

from __future__ import annotations

import gc
import io
import re
import warnings
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import drawings_of, grays, number_of, write_video

from zsclip import Reading
from zsclip.errors import (
    DamagedVideoWarning,
    ParameterError,
    ParameterTypeError,
    VideoError,
)
from zsclip.video import Frame, VideoSource, frames
from zsclip.video.sampling import clock

PLAIN = write_video(grays(40))  # four seconds, ten frames in each


def told(source: VideoSource, **asked: Any) -> list[tuple[float, int]]:
    """The frames that come: their times, and which they are."""
    return [(round(f.time, 3), number_of(f.image)) for f in frames(source, **asked)]


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mp4", "libx264"),
        ("matroska", "libx264"),
        ("webm", "libvpx-vp9"),
        ("avi", "mpeg4"),
        ("mpegts", "mpeg2video"),
    ],
)
def test_frames_come_at_their_times_from_every_container(form: str, codec: str) -> None:
    video = write_video(grays(40), form=form, codec=codec)
    assert told(video) == [(0.0, 0), (1.0, 10), (2.0, 20), (3.0, 30)]
    assert told(video, every=0.5, start=2.2, end=3.3) == [(2.2, 22), (2.7, 27), (3.2, 32)]


def test_a_frame_tells_its_place_its_time_and_its_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(PLAIN)
    found = list(frames(path, per_second=2, limit=3))
    assert [frame.index for frame in found] == [0, 1, 2]
    assert [frame.source for frame in found] == [
        f"{path}@00:00:00.000",
        f"{path}@00:00:00.500",
        f"{path}@00:00:01.000",
    ]
    assert {(frame.image.mode, frame.image.size) for frame in found} == {("RGB", (64, 64))}


def test_hours_are_told() -> None:
    assert clock(3 * 3600 + 59.9996) == "03:01:00.000"


def test_bytes_and_open_files_are_videos_as_well(tmp_path: Path) -> None:
    stream = io.BytesIO(PLAIN)
    stream.seek(99)
    assert told(stream) == told(PLAIN) == told(bytes(PLAIN))
    assert not stream.closed


def test_every_frame_comes_where_timestamps_are_rounded() -> None:
    """Thousandths of a second are all that Matroska keeps: 0, 33, 67, 100..."""
    video = write_video(grays(30), form="matroska", codec="libx264", rate=30)
    assert [n for _, n in told(video, per_second=30)] == list(range(30))


def test_a_frame_that_stays_is_given_once() -> None:
    times = [0, 40, 700, 3000, 3040]
    video = write_video(grays(5), form="matroska", codec="libx264", times=times)
    assert told(video, every=0.5) == [(0.0, 0), (0.7, 2), (3.0, 3)]


def test_time_begins_with_the_first_frame_also_where_its_timestamp_is_negative() -> None:
    times = [-400, -200, 0, 200, 400]
    video = write_video(grays(5), form="matroska", codec="libx264", times=times)
    assert told(video, every=0.2) == [(0.0, 0), (0.2, 1), (0.4, 2), (0.6, 3), (0.8, 4)]


def test_frames_without_timestamps_are_counted() -> None:
    raw = write_video(grays(50), form="h264", codec="libx264")  # of which 25 a second are assumed
    assert told(raw) == [(0.0, 0), (1.0, 25)]


@pytest.mark.filterwarnings("ignore::zsclip.errors.DamagedVideoWarning")
def test_where_a_file_goes_back_in_time_the_clock_goes_on() -> None:
    part = write_video(grays(30), form="mpegts", codec="mpeg2video")
    assert told(part + part) == [(0.0, 0), (1.0, 10), (2.0, 20), (3.0, 0), (4.0, 10), (5.0, 20)]


@settings(max_examples=25)
@given(
    every=st.floats(0.01, 5),
    start=st.floats(0, 5),
    length=st.floats(0.01, 5),
    limit=st.none() | st.integers(1, 5),
)
def test_whatever_is_asked_for_the_times_rise_and_keep_their_distance(
    every: float, start: float, length: float, limit: int | None
) -> None:
    found = told(PLAIN, every=every, start=start, end=start + length, limit=limit)
    times = [time for time, _ in found]
    assert times == sorted(set(times))
    assert all(start - 1e-3 <= time < start + length for time in times)
    assert all(n == round(10 * time) for time, n in found)
    places = [(time - start + 1e-3) // every for time in times]
    assert places == sorted(set(places))  # no two for one of the times
    assert limit is None or len(found) <= limit


def test_scenes_begin_where_the_picture_changes() -> None:
    video = write_video(drawings_of("frog", "octopus", "fish", frames=20))
    assert [frame.time for frame in frames(video, scenes=True)] == [0.0, 2.0, 4.0]
    assert [frame.time for frame in frames(video, scenes=200)] == [0.0]
    assert [frame.time for frame in frames(video, scenes=True, start=1.0)] == [1.0, 2.0, 4.0]


def test_nothing_is_done_before_the_first_frame_is_asked_for_and_the_file_is_closed() -> None:
    asked = frames("no-such-file.mp4")
    with pytest.raises(VideoError, match=r"no-such-file\.mp4: there is no such file"):
        next(asked)
    begun = frames(PLAIN)
    next(begun)
    del begun  # a warning about an open file would be an error


def test_frames_that_were_given_are_freed_at_once() -> None:
    """Without the collector, that is: megabytes each do not wait for it."""
    gc.collect()
    gc.disable()
    try:
        alive = [
            sum(type(held) is av.VideoFrame for held in gc.get_objects())
            for _ in frames(PLAIN, every=0.1)
        ]
    finally:
        gc.enable()
    assert len(alive) == 40
    assert alive[-1] < 10


def test_a_time_after_the_end_has_no_frames() -> None:
    assert told(PLAIN, start=99) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"every": 1, "per_second": 2}, "exclude each other"),
        ({"every": 1, "scenes": True}, "exclude each other"),
        ({"every": 0}, "`every` must be above 0"),
        ({"per_second": -1}, "`per_second` must be above 0"),
        ({"scenes": float("nan")}, "`scenes` must be above 0"),
        ({"start": -1}, "`start` must be 0 or more"),
        ({"start": 2, "end": 2}, "`end` .* must be after `start`"),
        ({"end": float("inf")}, "`end` must be"),
        ({"limit": 0}, "`limit`"),
    ],
)
def test_what_cannot_be_asked_for_is_told_at_once(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        frames(PLAIN, **asked)


def test_what_is_no_number_and_no_reading_is_told_at_once() -> None:
    with pytest.raises(ParameterTypeError, match="`every` must be a number, got 'one'"):
        frames(PLAIN, every="one")  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`every` must be a number, got True"):
        frames(PLAIN, every=True)
    with pytest.raises(ParameterTypeError, match="`reading`"):
        frames(PLAIN, reading=10)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------- damaged files

LONG = write_video(grays(40), form="matroska", codec="libx264", gop_size=10, max_b_frames=0)
CUT = LONG[: len(LONG) * 7 // 10]


def test_of_a_file_that_is_cut_off_all_frames_up_to_there_come_and_a_warning() -> None:
    with pytest.warns(
        DamagedVideoWarning, match=r"<bytes, .*> is damaged .*says that it lasts 4.0 s"
    ) as heard:
        found = told(CUT, every=0.1)
    assert len(heard) == 1
    assert 10 < len(found) < 40
    assert [round(10 * time) for time, _ in found] == list(range(len(found)))


def test_with_strict_the_damage_is_an_error_after_the_frames_before_it() -> None:
    asked, found = frames(CUT, every=0.1, reading=Reading(strict=True)), list[Frame]()
    with pytest.raises(VideoError, match="it is damaged or cut off"):
        found.extend(asked)
    assert len(found) > 10


def test_who_has_enough_before_the_damage_is_not_warned() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(told(CUT, every=0.1, limit=5)) == len(told(CUT, every=0.1, end=0.5)) == 5


def test_frames_behind_damaged_ones_come() -> None:
    whole = write_video(grays(40), form="avi", gop_size=10)
    twelfth = list(re.finditer(b"00dc", whole))[12].end() + 4
    holed = whole[:twelfth] + bytes(40) + whole[twelfth + 40 :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedVideoWarning)
        found = told(holed, every=0.1)
    assert found[0] == (0.0, 0)
    assert found[-1] == (3.9, 39)


def test_a_file_whose_frames_are_all_damaged_is_an_error() -> None:
    whole = write_video(
        drawings_of("frog", frames=10), form="avi", codec="mjpeg", pix_fmt="yuvj420p"
    )
    content, place = bytearray(whole), whole.index(b"movi")
    while (place := whole.find(b"00dc", place)) > 0 and place < whole.index(b"idx1"):
        size = int.from_bytes(whole[place + 4 : place + 8], "little")
        content[place + 8 : place + 8 + size] = bytes(size)
        place += 8 + size
    with pytest.raises(VideoError, match="no frame of it can be decoded: FFmpeg says Invalid data"):
        told(bytes(content))


@settings(max_examples=60)
@given(st.data())
def test_whatever_is_damaged_frames_come_or_an_error_of_the_video(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(sorted(SMALL)))
    content = bytearray(SMALL[form])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(content)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedVideoWarning)
        try:
            times = [frame.time for frame in frames(bytes(content[:cut]), per_second=5, limit=99)]
        except VideoError:
            return
    assert times == sorted(times)


SMALL = {
    "mp4": write_video(grays(10)),
    "matroska": write_video(grays(10), form="matroska", codec="libx264"),
    "avi": write_video(grays(10), form="avi"),
    "mpegts": write_video(grays(10), form="mpegts", codec="mpeg2video"),
}
