"""What a fresh process tells of itself."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

LABELS = ["cat", "dog", "fox", "owl", "car", "boat", "house", "bridge", "tree", "flower"]
TEMPLATE = "a photo of a {}."


class Marks:
    """When the steps of a program ended, in seconds since it began to run."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._steps: dict[str, float] = {}

    def end(self, step: str) -> None:
        """Note how long this step took."""
        now = time.perf_counter()
        self._steps[step] = now - self._start
        self._start = now

    def answer(self, label: str) -> None:
        """Print the first answer, which ends the measured time, and what led to it."""
        told = {"label": label, "peak": peak_memory(), "steps": self._steps}
        print(json.dumps(told), flush=True)


def peak_memory() -> float:
    """The most memory that this process has held, in MB, files mapped and touched included.

    Not from `resource` where the system says it better: there a process begins with the peak of the
    one that started it.
    """
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        import resource
        import sys

        kilo = 1e6 if sys.platform == "darwin" else 1e3
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
