"""A published model: fetched once, kept as safetensors, and found again."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from zsclip.errors import CheckpointError, DownloadError, OfflineError
from zsclip.formats.layouts import in_memory
from zsclip.weights import checkpoints, having, keeping, loading, models
from zsclip.weights.loading import find_published, load_checkpoint
from zsclip.weights.models import MODELS, get_model_spec
from zsclip.weights.spec import ModelSpec

State = dict[str, Tensor]

NAME = "ViT-B/32"


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A web server over a folder; its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclasses.dataclass
class Published:
    """A small archive that stands in for ViT-B/32's, on a server of its own."""

    spec: ModelSpec
    state: State
    source: Path
    asked: list[str]
    cache: Path

    @property
    def archive(self) -> Path:
        return self.cache / "clip" / self.spec.file

    @property
    def kept(self) -> Path:
        return self.archive.with_suffix(".safetensors")

    def put(self) -> None:
        """Place the archive where a download would have put it."""
        self.archive.parent.mkdir(parents=True)
        self.archive.write_bytes(self.source.read_bytes())


@pytest.fixture
def published(
    tmp_path: Path,
    vit_state: State,
    save_archive: Callable[[State, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Published]:
    source = tmp_path / "server" / "ViT-B-32.pt"
    source.parent.mkdir()
    state = {key: tensor.half() for key, tensor in vit_state.items()}
    save_archive(state, source)
    content = source.read_bytes()
    cache = tmp_path / "cache"
    monkeypatch.setenv("ZSCLIP_CACHE", str(cache))
    monkeypatch.delenv("ZSCLIP_OFFLINE", raising=False)
    with _serving(source.parent) as (address, asked):
        spec = dataclasses.replace(
            get_model_spec(NAME),
            url=f"{address}/{source.name}",
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            hub=(),
        )
        table = tuple(spec if known.name == NAME else known for known in MODELS)
        monkeypatch.setattr(models, "MODELS", table)
        yield Published(spec, state, source, asked, cache)


def _assert_weights(checkpoint: checkpoints.Checkpoint, state: State) -> None:
    for tower, prefix in (
        (checkpoint.load_image_tower(), "visual."),
        (checkpoint.load_text_tower(), ""),
    ):
        for key, tensor in tower.state_dict().items():
            assert torch.equal(tensor, state[prefix + key])
            assert tensor.dtype == torch.float16


def test_a_published_model_is_fetched_once_and_kept(published: Published) -> None:
    first = load_checkpoint(NAME)
    assert first.name == NAME
    assert first.path == published.kept
    assert repr(first) == f"Checkpoint('ViT-B/32', path={str(published.kept)!r})"
    _assert_weights(first, published.state)
    assert hashlib.sha256(published.archive.read_bytes()).hexdigest() == published.spec.sha256
    with safe_open(published.kept, framework="pt") as file:
        assert file.metadata()["source_sha256"] == published.spec.sha256
        assert file.metadata()["name"] == NAME

    second = load_checkpoint(NAME)
    assert second.path == published.kept
    assert second.sha256 == first.sha256 == load_checkpoint(published.archive).sha256
    assert find_published(first.sha256) == NAME
    assert find_published("0" * 64) is None
    _assert_weights(second, published.state)
    assert published.asked == ["/ViT-B-32.pt"]


def test_an_archive_of_the_official_package_is_used(published: Published) -> None:
    published.put()
    assert load_checkpoint(NAME).path == published.kept
    assert published.asked == []


def test_what_is_kept_needs_neither_archive_nor_network(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_checkpoint(NAME)
    published.archive.unlink()
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    _assert_weights(load_checkpoint(NAME), published.state)


def test_offline_the_error_says_what_belongs_where(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    with pytest.raises(OfflineError) as caught:
        load_checkpoint(NAME)
    for part in (published.spec.url, str(published.archive), published.spec.sha256):
        assert str(part) in str(caught.value)
    assert published.asked == []


def test_a_folder_of_ones_own(published: Published, tmp_path: Path) -> None:
    for root in (tmp_path / "a", str(tmp_path / "b")):
        path = load_checkpoint(NAME, download_root=root).path
        assert path == Path(root) / "ViT-B-32.safetensors"
    assert not published.cache.exists()


@pytest.mark.parametrize("damage", [b"", b"12345678{", b"no safetensors"])
def test_a_damaged_kept_file_is_made_anew(
    damage: bytes, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    load_checkpoint(NAME)
    published.kept.write_bytes(damage)
    with caplog.at_level(logging.WARNING, "zsclip"):
        checkpoint = load_checkpoint(NAME)
    assert "made anew" in caplog.text
    _assert_weights(checkpoint, published.state)
    assert checkpoint.path == published.kept
    assert load_file(published.kept).keys() == published.state.keys()
    assert published.asked == ["/ViT-B-32.pt"]


def test_a_kept_file_that_is_cut_short_is_made_anew(published: Published) -> None:
    load_checkpoint(NAME)
    size = published.kept.stat().st_size
    published.kept.write_bytes(published.kept.read_bytes()[: size // 2])
    _assert_weights(load_checkpoint(NAME), published.state)
    assert published.kept.stat().st_size == size


def test_a_file_of_somebody_else_is_left_alone(
    published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    published.put()
    other = {**published.state, "logit_scale": torch.tensor(0.0)}
    save_file(other, published.kept)
    before = published.kept.read_bytes()
    with caplog.at_level(logging.WARNING, "zsclip"):
        checkpoint = load_checkpoint(NAME)
    assert "left alone" in caplog.text
    assert checkpoint.path == published.archive
    _assert_weights(checkpoint, published.state)
    assert published.kept.read_bytes() == before


def test_a_folder_that_cannot_be_written_to(
    published: Published, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a read-only file system, which refuses to delete even what is not there."""
    published.put()

    def refuse(*args: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(keeping, "save_file", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with caplog.at_level(logging.WARNING, "zsclip"):
        checkpoint = load_checkpoint(NAME)
    assert checkpoint.path == published.archive
    assert checkpoint.sha256 == load_checkpoint(published.archive).sha256
    assert "Could not keep ViT-B/32 as safetensors" in caplog.text
    _assert_weights(checkpoint, published.state)


def test_a_full_disk_leaves_no_half_of_a_file(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(state: State, path: Path, metadata: dict[str, str]) -> None:
        path.write_bytes(bytes(1000))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "save_file", write_half)
    assert load_checkpoint(NAME).path == published.archive
    names = {path.name for path in published.archive.parent.iterdir()}
    assert not any("safetensors" in name for name in names)


def test_threads_fetch_and_keep_once(published: Published) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(load_checkpoint(NAME).path)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [published.kept] * 6
    _assert_weights(load_checkpoint(NAME), published.state)
    assert published.asked == ["/ViT-B-32.pt"]


def test_the_server_has_another_file(published: Published) -> None:
    published.source.write_bytes(published.source.read_bytes()[:-1] + b"?")
    with pytest.raises(DownloadError, match="not the published file"):
        load_checkpoint(NAME)
    assert not published.archive.exists()
    assert not published.kept.exists()


# ---------------------------------------------------------------------------------- shared folders


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
@pytest.mark.parametrize("how", ["folder", "file", "sticky folder"])
def test_a_planted_file_whose_seals_fit_is_not_taken_for_what_was_kept(
    published: Published, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """Whoever can write there can make header and tensors to fit each other."""
    published.put()
    forged = {**published.state, "ln_final.bias": published.state["ln_final.bias"] + 1}
    keeping.write_kept(in_memory(forged), published.kept, published.spec)
    before = published.kept.read_bytes()
    shared = published.kept if how == "file" else published.kept.parent
    shared.chmod({"folder": 0o777, "file": 0o666, "sticky folder": 0o1777}[how])
    with caplog.at_level(logging.WARNING, "zsclip"):
        checkpoint = load_checkpoint(NAME)
    assert f"everybody may write to {shared}. The archive is verified and unpacked" in caplog.text
    assert "set ZSCLIP_TRUST to the folder" in caplog.text
    assert checkpoint.path == published.archive
    _assert_weights(checkpoint, published.state)
    assert published.kept.read_bytes() == before
    assert find_published(checkpoint.sha256) is None  # which reads no archive


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_where_only_what_is_not_trusted_is_there_the_error_says_so(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_checkpoint(NAME)
    published.archive.unlink()
    published.kept.parent.chmod(0o777)
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    with pytest.raises(OfflineError, match="safetensors is there, but is not trusted: everybody"):
        load_checkpoint(NAME)
    monkeypatch.setenv("ZSCLIP_TRUST", str(published.cache))
    _assert_weights(load_checkpoint(NAME), published.state)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes mean something else here")
def test_what_is_kept_can_be_read_by_whom_the_umask_lets(published: Published) -> None:
    published.put()
    before = os.umask(0o027)
    try:
        load_checkpoint(NAME)
    finally:
        os.umask(before)
    assert published.kept.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_in_a_shared_folder_nothing_is_kept_unless_the_user_trusts_it(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.put()
    published.archive.parent.chmod(0o777)
    assert load_checkpoint(NAME).path == published.archive
    assert not published.kept.exists()
    monkeypatch.setenv("ZSCLIP_TRUST", str(published.cache))
    assert load_checkpoint(NAME).path == published.kept
    assert load_checkpoint(NAME).path == published.kept


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can give a file to another user",
)
def test_a_file_that_another_user_planted_is_not_taken_for_what_was_kept(
    published: Published,
) -> None:
    published.put()
    forged = {**published.state, "ln_final.bias": published.state["ln_final.bias"] + 1}
    keeping.write_kept(in_memory(forged), published.kept, published.spec)
    os.chown(published.kept, 65534, 65534)
    _assert_weights(load_checkpoint(NAME), published.state)


def test_an_archive_that_takes_the_place_of_the_verified_one_is_not_loaded(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever after it was hashed: here, before its stamp was taken again."""
    published.put()
    other = tmp_path / "other.pt"
    torch.save({**published.state, "logit_scale": torch.tensor(0.0)}, other)
    fetch = having.fetch_weights

    def fetch_and_swap(*args: object, **options: object) -> Path:
        path = fetch(*args, **options)  # type: ignore[arg-type]
        shutil.copy(other, path)
        return path

    monkeypatch.setattr(loading, "fetch_weights", fetch_and_swap)
    with pytest.raises(CheckpointError, match="was replaced while it was read"):
        load_checkpoint(NAME)


def test_a_wrong_archive_is_replaced_and_the_right_one_loaded(published: Published) -> None:
    published.put()
    published.archive.write_bytes(b"wrong")
    _assert_weights(load_checkpoint(NAME), published.state)
    assert published.asked == ["/ViT-B-32.pt"]
