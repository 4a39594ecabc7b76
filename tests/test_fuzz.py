"""What `tests/fuzz` looks for is found, by targets that do it; its examples can be had again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deadlines import run_program

ROOT = Path(__file__).parents[1]
FAULTS = {
    "crash": "crash SIGABRT in selftest.py:_crash",
    "hang": "hang in selftest.py:_hang",
    "growth": "growth bad",
    "raise": "raised KeyError in selftest.py:_refuse",
    "thread": "leak threads",
    "file": "leak files",
    "descriptor": "leak descriptors",
    "program": "escape a program was started (subprocess.Popen)",
    "elsewhere": "escape .../elsewhere was opened for writing",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def test_each_fault_is_found_and_shows_alone_as_well(tmp_path: Path) -> None:
    names = [f"selftest-{name}" for name in ("well", *FAULTS)]
    figures = tmp_path / "figures.json"
    arguments = ["-m", "tests.fuzz", *names, "--quick", "--json", str(figures)]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    targets: dict[str, Any] = json.loads(figures.read_text())["targets"]
    assert {found["examples"] for found in targets.values()} == {4}  # it went on after each
    assert targets["selftest-well"]["faults"] == []
    found = {name: targets[f"selftest-{name}"]["faults"][-1:] for name in FAULTS}
    assert found == {name: [fault] for name, fault in FAULTS.items()}


def test_a_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    arguments = ["-m", "tests.fuzz", "selftest-well", "--state", str(tmp_path / "state")]
    (tmp_path / "state").mkdir()
    kept = {"target": "selftest-well", "seed": 0, "next": 3, "seconds": 60.0, "peak": 0}
    kept |= {"outcomes": {"good: read": 3}, "found": []}
    (tmp_path / "state" / "selftest-well-0.json").write_text(json.dumps(kept))
    [_, line] = run_program([*arguments, "--quick"], folder=ROOT).splitlines()
    assert line.split()[:4] == ["selftest-well", "4", "1.0", "0"]
    assert json.loads((tmp_path / "state" / "selftest-well-0.json").read_text())["next"] == 4


def test_an_example_depends_on_its_number_alone() -> None:
    program = """
from tests.fuzz.catalogue import Examples, find_target
target = find_target("toml")
one, other = (Examples("toml", target, 0) for _ in range(2))
there = [one[i] for i in range(60)]
assert [other[i] for i in reversed(range(60))] == there[::-1]
assert len({data for _, data in there}) > 50
assert Examples("toml", target, 1)[59] != there[59]
print("so it is")
"""
    assert run_program(["-c", program], folder=ROOT).strip() == "so it is"
