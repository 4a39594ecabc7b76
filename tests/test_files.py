"""Paths, sizes in words; writing whole or not at all, and what is not replaced."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from zsclip.errors import (
    ParameterTypeError,
    SavedClassifierError,
    WouldReplaceError,
)
from zsclip.files import (
    as_path,
    exact_size,
    file_sha256,
    making_folder,
    reason_of,
    require_replaceable,
    size_in_words,
    writing_whole,
)

UNITS = {"B": 1, "bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


def run(code: str, *args: object, user: int | None = None) -> str:
    """What a script prints that finishes with nothing on its standard error."""
    as_user = f"os.setgroups([]); os.setgid({user}); os.setuid({user})\n" if user else ""
    start = f"import os, sys\nfrom pathlib import Path\nfrom zsclip.files import *\n{as_user}"
    done = subprocess.run(
        [sys.executable, "-c", start + code, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# ------------------------------------------------------------------------------------------- paths


def test_as_path_fills_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/fox")
    assert as_path("~/a.png") == as_path(Path("~/a.png")) == Path("/home/fox/a.png")
    assert as_path("~nobody-of-this-name/a.png") == Path("~nobody-of-this-name/a.png")
    assert as_path("a~.png") == Path("a~.png")


class Bytes(os.PathLike[bytes]):
    def __fspath__(self) -> bytes:
        return b"a.png"


@pytest.mark.parametrize("path", [None, 3, True, b"a.png", ["a.png"], Bytes()])
def test_as_path_takes_nothing_else(path: Any) -> None:
    with pytest.raises(ParameterTypeError, match=r"`into` must be a path, got .*\. Pass a str or"):
        as_path(path, "into")


def test_the_reason_of_an_error_holds_no_path(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="secret") as caught:
        (tmp_path / "secret").open()
    assert reason_of(caught.value) == "No such file or directory"
    assert reason_of(ValueError("embedded null byte")) == "embedded null byte"


# ------------------------------------------------------------------------------------------- sizes


@given(st.integers(0, 10**15))
def test_a_size_in_words_is_right_to_a_tenth_of_its_unit(n: int) -> None:
    number, unit = size_in_words(n).split()
    assert abs(Fraction(number) * UNITS[unit] - n) <= Fraction(UNITS[unit], 20)
    assert unit == "GB" or Fraction(number) < 1000
    assert unit == "B" or Fraction(number) >= 1


@given(st.integers(0, 10**15))
def test_an_exact_size_is_exact_and_beside_it_right_to_three_digits(n: int) -> None:
    words = exact_size(n).replace(",", "").replace("(", "").replace(")", "").split()
    assert int(words[0]) == n
    assert words[1] == "bytes"
    if n >= 1000:
        number, unit = words[2:]
        assert abs(Fraction(number) * UNITS[unit] - n) <= Fraction(n, 200)
        assert "e" not in number
        assert unit == "GB" or Fraction(number) < 1000


# ----------------------------------------------------------------------------------- writing whole


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_when_all_of_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "new.bin"
    with writing_whole(target) as file:
        file.write(b"first ")
        assert not target.exists()
        file.write(b"second")
    assert target.read_bytes() == b"first second"
    assert listed(tmp_path) == ["new.bin"]
    assert file_sha256(target) == hashlib.sha256(b"first second").hexdigest()


def test_a_name_as_long_as_can_be_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    with writing_whole(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("old", [None, b"old"])
def test_where_writing_is_interrupted_the_old_file_stays(
    tmp_path: Path, error: type[BaseException], old: bytes | None
) -> None:
    target = tmp_path / "names.txt"
    if old is not None:
        target.write_bytes(old)

    def interrupted() -> None:
        with writing_whole(target) as file:
            file.write(b"half of it")
            raise error

    with pytest.raises(error):
        interrupted()
    assert listed(tmp_path) == ([] if old is None else ["names.txt"])
    assert old is None or target.read_bytes() == old


def test_where_a_writer_is_killed_the_old_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "names.txt"
    target.write_bytes(b"old")
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom zsclip.files import writing_whole\n"
        "with writing_whole(Path(sys.argv[1])) as file:\n"
        "    file.write(bytes(10**6))\n    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, target], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    [left] = set(listed(tmp_path)) - {"names.txt"}
    assert left.startswith(".zsclip-")
    assert left.endswith(".part")


def test_on_a_full_disk_the_old_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "names.txt"
    target.write_bytes(b"old")
    told = run(
        """
import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with writing_whole(Path(sys.argv[1])) as file:
        file.write(bytes(2000))
except OSError as error:
    print(reason_of(error))
""",
        target,
    )
    assert told == "File too large\n"
    assert target.read_bytes() == b"old"
    assert listed(tmp_path) == ["names.txt"]


def test_an_error_names_what_was_to_be_written_and_not_the_file_meanwhile(tmp_path: Path) -> None:
    told = run(
        """
import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with writing_whole(Path(sys.argv[1])) as file:
        file.write(bytes(2000))
except OSError as error:
    print(error.filename == sys.argv[1])
""",
        tmp_path / "names.txt",
    )
    assert told == "True\n"
    missing = tmp_path / "missing" / "names.txt"
    with pytest.raises(FileNotFoundError) as caught, writing_whole(missing):
        pass
    assert caught.value.filename == str(missing)


@pytest.fixture
def of_nobody() -> Iterator[tuple[Path, int | None]]:
    """A folder of somebody without rights, and who that is; None for whoever runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        user = 65534 if os.geteuid() == 0 else None
        if user is not None:
            os.chown(folder, user, user)
        yield folder, user
        folder.chmod(0o755)


REFUSED = """
try:
    with writing_whole(Path(sys.argv[1])) as file:
        print("began")
except OSError as error:
    print(reason_of(error))
"""


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_read_only_is_not_replaced(of_nobody: tuple[Path, int | None], what: str) -> None:
    folder, user = of_nobody
    target = folder / "names.txt"
    target.write_bytes(b"old")
    if user is not None:
        os.chown(target, user, user)
    (folder if what == "folder" else target).chmod(0o555)
    assert run(REFUSED, target, user=user) == "Permission denied\n"
    assert target.read_bytes() == b"old"
    assert listed(folder) == ["names.txt"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_the_old_file_goes_over(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "names.txt"
    target.write_bytes(b"old")
    target.chmod(mode)
    with writing_whole(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, old: bytes | None) -> None:
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "names.txt", tmp_path / "link.txt"
    if old is not None:
        target.write_bytes(old)
    link.symlink_to("disk/names.txt")
    with writing_whole(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert listed(tmp_path / "disk") == ["names.txt"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_regular_file_is_not_replaced(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    target = tmp_path / "taken"
    make(target)
    kind = stat.S_IFMT(target.stat().st_mode)
    with pytest.raises(OSError, match="no regular file"), writing_whole(target):
        pass
    assert stat.S_IFMT(target.stat().st_mode) == kind
    assert listed(tmp_path) == ["taken"]


def test_a_file_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writing_whole(tmp_path / "gone" / "names.txt"):
        pass
    assert listed(tmp_path) == []


def test_what_writes_to_a_path_may_be_given_the_name(tmp_path: Path) -> None:
    """As safetensors does, which maps large files and hands no bytes over."""
    target = tmp_path / "kept.safetensors"
    target.write_bytes(b"old")
    with writing_whole(target) as file:
        save_file({"x": np.arange(3, dtype=np.float32)}, file.name)
        assert target.read_bytes() == b"old"
    assert load_file(target)["x"].tolist() == [0, 1, 2]
    assert listed(tmp_path) == ["kept.safetensors"]


# --------------------------------------------------------------------------------- making a folder


def test_a_folder_is_there_when_all_of_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    with making_folder(target) as folder:
        (folder / "below").mkdir()
        (folder / "below" / "names.txt").write_text("fox")
        assert not target.exists()
    assert (target / "below" / "names.txt").read_text() == "fox"
    assert listed(tmp_path / "a") == ["b"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_folder_that_is_not_finished_goes(tmp_path: Path, error: type[BaseException]) -> None:
    def interrupted() -> None:
        with making_folder(tmp_path / "new") as folder:
            (folder / "names.txt").write_text("fox")
            raise error

    with pytest.raises(error):
        interrupted()
    assert listed(tmp_path) == []


@pytest.mark.parametrize("there", ["folder", "file", "dangling link"])
def test_a_folder_takes_nobodys_place(tmp_path: Path, there: str) -> None:
    target = tmp_path / "taken"
    if there == "folder":
        target.mkdir()
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")
    with pytest.raises(FileExistsError), making_folder(target):
        pass
    assert listed(tmp_path) == ["taken"]


# ------------------------------------------------------------------------------- what is not ours


def begins_with_ours(file: Path) -> bool:
    return file.read_bytes().startswith(b"ours")


def check(target: Path, **options: bool) -> None:
    require_replaceable(target, begins_with_ours, kind="saved classifier", **options)


def test_a_file_that_zsclip_did_not_write_is_replaced_only_when_that_is_said(
    tmp_path: Path,
) -> None:
    target = tmp_path / "my.pt"
    target.write_bytes(b"a checkpoint")
    with pytest.raises(WouldReplaceError) as caught:
        check(target)
    assert str(caught.value) == (
        f"'{target}' is there already and is no saved classifier, so zsclip does not replace it "
        "unasked. Give another name, or pass overwrite=True (on the command line, --force) to "
        "replace it."
    )
    assert isinstance(caught.value, FileExistsError)
    check(target, overwrite=True)
    assert target.read_bytes() == b"a checkpoint"


def test_what_is_ours_or_empty_or_not_there_may_be_written(tmp_path: Path) -> None:
    check(tmp_path / "new")
    (tmp_path / "empty").touch()
    check(tmp_path / "empty")
    (tmp_path / "link").symlink_to("nowhere")
    check(tmp_path / "link")
    (tmp_path / "old").write_bytes(b"ours, of last week")
    check(tmp_path / "old")


def test_through_a_link_it_counts_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("fox.png")
    (tmp_path / "fox.png").write_bytes(b"a picture")
    with pytest.raises(WouldReplaceError, match=r"link' is there already"):
        check(tmp_path / "link")


@pytest.mark.parametrize("error", [OSError, ValueError, SavedClassifierError])
def test_what_cannot_be_read_is_not_ours(tmp_path: Path, error: type[Exception]) -> None:
    def fails(file: Path) -> bool:
        raise error("It cannot be read.")

    (tmp_path / "fox").write_bytes(b"fox")
    with pytest.raises(WouldReplaceError, match="is no picture"):
        require_replaceable(tmp_path / "fox", fails, kind="picture")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_never_replaced(tmp_path: Path, overwrite: bool) -> None:
    with pytest.raises(WouldReplaceError, match=r"no regular file\. Name another place"):
        require_replaceable(tmp_path, lambda _: True, kind="list", overwrite=overwrite)


@pytest.mark.parametrize("overwrite", ["no", 1, None])
def test_what_is_said_of_replacing_is_true_or_false(tmp_path: Path, overwrite: Any) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ParameterTypeError, match="`overwrite` must be True or False"):
        require_replaceable(
            tmp_path / "thesis.txt", lambda file: False, kind="file", overwrite=overwrite
        )
