"""A run in which something is killed ends with each row once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from killed_batches import command, kill, make_pictures, processes_below, rows_of

import zsclip.ray
from zsclip import ZeroShotClassifier
from zsclip.errors import ClusterError

ray: Any = pytest.importorskip("ray")
pytestmark = pytest.mark.usefixtures("cluster")

PICTURES = 120
LIMIT = 120


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "pictures"
    make_pictures(folder, PICTURES)
    return folder


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def files_done(sink: Path) -> int:
    return sum(
        not file.name.endswith(".pending.parquet")
        for file in Path(f"{sink}.job/checkpoints").glob("*.parquet")
    )


def test_a_command_that_is_killed_goes_on(pictures: Path, tmp_path: Path) -> None:
    """The cluster lives on, and with it, for a moment, what the command had it do."""
    sink = tmp_path / "out"
    typed = command(pictures, sink, ray.get_runtime_context().gcs_address)
    with subprocess.Popen(typed, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: files_done(sink) >= 1 or process.poll() is not None)
        kill(process.pid, signal.SIGKILL)
    assert not (sink / "_SUCCESS").exists()
    done = subprocess.run(typed, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 1, done.stderr
    assert f"{sink} has {PICTURES + 2} rows." in done.stderr
    assert rows_of(sink)["id"].tolist() == list(range(PICTURES + 2))


def test_an_actor_that_is_killed_is_replaced(
    pictures: Path, tmp_path: Path, tiny: ZeroShotClassifier
) -> None:
    sink = tmp_path / "out"
    killed: list[int] = []

    def kill_one() -> None:
        wait_for(lambda: files_done(sink) >= 1)
        below = processes_below(os.getpid())
        killed.extend(pid for pid, name in below.items() if "MapWorker" in name)
        for pid in killed:
            kill(pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    finished = zsclip.ray.run(pictures, sink, tiny, rows_per_file=8)
    killer.join()
    assert killed
    assert (finished.rows, finished.failed) == (PICTURES + 2, 2)
    rows = rows_of(sink)
    assert rows["id"].tolist() == list(range(PICTURES + 2))
    good = rows[rows["error"].isna()]
    expected = tiny.classify_many(list(good["source"]))
    assert good["label"].tolist() == [prediction.label for prediction in expected]


def test_a_run_of_which_nothing_comes_is_ended_and_can_go_on(
    drawings: Path, tmp_path: Path, tiny: ZeroShotClassifier
) -> None:
    sink = tmp_path / "out"
    with pytest.raises(ClusterError, match=r"Nothing came of the run .* the same run goes on"):
        zsclip.ray.run(drawings, sink, tiny, patience=0.001)
    assert zsclip.ray.run(drawings, sink, tiny).rows == 13
    pd.testing.assert_series_equal(
        rows_of(sink)["id"], pd.Series(range(13), name="id"), check_dtype=False
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that a few results fill."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        subprocess.run(made, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be made here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_ends_the_run_which_goes_on_when_there_is_space(
    small_disk: Path, drawings: Path, tmp_path: Path, tiny: ZeroShotClassifier
) -> None:
    sink = small_disk / "out"
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"0" * 40_000)
    names = sorted(map(str, drawings.glob("*.png")))
    with pytest.raises(OSError, match="No space left on device") as caught:
        zsclip.ray.run(names, sink, tiny, rows_per_file=4, embeddings=True)
    assert caught.value.filename == str(sink)
    assert "goes on when there is space" in str(caught.value)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert zsclip.ray.run(names, sink, tiny, rows_per_file=4, embeddings=True).rows == 13
    assert rows_of(sink)["id"].tolist() == list(range(13))
