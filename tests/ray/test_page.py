"""The examples of the page "A hundred million pictures", in its order on one cluster."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"
ELSEWHERE = {"with_datasets.py"}  # which `.ci/datasets` runs: datasets are nothing of zsclip's
EXAMPLES = dict(
    re.findall(
        r"^<!-- file: (\w+\.py) -->\n```python\n(.*?)^```$",
        PAGE.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)


def test_the_examples_of_the_page_run_in_its_order(
    cluster: Path,
    drawings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(drawings, tmp_path / "drawings")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    printed: dict[str, str] = {}
    for name, code in EXAMPLES.items():
        if name not in ELSEWHERE:
            names: dict[str, Any] = {"__name__": "__main__"}
            exec(compile(code, name, "exec"), names)
            printed[name] = capsys.readouterr().out
    assert "rows=13, failed=0" in printed["a_folder.py"]
    assert len(list(tmp_path.glob("labeled/*.parquet"))) >= 1
    assert printed["result.py"].endswith("fish.png']\n")


def test_every_program_of_the_page_is_run_somewhere() -> None:
    assert EXAMPLES.keys() > ELSEWHERE
    assert PAGE.read_text("utf-8").count("```python") == len(EXAMPLES)
    command = (PAGE.parents[1] / ".ci" / "datasets").read_text("utf-8")
    assert all(name in command for name in ELSEWHERE)
