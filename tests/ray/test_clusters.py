"""What stops a run is told by its cause."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from zsclip.errors import ClusterError, ImageError
from zsclip.ray.clusters import cluster, errors_of_ray, require_listening
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


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nothing_listens_is_told_at_once(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"{scheme}127.0.0.1:{server.getsockname()[1]}"
        require_listening(address)
    with pytest.raises(ClusterError, match=f"at '{address}': Connection refused. Give"):
        require_listening(address)


@pytest.mark.parametrize("address", ["127.0.0.1:99999", f"{'a' * 70}.example:1"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(ClusterError, match="No cluster of Ray can be used at"):
        require_listening(address)


@pytest.mark.parametrize("address", ["local", "auto", "", "ray://", "anyscale://some/cluster"])
def test_other_words_are_for_ray_to_understand(address: str) -> None:
    require_listening(address)


def test_an_address_out_of_the_environment_is_looked_at_as_well(tmp_path: Path) -> None:
    """In a program of its own, as one that has a cluster already is not asked for another."""
    (tmp_path / "a.txt").write_text("a.png\n")
    typed = [sys.executable, "-m", "zsclip", "batch", "a.txt", "out", "--labels", "a,b"]
    ended = subprocess.run(
        [*typed, "--model", "tiny-cartoon"],
        cwd=tmp_path,
        env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert "No cluster of Ray can be used at '127.0.0.1:1': Connection refused" in ended.stderr


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_the_program_has_is_taken_and_left() -> None:
    with cluster("nowhere:1", quiet=True):
        assert ray.is_initialized()
    assert ray.is_initialized()
