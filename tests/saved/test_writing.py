"""Where a file cannot be written: what is said, and that nothing is lost and nothing left over."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from zsclip import ZeroShotClassifier
from zsclip.errors import (
    NonFiniteError,
    ParameterTypeError,
    SavedClassifierError,
    SavedClassifierFileError,
    WouldReplaceError,
)
from zsclip.saved import writing
from zsclip.wording import brief

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

NOBODY = 65534
OLD = b"\0" * 8 + b'{"__metadata__":{"zsclip_classifier":"cut short'


def fails(clf: ZeroShotClassifier, path: Path | str) -> str:
    with pytest.raises(SavedClassifierFileError) as caught:
        clf.save(path)
    message = str(caught.value)
    assert message.startswith(f"Cannot save the classifier to {brief(str(path))}: ")
    assert message.endswith(".")
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, ValueError)
    return message


@pytest.fixture
def no_rights() -> Iterator[Path]:
    """A folder in which this process may read and not write, even if root runs it."""
    folder = Path(tempfile.mkdtemp())
    (folder / "old.zsclip").write_bytes(OLD)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    yield folder
    if is_root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_nothing_is_written_where_a_folder_has_the_name(
    colors: ZeroShotClassifier, fake: FakeEncoder, tmp_path: Path
) -> None:
    assert "it is a folder. Add the name of a file." in fails(colors, tmp_path)
    assert fake.text_batches == []  # nothing is embedded for nothing
    assert list(tmp_path.iterdir()) == []


def test_no_such_folder(colors: ZeroShotClassifier, fake: FakeEncoder, tmp_path: Path) -> None:
    message = fails(colors, tmp_path / "none" / "x.zsclip")
    assert f"there is no folder {str(tmp_path / 'none')!r}. Make it first" in message
    (tmp_path / "file").touch()
    assert "there is no folder" in fails(colors, tmp_path / "file" / "x.zsclip")
    assert fake.text_batches == []


@pytest.mark.parametrize("name", ["x" * 300, "x\0y"])
def test_a_name_that_no_file_can_have_is_not_written(
    colors: ZeroShotClassifier, tmp_path: Path, name: str
) -> None:
    assert "Nothing was changed." in fails(colors, tmp_path / name)


def test_a_name_as_long_as_can_be(colors: ZeroShotClassifier, tmp_path: Path) -> None:
    colors.save(tmp_path / ("x" * 255))
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_a_device(colors: ZeroShotClassifier) -> None:
    assert "it is no regular file" in fails(colors, os.devnull)
    assert not Path(os.devnull).is_file()


def test_no_right_to_write(colors: ZeroShotClassifier, fake: FakeEncoder, no_rights: Path) -> None:
    assert "Permission denied" in fails(colors, no_rights / "new.zsclip")
    assert "Permission denied" in fails(colors, no_rights / "old.zsclip")
    assert [path.name for path in no_rights.iterdir()] == ["old.zsclip"]
    assert (no_rights / "old.zsclip").read_bytes() == OLD
    assert fake.text_batches == []


def test_a_read_only_file_in_a_folder_that_is_not(
    colors: ZeroShotClassifier, no_rights: Path
) -> None:
    old = no_rights / "old.zsclip"
    if os.getuid() == 0:  # the folder to nobody, and the file to root
        os.seteuid(0)
        os.chown(no_rights, NOBODY, -1)
        os.seteuid(NOBODY)
    no_rights.chmod(0o755)
    if os.getuid() != 0:
        old.chmod(0o444)
    assert "Permission denied" in fails(colors, old)
    assert old.read_bytes() == OLD
    colors.save(no_rights / "new.zsclip")
    assert {path.name for path in no_rights.iterdir()} == {"old.zsclip", "new.zsclip"}


def test_no_room(saved: Path, tmp_path: Path) -> None:
    """A limit that the system sets, and meets a writer as a full disk does."""
    before = saved.read_bytes()
    code = (
        "import resource, sys\n"
        "from zsclip import ZeroShotClassifier\n"
        "from zsclip.testing import FakeEncoder\n"
        "clf = ZeroShotClassifier(['cat', 'dog'], encoder=FakeEncoder())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        f"clf.save({str(saved)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"SavedClassifierFileError: Cannot save the classifier to {str(saved)!r}" in done.stderr
    assert "File too large. Nothing was changed." in done.stderr
    assert saved.read_bytes() == before
    assert list(tmp_path.iterdir()) == [saved]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_break_in_the_middle(
    colors: ZeroShotClassifier, saved: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    def interrupt(_: int) -> None:
        assert len(list(saved.parent.iterdir())) == 2  # what comes is beside what is there
        raise error

    before = saved.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(error if isinstance(error, type) else SavedClassifierFileError):
        colors.with_labels(["red", "blue"]).save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_the_new_file_takes_the_place_of_the_old_one(
    colors: ZeroShotClassifier, fake: FakeEncoder, saved: Path, tmp_path: Path
) -> None:
    saved.chmod(0o640)
    link = tmp_path / "link.zsclip"
    link.symlink_to(saved)
    colors.with_labels(["red", "blue"]).save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o640
    assert ZeroShotClassifier.load(saved, encoder=fake).labelset.names == ("red", "blue")


def a_checkpoint(path: Path) -> None:
    save_file({"visual.proj": np.zeros((2, 2), np.float32)}, path, {"format": "pt"})


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("fox\nwolf\n"),
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)),
        lambda path: path.write_bytes(b"x"),
        a_checkpoint,
    ],
    ids=["names", "picture", "one byte", "checkpoint"],
)
def test_what_is_no_saved_classifier_is_not_replaced_unasked(
    colors: ZeroShotClassifier, fake: FakeEncoder, tmp_path: Path, write: Callable[[Path], object]
) -> None:
    path, link = tmp_path / "mine", tmp_path / "link"
    write(path)
    link.symlink_to(path)
    before = path.read_bytes()
    for place in (path, link):
        with pytest.raises(FileExistsError, match="is no saved classifier") as caught:
            colors.save(place)
        assert isinstance(caught.value, WouldReplaceError)
        assert "pass overwrite=True (on the command line, --force)" in str(caught.value)
    assert path.read_bytes() == before
    assert fake.text_batches == []  # nothing is embedded for nothing
    colors.save(path, overwrite=True)
    assert len(ZeroShotClassifier.load(path, encoder=fake).labelset) == 3


def test_a_saved_classifier_is_replaced_and_so_is_an_empty_file(
    colors: ZeroShotClassifier, fake: FakeEncoder, saved: Path
) -> None:
    whole = saved.read_bytes()
    newer = whole.replace(b'\\"format\\":1', b'\\"format\\":9')
    for before in (whole, newer, whole[: len(whole) // 2], OLD, b""):
        saved.write_bytes(before)
        colors.save(saved)
        assert saved.read_bytes() == whole
    assert newer != whole
    assert len(ZeroShotClassifier.load(saved, encoder=fake).labelset) == 3


def test_nothing_but_a_file_is_replaced_even_when_told_to(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    with pytest.raises(SavedClassifierFileError, match="it is a folder"):
        colors.save(tmp_path, overwrite=True)


def test_a_new_file_has_the_rights_of_any_new_file(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    assert saved.stat().st_mode == other.stat().st_mode


def test_a_home_folder(
    colors: ZeroShotClassifier,
    fake: FakeEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    colors.save("~/x.zsclip")
    assert (tmp_path / "x.zsclip").is_file()
    assert len(ZeroShotClassifier.load("~/x.zsclip", encoder=fake).labelset) == 3


@pytest.mark.parametrize("path", [None, 3, b"x.zsclip"])
def test_no_path(colors: ZeroShotClassifier, path: Any) -> None:
    for call in (colors.save, ZeroShotClassifier.load):
        with pytest.raises(ParameterTypeError, match="`path` must be a path, got "):
            call(path)


def test_nan_is_not_written(tmp_path: Path) -> None:
    class Opposite:
        """Two prompts that cancel each other out."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def encode_texts(self, texts: Any, *, too_long: str = "error") -> Any:
            signs = [-1 if text.startswith("no ") else 1 for text in texts]
            return np.eye(64, dtype=np.float32)[:1] * np.array(signs, np.float32)[:, None]

    from zsclip.testing import FakeEncoder

    labels = {"fine": ["yes"], "void": ["yes too", "no way"]}
    clf = ZeroShotClassifier(labels, encoder=Opposite(FakeEncoder()))
    with pytest.raises(NonFiniteError, match=r"for the label 'void' in fp32\. Try precision="):
        clf.save(tmp_path / "x.zsclip")
    assert list(tmp_path.iterdir()) == []


def test_more_text_than_the_format_has_room_for(
    colors: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "HEADER_LIMIT", 1000)
    with pytest.raises(SavedClassifierError, match=r"more than the 1,000 bytes .* Save parts"):
        colors.save(tmp_path / "x.zsclip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to another user")
def test_a_planted_link_does_not_have_another_classifier_replaced(
    colors: ZeroShotClassifier, saved: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "out.zsclip"
    link.symlink_to(saved)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    before = saved.read_bytes()
    assert "another user put there" in fails(colors, link)
    assert saved.read_bytes() == before
