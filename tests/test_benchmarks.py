"""The code of `tests/benchmarks`, without measuring: what it says of what it measured."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """``benchmarks("report")``: a module of theirs."""
    monkeypatch.syspath_prepend(ROOT)

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"tests.benchmarks.{name}")

    return load


@pytest.fixture
def kept() -> Any:
    """What was measured last."""
    return json.loads((ROOT / "docs" / "benchmarks.json").read_text("utf-8"))


def test_the_page_shows_what_was_kept(benchmarks: Any, kept: Any) -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert benchmarks("report").render(kept) == page


def test_the_readme_shows_what_was_kept(benchmarks: Any, kept: Any) -> None:
    readme = benchmarks("readme")
    text = (ROOT / "README.md").read_text("utf-8")
    assert readme.BEGIN + readme.tables(kept) + readme.END in text


def test_the_readme_takes_each_peer_at_its_fastest(benchmarks: Any, kept: Any) -> None:
    slow = kept["sections"]["images"]["tables"][0]["systems"]
    fast = [
        {**system, "values": [100 * value for value in system["values"]]}
        if system["name"] == "open_clip, autocast bf16"
        else system
        for system in slow
    ]
    kept["sections"]["images"]["tables"][0]["systems"] = fast
    rows = benchmarks("readme").tables(kept).splitlines()
    [row] = [row for row in rows if row.startswith("| the image tower")]
    assert row.split("|")[3].strip().startswith("0.0")


def test_the_readme_does_not_mix_machines(benchmarks: Any, kept: Any) -> None:
    kept["sections"]["large"]["processor"] = "another"
    with pytest.raises(SystemExit, match="another machine: large"):
        benchmarks("readme").tables(kept)


def test_the_readme_lists_the_engines_by_their_rate(benchmarks: Any, kept: Any) -> None:
    extras = {"precision": "fp32", "lowest cosine": "0.999"}
    kept["sections"]["images"]["tables"][0]["systems"] += [
        {"name": "zsclip, bf16", "values": [2.0], "extras": extras, "gap": ""},
        {"name": "engine", "values": [30.0], "extras": extras, "gap": ""},
        {"name": "other", "values": [], "extras": {}, "gap": "not installed: other"},
    ]
    rows = benchmarks("readme").tables(kept).splitlines()
    first = rows.index("| engine | fp32 | 30.0 | 0.999 |")
    assert first < rows.index("| **zsclip, bf16** | fp32 | 2 | 0.999 |")
    assert not any(row.startswith("| other |") for row in rows)


def test_a_system_that_was_not_measured_says_why_in_its_line(benchmarks: Any, kept: Any) -> None:
    [table] = kept["sections"]["images"]["tables"]
    table["systems"].insert(0, {"name": "engine", "values": [], "gap": "not installed: engine"})
    page = benchmarks("report").render(kept).splitlines()
    [line] = [line for line in page if line.startswith("| engine |")]
    assert line.startswith("| engine | not measured (not installed: engine) | ")
    assert line.count("|") == page[page.index(line) - 2].count("|")


def test_every_section_is_there_and_those_of_a_gpu_among_them(benchmarks: Any) -> None:
    catalogue = benchmarks("catalogue")
    for module, function in catalogue.SECTIONS.values():
        assert callable(getattr(benchmarks(f"sections.{module}"), function))
    assert set(catalogue.ON_GPU) <= catalogue.SECTIONS.keys()


def test_a_page_of_a_gpu_names_it(benchmarks: Any, kept: Any) -> None:
    kept["machine"] |= {"gpu": "Some Card, 80 GiB", "CUDA": "13.0"}
    page = benchmarks("report").render(kept)
    assert page.startswith("# Benchmarks on a GPU\n")
    assert "| GPU | Some Card, 80 GiB |" in page
    main = benchmarks("__main__")
    assert main.kept_file("cuda").name == "benchmarks-cuda.json"
    assert main.kept_file("cpu").name == "benchmarks.json"


@pytest.mark.parametrize(
    ("free", "batch"), [(0, 1), (2**26, 1), (3 * 2**26, 2), (2**33, 128), (2**40, 512)]
)
def test_a_gpus_batch_is_a_power_of_two_that_fits(benchmarks: Any, free: int, batch: int) -> None:
    assert benchmarks("machine").gpu_batch(free) == batch


def test_the_share_of_a_peak_is_left_out_where_none_was_measured(benchmarks: Any) -> None:
    shown = benchmarks("columns").flops_shown
    machine = {"matmul": {"fp32": {"512": 1e11, "1024": 2e11}}}
    assert shown(1e11, machine, "fp32") == "100 (50%)"
    assert shown(1e11, machine, "int8") == "100"


def test_a_cosine_is_one_of_directions(benchmarks: Any) -> None:
    ours, theirs = np.array([[0.6, 0.8], [1.0, 0.0]], np.float32), np.eye(2, dtype=np.float32)
    found = benchmarks("columns").differences(1.01 * ours[:1], ours[:1])
    assert found == {"largest difference": "8.0e-03", "lowest cosine": "1.000000"}
    assert benchmarks("columns").differences(ours, theirs)["lowest cosine"] == "0.000000"


def test_peers_are_measured_in_bf16_on_a_cpu_only(benchmarks: Any) -> None:
    peers = benchmarks("peers")

    class Fake:
        def __init__(self, precision: str) -> None:
            self.precision = precision

        def autocast(self) -> Fake:
            return Fake("bf16")

    both = peers.in_each_precision([Fake("fp32"), Fake("fp16")])
    assert [peer.precision for peer in both] == ["fp32", "bf16", "fp16"]
    product = torch.ones(2, 2)
    with peers.autocast("bf16"):
        assert (product @ product).dtype == torch.bfloat16
    with peers.autocast("fp32"):
        assert (product @ product).dtype == torch.float32


class _Engines:
    """`runtimes` over exports that are there, or are not."""

    def __init__(self, runtimes: Any, files: Any, folder: Path, failure: str) -> None:
        self.runtimes, self.work = runtimes, files.Work(folder)
        self.gpu = files.Work(folder, device="cuda")
        self.failure, self.exported, self.asked = failure, 0, list[tuple[str, int]]()

    def export(self, work: Any) -> str:
        self.exported += 1
        if not self.failure:
            work.exports.folder.mkdir(exist_ok=True)
            for path in (work.exports.whole, work.exports.int8):
                path.touch()
        return self.failure

    def known(self, *, packages: tuple[str, ...] = (), fails: str = "", whole: bool = True) -> Any:
        def load(path: Path, threads: int) -> Any:
            self.asked.append((path.name, threads))
            if fails:
                raise RuntimeError(fails)
            return lambda x: 3 * x.reshape(len(x), -1)[:, :2]

        return self.runtimes.Known("engine", "fp32", packages, load, whole)


@pytest.fixture
def engines(
    benchmarks: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: Any
) -> _Engines:
    runtimes = benchmarks("runtimes")
    made = _Engines(runtimes, benchmarks("files"), tmp_path, getattr(request, "param", ""))
    monkeypatch.setattr(runtimes, "EXPORTING", ())
    monkeypatch.setattr(runtimes, "make_exports", made.export)
    return made


def test_an_engine_gets_as_many_threads_as_torch_has(engines: _Engines) -> None:
    known = [engines.known(), engines.known(whole=False)]
    found, gaps = engines.runtimes.load_runtimes(engines.work, known)
    assert not gaps
    threads = torch.get_num_threads()
    assert engines.asked == [("image.onnx", threads), ("image-int8.onnx", threads)]
    rows = found[0].images(torch.tensor([[3.0, 4.0], [0.0, 2.0]])).numpy()
    assert np.allclose(rows, [[0.6, 0.8], [0.0, 1.0]])


def test_an_engine_that_is_not_installed_is_named_and_nothing_exported(engines: _Engines) -> None:
    known = [engines.known(packages=("json", "no_such_engine"))]
    found, gaps = engines.runtimes.load_runtimes(engines.work, known)
    assert (found, gaps) == ([], {"engine": "not installed: no_such_engine"})
    assert not engines.exported


def test_an_engine_that_fails_is_named_with_its_reason(engines: _Engines) -> None:
    known = [engines.known(fails="no such kernel\nand more")]
    found, gaps = engines.runtimes.load_runtimes(engines.work, known)
    assert (found, gaps) == ([], {"engine": "RuntimeError: no such kernel"})


@pytest.mark.parametrize("engines", ["OpError: no such operator"], indirect=True)
def test_an_export_that_fails_is_a_gap_with_its_reason(engines: _Engines) -> None:
    found, gaps = engines.runtimes.load_runtimes(engines.work, [engines.known()])
    assert (found, gaps) == ([], {"engine": "the export failed: OpError: no such operator"})


def test_engines_of_exported_models_are_left_out_on_a_gpu(engines: _Engines) -> None:
    found, gaps = engines.runtimes.load_runtimes(engines.gpu, [engines.known()])
    assert (found, gaps) == ([], {"engine": "here it computes on a CPU only"})
    assert not engines.exported
