"""`classify` and `embed` on a local cluster: what comes out, and that it comes to an end."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
import ray.data
import torch
from counted_engine import COLORS, CountedEngine, notes
from PIL import Image

import zsclip.ray
from zsclip import ZeroShotClassifier
from zsclip.ray import datasets
from zsclip.ray.resources import Node

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the engine of `counted` notes its work."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def counted(folder: Path, seconds: float = 0.0, *, deadly: bool = False) -> ZeroShotClassifier:
    engine = CountedEngine(folder, seconds, deadly=deadly)
    return ZeroShotClassifier([*COLORS], encoder=engine, batch_size=4, cache=False)


def squares(n: int) -> list[dict[str, Any]]:
    """Rows with an id and a square of a color."""
    return [{"id": i, "bytes": picture(["red", "lime", "blue"][i % 3])} for i in range(n)]


def picture(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (2, 2), color).save(file, "png")
    return file.getvalue()


def test_a_folder_is_classified_as_classify_many_does_it(
    tiny: ZeroShotClassifier, drawings: Path, tmp_path: Path
) -> None:
    tiny.save(tmp_path / "tiny.zsclip")
    dataset = ray.data.read_binary_files(
        str(drawings), include_paths=True, file_extensions=["png"], override_num_blocks=1
    )
    results = zsclip.ray.classify(
        dataset, tmp_path / "tiny.zsclip", column="bytes", top=2, keep=["path"]
    )
    rows = sorted(results.take_all(), key=lambda row: row["path"])
    # not out of a cache, where other batches may have left other last digits
    expected = tiny.with_settings(cache=False).classify_many(drawings)
    assert [row["path"] for row in rows] == [p.source for p in expected]
    assert [row["score"] for row in rows] == [p.score for p in expected]  # bit for bit
    assert [[s["score"] for s in row["scores"]] for row in rows] == [
        [s.score for s in p.top(2)] for p in expected
    ]
    assert {row["error"] for row in rows} == {None}


def test_pictures_are_embedded_under_a_prefix(folder: Path, photos: Path) -> None:
    clf = counted(folder)
    dataset = ray.data.read_images(str(photos), include_paths=True)
    embedded = zsclip.ray.embed(dataset, clf, keep=["path"], prefix="clip_", num_cpus=0.5)
    rows = embedded.take_all()
    names = ("path", "clip_embedding", "clip_error", "clip_error_type")
    assert {tuple(row) for row in rows} == {names}
    expected = clf.encode_images([row["path"] for row in rows])
    assert np.stack([row["clip_embedding"] for row in rows]) == pytest.approx(expected, abs=1e-6)


def test_two_actors_on_two_cores_leave_room_for_what_reads(folder: Path) -> None:
    pictures = ray.data.from_items(squares(24), override_num_blocks=6).materialize()
    # what reads is of its own kind, so that it is not done in the actors
    read = pictures.map_batches(lambda batch: batch, num_cpus=1, batch_format="pyarrow")
    results = zsclip.ray.classify(read, counted(folder, 0.2), column="bytes", actors=2)
    rows = results.take_all()
    assert sorted(row["id"] for row in rows) == [*range(24)]
    assert all(COLORS[row["label"]][row["id"] % 3] for row in rows)
    assert [lines.count("loaded") for lines in notes(folder).values()] == [1, 1]
    assert sum(int(n) for lines in notes(folder).values() for n in lines[1:]) == 24


def test_rows_come_once_though_an_actor_is_killed(folder: Path) -> None:
    def kill() -> None:
        for _ in range(600):
            for pid, lines in notes(folder).items():
                if len(lines) >= 3:
                    killed.append(pid)
                    os.kill(pid, signal.SIGKILL)
                    return
            time.sleep(0.05)

    killed: list[int] = []
    pictures = ray.data.from_items(squares(40), override_num_blocks=10)
    results = zsclip.ray.classify(pictures, counted(folder, 0.1), column="bytes", actors=1)
    killer = threading.Thread(target=kill)
    killer.start()
    rows = results.take_all()
    killer.join()
    assert sorted(row["id"] for row in rows) == [*range(40)]
    assert all(COLORS[row["label"]][row["id"] % 3] for row in rows)
    assert len(notes(folder)) == 2
    assert killed[0] in notes(folder)


def test_a_picture_that_actors_die_over_fails_and_all_others_come_once(folder: Path) -> None:
    rows = squares(12)
    rows[5]["bytes"] = picture("white")
    pictures = ray.data.from_items(rows, override_num_blocks=2)
    results = zsclip.ray.classify(pictures, counted(folder, deadly=True), column="bytes", actors=1)
    made = sorted(results.take_all(), key=lambda row: row["id"])
    assert [row["id"] for row in made] == [*range(12)]
    assert [row["id"] for row in made if row["label"] is None] == [5]
    assert made[5]["error_type"] == "ImageError"
    assert "the process that read it died, again and again" in made[5]["error"]
    assert len(notes(folder)) == 5  # two deaths over some rows, and two over the one


def test_weights_that_an_actor_does_not_find_end_the_job(
    vit_state: dict[str, Any], tmp_path: Path
) -> None:
    torch.save(vit_state, tmp_path / "small.pt")
    clf = ZeroShotClassifier(
        ["red", "blue"], model=tmp_path / "small.pt", activation="quickgelu", cache=False
    )
    results = zsclip.ray.classify(ray.data.from_items(squares(4)), clf, column="bytes")
    (tmp_path / "small.pt").unlink()
    with pytest.raises(ray.exceptions.RayError, match="Pass model=, the file where it is now"):
        results.take_all()


def test_a_row_that_fails_ends_the_job_where_that_is_wanted(folder: Path) -> None:
    rows = [*squares(2), {"id": 2, "bytes": b"no picture"}]
    results = zsclip.ray.classify(
        ray.data.from_items(rows), counted(folder), column="bytes", on_error="raise"
    )
    with pytest.raises(ray.exceptions.RayTaskError, match="it holds text and not a picture"):
        results.take_all()


def test_actors_share_a_gpu_that_the_model_may_run_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(datasets, "_nodes", lambda: [Node(16, gpus=1)])
    monkeypatch.setattr(
        ray.data.Dataset, "map_batches", lambda *_, **options: asked.update(options)
    )
    pictures = ray.data.from_items(squares(1))
    clf = ZeroShotClassifier(["frog", "owl"], model="tiny-cartoon")  # on whatever there is
    for given, expected in (
        ({}, (0.25, 3.0, 256)),
        ({"actors": 1}, (1.0, 12.0, 256)),
        ({"num_gpus": 0.5, "batch_size": 7}, (0.5, 6.0, 7)),
        ({"num_gpus": 0}, (None, 3.0, None)),
    ):
        options: Any = given
        zsclip.ray.classify(pictures, clf, column="bytes", **options)
        assert (asked["num_gpus"], asked["num_cpus"], asked["batch_size"]) == expected
        assert asked["fn_constructor_args"][1].hides_gpus == (asked["num_gpus"] is None)
    zsclip.ray.classify(pictures, counted(folder), column="bytes")  # which runs on CPUs
    assert asked["num_gpus"] is None
