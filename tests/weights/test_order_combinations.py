"""Whichever sources of ViT-B/32 fail, and however: the one that is left gives the same model."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hub import LocalHub, use_hub
from model_folders import write_open_clip, write_transformers
from numpy.typing import NDArray
from torch import Tensor

from zsclip import ZeroShotClassifier
from zsclip.errors import DownloadError
from zsclip.weights import MODELS, ModelSpec, get_model_spec, load_checkpoint, models

NAME, OPEN_CLIP, TRANSFORMERS = "ViT-B/32", "timm/stand-in.openai", "openai/stand-in"
TEXTS = ["a cat", "a photo of a dog"]

MIRROR = ["absent", "404", "wrong hash", "ok"]
OFFICIAL = ["404", "403", "410", "wrong hash", "unreachable", "ok"]
COPY = ["ok", "404", "wrong hash"]
_FAILING = [("ok", "404"), *itertools.product(COPY[1:], COPY)]

State = dict[str, Tensor]


class _Files(ThreadingHTTPServer):
    """Answers each path as it is told to: a status, or bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, int | bytes] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Files

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, 404)
        status, body = (200, answer) if isinstance(answer, bytes) else (answer, b"an error page")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclasses.dataclass
class World:
    """All that may have the weights, what the official ones give, and a classifier over these."""

    files: _Files
    hub: LocalHub
    spec: ModelSpec
    archive: bytes
    copies: dict[str, dict[str, bytes]]
    embeddings: NDArray[np.float32]
    identity: str
    saved: Path

    def official(self, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        url = f"{self.files.url}/official/ViT-B-32.pt"
        if how == "unreachable":
            url = "http://127.0.0.1:1/ViT-B-32.pt"
        answers: dict[str, int | bytes] = {"ok": self.archive, "wrong hash": self.wrong()}
        self.files.answers["/official/ViT-B-32.pt"] = answers.get(how) or int(
            how if how.isdigit() else 404
        )
        spec = dataclasses.replace(self.spec, url=url)
        table = tuple(spec if known.name == NAME else known for known in MODELS)
        monkeypatch.setattr(models, "MODELS", table)

    def mirror(self, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files.answers.pop("/mirror/ViT-B-32.pt", None)
        if how == "absent":
            monkeypatch.delenv("ZSCLIP_MIRROR", raising=False)
            return
        monkeypatch.setenv("ZSCLIP_MIRROR", f"{self.files.url}/mirror/")
        if how != "404":
            content = self.archive if how == "ok" else self.wrong()
            self.files.answers["/mirror/ViT-B-32.pt"] = content

    def copy(self, repository: str, how: str) -> None:
        if how == "404":
            return
        self.hub.add(repository, self.copies[repository])
        if how == "wrong hash":
            [content] = [c for n, c in self.copies[repository].items() if n.endswith("tensors")]
            sha256 = hashlib.sha256(content).hexdigest()
            self.hub.then(f"/cdn/{sha256}", body=b"?" * len(content), times=4)

    def wrong(self) -> bytes:
        return b"?" * len(self.archive)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Files]:
    server = _Files()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(
    servers: _Files,
    tmp_path: Path,
    vit_state: State,
    save_archive: Callable[[State, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    for name in ("zsclip.downloads.http._sleep", "time.sleep"):
        monkeypatch.setattr(name, lambda seconds: None)
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "official"))
    source = tmp_path / "ViT-B-32.pt"
    save_archive({key: tensor.half() for key, tensor in vit_state.items()}, source)
    # the same numbers in fp32, as some of the copies are
    wide = {key: tensor.half().float() for key, tensor in vit_state.items()}
    copies = {
        repository: {file.name: file.read_bytes() for file in folder.iterdir()}
        for repository, folder in {
            OPEN_CLIP: write_open_clip(tmp_path / "oc", wide),
            TRANSFORMERS: write_transformers(tmp_path / "tr", wide),
        }.items()
    }
    content = source.read_bytes()
    spec = dataclasses.replace(
        get_model_spec(NAME),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        hub=(OPEN_CLIP, TRANSFORMERS),
        resolution=32,
        embed_dim=32,
        parameters=sum(tensor.numel() for tensor in vit_state.values()),
    )
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "hf")
        made = World(
            servers, hub, spec, content, copies, np.empty(0, np.float32), "", tmp_path / "a.zsclip"
        )
        made.official("ok", monkeypatch)
        classifier = ZeroShotClassifier(["cat", "dog"], device="cpu", precision="fp32")
        made.embeddings = classifier.encode_texts(TEXTS)
        made.identity = load_checkpoint(NAME).sha256
        classifier.save(made.saved)
        servers.asked.clear()
        yield made


@pytest.mark.parametrize("official", OFFICIAL)
@pytest.mark.parametrize("mirror", MIRROR)
def test_each_combination_of_sources_that_fail(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    mirror: str,
    official: str,
) -> None:
    behind = [("ok", "ok")] if "ok" in (mirror, official) else _FAILING
    for number, (open_clip, transformers) in enumerate(behind):  # a good one: none is asked
        monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / f"cache{number}"))
        world.official(official, monkeypatch)
        world.mirror(mirror, monkeypatch)
        for repository, how in ((OPEN_CLIP, open_clip), (TRANSFORMERS, transformers)):
            if repository in world.hub._commits:
                world.hub.remove(repository)
            world.copy(repository, how)
        caplog.clear()
        states = [mirror, official, open_clip, transformers]
        with caplog.at_level(logging.WARNING, "zsclip"):
            if "ok" in states:
                _assert_official(world)
            else:
                with pytest.raises(DownloadError) as caught:
                    ZeroShotClassifier(["cat", "dog"], device="cpu", precision="fp32")
                _assert_told(str(caught.value), world, mirror)
        failed = states.index("ok") if "ok" in states else 3
        # a mirror that has not the archive is asked for the two copies as well
        more = 2 if mirror in ("404", "wrong hash") else -1 if mirror == "absent" else 0
        told = [r for r in caplog.records if "is not to be had from" in r.getMessage()]
        assert len(told) == failed + (more if failed else 0)
        first = states.index("ok") if "ok" in states else 4
        asked = [bool(world.hub.requests(name)) for name in (OPEN_CLIP, TRANSFORMERS)]
        assert asked == [first >= 2, first >= 3]
        world.hub.asked.clear()
        world.hub._faults.clear()


def _assert_official(world: World) -> None:
    classifier = ZeroShotClassifier(["cat", "dog"], device="cpu", precision="fp32")
    np.testing.assert_allclose(classifier.encode_texts(TEXTS), world.embeddings, atol=1e-6)
    assert load_checkpoint(NAME, offline=True).sha256 == world.identity
    again = ZeroShotClassifier.load(world.saved)
    assert list(again.classes_) == ["cat", "dog"]
    np.testing.assert_allclose(again.encode_texts(TEXTS), world.embeddings, atol=1e-6)


def _assert_told(message: str, world: World, mirror: str) -> None:
    sources = 3 if mirror == "absent" else 6
    assert f"none of its {sources} sources has it" in message
    for part in ("the official address", OPEN_CLIP, TRANSFORMERS, world.spec.sha256, "By hand"):
        assert part in message
    assert ("the mirror" in message) == (mirror != "absent")


@pytest.mark.parametrize("official", ["404", "ok"])
def test_what_it_was_checked_against_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, official: str
) -> None:
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "other"))
    world.official(official, monkeypatch)
    world.copy(OPEN_CLIP, "ok")
    assert load_checkpoint(NAME).verified == ("openai" if official == "ok" else "hub")
    classifier = ZeroShotClassifier(["cat", "dog"], device="cpu", precision="fp32")
    assert classifier.model_info.verified == ("openai" if official == "ok" else "hub")


def test_a_mirrors_copy_is_checked_against_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "other"))
    world.official("404", monkeypatch)
    world.mirror("404", monkeypatch)
    for form in (f"/mirror/{OPEN_CLIP}/", f"/mirror/{TRANSFORMERS}/resolve/main/"):
        repository = OPEN_CLIP if "timm" in form else TRANSFORMERS
        new = {form + name: content for name, content in world.copies[repository].items()}
        world.files.answers |= new
        checkpoint = load_checkpoint(NAME)
        assert checkpoint.verified == "none"
        assert checkpoint.sha256 == world.identity
        asked = len(world.files.asked)
        assert load_checkpoint(NAME, offline=True).path == checkpoint.path
        assert len(world.files.asked) == asked
        for path in new:
            del world.files.answers[path]
        monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "third"))
    assert world.hub.asked == []
