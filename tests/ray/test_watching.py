"""A run is ended when nothing comes of it, and counted as long as something does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zsclip.errors import ClusterError

pytest.importorskip("ray")

from zsclip.ray.watching import Watch, watching


def dataset() -> Any:
    return SimpleNamespace(context=SimpleNamespace(custom_execution_callback_classes=[]))


def executor(*rows: int) -> Any:
    """One of which each step has given so many rows."""
    metrics = [
        SimpleNamespace(
            num_task_outputs_generated=n, num_tasks_finished=n, rows_task_outputs_generated=n
        )
        for n in rows
    ]
    return SimpleNamespace(_topology=[SimpleNamespace(metrics=one) for one in metrics])


def test_rows_are_counted_as_the_last_step_before_the_writing_gives_them() -> None:
    more: list[int] = []
    with watching(dataset(), 60, more.append):
        for n in (0, 8, 8, 24):
            Watch().on_execution_step(executor(100, n, 1))
    assert more == [8, 16]
    Watch().on_execution_step(executor(100, 50, 1))  # of nobody's
    assert more == [8, 16]


def test_patience_begins_anew_with_whatever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("zsclip.ray.watching.time.monotonic", lambda: now[0])
    with watching(dataset(), 10, lambda n: None):
        for n in range(5):
            now[0] += 9
            Watch().on_execution_step(executor(n, n, 0))
        now[0] += 11
        with pytest.raises(ClusterError, match="Nothing came of the run for 10 seconds"):
            Watch().on_execution_step(executor(4, 4, 0))


def test_a_cluster_that_has_lost_a_process_is_told_before_ray_ends_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = SimpleNamespace(dead_processes=lambda: [("raylet", None)])
    monkeypatch.setattr("ray._private.worker._global_node", node)
    with (
        watching(dataset(), 10, lambda n: None),
        pytest.raises(ClusterError, match="A process of the cluster on this machine has ended"),
    ):
        Watch().on_execution_step(executor(1, 1, 0))
