"""``zsclip batch``: what it asks of `zsclip.ray.run`, and what it says afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

import zsclip.ray
from zsclip.cli import cli
from zsclip.errors import ClusterError

LABELS = ["--labels", "cat,dog", "--model", "tiny-cartoon"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `run` was called with, in place of being run."""
    found: dict[str, Any] = {"failed": 0, "raises": None}

    def run(source: str, sink: str, classifier: object, **given: Any) -> zsclip.ray.Finished:
        found.update(source=source, sink=sink, classifier=classifier, given=given)
        if found["raises"] is not None:
            raise found["raises"]
        return zsclip.ray.Finished(sink, rows=1300, failed=found["failed"], before=0)

    monkeypatch.setattr("zsclip.ray.run", run, raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return found


def batch(*options: str) -> Any:
    return CliRunner().invoke(cli, ["batch", "photos/", "out/", *LABELS, *options])


def test_options_are_those_of_run(asked: dict[str, Any]) -> None:
    done = batch(
        *("--column", "image", "--id-column", "key", "--embeddings", "--top", "3"),
        *("--actors", "2-16", "--gpus-per-actor", "0.5", "--rows-per-file", "64"),
        *("--address", "auto", "--on-error", "raise", "--no-resume", "--no-progress"),
    )
    assert done.exit_code == 0, done.output
    assert "out/ has 1,300 rows." in done.output
    assert asked["given"] == {
        "column": "image",
        "id_column": "key",
        "embeddings": True,
        "top": 3,
        "actors": (2, 16),
        "num_gpus": 0.5,
        "num_cpus": None,
        "rows_per_file": 64,
        "address": "auto",
        "on_error": "raise",
        "resume": False,
        "progress": False,
        "patience": 1800.0,
        "quiet": True,
    }


def test_a_cluster_of_this_machine_is_for_where_none_is_named(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch("--actors", "4")
    assert asked["given"]["address"] == "local"
    assert asked["given"]["actors"] == 4
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    batch()
    assert asked["given"]["address"] is None


def test_the_exit_status_of_batch_says_what_became_of_it(asked: dict[str, Any]) -> None:
    asked["failed"] = 17
    done = batch()
    assert done.exit_code == 1
    assert "17 of 1,300 could not be classified." in done.output
    asked["raises"] = ClusterError("Nothing came of it.")
    done = batch()
    assert done.exit_code == 2
    assert "Error: Nothing came of it." in done.output
    asked["raises"] = KeyboardInterrupt()
    done = batch()
    assert done.exit_code == 130
    assert "the same command goes on" in done.output


@pytest.mark.parametrize("wrong", ["two", "2-", "-3", "2..4"])
def test_a_number_of_actors_is_one_or_a_range(asked: dict[str, Any], wrong: str) -> None:
    done = batch(f"--actors={wrong}")
    assert done.exit_code == 2
    assert "no range, as in 2-16" in done.output
    assert "given" not in asked
