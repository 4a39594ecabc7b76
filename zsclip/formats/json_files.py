"""JSON that strangers wrote, read within bounds; without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from zsclip.errors import CheckpointError
from zsclip.files import reason_of
from zsclip.formats.tensor_file import each_once
from zsclip.wording import shown

__all__ = ["CONFIG_LIMIT", "INDEX_LIMIT", "read_json"]

CONFIG_LIMIT = 1 << 20
"""Bytes of a configuration. One of CLIP takes a few thousand."""

INDEX_LIMIT = 1 << 22
"""Bytes of an index of shards, as of a header of safetensors: a thousand tensors take 0.1 MB."""


def read_json(path: Path, limit: int) -> dict[str, Any]:
    """Read a JSON object, no key of which stands twice, and no number of which is NaN or infinite.

    Args:
        path: The file.
        limit: How many bytes it may have.

    Raises:
        CheckpointError: It cannot be read, is larger, or is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ValueError(f"it has more than {limit:,} bytes")
        # a byte order mark, as some editors write, is let pass
        found = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=each_once, parse_constant=_no_number
        )
    except OSError as e:
        raise CheckpointError(f"Cannot read {str(path)!r}: {reason_of(e)}.") from e
    except RecursionError:
        raise _broken(path, "it nests too deeply") from None
    except ValueError as e:  # broken JSON and broken UTF-8 are such
        raise _broken(path, shown(str(e))) from None
    if not isinstance(found, dict):
        raise _broken(path, "it is no JSON object")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"it holds {text}, which is no JSON")


def _broken(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"Cannot read {str(path)!r}: {why}. Get the file again.")
