"""Programs that work on much, within limits on time and memory that what grows too fast breaks."""

from __future__ import annotations

from pathlib import Path

from deadlines import run_program

__all__ = ["run_limited"]

_LIMIT = """
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
except ImportError:
    pass  # a system without such limits
"""


def run_limited(program: str, *, folder: Path) -> str:
    """What a Python program prints; a failure if it takes more than two minutes or 3 GiB.

    Its size is to be such that it takes seconds, and would take many minutes if its work grew with
    the square of what it is given.
    """
    return run_program(["-c", _LIMIT + program], folder=folder, seconds=120)
