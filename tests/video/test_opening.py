"""What is opened as a video, and what is not."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from videos import grays, write_video

from zsclip import Reading
from zsclip.errors import MissingExtraError, ParameterError, ParameterTypeError, VideoError
from zsclip.video import frames

VIDEO = write_video(grays(10))


USUAL = Reading()


def refusal(source: object, reading: Reading = USUAL) -> VideoError:
    with pytest.raises(VideoError) as caught:
        list(frames(source, reading=reading))  # type: ignore[arg-type]
    return caught.value


def test_a_path_that_leads_to_no_video_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("Dear fox,\nwhere are you?\n" * 40)
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    for name, why in {
        "empty.mp4": "it is empty (0 bytes).",
        "text.mp4": "it is no video of a format that is read here, or it is damaged",
        "folder.mp4": "it is a folder.",
        "pipe.mp4": "it is a pipe or a device.",
        "none.mp4": "there is no such file.",
        "a\0b.mp4": "embedded null byte.",
    }.items():
        error = refusal(str(tmp_path / name))
        assert error.source == str(tmp_path / name)
        assert error.reason.startswith(why)
        assert str(error).startswith("Cannot read the video ")


def test_what_names_no_file_is_told() -> None:
    assert "not fetched from the web" in refusal("https://example.org/clip.mp4").reason
    assert refusal(b"").reason == "it is empty (0 bytes)."
    assert "cannot seek" in refusal(type("Stream", (), {"read": lambda self, n: b""})()).reason
    with pytest.raises(ParameterTypeError, match="`source` must be a video"):
        next(frames(7))  # type: ignore[arg-type]


def test_a_file_of_sound_alone_is_none_and_so_is_its_cover() -> None:
    import av
    import numpy as np

    target = io.BytesIO()
    with av.open(target, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    assert "it is no video" in refusal(target.getvalue()).reason  # WAV holds sound alone
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert refusal(target.getvalue()).reason == "it holds no video, only sound."


@pytest.mark.parametrize("form", ["mp4", "matroska"])
def test_a_container_without_a_frame_is_no_video(form: str) -> None:
    import av

    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        container.add_stream("mpeg4", rate=10, width=64, height=64)
        container.start_encoding()
    reason = refusal(target.getvalue()).reason
    assert "it holds no video" in reason or "it is no video" in reason or "no frame of it" in reason


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        '<?xml version="1.0"?><MPD><Period><BaseURL>{path}</BaseURL></Period></MPD>',
    ],
)
def test_a_playlist_opens_none_of_the_files_that_it_names(tmp_path: Path, content: str) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(VIDEO)
    for name in ("list.mp4", "list.m3u8", "list.ffconcat", "list.mpd"):
        (tmp_path / name).write_text(content.format(path=secret))
        assert "it is no video of a format that is read here" in refusal(tmp_path / name).reason


def test_a_title_that_is_no_text_is_nobodys_business() -> None:
    assert VIDEO.count(b"Lavf") == 1  # the program that wrote it
    assert next(frames(VIDEO.replace(b"Lavf", b"\xff\xfe\xffx"))).index == 0


def test_a_picture_is_no_video(drawings: Path) -> None:
    assert "it is no video" in refusal(drawings / "frog.png").reason


def test_frames_of_more_pixels_than_may_be_are_refused_before_they_are_decoded() -> None:
    reason = refusal(VIDEO, Reading(max_pixels=64 * 64 - 1)).reason
    assert "64 x 64 pixels are more than `max_pixels`" in reason
    assert "reading=Reading(max_pixels=...)" in reason
    assert next(frames(VIDEO, reading=Reading(max_pixels=64 * 64))).image.size == (64, 64)
    assert "more than `max_memory`" in refusal(VIDEO, Reading(max_memory=100_000)).reason


def test_frames_that_the_decoder_refuses_are_told_by_the_limit() -> None:
    """FFmpeg is told a limit with room to spare, beyond which it does not tell the size."""
    big = write_video([Image.new("RGB", (1200, 1000))] * 2, form="avi", codec="mpeg4")
    assert "`max_pixels` (4,096)" in refusal(big, Reading(max_pixels=64 * 64)).reason
    assert next(frames(big)).image.size == (1200, 1000)


def test_a_header_that_lies_about_the_size_does_not_help() -> None:
    big = write_video(
        [Image.new("RGB", (640, 480))] * 3, form="avi", codec="mjpeg", pix_fmt="yuvj420p"
    )
    size = (640).to_bytes(4, "little") + (480).to_bytes(4, "little")
    small = (64).to_bytes(4, "little") + (48).to_bytes(4, "little")
    assert big.count(size) >= 1
    lied = big.replace(size, small)
    assert "frame" in refusal(lied, Reading(max_pixels=64 * 48)).reason


def test_a_frame_that_takes_too_long_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = [0.0]

    def monotonic() -> float:
        now[0] += 3  # seconds from one look at the clock to the next
        return now[0]

    monkeypatch.setattr(time, "monotonic", monotonic)
    assert "one frame took longer than `timeout` (2 s)" in refusal(VIDEO, Reading(timeout=2)).reason


def test_isolation_is_not_promised_where_there_is_none() -> None:
    with pytest.raises(ParameterError, match=r"`reading.isolate` is set, and videos are decoded"):
        next(frames(VIDEO, reading=Reading(isolate=True)))


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zsclip\[video\]"'):
        next(frames(VIDEO))
