"""The examples of the page "Threads and processes" end in time, with what the page says."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from deadlines import run_program

PAGE = Path(__file__).parents[2] / "docs" / "processes.md"
EXAMPLES = dict(
    re.findall(
        r"^<!-- file: (\w+\.py) -->\n```python\n(.*?)^```$",
        PAGE.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)
FORKING = ("forked.py", "server.py", "loader.py")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_threads_and_processes_ends_in_time(
    name: str, drawings: Path, tmp_path: Path
) -> None:
    if name in FORKING and not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    if name == "jobs.py":
        pytest.importorskip("joblib")  # which scikit-learn brings
    for picture in ("frog", "fish", "octopus"):
        shutil.copy(drawings / f"{picture}.png", tmp_path)
    (tmp_path / name).write_text(EXAMPLES[name], "utf-8")
    assert run_program([name], folder=tmp_path) == "['frog', 'fish', 'octopus']\n"


def test_the_page_has_all_that_was_promised() -> None:
    promised = {"threads", "loop", "forked", "server", "spawned", "executor", "jobs", "loader"}
    assert EXAMPLES.keys() == {f"{name}.py" for name in promised}
    assert PAGE.read_text("utf-8").count("```python") == len(EXAMPLES)
