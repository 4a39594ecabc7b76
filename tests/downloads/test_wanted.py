"""What others may have put beside a download: nothing is written through it, nor waited for."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deadlines import run_program

from zsclip.downloads import http

if TYPE_CHECKING:
    from tests.downloads.conftest import Case

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")


@pytest.fixture
def victim(tmp_path: Path, body: bytes) -> Path:
    """A file of the user's own that is to stay as it is, and begins as the download does."""
    file = tmp_path / "home" / "diary"
    file.parent.mkdir()
    file.write_bytes(body[:1000])
    return file


@pytest.fixture
def folder(case: Case) -> Path:
    case.target.parent.mkdir()
    return case.target.parent


@pytest.mark.parametrize("end", [".part", ".part.json", ".lock"])
@pytest.mark.parametrize("how", ["link", "second name", "link to nothing"])
def test_a_download_is_written_into_no_other_file(
    case: Case, folder: Path, victim: Path, body: bytes, end: str, how: str
) -> None:
    place = folder / f"weights.bin{end}"
    if how == "second name":
        os.link(victim, place)
    else:
        place.symlink_to(victim if how == "link" else victim.with_name("new"))
    if end == ".lock" and how != "second name":
        assert "cannot be used" in case.fails()
    else:
        case.succeeds()
        assert case.server.ranges() == [None]
    assert victim.read_bytes() == body[:1000]
    assert [file.name for file in victim.parent.iterdir()] == ["diary"]


def test_nothing_is_written_through_a_link_that_is_put_there_in_the_middle(
    case: Case, victim: Path, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two tries."""
    swapped = []

    def swap(pause: float) -> None:
        case.part.unlink()
        case.part.symlink_to(victim)
        swapped.append(pause)

    monkeypatch.setattr(http, "_sleep", swap)
    case.server.then(cut=2000)
    case.succeeds()
    assert len(swapped) == 1
    assert victim.read_bytes() == body[:1000]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can give a file to another user",
)
def test_what_another_user_began_is_not_gone_on_with(case: Case, folder: Path, body: bytes) -> None:
    case.part.write_bytes(body[:1000])
    case.part.chmod(0o666)
    os.chown(case.part, 65534, 65534)
    with case.part.open("rb") as theirs:
        case.succeeds()
        assert os.fstat(theirs.fileno()).st_size == 1000
    assert case.target.stat().st_uid == 0
    assert case.server.ranges() == [None]


@pytest.mark.parametrize("end", ["", ".part", ".part.json", ".lock"])
@pytest.mark.parametrize("size", [300_000, None])
def test_no_pipe_beside_a_download_is_waited_for(
    case: Case, folder: Path, tmp_path: Path, end: str, size: int | None
) -> None:
    os.mkfifo(folder / f"weights.bin{end}")
    code = (
        "import hashlib, sys\n"
        "from pathlib import Path\n"
        "from zsclip.downloads.download import fetch\n"
        "fetch(sys.argv[1], Path(sys.argv[2]), sha256=sys.argv[3], size=eval(sys.argv[4]))\n"
    )
    digest = hashlib.sha256(case.server.body).hexdigest()
    arguments: list[str | Path] = ["-c", code, case.server.url, case.target, digest, str(size)]
    run_online(arguments, tmp_path)
    assert case.target.read_bytes() == case.server.body


def run_online(arguments: list[str | Path], folder: Path) -> None:
    """As `run_program`, which forbids downloads."""
    code = f"import os; os.environ.pop('ZSCLIP_OFFLINE')\n{arguments[1]}"
    run_program([arguments[0], code, *arguments[2:]], folder=folder, seconds=60)


@pytest.mark.parametrize(
    "notes", [b"[" * 100_000, b'{"url": "' + b"x" * 10_000_000, b"\xff", b"[]", b"null", b""]
)
def test_notes_that_are_none_are_taken_for_none(
    case: Case, folder: Path, body: bytes, notes: bytes
) -> None:
    case.part.write_bytes(body[:1000])
    case.beside(".part.json").write_bytes(notes)
    case.succeeds()
    assert case.server.ranges() == ["bytes=1000-"]
    assert "if-range" not in case.server.asked[0]


def test_notes_are_kept_as_before(case: Case, body: bytes) -> None:
    case.server.then(cut=2000)
    case.server.then(status=404)
    case.fails()
    assert json.loads(case.beside(".part.json").read_text())["validator"] == '"v1"'
    assert case.part.read_bytes() == body[:2000]
    case.succeeds()
    assert case.server.ranges()[-1] == "bytes=2000-"
