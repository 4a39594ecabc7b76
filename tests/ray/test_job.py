"""The folder beside a sink: who may go on, and with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsclip.errors import ParameterError, ResumeError, WouldReplaceError
from zsclip.ray.job import Job, Kept
from zsclip.ray.listing import Listing
from zsclip.ray.places import Place
from zsclip.ray.running import run

ABOUT = {"settings": {"top": 3, "column": None}, "labels": "2 with the hash ab"}
KEPT = Kept(ABOUT, Listing(5, 5, "0" * 64), 16)


def job_at(sink: Path) -> Job:
    return Job(Place.of(sink, "sink"))


def test_a_run_is_known_again_and_another_is_refused(tmp_path: Path) -> None:
    job = job_at(tmp_path / "out")
    assert job.begun(ABOUT, resume=True) is None
    job.begin(KEPT)
    assert job.begun(ABOUT, resume=True) == KEPT
    with pytest.raises(ResumeError, match="top was 3, and is 4; labels was"):
        job.begun({"settings": {"top": 4, "column": None}, "labels": "9"}, resume=True)
    with pytest.raises(ResumeError, match="Go on with it"):
        job.begun(ABOUT, resume=False)
    job.note.write(b"{}")
    with pytest.raises(ResumeError, match="is nothing that this zsclip wrote"):
        job.begun(ABOUT, resume=True)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    sink = tmp_path / "out"
    sink.mkdir()
    assert job_at(sink).begun(ABOUT, resume=True) is None
    (sink / "mine.parquet").write_bytes(b"")
    with pytest.raises(WouldReplaceError, match="no run of zsclip's wrote it"):
        job_at(sink).begun(ABOUT, resume=True)
    with pytest.raises(WouldReplaceError, match="no run of zsclip's wrote it"):
        run([str(tmp_path / "a.png")], sink, "no-classifier.zsclip")
    assert [*tmp_path.iterdir()] == [sink]


def test_two_processes_are_not_at_it_together(tmp_path: Path) -> None:
    job = job_at(tmp_path / "out")
    with job.held(), pytest.raises(ResumeError, match="Another process"), job.held():
        pass
    left = tmp_path / "out.job" / ".zsclip-0123.part"
    left.write_bytes(b"of who was killed")
    with job.held():
        assert not left.exists()


def test_the_end_is_told_and_checkpoints_go(tmp_path: Path) -> None:
    job = job_at(tmp_path / "out")
    assert job.ended() is None
    Path(job.checkpoints.path).mkdir(parents=True)
    Path(job.sink.path).mkdir()
    job.end(5, 1)
    assert job.ended() == {"rows": 5, "failed": 1}
    assert not Path(job.checkpoints.path).exists()
    (tmp_path / "out" / "_SUCCESS").write_bytes(b"")  # as Spark leaves it
    assert job.ended() is None


def test_a_sink_that_ray_would_look_for_elsewhere_is_refused(tmp_path: Path) -> None:
    """It takes line breaks and tabs out of paths, as out of URLs, and writes to what is left."""
    for name in ("a\nb", "a\tb", "a\rb/c"):
        with pytest.raises(ParameterError, match="no line breaks and no tabs"):
            Job.of(tmp_path / name)
    assert Job.of(str(tmp_path / "a?b#c;d %20*")) == job_at(tmp_path / "a?b#c;d %20*")
