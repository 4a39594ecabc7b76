"""`zsclip doctor`: what is here, and what is broken."""

from __future__ import annotations

import dataclasses
import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from hub import LocalHub, use_hub
from talkers import talk

from zsclip import EmbeddingCache
from zsclip.cli import examination
from zsclip.demo import load_labels
from zsclip.encoders.rates import Rate
from zsclip.weights import MODELS, get_model_spec

Run = Callable[..., Result]
Install = Callable[..., None]


@pytest.fixture
def report(run: Run) -> Callable[[], dict[str, object]]:
    """The report as JSON; its problems and the exit status agree."""

    def report() -> dict[str, object]:
        result = run("doctor", "--format", "json")
        values: dict[str, object] = json.loads(result.stdout)
        assert result.exit_code == bool(values["problems"])
        return values

    return report


def test_all_is_well(run: Run, install: Install, tmp_path: Path) -> None:
    install()
    folder = tmp_path / "cache" / "clip"
    folder.mkdir(parents=True)
    (folder / "RN50.pt.part").write_bytes(b"x" * 1234)
    (folder / "RN50.pt.lock").touch()
    result = run("doctor")
    assert result.exit_code == 0, result.stdout
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for line in (
        f"zsclip {version('zsclip')}",
        f"torch {version('torch')}",
        f"numpy {version('numpy')}",
        f"Cache: {folder}",
        "RN50.pt.part 1,234 bytes",
        f"ZSCLIP_CACHE {tmp_path / 'cache'}",
        "ZSCLIP_OFFLINE 1",
        "ZSCLIP_PRECISION fp32",
        "Sources of the default model",
        "garden test-garden 1.2, 3 labels, ok",
        f"clip zsclip {version('zsclip')}, ok",
        "All is well.",
    ):
        assert line in lines
    assert "RN50.pt.lock" not in result.stdout
    assert any(line.startswith("tiny-cartoon ") and "safetensors" in line for line in lines)
    assert any(line.startswith("cpu ") for line in lines)
    [trial] = [line for line in lines if " by tiny-cartoon " in line]
    assert trial.split(" by tiny-cartoon ")[1].split()[0] in load_labels().names


def test_json_has_the_same(report: Callable[[], dict[str, object]]) -> None:
    values = report()
    assert values["problems"] == []
    assert isinstance(values["auto"], dict)
    assert set(values["auto"]) == {"device", "precision", "why", "rate"}
    assert isinstance(values["packages"], dict)
    assert values["packages"]["torch"] == version("torch")
    assert None not in values["packages"].values()
    assert isinstance(values["encoders"], list)
    assert values["encoders"][0]["name"] == "clip"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rate | None], None]:
    """Lets the processor have a rate, and nothing else decide; there is no GPU."""
    monkeypatch.delenv("ZSCLIP_PRECISION")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr("zsclip.encoders.devices.has_bf16", lambda: False)
    return lambda rate: monkeypatch.setattr(
        "zsclip.encoders.devices.rate_of", lambda *_, **__: rate
    )


def test_what_the_processor_was_measured_to_be_is_told(
    run: Run,
    report: Callable[[], dict[str, object]],
    measured: Callable[[Rate | None], None],
) -> None:
    measured(Rate(fp32=109.6, bf16=205.8, tries=40, probes=1, measured=1_800_000_000))
    lines = [" ".join(line.split()) for line in run("doctor").stdout.splitlines()]
    assert "auto cpu in bf16 (measured)" in lines
    assert "fp32, one core 110 GFLOP/s" in lines
    assert "bf16, one core 206 GFLOP/s, 1.88 times as many (measured 2027-01-15)" in lines
    assert report()["auto"] == {
        "device": "cpu",
        "precision": "bf16",
        "why": "measured",
        "rate": {
            "fp32": 109.6,
            "bf16": 205.8,
            "tries": 40,
            "probes": 1,
            "measured": 1_800_000_000,
            "ratio": 205.8 / 109.6,
        },
    }


def test_why_nothing_was_measured_is_told(
    run: Run, measured: Callable[[Rate | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(None)
    for said, line in (
        ("", "auto cpu in fp32 (no bf16 here)"),
        ("bf16", "auto cpu in bf16 (ZSCLIP_PRECISION)"),
    ):
        monkeypatch.setenv("ZSCLIP_PRECISION", said)
        lines = [" ".join(line.split()) for line in run("doctor").stdout.splitlines()]
        assert line in lines
        assert not any("one core" in line for line in lines)


def test_a_precision_that_is_none_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, report: Callable[[], dict[str, object]]
) -> None:
    monkeypatch.setenv("ZSCLIP_PRECISION", "int8")
    problems = report()["problems"]
    assert isinstance(problems, list)
    starts = ("Device and precision: ", "Trial: ")
    assert [problem.split("`")[0] for problem in problems] == list(starts)
    assert all("`ZSCLIP_PRECISION` must be one of auto, " in problem for problem in problems)


def test_the_embedding_cache_is_told_of(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "embeddings.sqlite"
    before = [" ".join(line.split()) for line in run("doctor").stdout.splitlines()]
    assert f"Embedding cache: {path}" in before
    with closing(EmbeddingCache()) as cache:
        cache.put([(b"a", np.ones(1, np.float32)), (b"b", np.ones(1, np.float32))])
        known = cache.info().entries
    after = [" ".join(line.split()) for line in run("doctor").stdout.splitlines()]
    assert f"embeddings {known}" in after
    assert any(line.endswith(" MB of 1,073.7 MB") for line in after)


def test_an_embedding_cache_that_cannot_be_used_is_a_problem(
    report: Callable[[], dict[str, object]], tmp_path: Path
) -> None:
    with closing(EmbeddingCache()) as cache:
        cache.put([(b"a", np.ones(1, np.float32))])
    with closing(sqlite3.connect(cache.path)) as plain:
        plain.execute("PRAGMA application_id = 1")
    values = report()
    assert isinstance(values["problems"], list)
    assert (
        f"The embedding cache {cache.path} is of another program or damaged"
        in values["problems"][0]
    )
    assert isinstance(values["embeddings"], dict)
    assert values["embeddings"]["usable"] is False


def test_a_broken_label_set_is_a_problem(run: Run, install: Install) -> None:
    install(toml="schema = 1")
    result = run("doctor")
    assert result.exit_code == 1
    assert "garden   " in result.stdout
    assert "Problem: garden: " in result.stdout
    assert result.stdout.endswith("\n1 problem.\n")


def test_a_collision_is_one_problem(run: Run, install: Install) -> None:
    install("test-one")
    install("test-two")
    result = run("doctor")
    assert result.exit_code == 1
    assert result.stdout.count("Problem: garden: 2 installed distributions") == 1
    assert result.stdout.endswith("\n1 problem.\n")


def test_encoders_that_cannot_work_are_problems(
    install: Install, report: Callable[[], dict[str, object]]
) -> None:
    gone = "[zsclip.encoders]\ngone = no_such_package:make\n"
    install("test-one", entry_points=gone + "twice = test_one:make\n")
    install("test-two", entry_points="[zsclip.encoders]\ntwice = test_two:make\n")
    values = report()
    assert isinstance(values["problems"], list)
    assert sorted(problem.split(":")[0] for problem in values["problems"]) == ["gone", "twice"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise SystemExit('no license key')", "SystemExit: no license key"),
        ("import os; os._exit(3)", "importing it ends the process, with status 3"),
        ("print('hello'); import no_such_module", "ModuleNotFoundError: No module named"),
        ("import time; time.sleep(600)", "importing it did not end within"),
    ],
)
def test_an_engine_that_cannot_be_imported_is_a_problem(
    install: Install,
    report: Callable[[], dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: str,
    told: str,
) -> None:
    install("test-one", entry_points="[zsclip.encoders]\nbroken = test_one:make\n")
    (tmp_path / "site-test_one/test_one/__init__.py").write_text(code)
    if "sleep" in code:
        monkeypatch.setattr("zsclip.cli.examination.IMPORT_LIMIT", 1)
    values = report()
    assert isinstance(values["problems"], list)
    [problem] = values["problems"]
    assert problem.startswith("broken: ")
    assert told in problem


def test_an_engine_that_can_be_imported_is_well_whatever_it_prints(
    install: Install, report: Callable[[], dict[str, object]], tmp_path: Path
) -> None:
    install("test-one", entry_points="[zsclip.encoders]\nnoisy = test_one:make\n")
    code = "import atexit\nprint('a', end='')\natexit.register(print, 'b')\ndef make(): ..."
    (tmp_path / "site-test_one/test_one/__init__.py").write_text(code)
    assert report()["problems"] == []


def test_nothing_is_imported_from_the_folder_that_doctor_runs_in(
    install: Install,
    report: Callable[[], dict[str, object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install("test-one", entry_points="[zsclip.encoders]\nquiet = test_one:make\n")
    (tmp_path / "site-test_one/test_one/__init__.py").write_text("def make(): ...")
    folder = tmp_path / "downloads"
    folder.mkdir()
    for module in ("json", "torch", "zsclip"):
        (folder / f"{module}.py").write_text("open('it-ran', 'w').close()\n")
    monkeypatch.chdir(folder)
    assert report()["problems"] == []
    assert not (folder / "it-ran").exists()


def test_engines_in_a_malformed_declaration_are_a_problem(
    install: Install, report: Callable[[], dict[str, object]]
) -> None:
    install("test-one", entry_points="[zsclip.encoders]\nno equals sign\n")
    values = report()
    assert isinstance(values["problems"], list)
    [problem] = values["problems"]
    assert problem.startswith("test-one: The entry_points.txt of test-one cannot be parsed")


def test_a_setting_that_says_nothing_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, report: Callable[[], dict[str, object]]
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "perhaps")
    values = report()
    assert isinstance(values["problems"], list)
    [problem] = values["problems"]
    assert problem.startswith("ZSCLIP_OFFLINE: `ZSCLIP_OFFLINE` must be one of")
    assert isinstance(values["trial"], dict)
    assert values["trial"]["result"] != "failed"


def test_a_model_that_does_not_load_is_a_problem_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path
) -> None:
    damaged = tmp_path / "tiny-cartoon.safetensors"
    damaged.write_bytes(b"damaged")
    monkeypatch.setattr("zsclip.weights.sources.bundled_path", lambda _: damaged)
    monkeypatch.setattr("zsclip.demo.load_labels", lambda: ["cat", "dog"])
    monkeypatch.setattr("zsclip.demo.load_drawings", lambda: [None])
    result = run("doctor")
    assert result.exit_code == 1
    assert "Problem: Trial: " in result.stdout
    assert str(damaged) in result.stdout
    assert "Versions" in result.stdout


def test_offline_no_source_is_asked(report: Callable[[], dict[str, object]]) -> None:
    values = report()
    assert isinstance(values["sources"], list)
    assert {row["state"] for row in values["sources"]} == {"not asked"}
    assert {row["said"] for row in values["sources"]} == {"offline: ZSCLIP_OFFLINE forbids it"}
    assert values["problems"] == []


@pytest.fixture
def sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[LocalHub, dict[str, str]]]:
    """A hub of one of two copies, and a published address where nobody answers; online."""
    monkeypatch.delenv("ZSCLIP_OFFLINE")
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "hf")
        url, copies = "http://127.0.0.1:1/ViT-B-32.pt", ("timm/here", "openai/gone")
        spec = dataclasses.replace(get_model_spec("ViT-B/32"), url=url, hub=copies)
        table = tuple(spec if known.name == spec.name else known for known in MODELS)
        monkeypatch.setattr("zsclip.weights.models.MODELS", table)
        hub.add("timm/here", {"config.json": b"{}", "model.safetensors": b"weights"})
        expected = {"the official address": "fails", "the hub's timm/here": "answers",
                    "the hub's openai/gone": "fails"}  # fmt: skip
        yield hub, expected


def test_each_source_says_whether_it_answers_and_nothing_is_fetched(
    report: Callable[[], dict[str, object]],
    sources: tuple[LocalHub, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    hub, expected = sources
    monkeypatch.setenv("ZSCLIP_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "ViT-B-32.pt").write_bytes(b"weights")
    values = report()
    assert isinstance(values["sources"], list)
    found = {row["source"]: row["state"] for row in values["sources"]}
    of_mirror = {"the mirror": "answers", "the mirror's timm/here": "fails",
                 "the mirror's openai/gone": "fails"}  # fmt: skip
    assert found == {**of_mirror, **expected}
    said = {row["source"]: row["said"] for row in values["sources"]}
    assert "the connection failed" in said["the official address"]
    assert "404" in said["the hub's openai/gone"] or "401" in said["the hub's openai/gone"]
    assert hub.sent == 0
    assert not (tmp_path / "cache" / "clip").exists()


def test_a_mirror_on_a_web_server_is_asked_for_what_would_be_fetched_first(
    report: Callable[[], dict[str, object]],
    sources: tuple[LocalHub, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with LocalHub(tmp_path / "web") as web:  # which answers 404 for a folder
        web.add("timm/here", {"open_clip_config.json": b"{}"})
        monkeypatch.setenv("ZSCLIP_MIRROR", web.endpoint)
        values = report()
    assert isinstance(values["sources"], list)
    found = {row["source"]: row["state"] for row in values["sources"]}
    assert found["the mirror's timm/here"] == "answers"
    assert found["the mirror's openai/gone"] == found["the mirror"] == "fails"


def test_a_server_that_drips_is_not_waited_for(
    report: Callable[[], dict[str, object]],
    sources: tuple[LocalHub, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.02):
            connection.sendall(b"x: y\r\n")

    monkeypatch.setattr("zsclip.weights.answers._MOST_SECONDS", 0.5)
    with talk(drip) as talker:
        monkeypatch.setenv("ZSCLIP_MIRROR", f"http://127.0.0.1:{talker.port}")
        values = report()
        over.set()
    assert isinstance(values["sources"], list)
    found = {row["source"]: row["said"] for row in values["sources"]}
    assert "no whole answer came" in found["the mirror"]
    assert "200" in found["the hub's timm/here"]


def test_sources_that_fail_are_a_problem_where_none_is_left(
    run: Run, sources: tuple[LocalHub, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("doctor").exit_code == 0
    sources[0].remove("timm/here")
    result = run("doctor")
    assert result.exit_code == 1
    assert "Problem: Sources: the weights of ViT-B/32 are not here" in result.stdout
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = run("doctor")
    assert result.exit_code == 0
    assert "not asked: offline: HF_HUB_OFFLINE forbids it" in " ".join(result.stdout.split())


def test_a_token_in_a_setting_is_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSCLIP_MIRROR", "https://me:secret@example.org/models?token=hidden")
    result = run("doctor")
    assert "secret" not in result.stdout
    assert "hidden" not in result.stdout


def test_torch_that_was_left_out_on_purpose_is_no_problem(
    report: Callable[[], dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        examination, "find_spec", lambda name: None if name == "torch" else find_spec(name)
    )
    known = examination._version
    gone: tuple[str, ...] = ("torch", "tokenizers", "huggingface_hub", "httpx")
    monkeypatch.setattr(examination, "_version", lambda name: None if name in gone else known(name))
    values = report()
    assert values["problems"] == []
    trial = values["trial"]
    assert isinstance(trial, dict)
    assert trial["what"] == "torch is not installed"
    assert trial["result"].startswith("classifiers that were exported run here, by onnxruntime ")
    gone = ("torch", "numpy")
    assert report()["problems"] == ["numpy is not installed."]


def test_torch_that_is_missing_is_a_problem_where_nothing_runs_exported_files(
    report: Callable[[], dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "find_spec", lambda name: None)
    known = examination._version
    monkeypatch.setattr(
        examination, "_version", lambda name: None if name == "torch" else known(name)
    )
    assert report()["problems"] == ["torch is not installed."]
