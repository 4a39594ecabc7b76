"""`Watch`: ends a run of Ray of which nothing comes any more, and says how far it is.

Ray waits for ever where an actor died that it does not replace (ray#62746), and where there is no
room for one that it wants to start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.data import Dataset
from ray.data._internal.execution.execution_callback import ExecutionCallback

from zsclip.errors import ClusterError

__all__ = ["Watch", "watching"]


@dataclass
class _Watched:
    """What is watched.

    Attributes:
        patience: How many seconds may pass in which nothing is done.
        more: What is told how many more rows there are.
    """

    patience: float
    more: Callable[[int], object]
    seen: tuple[Any, ...] = ()
    rows: int = 0
    since: float = field(default_factory=time.monotonic)


# The class travels to the workers with Ray's settings, where nothing is watched.
_watched: list[_Watched] = []


class Watch(ExecutionCallback):
    """Is asked by Ray at each turn of its loop, several times a second."""

    def on_execution_step(self, executor: Any) -> None:
        """Look whether anything was done.

        Raises:
            ClusterError: Nothing was, for too long; or the cluster has lost a process.
        """
        if _watched and _is_lost():
            raise ClusterError(
                "A process of the cluster on this machine has ended: it was killed, as happens "
                "where memory is short. What is written stays, and the same run goes on."
            )
        for watched in _watched:
            _look(watched, getattr(executor, "_topology", None) or {})


def _is_lost() -> bool:
    """Whether a process of the cluster that this one started has ended.

    Some seconds later Ray would end this process, without a word and with the status 1.
    """
    node: Any = getattr(ray._private.worker, "_global_node", None)
    return node is not None and bool(node.dead_processes())


def _look(watched: _Watched, operators: Any) -> None:
    metrics = [operator.metrics for operator in operators]
    seen = tuple(
        (one.num_task_outputs_generated, one.num_tasks_finished, one.rows_task_outputs_generated)
        for one in metrics
    )
    now = time.monotonic()
    if seen != watched.seen:
        watched.seen, watched.since = seen, now
    elif now - watched.since > watched.patience:
        raise ClusterError(
            f"Nothing came of the run for {watched.patience:,.0f} seconds, so it was ended. Either "
            "actors died that Ray does not replace, or the cluster has no room for what it is "
            "asked for: see `ray status`, ask for fewer or smaller actors, or pass a longer "
            "patience=. What is written stays, and the same run goes on."
        )
    # what comes last writes, and gives a row for each file
    rows = sum(one.rows_task_outputs_generated for one in metrics[-2:-1])
    if rows > watched.rows:
        watched.more(rows - watched.rows)
        watched.rows = rows


@contextmanager
def watching(dataset: Dataset, patience: float, more: Callable[[int], object]) -> Iterator[None]:
    """Where a dataset is consumed that is to be watched.

    Args:
        dataset: The dataset.
        patience: How many seconds may pass in which nothing is done.
        more: What is told how many more rows are classified.
    """
    watched = _Watched(patience, more)
    context = dataset.context
    context.custom_execution_callback_classes = [*context.custom_execution_callback_classes, Watch]
    _watched.append(watched)
    try:
        yield
    finally:
        _watched.remove(watched)
