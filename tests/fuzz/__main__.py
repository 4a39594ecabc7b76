"""Feed what reads foreign bytes with damaged ones, and tell what came of it.

Run it from the root of the repository; README.md in this folder says more.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import zsclip
from tests.fuzz.catalogue import SELFTESTS, TARGETS
from tests.fuzz.engine import State, fuzz, try_alone


def main() -> None:
    """Run what was asked for; the exit status is 1 where a fault was found."""
    options = _parse()
    names = list(TARGETS) if "all" in options.targets else options.targets
    if options.number is not None or options.file is not None:
        _try(names, options)
        return
    with tempfile.TemporaryDirectory(prefix="zsclip-fuzz-state-") as temporary:
        folder = options.state or Path(temporary)
        print(f"{'target':<20}{'examples':>10}{'minutes':>9}{'findings':>10}{'peak MB':>9}  read")
        states = []
        for name in names:
            quick = {**TARGETS, **SELFTESTS}[name][2] if options.quick else None
            state = fuzz(
                name,
                folder=folder,
                seed=options.seed,
                seconds=60 * options.minutes,
                examples=quick,
            )
            print(_line(state), flush=True)
            states.append(state)
        for state in states:
            _tell(state)
        if options.json:
            options.json.write_text(json.dumps(_figures(states), indent=1) + "\n", "utf-8")
        sys.exit(any(one.confirmed for state in states for one in state.found))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "targets", nargs="+", choices=["all", *TARGETS, *SELFTESTS], metavar="TARGET",
        help=f"all, or some of {', '.join(TARGETS)}",
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, default=10, help="for each target")
    parser.add_argument("--quick", action="store_true", help="a fixed number: a minute for all")
    parser.add_argument("--state", type=Path, help="a folder; the next run goes on from there")
    parser.add_argument("--seed", type=int, default=0, help="which examples")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--number", type=int, help="run this one example of a target alone")
    parser.add_argument("--file", type=Path, help="run this file alone")
    return parser.parse_args()


def _try(names: list[str], options: argparse.Namespace) -> None:
    found = [
        one
        for name in names
        for one in try_alone(name, seed=options.seed, number=options.number or 0, file=options.file)
    ]
    for one in found:
        print(f"{one.kind} {one.where}\n{one.detail}")
    sys.exit(bool(found))


def _line(state: State) -> str:
    read = sum(count for what, count in state.outcomes.items() if what.endswith(": read"))
    findings = sum(one.confirmed for one in state.found)
    more = len(state.found) - findings
    return (
        f"{state.target:<20}{state.next:>10,}{state.seconds / 60:>9.1f}"
        f"{f'{findings}+{more}' if more else findings:>10}{state.peak / 1e6:>9,.0f}"
        f"{read / max(1, sum(state.outcomes.values())):>6.0%}"
    )


def _tell(state: State) -> None:
    for one in state.found:
        seed = f" --seed {state.seed}" if state.seed else ""
        print(
            f"\n{state.target}: {one.kind} {one.where}, {one.count} times"
            f"{'' if one.confirmed else '; not when it ran alone'}\n"
            f"    python -m tests.fuzz {state.target} --number {one.numbers[0]}{seed}"
        )
        print("    " + "\n    ".join(one.detail.strip().splitlines()[-8:]))


def _figures(states: list[State]) -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "zsclip": zsclip.__version__,
        "python": platform.python_version(),
        "targets": {
            state.target: {
                "examples": state.next,
                "minutes": round(state.seconds / 60, 1),
                "findings": sum(one.confirmed for one in state.found),
                "faults": [f"{one.kind} {one.where}" for one in state.found if one.confirmed],
                "peak_mb": round(state.peak / 1e6),
                "outcomes": _outcomes(state),
            }
            for state in states
        },
    }


def _outcomes(state: State) -> dict[str, int]:
    """What came of how many, whatever they were made of."""
    found: Counter[str] = Counter()
    for what, count in state.outcomes.items():
        found[what.rpartition(": ")[2]] += count
    return dict(found.most_common())


if __name__ == "__main__":
    main()
