"""`zsclip models`."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result

from zsclip import MODELS, ModelSpec, ZeroShotClassifier
from zsclip.encoders import create_encoder
from zsclip.weights import find_weights, models
from zsclip.weights.models import get_model_spec

Run = Callable[..., Result]


BODY = b"the weights of a model" * 1000


SHA256 = hashlib.sha256(BODY).hexdigest()


class _Weights(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Weights]]:
    """A server on this machine has the weights of ViT-B/32, and downloads are allowed."""
    server = HTTPServer(("127.0.0.1", 0), _Weights)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    spec = dataclasses.replace(
        get_model_spec("ViT-B/32"),
        url=f"http://127.0.0.1:{server.server_port}/ViT-B-32.pt",
        sha256=SHA256,
        size=len(BODY),
    )
    others = tuple(model for model in MODELS if model.name != spec.name)
    monkeypatch.setattr(models, "MODELS", (spec, *others))
    monkeypatch.delenv("ZSCLIP_OFFLINE")
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    _Weights.asked = 0
    yield _Weights
    server.shutdown()
    thread.join()
    server.server_close()


def rows_of(result: Result) -> dict[str, list[str]]:
    """The words of each model's line in the table that a pipe gets, by its name."""
    lines = [line.removeprefix("*").split() for line in result.stdout.splitlines() if line]
    return {words[0]: words for words in lines}


def test_list_has_what_to_choose_by_and_whether_it_is_here(run: Run, tmp_path: Path) -> None:
    archive = tmp_path / "cache" / "clip" / "RN50.pt"
    archive.parent.mkdir(parents=True)
    with archive.open("wb") as file:
        file.truncate(get_model_spec("RN50").size)
    result = run("models", "list", "--all")
    assert result.exit_code == 0
    rows = rows_of(result)
    assert rows.keys() >= {spec.name for spec in MODELS}
    datacomp = (
        "ViT-B-32/datacomp_xl_s13b_b90k 69.2 % 8.8 151.3 M 224 ~605 MB MIT yes not downloaded"
    )
    assert rows["ViT-B-32/datacomp_xl_s13b_b90k"] == datacomp.split()
    assert rows["ViT-B/32"][7:] == ["354", "MB", "Apache-2.0", "unclear", "not", "downloaded"]
    assert rows["RN50"][-1] == "here"
    assert rows["RN101"][-2:] == ["not", "downloaded"]
    assert rows["tiny-cartoon"][-3:] == ["part", "of", "zsclip"]
    for spec in MODELS:
        words = rows[spec.name]
        assert spec.license in words
        assert spec.commercial in words
    assert "not photographs" in result.stdout
    elsewhere = rows_of(run("models", "list", "--download-root", tmp_path))
    assert elsewhere["RN50"][-2:] == ["not", "downloaded"]


def names(result: Result) -> list[str]:
    assert result.exit_code == 0, result.stderr
    return [row["name"] for row in json.loads(result.stdout)]


def test_what_nobody_would_choose_is_listed_only_on_request(run: Run) -> None:
    every = names(run("models", "list", "--all", "--format", "json"))
    assert sorted(every) == sorted(spec.name for spec in MODELS)
    shown = names(run("models", "list", "--format", "json"))
    left_out = set(every) - set(shown)
    assert len(left_out) == 14 + 3
    accuracies = [MODELS[name].imagenet for name in left_out]
    assert accuracies.count(None) == 3
    assert all(value is None or value < 0.3 for value in accuracies)


def test_models_are_sorted_by_accuracy_or_by_cost(run: Run) -> None:
    best = names(run("models", "list", "--format", "json"))
    assert best[:3] == ["ViT-H-14-378/dfn5b", "ViT-H-14/dfn5b", "ViT-L-14/dfn2b"]
    assert best[-1] == "tiny-cartoon"  # of which nothing is published
    cheapest = names(run("models", "list", "--sort", "cost", "--format", "json"))
    assert cheapest[0] == "ViT-B-32/datacomp_xl_s13b_b90k"
    costs = [MODELS[name].image_gflop or 1e9 for name in cheapest]
    assert costs == sorted(costs)


def test_what_no_other_beats_has_a_star(run: Run) -> None:
    lines = run("models", "list").stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("* ")] == [
        "ViT-H-14-378/dfn5b",
        "ViT-H-14/dfn5b",
        "ViT-L-14/dfn2b",
        "ViT-B-16/dfn2b",
        "ViT-B-32-256/datacomp_s34b_b86k",
        "ViT-B-32/datacomp_xl_s13b_b90k",
    ]
    free = run("models", "list", "--commercial").stdout.splitlines()
    assert next(line.split()[1] for line in free if line.startswith("* ")) == (
        "ViT-bigG-14/laion2b_s39b_b160k"  # of those that are listed
    )


def test_the_best_under_a_cost_and_for_commercial_use(run: Run) -> None:
    under = names(run("models", "list", "--best-under", "20GFLOP", "--format", "json"))
    assert under[0] == "ViT-B-32-256/datacomp_s34b_b86k"
    assert all((MODELS[name].image_gflop or 99) <= 20 for name in under)
    for same in ("20", "20 gflops", "0.02TFLOP", "20000 MFLOP"):
        assert names(run("models", "list", "--best-under", same, "--format", "json")) == under
    free = names(run("models", "list", "--commercial", "--format", "json"))
    assert {MODELS[name].commercial for name in free} == {"yes"}
    assert "ViT-B/32" not in free  # of which it is unclear
    nothing = run("models", "list", "--best-under", "1GFLOP")
    assert nothing.stdout == (
        "No model fits. The cheapest is ViT-B-32/datacomp_xl_s13b_b90k, with 8.82 GFLOP for a "
        "picture.\n"
    )
    assert json.loads(run("models", "list", "--best-under", "1", "--format", "json").stdout) == []


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ("much", "is no number of operations"),
        ("20GB", "Give one such as 20GFLOP"),
        ("-1", "is no number of operations"),
        ("1e3GFLOP", "is no number of operations"),
        ("nan", "is no number of operations"),
        ("0", "is out of range"),
        ("2000TFLOP", "from 1MFLOP to 1PFLOP"),
        ("9" * 5000, "is no number of operations"),
    ],
)
def test_a_cost_that_is_none_is_told(run: Run, cost: str, said: str) -> None:
    result = run("models", "list", "--best-under", cost)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr) < 500


def test_the_list_fits_into_80_characters(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("80", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        lines = run("models", "list", "--all").stdout.splitlines()
        assert max(map(len, lines)) <= int(columns)
        text = "\n".join(lines)
        for spec in MODELS:  # no part of a name is broken
            assert all(part in text.split() for part in spec.name.replace("/", "/ ").split()) or (
                spec.name in text.split()
            )
        assert "not commercial" in text
    monkeypatch.setenv("COLUMNS", "140")
    lines = run("models", "list").stdout.splitlines()
    assert max(map(len, lines)) <= 140
    assert "commercial use" in lines[0]


def test_models_are_listed_as_json(run: Run) -> None:
    rows = json.loads(run("models", "list", "--format", "json").stdout)
    by_name = {row["name"]: row for row in rows}
    assert by_name["ViT-B/32"]["sha256"] == get_model_spec("ViT-B/32").sha256
    assert by_name["ViT-B/32"]["aliases"] == ["ViT-B-32/openai", "ViT-B-32-quickgelu/openai"]
    assert by_name["ViT-B/32"]["path"] is None
    assert by_name["ViT-B/32"]["size_is_estimated"] is False
    assert Path(by_name["tiny-cartoon"]["path"]).is_file()
    dfn = by_name["ViT-H-14/dfn5b"]
    assert dfn["recipe"]["activation"] == "quickgelu"
    assert dfn["recipe"]["preprocessing"]["resize"] == "squash"
    assert (dfn["unbeaten"], dfn["size_is_estimated"]) == (True, True)


def test_models_are_listed_as_csv(run: Run) -> None:
    text = run("models", "list", "--all", "--format", "csv").stdout
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows.keys() == {spec.name for spec in MODELS}
    assert rows["ViT-H-14/dfn5b"]["license"] == "apple-amlr"
    assert rows["ViT-B/32"]["hub"] == (
        "timm/vit_base_patch32_clip_224.openai openai/clip-vit-base-patch32"
    )
    assert rows["ViT-L-14/dfn2b_s39b"]["imagenet"] == ""


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: str(spec.name))
def test_info_of_every_model_needs_no_download(run: Run, spec: ModelSpec) -> None:
    for name in (spec.name, *spec.aliases[:1]):
        result = run("models", "info", name)
        assert result.exit_code == 0
        assert f"License: {spec.license}; commercial use: {spec.commercial}" in result.stdout
        assert spec.note in result.stdout
        if not spec.sha256:
            assert f"Weights: not downloaded: zsclip models fetch {spec.name} (about " in (
                result.stdout
            )
            assert f"Repositories: {spec.hub[0]}" in result.stdout


def test_info_of_what_is_no_plain_clip_says_what_it_is(run: Run) -> None:
    result = run("models", "info", "ViT-B-16-SigLIP2-256/webli")
    assert result.exit_code == 2
    assert "a SigLIP 2" in result.stderr
    assert "zsclip[open-clip]" in result.stderr


def test_fetch_of_what_is_no_plain_clip_says_when_it_is_fetched(run: Run) -> None:
    result = run("models", "fetch", "tiny-cartoon", "ViT-B-16-SigLIP2-256/webli")
    assert result.exit_code == 2
    assert "when a classifier is first made of it" in result.stderr
    assert "encoder=" not in result.stderr  # this command has no such option


def test_info_asks_the_engine_that_runs_the_model(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def resolve(*given: Any, **options: Any) -> Any:
        asked.append((*given, options["offline"]))
        return create_encoder("clip", "tiny-cartoon")

    monkeypatch.setattr("zsclip.encoders.resolve_encoder", resolve)
    assert run("models", "info", "some-siglip/").exit_code == 0
    assert asked == [(None, "some-siglip/", True)]


def test_info_of_a_model_that_is_not_here_tells_what_is_known(run: Run, tmp_path: Path) -> None:
    result = run("models", "info", "ViT-B/32")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:6] == [
        "Model: ViT-B/32",
        "Model parameters: 151,277,313",
        "Input resolution: 224",
        "Context length: 77",
        "Vocab size: 49,408",
        "Embedding width: 512",
    ]
    assert "Weights: not downloaded: zsclip models fetch ViT-B/32 (354 MB)" in result.stdout
    assert get_model_spec("ViT-B/32").sha256 in result.stdout
    assert not (tmp_path / "cache").exists()


def test_info_of_a_model_that_is_here_is_what_the_classifier_says(run: Run) -> None:
    result = run("models", "info", "tiny-cartoon", "--device", "cpu", "--precision", "bf16")
    clf = ZeroShotClassifier(["a", "b"], model="tiny-cartoon", device="cpu", precision="bf16")
    assert result.stdout.startswith(f"{clf.model_info}\n")
    assert "Note: drawn animals" in result.stdout.removeprefix(str(clf.model_info))
    assert "Device: cpu\nPrecision: bf16\n" in result.stdout


def test_info_takes_a_path_and_refuses_an_unknown_name(run: Run) -> None:
    path = find_weights(get_model_spec("tiny-cartoon"))
    assert path is not None
    assert f"Weights: {path}" in run("models", "info", path).stdout
    result = run("models", "info", "ViT-B32")
    assert result.exit_code == 2
    assert "Did you mean 'ViT-B/32'" in result.stderr


@pytest.mark.filterwarnings("always::zsclip.errors.ActivationWarning")
def test_the_activation_of_a_bare_file_is_given_or_assumed_aloud(
    run: Run, tmp_path: Path, vit_state: dict[str, Any]
) -> None:
    path = tmp_path / "own.pt"
    torch.save(vit_state, path)
    given = run("models", "info", path, "--activation", "gelu")
    assert "Activation: GELU\n" in given.stdout
    assert "Checked against: nothing\n" in given.stdout
    assumed = run("models", "info", path)
    assert "--activation gelu" in assumed.stderr
    assert given.stderr == ""
    assert "Activation: QuickGELU\n" in assumed.stdout
    assert run("models", "info", path, "--activation", "relu").exit_code == 2
    refused = run("models", "info", "tiny-cartoon", "--activation", "gelu")
    assert refused.exit_code != 0
    assert "was trained with 'quickgelu'" in refused.stderr


def test_info_never_downloads(run: Run, tmp_path: Path, published: type[_Weights]) -> None:
    assert run("models", "info", "ViT-B/32").exit_code == 0
    damaged = tmp_path / "cache" / "clip" / "ViT-B-32.pt"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"x" * len(BODY))  # the right size, and another file
    result = run("models", "info", "ViT-B/32")
    assert result.exit_code == 2
    assert "another SHA-256" in result.stderr
    assert published.asked == 0


def test_fetch_downloads_once_and_verifies(
    run: Run, tmp_path: Path, published: type[_Weights]
) -> None:
    target = tmp_path / "cache" / "clip" / "ViT-B-32.pt"
    first = run("models", "fetch", "ViT-B/32", "--progress")
    assert first.exit_code == 0
    assert first.stdout == f"ViT-B/32: verified, {target}\n"
    assert "ViT-B/32 is not here yet" in first.stderr
    assert "100%" in first.stderr  # the bar
    assert target.read_bytes() == BODY
    again = run("models", "fetch", "ViT-B/32", "tiny-cartoon")
    assert again.exit_code == 0
    assert again.stderr == ""
    assert again.stdout.splitlines()[0] == first.stdout.strip()
    assert again.stdout.splitlines()[1].startswith("tiny-cartoon: part of zsclip, ")
    assert published.asked == 1


def test_fetch_replaces_a_file_that_is_not_the_published_one(
    run: Run, tmp_path: Path, published: type[_Weights]
) -> None:
    (tmp_path / "ViT-B-32.pt").write_bytes(b"x" * len(BODY))
    result = run("models", "fetch", "ViT-B/32", "--download-root", tmp_path)
    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: ")
    assert "will be replaced" in result.stderr
    assert (tmp_path / "ViT-B-32.pt").read_bytes() == BODY


def test_fetch_checks_all_names_before_the_first_download(
    run: Run, published: type[_Weights]
) -> None:
    result = run("models", "fetch", "ViT-B/32", "ViT-B/33")
    assert result.exit_code == 2
    assert published.asked == 0


def test_fetch_offline_says_where_a_copy_belongs(run: Run, tmp_path: Path) -> None:
    result = run("models", "fetch", "RN50")
    assert result.exit_code == 2
    assert "ZSCLIP_OFFLINE forbids" in result.stderr
    assert str(tmp_path / "cache" / "clip" / "RN50.pt") in result.stderr
