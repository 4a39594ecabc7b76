"""Which rows an actor died over: Ray starts it again, and over the same rows, for ever.

A picture that a decoder crashes at, or that takes all memory, would so keep a job from ever ending.
One small actor of the whole job notes what each is at. Rows that two died over are taken one by
one, and the one that two died over again fails, as any other that cannot be read.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["Deaths", "Watched", "watch_of_job"]

PATIENCE = 2  # deaths over the same rows
MOST = 100  # rows that actors may die over again and again: of more it is not the pictures' doing


class Deaths:
    """Which rows each actor is at, and how often one died over them."""

    def __init__(self) -> None:
        self._at: dict[str, tuple[int, bytes]] = {}
        self._deaths: Counter[bytes] = Counter()

    def begin(self, actor: str, process: int, rows: bytes) -> tuple[int, int]:
        """Note that an actor begins with some rows.

        Args:
            actor: The actor, which is the same one when it is started again.
            process: The process that it is in, which is another then.
            rows: What tells the rows from others.

        Returns:
            How often actors died over these rows, and over how many rows several times.
        """
        before = self._at.get(actor)
        if before is not None and before[0] != process:
            self._deaths[before[1]] += 1
        self._at[actor] = process, rows
        return self._deaths[rows], sum(n >= PATIENCE for n in self._deaths.values())

    def end(self, actor: str) -> None:
        """Note that an actor is through with its rows."""
        self._at.pop(actor, None)


class Watched:
    """What one actor tells of itself.

    Args:
        deaths: The handle of a `Deaths`; None where nothing is watched.
    """

    def __init__(self, deaths: Any = None) -> None:
        self._deaths = deaths
        if deaths is not None:
            import ray

            self._actor = ray.get_runtime_context().get_actor_id()

    def begin(self, rows: Table) -> bool:
        """Begin with some rows; tells whether actors have died over them again and again.

        Raises:
            RuntimeError: They died over too many for it to be the rows' doing.
        """
        if self._deaths is None:
            return False
        import ray

        asked = self._deaths.begin.remote(self._actor, os.getpid(), _key(rows))
        deaths, over = ray.get(asked)
        if over > MOST:
            raise RuntimeError(
                f"Actors died again and again over {over:,} different rows. That is hardly the "
                "pictures' doing: look at the logs of Ray for what kills them, such as too little "
                "memory for so many actors on one machine."
            )
        return bool(deaths >= PATIENCE)

    def end(self) -> None:
        """Be through with the rows."""
        if self._deaths is not None:
            self._deaths.end.remote(self._actor)


def _key(rows: Table) -> bytes:
    """What tells rows from others: how many there are, and the first and the last."""
    ends = [rows.slice(place, 1).to_pylist() for place in (0, max(0, len(rows) - 1))]
    return hashlib.sha256(pickle.dumps((len(rows), ends))).digest()


_of_job: dict[str, Any] = {}


def watch_of_job() -> Any:
    """The handle of the one `Deaths` of this driver, which is started when first asked for."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = ray.get_runtime_context()
    job = here.get_job_id()
    if job not in _of_job:
        _of_job.clear()  # those of clusters that are gone
        # beside the driver, which no machine that is taken away takes along; without its notes it
        # is of use still
        made = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Deaths)
        near = NodeAffinitySchedulingStrategy(here.get_node_id(), soft=True)
        _of_job[job] = made.options(scheduling_strategy=near).remote()
    return _of_job[job]
