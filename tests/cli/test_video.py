"""`zsclip video`: what it prints, and how it ends."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from videos import drawings_of, grays, write_video

Run = Callable[..., Result]

TINY = ("--labels", "frog,fish,octopus", "--model", "tiny-cartoon", "--device", "cpu", "--top", "1")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(write_video(drawings_of("frog", "octopus", frames=20), codec="libx264"))
    return path


def test_frames_are_printed_with_their_times_and_the_clip_last(run: Run, clip: Path) -> None:
    result = run("video", clip, *TINY)
    assert result.exit_code == 0
    assert result.stderr == ""
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["score", "label", "picture"]
    assert [row.split()[1:] for row in rows[:-1]] == [
        ["frog", f"{clip}@00:00:00.000"],
        ["frog", f"{clip}@00:00:01.000"],
        ["octopus", f"{clip}@00:00:02.000"],
        ["octopus", f"{clip}@00:00:03.000"],
    ]
    assert rows[-1].split()[-1] == str(clip)


def test_scenes_and_parts_of_a_video_are_chosen(run: Run, clip: Path) -> None:
    result = run("video", clip, *TINY, "--scenes", "--format", "json")
    values = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(value["source"].partition("@")[2], value["label"]) for value in values[:-1]] == [
        ("00:00:00.000", "frog"),
        ("00:00:02.000", "octopus"),
    ]
    result = run("video", clip, *TINY, "--every", 0.5, "--start", 1.5, "--end", 3, "--limit", 2)
    times = [row.partition("@")[2] for row in result.stdout.splitlines()[1:-1]]
    assert times == ["00:00:01.500", "00:00:02.000"]


def test_results_go_to_a_file_and_nothing_else_does(run: Run, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "clip.csv"
    result = run("video", clip, *TINY, "-o", target)
    assert (result.exit_code, result.stdout) == (0, "")
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [row["label"] for row in rows[:-1]] == ["frog", "frog", "octopus", "octopus"]
    assert rows[-1]["source"] == str(clip)


def test_what_cannot_be_read_is_an_error_that_names_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("Dear fox,\nwhere are you?\n" * 40)
    for name, why in {"text.mp4": "it is no video", "none.mp4": "there is no such file"}.items():
        result = run("video", tmp_path / name, *TINY)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"Error: Cannot read the video {tmp_path / name}: {why}" in result.stderr


@pytest.mark.filterwarnings("default::zsclip.errors.DamagedVideoWarning")
def test_a_video_that_is_cut_off_is_read_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    whole = write_video(grays(40), form="matroska", codec="libx264", gop_size=10)
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 7 // 10])
    result = run("video", tmp_path / "cut.mkv", *TINY)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 3
    assert f"Warning: The video {tmp_path / 'cut.mkv'} is damaged or cut off" in result.stderr
    assert run("video", tmp_path / "cut.mkv", *TINY, "--refuse-damaged").exit_code == 2


def test_limits_of_the_command_line_hold_for_frames(run: Run, clip: Path) -> None:
    result = run("video", clip, *TINY, "--max-pixels", 100)
    assert result.exit_code == 2
    assert "128 x 128 pixels are more than `max_pixels` (100)" in result.stderr


def test_a_bar_is_drawn_where_it_is_asked_for(run: Run, clip: Path) -> None:
    assert "4 pictures" in run("video", clip, *TINY, "--progress").stderr
