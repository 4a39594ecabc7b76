"""Steps of the benchmark in a process of their own, so that none disturbs another.

usage: python -m tests.benchmarks.child WORK STEP ...

WORK is `Work` as a JSON object. STEP is a section, or one of the two that come before them:
``machine`` and ``weights``. The result, as JSON, goes to ``STEP.json`` in the folder of the work.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.catalogue import measure
from tests.benchmarks.files import Work

MACHINE, WEIGHTS = "machine", "weights"


def main(step: str, work: Work) -> None:
    """Run the step and write what came of it."""
    print(step, file=sys.stderr, flush=True)
    start = time.perf_counter()
    found: Any = None
    if step == MACHINE:
        from tests.benchmarks.machine import describe_machine

        found = describe_machine(work.device, quick=work.quick)
    elif step == WEIGHTS:
        from tests.benchmarks.weights import make_weights

        make_weights(work.weights)
    else:
        machine = json.loads((work.folder / f"{MACHINE}.json").read_text("utf-8"))
        found = asdict(measure(step, work, machine))
    (work.folder / f"{step}.json").write_text(json.dumps(found), "utf-8")
    print(f"{step}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    for name in sys.argv[2:]:
        main(name, Work(**{**options, "folder": Path(options["folder"])}))
