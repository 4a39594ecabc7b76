"""Small files of JSON beside the embeddings: what an engine found out once, for the next start.

They are believed as the cache is, and only if nobody else could have written them. Nothing that
goes wrong with them is an error: what they say can be found out again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zsclip.cache import default_path, make_folder
from zsclip.errors import ParameterError
from zsclip.files import writing_whole
from zsclip.logs import logger_for
from zsclip.owners import doubt, open_plain

__all__ = ["place_of_notes", "read_notes", "write_notes"]

log = logger_for("zsclip")

MOST_BYTES = 64 * 1024


def place_of_notes(name: str) -> Path | None:
    """The file of this name beside the embeddings; None if somebody else could have written it."""
    try:
        path = default_path().with_name(name)
        reason = doubt(path)
    except (OSError, ParameterError) as error:
        reason = str(error)
    if reason is None:
        return path
    log.debug("%s cannot be kept: %s", name, reason)
    return None


def read_notes(path: Path) -> dict[str, Any]:
    """What a file holds under its keys; nothing where it is not there, too large or damaged."""
    try:
        with open_plain(path) as file:
            text = file.read(MOST_BYTES + 1)
        found = json.loads(text) if len(text) <= MOST_BYTES else None
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.debug("Cannot use %s: %s", path, error)
        return {}
    return found if isinstance(found, dict) else {}


def write_notes(path: Path, notes: dict[str, Any]) -> None:
    """Have a file hold this, whole or not at all."""
    try:
        make_folder(path)
        with writing_whole(path) as file:
            file.write(json.dumps(notes, indent=1).encode())
    except OSError as error:
        log.debug("Cannot keep %s: %s", path, error)
