"""A file is hashed once, and again when it changed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zsclip.errors import ChecksumError
from zsclip.files import file_sha256
from zsclip.weights import download, identity
from zsclip.weights.download import fetch

if TYPE_CHECKING:
    from tests.weights.conftest import Case


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were hashed, in order."""
    paths: list[Path] = []

    def record(path: Path) -> str:
        paths.append(path)
        return file_sha256(path)

    for module in (download, identity):
        monkeypatch.setattr(module, "file_sha256", record)
    return paths


def test_a_file_put_there_by_hand_is_used(case: Case, body: bytes, hashed: list[Path]) -> None:
    case.target.parent.mkdir()
    case.target.write_bytes(body)
    for _ in range(3):
        case.succeeds()
    assert hashed == [case.target]
    assert case.server.asked == []


def test_a_downloaded_file_is_hashed_once(case: Case, hashed: list[Path]) -> None:
    for _ in range(3):
        case.succeeds()
    assert hashed == [case.part]


def test_a_touched_file_is_hashed_again(case: Case, hashed: list[Path]) -> None:
    case.succeeds()
    os.utime(case.target, ns=(1, 1))
    case.succeeds()
    case.succeeds()
    assert hashed == [case.part, case.target]
    assert len(case.server.asked) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "{}", b"\xff\xfe"])
def test_a_sidecar_that_says_nothing(case: Case, text: str | bytes, hashed: list[Path]) -> None:
    case.succeeds()
    case.beside(".verified").write_bytes(text if isinstance(text, bytes) else text.encode())
    case.succeeds()
    assert hashed == [case.part, case.target]
    assert json.loads(case.beside(".verified").read_text())["size"] == 300_000


def test_a_sidecar_for_another_hash_does_not_count(case: Case) -> None:
    case.succeeds()
    with pytest.raises(ChecksumError):
        case.fetch(sha256="0" * 64)


def test_a_file_with_the_right_hash_needs_no_server(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(body)
    assert file_sha256(str(path)) == hashlib.sha256(body).hexdigest()
    assert fetch("http://x.invalid", path, sha256=file_sha256(path)) == path
