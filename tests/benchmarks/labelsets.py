"""How long label sets take to list and to load: medians of fresh calls in fresh processes.

usage: python tests/benchmarks/labelsets.py

Run it by hand, once with the core alone and once with every label set of `labelsets/` installed:
the difference between the two is what the sets cost.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys

ROUNDS = 7
STATEMENTS = {
    "import zsclip": ("pass", "import zsclip"),
    "list_labelsets()": ("import zsclip.labels as l", "l.list_labelsets()"),
    "list_labelsets(), with every error": (
        "import zsclip.labels as l",
        "[i.error for i in l.list_labelsets()]",
    ),
    "load_labelset('imagenet')": ("import zsclip.labels as l", "l.load_labelset('imagenet')"),
}
PROGRAM = """
import time
{setup}
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def measure(setup: str, statement: str) -> float | None:
    """The median of a statement's seconds over fresh processes; None if it cannot be run here."""
    program = PROGRAM.format(setup=setup, statement=statement)
    seconds = []
    for _ in range(ROUNDS):
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        if run.returncode:
            return None
        seconds.append(float(run.stdout))
    return statistics.median(seconds)


def main() -> None:
    """Print the table."""
    from zsclip.labels import list_labelsets

    print(f"{platform.machine()}, Python {platform.python_version()}, ", end="")
    print(f"{len(list_labelsets())} label sets, median of {ROUNDS}")
    for name, (setup, statement) in STATEMENTS.items():
        seconds = measure(setup, statement)
        shown = "not installed" if seconds is None else f"{1000 * seconds:8.1f} ms"
        print(f"{name:36} {shown}")


if __name__ == "__main__":
    main()
