"""A dataset of Ray out of what is listed, less what is done: a task for each part or shard.

`CheckpointConfig` would have actors leave out what is done, behind what reads: of a CPU each, which
two CPUs have no room for beside a classifier (a run that goes on never begins there: seen with Ray
2.60), with all ids in the memory of each, and after everything was read again. What is numbered is
known before it is read, so it is left out here, and parts that are done have no task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import ray
from ray.data import Datasource, ReadTask, read_datasource
from ray.data.block import BlockMetadata
from ray.data.checkpoint import CheckpointConfig, CheckpointManager

from zsclip.ray.done import without
from zsclip.ray.ids import in_one
from zsclip.ray.places import Place

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, Table
    from ray.data import Dataset

__all__ = ["Rows", "checkpointed", "dataset_of", "less_done"]

INLINE = 1 << 16  # ids that travel with a task


class Rows(Protocol):
    """Rows that one task reads."""

    @property
    def ids(self) -> range | None:
        """Between which numbers their ids are; None if that is not known."""

    @property
    def rows(self) -> int | None:
        """How many there are, if that is known."""

    def __iter__(self) -> Iterator[Table]: ...


class _Kept(Datasource):
    """What is left to read."""

    def __init__(self, tasks: Sequence[ReadTask]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._tasks = tasks

    def get_name(self) -> str:
        return "Listing"

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        return list(self._tasks)


class _Settled(CheckpointManager):
    """Nothing for Ray to clean or to filter: both was done before."""

    def load_checkpoint(
        self, data_file_dir: str | None = None, data_file_filesystem: Any = None
    ) -> tuple[None, int]:
        return None, 0


def checkpointed(dataset: Dataset, id_column: str, checkpoints: Place) -> None:
    """Have Ray write down the ids of what a dataset's rows become when they are written."""
    config = CheckpointConfig(
        id_column,
        checkpoints.path,
        override_filesystem=checkpoints.fs,
        delete_checkpoint_on_success=False,
        checkpoint_manager_cls=_Settled,
    )
    dataset.context.checkpoint_config = config


def dataset_of(
    parts: Sequence[Rows], id_column: str, done: ChunkedArray, *, apart: bool
) -> Dataset | None:
    """The rows of these parts that are not done; None if there are none.

    Args:
        parts: What there is to read.
        id_column: What ids are called.
        done: The ids of what is done.
        apart: Whether to read them in tasks of their own, while others are classified, and not in
            the actors, as is best where these are told paths only.
    """
    known = all(part.ids is not None for part in parts)
    tasks = [*_numbered(parts, id_column, done)] if known else [*_named(parts, id_column, done)]
    if not tasks:
        return None
    # Ray puts two steps into one unless they ask for different things
    asked: dict[str, Any] = {"num_cpus": 0.5} if apart else {}
    read: Any = read_datasource(_Kept(tasks), override_num_blocks=len(tasks), **asked)
    return cast("Dataset", read)


def less_done(dataset: Dataset, id_column: str, done: ChunkedArray) -> Dataset:
    """A dataset of somebody else's, without the rows that are done."""
    if not len(done):
        return dataset
    held = _held(done)
    if len(held) > INLINE:
        held = ray.put(held)
    mapped: Any = dataset.map_batches(
        _without,  # type: ignore[arg-type]  # of tables alone
        batch_format="pyarrow",
        batch_size=None,
        fn_args=(held, id_column),
    )
    return cast("Dataset", mapped)


def _without(table: Table, held: Any, id_column: str) -> Table:
    return without(table, id_column, _got(held))


def _got(done: Any) -> Any:
    return ray.get(done) if isinstance(done, ray.ObjectRef) else done


def _numbered(parts: Sequence[Rows], id_column: str, done: ChunkedArray) -> Iterator[ReadTask]:
    ids = np.sort(done.to_numpy())
    for part in parts:
        numbers = part.ids or range(0)
        first, last = np.searchsorted(ids, [numbers.start, numbers.stop])
        if part.rows is None or last - first < part.rows:
            yield _task(part, id_column, ids[first:last])


def _named(parts: Sequence[Rows], id_column: str, done: ChunkedArray) -> Iterator[ReadTask]:
    held = _held(done)
    put = ray.put(held) if len(held) > INLINE else held
    return (_task(part, id_column, put) for part in parts)


def _held(done: ChunkedArray) -> Any:
    import pyarrow as pa

    if pa.types.is_integer(done.type):
        return np.sort(done.to_numpy())
    return in_one(done)


def _task(part: Rows, id_column: str, done: Any) -> ReadTask:
    if isinstance(done, np.ndarray) and done.size > INLINE:
        done = ray.put(done)

    def read() -> Iterator[Table]:
        ids = _got(done)
        for block in part:
            left = without(block, id_column, ids)
            if len(left):
                yield left

    about = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
    return ReadTask(read, about)
