"""`zsclip models`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import Result

from zsclip import MODELS, ZeroShotClassifier
from zsclip.weights import models
from zsclip.weights.models import get_model_spec
from zsclip.weights.sources import find_weights

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
    return {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}


def test_list_has_every_model_and_whether_it_is_here(run: Run, tmp_path: Path) -> None:
    archive = tmp_path / "cache" / "clip" / "RN50.pt"
    archive.parent.mkdir(parents=True)
    with archive.open("wb") as file:
        file.truncate(get_model_spec("RN50").size)
    result = run("models", "list")
    assert result.exit_code == 0
    rows = rows_of(result)
    for spec in MODELS:
        assert rows[spec.name][3:6] == [
            str(spec.resolution),
            str(spec.embed_dim),
            f"{spec.parameters:,}",
        ]
    assert rows["RN50"][6:] == ["here"]
    assert rows["RN101"][6:] == ["not", "downloaded"]
    assert rows["tiny-cartoon"][6:] == ["part", "of", "zsclip"]
    assert "not photographs" in result.stdout
    elsewhere = rows_of(run("models", "list", "--download-root", tmp_path))
    assert elsewhere["RN50"][6:] == ["not", "downloaded"]


def test_models_are_listed_as_json(run: Run) -> None:
    rows = json.loads(run("models", "list", "--format", "json").stdout)
    assert [row["name"] for row in rows] == [spec.name for spec in MODELS]
    by_name = {row["name"]: row for row in rows}
    assert by_name["ViT-B/32"]["sha256"] == get_model_spec("ViT-B/32").sha256
    assert by_name["ViT-B/32"]["path"] is None
    assert Path(by_name["tiny-cartoon"]["path"]).is_file()


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
    assert result.stdout == f"{clf.model_info}\n"
    assert "Device: cpu\nPrecision: bf16\n" in result.stdout


def test_info_takes_a_path_and_refuses_an_unknown_name(run: Run) -> None:
    path = find_weights(get_model_spec("tiny-cartoon"))
    assert path is not None
    assert f"Weights: {path}" in run("models", "info", path).stdout
    result = run("models", "info", "ViT-B32")
    assert result.exit_code == 2
    assert "Did you mean 'ViT-B/32'" in result.stderr


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
