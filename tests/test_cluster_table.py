"""The table of docs/cluster.md is the one that its script writes, and its arithmetic holds."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from docs_scripts import DOCS, load_script


@pytest.fixture
def script() -> Any:
    """The script."""
    return load_script("cluster_table")


@pytest.fixture
def cpu(script: Any) -> Any:
    """What is kept of a CPU."""
    return json.loads(script.CPU.read_text("utf-8"))


def made(*rates: tuple[str, float]) -> dict[str, Any]:
    systems = [{"name": name, "values": [rate]} for name, rate in rates]
    return {"tables": [{"systems": systems}], "processor": "one"}


@pytest.fixture
def simple() -> tuple[Any, Any]:
    """Two cores with a tower of 20 pictures/s, and a GPU with one of 1,000."""
    sections = {
        "images": made(("zsclip, auto", 20.0)),
        "small": made(("zsclip, auto", 16.0)),
        "large": made(("other", 1.0), ("zsclip, auto", 4.0)),
        "batch": made(
            ("zsclip.ray, auto", 12.0),
            ("zsclip, classify_many, auto", 16.0),
            ("zsclip, small pictures", 50.0),
            ("zsclip, 12-megapixel JPEGs", 3.0),
        ),
    }
    machine = {"cores": 2, "processor": "one", "gpu": "Card, 80 GiB"}
    gpu = {"sections": {"images": made(("zsclip, auto", 1000.0))}, "machine": machine}
    return {"sections": sections, "machine": machine}, gpu


def test_the_page_on_clusters_is_what_the_script_writes(script: Any) -> None:
    written = (DOCS / "cluster.md").read_text("utf-8")
    assert written == script.make_page(), "Run: python docs/cluster_table.py"


def test_rates_are_those_of_one_core_and_one_gpu(script: Any, simple: Any) -> None:
    cpu, gpu = simple
    assert script.read_rates(cpu, gpu) == {
        "small": script.Rates(whole=8, decoding=50, tower=10, gpu=1000),
        "large": script.Rates(whole=2, decoding=3, tower=10, gpu=1000),
    }
    text = script.make_tables(script.parse([]), cpu, gpu)
    assert "of which 75% come through the cluster" in text


def test_others_stand_beside_it_for_each_number_of_labels(script: Any) -> None:
    names = ("zsclip.ray, exact", "Daft, classify_image", "HF pipeline in map_batches")
    systems = [
        {"name": name, "values": [1.0 + n, 3.0 + n]}
        for n, name in enumerate((*names, "zsclip, classify_many, exact"))
    ]
    tables = [{"title": f"{count} labels", "systems": systems} for count in ("10", "1,000")]
    told = script.beside_others({"sections": {"batch": {"tables": tables}}}).splitlines()
    assert told[0] == "| pictures/s, in fp32 | 10 labels | 1,000 labels |"
    assert told[2] == "| `zsclip.ray.classify` | 2.0 | 2.0 |"
    assert told[5] == "| `classify_many` without a cluster | 5.0 | 5.0 |"


def test_a_machine_is_as_fast_as_its_slowest_part(script: Any, simple: Any) -> None:
    small = script.read_rates(*simple)["small"]
    without = script.Node(cores=4, gpus=0, price=1, gigabits=8)
    assert without.parts(small, 1e6) == pytest.approx(
        {"decoding": 200, "tower": 40, "network": 1000}
    )
    assert without.slowest(small, 1e6) == ("cores", 32)
    assert without.slowest(small, 1e8) == ("network", 10)
    beside = script.Node(cores=4, gpus=1, price=1, gigabits=80)
    assert beside.slowest(small, 1e6) == ("decoding", pytest.approx(200))
    many = script.Node(cores=64, gpus=1, price=1, gigabits=80)
    assert many.slowest(small, 1e6) == ("tower", 1000)


def test_hours_and_cost_follow_from_the_rate(script: Any, simple: Any) -> None:
    rates = script.read_rates(*simple)
    node = script.Node(cores=4, gpus=0, price=0.5, gigabits=8)
    sizes = {"small": 1e6, "large": 1e6}
    rows = script.machines_table(rates, [node], 32 * 3600 * 100, sizes, 10).splitlines()
    assert "| hours with 10 | cost |" in rows[0]
    assert rows[2].endswith("| 200 | 40 | 1,000 | 32 | cores | 100 | 10 | 50 $ |")
    assert rows[3].endswith("| 12 | 40 | 1,000 | 8 | cores | 400 | 40 | 200 $ |")


def test_no_sum_mixes_processors(script: Any, cpu: Any) -> None:
    gpu = json.loads(script.GPU.read_text("utf-8"))
    other = copy.deepcopy(cpu)
    other["sections"]["small"]["processor"] = "another"
    with pytest.raises(SystemExit, match="Several machines measured images, small, large, batch"):
        script.read_rates(other, gpu)


def test_pictures_and_prices_of_ones_own_change_the_table(script: Any, cpu: Any) -> None:
    gpu = json.loads(script.GPU.read_text("utf-8"))
    usual = script.make_tables(script.parse([]), cpu, gpu)
    asked = ["--pictures", "2e8", "--cores", "64", "--cpu-hour", "3.20", "--bytes", "9e6"]
    own = script.make_tables(script.parse(asked), cpu, gpu)
    assert own.startswith("200,000,000 pictures")
    assert "3.20 $ an hour for 64 cores" in own
    assert "| network |" in own.replace("| waits for |", "")
    assert "9,000 kB a photograph" in own
    assert own.splitlines()[-1] != usual.splitlines()[-1]  # the GPU gets less
