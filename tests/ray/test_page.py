"""The examples of the page "A hundred million pictures", in its order on one cluster."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click import Context

from zsclip.cli import cli

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


def commands() -> list[list[str]]:
    """What follows ``zsclip`` on the page, each in its words; lines that go on are joined."""
    text = PAGE.read_text("utf-8").replace("\\\n", " ").replace(">-\n    ", "")
    text = text.replace("s3://bucket/labels\n    --", "s3://bucket/labels --")
    return [
        shlex.split(found) for found in re.findall(r"\bzsclip ((?:save|batch) .*)$", text, re.M)
    ]


def test_options_of_the_commands_on_the_page_are_there() -> None:
    found = commands()
    assert [words[0] for words in found] == ["save", "batch", "batch", "batch"]
    for name, *words in found:
        command = cli.get_command(Context(cli), name)
        assert command is not None
        known = {option for param in command.params for option in param.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_the_job_for_kubernetes_names_one_image_and_one_version_of_ray() -> None:
    [code] = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    job = pytest.importorskip("yaml").safe_load(code)
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]["rayClusterSpec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    containers = [one for group in groups for one in group["template"]["spec"]["containers"]]
    assert len({container["image"] for container in containers}) == 1
    assert f"FROM rayproject/ray:{spec['rayVersion']}-" in PAGE.read_text("utf-8")
    assert shlex.split(job["spec"]["entrypoint"])[:2] == ["zsclip", "batch"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_the_script_for_slurm_is_one_that_bash_reads() -> None:
    [code] = re.findall(r"^```sh\n(#!.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    done = subprocess.run(["bash", "-n"], input=code, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
