"""The index of a checkpoint in several files, as transformers writes it; without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zsclip.errors import CheckpointError
from zsclip.formats.folders import INDEX
from zsclip.formats.json_files import INDEX_LIMIT, read_json
from zsclip.formats.tensor_file import LONGEST_NAME
from zsclip.wording import brief

__all__ = ["check_shard", "read_index"]

_MOST_SHARDS = 1000
_ADVICE = "Get the folder again, whole."


def read_index(path: Path) -> dict[str, str]:
    """Which tensor lies in which file, by the names of both.

    The files are plain names of that folder: an index cannot have others read.

    Raises:
        CheckpointError: It is damaged, or names something else.
    """
    told = read_json(path, INDEX_LIMIT).get("weight_map")
    if not isinstance(told, dict) or not told:
        raise _wrong(path, "it has no `weight_map`")
    suffix = Path(path.name.removesuffix(INDEX)).suffix
    for tensor, file in told.items():
        if len(tensor) > LONGEST_NAME:
            raise _wrong(path, f"the name of a tensor has more than {LONGEST_NAME:,} characters")
        if not isinstance(file, str) or not _is_plain(file) or not file.endswith(suffix):
            raise _wrong(
                path, f"it has {brief(tensor)} in {brief(file)}, which is no {suffix} file"
            )
    if (count := len(set(told.values()))) > _MOST_SHARDS:
        raise _wrong(path, f"it names {count:,} files, more than {_MOST_SHARDS:,}")
    return told


def check_shard(
    index: Path, told: Mapping[str, str], shard: str, found: Mapping[str, object]
) -> None:
    """Raise if a file does not hold what the index says that it does, and nothing else.

    Args:
        index: The index, for errors.
        told: What it says.
        shard: The name of the file.
        found: The tensors of the file, by their names.

    Raises:
        CheckpointError: It does not.
    """
    due = {tensor for tensor, file in told.items() if file == shard}
    for tensor in sorted(due - found.keys()):
        raise _wrong(index, f"it has {brief(tensor)} in {brief(shard)}, which does not hold it")
    for tensor in sorted(found.keys() - due):
        where = f"in {brief(told[tensor])}" if tensor in told else "nowhere"
        raise _wrong(index, f"it has {brief(tensor)} {where}, and {brief(shard)} holds it")


def _is_plain(name: str) -> bool:
    """Whether it is the name of a file in the same folder, on any system."""
    return 0 < len(name) <= 255 and name[0] != "." and not set(name) & set("/\\:\0")


def _wrong(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"The index {str(path)!r} does not fit its checkpoint: {why}. {_ADVICE}")
