"""Archives of distributions that hold much: looked at in time by their size, and within bounds."""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import Mock

import pytest
from growth import run_limited

from zsclip.authoring import check_distribution, distributions, trees

INFO = "birds-1.dist-info"
SET = 'schema = 1\nname = "{}"\nlicense = "MIT"\nsource = "own"\nlabels = ["robin", "wren"]\n'


def wheel(
    folder: Path, names: Iterable[str] = ("birds",), *, missing: int = 0, files: Iterable[str] = ()
) -> Path:
    """A wheel of some label sets, of which some lack their files, and of other, empty files."""
    names = list(names)
    contents = {f"birds/{name}.toml": SET.format(name) for name in names[missing:]}
    contents |= dict.fromkeys(files, "")
    contents[f"{INFO}/METADATA"] = (
        "Metadata-Version: 2.4\nName: birds\nVersion: 1\nLicense: MIT\nRequires-Dist: zsclip\n"
    )
    contents[f"{INFO}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: hatchling 1\n"
    points = "".join(f"{name} = birds\n" for name in names)
    contents[f"{INFO}/entry_points.txt"] = f"[zsclip.labelsets]\n{points}"
    contents[f"{INFO}/RECORD"] = "".join(f"{path},,\n" for path in contents)
    path = folder / "birds-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def sdist(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    path = folder / "birds-1.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return path


def test_a_wheel_of_many_folders_is_gone_through_once(tmp_path: Path) -> None:
    wheel(tmp_path, missing=1, files=(f"f{i}/a.py" for i in range(30_000)))
    program = """
from zsclip.authoring import check_distribution
print(*check_distribution("birds-1-py3-none-any.whl"))
"""
    printed = run_limited(program, folder=tmp_path)
    assert printed.startswith(f"{INFO}/entry_points.txt: D4 entry point: 'birds' leads to the")


def test_what_is_in_each_folder() -> None:
    tree = trees._InMemory({"b/c/d.py", "a.py", "b/e.py", "b-c/f.py", "b/c/a.py", "b/x/y/z"}, {})
    assert tree.files_in("") == ["a.py"]
    assert tree.folders_in("") == ["b", "b-c"]
    assert tree.files_in("b") == ["b/e.py"]
    assert tree.folders_in("b") == ["b/c", "b/x"]
    assert tree.folders_in("b/x") == ["b/x/y"]
    assert tree.files_in("b/c") == ["b/c/a.py", "b/c/d.py"]
    assert tree.files_in("c") == tree.folders_in("c") == tree.folders_in("b/c") == []


def test_the_record_is_read_once_for_all_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wheel(tmp_path, (f"set{i}" for i in range(50)))
    reader = Mock(wraps=csv.reader)
    monkeypatch.setattr("zsclip.authoring.metadata.csv.reader", reader)
    assert check_distribution(path) == []
    assert reader.call_count == 1


def test_files_that_are_not_there_are_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [f"other/set{i}.toml" for i in range(50)]
    path = wheel(tmp_path, [*(f"set{i}" for i in range(50)), "here"], missing=50, files=files)
    walk = Mock(wraps=distributions._walk)
    monkeypatch.setattr(distributions, "_walk", walk)
    found = check_distribution(path)
    assert sum("a file of this name lies at 'other/set" in problem for problem in found) == 50
    folders = [call.args[1] for call in walk.call_args_list]
    assert len(folders) == len(set(folders)) > 1


def test_a_distribution_of_more_sets_than_are_compared_is_named(tmp_path: Path) -> None:
    assert check_distribution(wheel(tmp_path, (f"set{i}" for i in range(100)))) == []
    (problem,) = check_distribution(wheel(tmp_path, (f"set{i}" for i in range(101))))
    assert "D1 entry points: 101 label sets are declared, and a check takes 100" in problem


def test_archives_of_more_files_than_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MOST_FILES", 20)
    for path in (
        wheel(tmp_path, files=(f"f{i}" for i in range(20))),
        sdist(tmp_path, *((tarfile.TarInfo(f"birds-1/{i}"), b"") for i in range(21))),
    ):
        (problem, *_) = check_distribution(path)
        assert problem.startswith(f"{path.name}: D1 file: holds more than 20 files and folders")


def test_archives_of_deep_folders(tmp_path: Path) -> None:
    deep = "/".join(["a"] * 50)
    assert check_distribution(wheel(tmp_path, files=[deep])) == []
    (problem,) = check_distribution(wheel(tmp_path, files=[f"a/{deep}"]))
    assert "of 51 folders within each other, and may have 50" in problem
    (problem,) = check_distribution(wheel(tmp_path, files=["a/" * 30_000 + "b"]))
    assert len(problem) < 400


def test_a_wheel_s_own_list_of_files_is_not_read_beyond_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wheel(tmp_path, files=(f"f{i}" for i in range(1000)))
    assert check_distribution(path) == []
    monkeypatch.setattr(trees, "LIST_LIMIT", 40_000)
    (problem,) = check_distribution(path)
    assert problem.startswith(f"{path.name}: D1 file: has a list of files of more than")


def test_a_sparse_file_is_not_put_together(tmp_path: Path) -> None:
    # 16 MiB of single bytes with gaps between them, which 300 kB can describe
    blocks = 400_000
    body = f"{blocks}\n".encode() + b"".join(b"%d\n1\n" % (i * 40) for i in range(blocks))
    body += b"\0" * (-len(body) % 512) + b"a" * blocks
    member = tarfile.TarInfo("birds-1/birds.toml")
    member.size = len(body)
    member.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "birds-1/pyproject.toml",
        "GNU.sparse.realsize": str(blocks * 40),
    }
    sdist(tmp_path, (member, body))
    program = """
from zsclip.authoring import check_distribution
print(*check_distribution("birds-1.tar.gz"), sep="\\n")
"""
    printed = run_limited(program, folder=tmp_path)
    assert "pyproject.toml: D1 file: is a sparse file. Build the sdist anew." in printed


def test_headers_of_tar_that_are_large_or_lead_to_each_other(tmp_path: Path) -> None:
    path = tmp_path / "birds-1.tar.gz"
    long = tarfile.TarInfo("././@LongLink")
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 10
    pax = tarfile.TarInfo("birds-1/pax")
    pax.type, pax.size = tarfile.XHDTYPE, 2**40
    for content in (
        (long.tobuf(tarfile.GNU_FORMAT) + b"birds-1/aa".ljust(512, b"\0")) * 5000,
        pax.tobuf(tarfile.GNU_FORMAT) + b"\0" * 2**20,
    ):
        path.write_bytes(gzip.compress(content))
        (problem, *_) = check_distribution(path)
        assert problem.startswith("birds-1.tar.gz: D1 file: is no sdist that can be read")


def test_a_folder_is_listed_once_for_all_files_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ", ".join(f'"L{i}"' for i in range(200))
    (tmp_path / "pyproject.toml").write_text(f"[project]\nlicense-files = [{names}]\n")
    listed = Mock(wraps=trees._Folder(tmp_path).files_in)
    monkeypatch.setattr(trees._Folder, "files_in", lambda _, folder: listed(folder))
    found = check_distribution(tmp_path)
    assert sum("D6 project.license-files" in problem for problem in found) == 200
    assert listed.call_count < 10
