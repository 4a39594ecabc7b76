"""What stops a run is told by its cause."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from zsclip.errors import ClusterError, ImageError
from zsclip.ray.clusters import cluster, errors_of_ray
from zsclip.ray.places import Place

ray = pytest.importorskip("ray")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left")
    error = ray.exceptions.RayTaskError("write", "a traceback", full)
    with (
        pytest.raises(OSError, match=r"No space left on device\. .* goes on when there is space"),
        errors_of_ray(Place.of(tmp_path, "sink")),
    ):
        raise error.as_instanceof_cause()


def test_an_error_of_which_ray_keeps_the_text_is_told(tmp_path: Path) -> None:
    place = Place.of(tmp_path, "sink")
    inner = ray.exceptions.UserCodeException("UDF failed")
    for line, kind, told in (
        ("zsclip.errors.ImageError: Cannot read the picture a.png: it is broken.", ImageError, "a"),
        ("torch.OutOfMemoryError: 3 GB", ClusterError, "ended with OutOfMemoryError: 3 GB"),
    ):
        trace = f"here\n{line}\n\nThe above exception was the direct cause of the following one"
        error = ray.exceptions.RayTaskError("map", trace, inner)
        with pytest.raises(kind, match=told), errors_of_ray(place):
            raise error.as_instanceof_cause()


def test_our_own_errors_and_those_of_other_files_pass(tmp_path: Path) -> None:
    place = Place.of(tmp_path, "sink")
    for error in (ImageError("a.png", "it is broken."), FileNotFoundError("gone")):
        with pytest.raises(type(error)) as caught, errors_of_ray(place):
            raise error
        assert caught.value is error


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_the_program_has_is_taken_and_left() -> None:
    with cluster("nowhere:1", quiet=True):
        assert ray.is_initialized()
    assert ray.is_initialized()
