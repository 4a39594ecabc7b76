"""The check of wheels: good ones, every breach, and archives of any content."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zsclip.authoring import check_distribution
from zsclip.errors import LabelSetUnreadableError, ParameterTypeError

LIBRARY = Path(__file__).parents[2] / "labelsets"

METADATA = """Metadata-Version: 2.4
Name: test-garden
Version: 1.2
License-Expression: CC0-1.0
Requires-Dist: zsclip>=0.1.0
"""
INFO = "test_garden-1.2.dist-info"

Layout = Callable[..., dict[str, bytes]]
MakeWheel = Callable[[Path, Mapping[str, bytes]], Path]


@pytest.fixture
def wheel(tmp_path: Path, make_layout: Layout, make_wheel: MakeWheel) -> Callable[..., list[str]]:
    """Checks a wheel of the layout given, after a function has changed its files."""

    def check(change: Callable[[dict[str, bytes]], object] | None = None, **options: object):  # type: ignore[no-untyped-def]
        given = {"sets": {"garden": None}, "metadata": METADATA, **options}
        files = make_layout("test-garden", **given)
        if change is not None:
            change(files)
        return check_distribution(make_wheel(tmp_path, files))

    return check


def test_a_good_wheel(wheel: Callable[..., list[str]]) -> None:
    assert wheel() == []
    assert wheel(sets={"garden": None, "park": None}) == []


def drop(path: str) -> Callable[[dict[str, bytes]], object]:
    return lambda files: files.pop(path)


def put(path: str, text: str) -> Callable[[dict[str, bytes]], object]:
    return lambda files: files.update({path: text.encode()})


@pytest.mark.parametrize(
    ("builder", "advice"),
    [
        (
            "setuptools (80.9.0)",
            "Tell setuptools to take it along: [tool.setuptools.package-data] with "
            'test_garden = ["*.toml"].',
        ),
        (
            "poetry-core 2.1.3",
            "See that poetry-core takes it along: that no `exclude` covers it, and that no "
            ".gitignore does. With setuptools: [tool.setuptools.package-data] with "
            'test_garden = ["*.toml"].',
        ),
    ],
)
def test_a_wheel_that_was_built_without_the_data(
    wheel: Callable[..., list[str]], builder: str, advice: str
) -> None:
    """As these back ends lay it out: the package and its entry point, and the file left out."""

    def change(files: dict[str, bytes]) -> None:
        del files["test_garden/garden.toml"]
        files[f"{INFO}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: {builder}\n".encode()

    assert wheel(change) == [
        "test_garden/garden.toml: D4 file: is missing, and the entry point 'garden' leads to it. "
        + advice
    ]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (drop(f"{INFO}/METADATA"), f"{INFO}/METADATA: D1 file: is missing"),
        (drop(f"{INFO}/WHEEL"), f"{INFO}/WHEEL: D1 file: is missing"),
        (drop(f"{INFO}/RECORD"), f"{INFO}/RECORD: D1 file: is missing"),
        (put(f"{INFO}/RECORD", ""), f"{INFO}/RECORD: D1 file: does not list 'test_garden/g"),
        (put("test_garden/garden.toml", ""), f"{INFO}/RECORD: D1 file: has another hash for"),
        (put("test_garden/garden.toml", "x = "), "test_garden/garden.toml: R1 file: is not TOML"),
        (put("b-1.dist-info/METADATA", ""), "must hold one .dist-info folder, got 2."),
        (put("test_garden/more.toml", "schema = 1\nlabels = []"), "test_garden/more.toml: D5 "),
        (put("../x", ""), "D1 file: holds the path '../x', which leads out of it"),
        (put("/etc/x", ""), "D1 file: holds the path '/etc/x', which leads out of it"),
        (put(f"{INFO}/entry_points.txt", ""), f"{INFO}/entry_points.txt: R3 [zsclip.labelsets]: i"),
        (
            put(f"{INFO}/entry_points.txt", "[zsclip.labelsets]\nno equals sign\n"),
            f"{INFO}/entry_points.txt: R3 ",
        ),
        (
            put(f"{INFO}/entry_points.txt", "[zsclip.labelsets]\ngarden = nowhere\n"),
            f"{INFO}/entry_points.txt: D4 entry point: 'garden' leads to the package 'nowhere', "
            "and no such folder is here; a file of this name lies at 'test_garden/garden.toml'.",
        ),
        (
            put(f"{INFO}/entry_points.txt", "[zsclip.labelsets]\nGarden = test_garden.x\n"),
            f"{INFO}/entry_points.txt: R3 entry point: must lead to one top-level package",
        ),
        (put(f"{INFO}/METADATA", METADATA.replace("1.2", "1.3")), "D2 Name: is test-garden 1.3, "),
        (put(f"{INFO}/METADATA", METADATA.replace(">=", "==")), "D3 Requires-Dist: must set no"),
        (put(f"{INFO}/METADATA", METADATA.replace("CC0-1.0", "")), "D2 License-Expression: is"),
        (put(f"{INFO}/METADATA", METADATA.replace("Version: 1.2", "")), "D2 Version: is missing"),
    ],
)  # fmt: skip
def test_a_breach_in_a_wheel(
    wheel: Callable[..., list[str]], change: Callable[[dict[str, bytes]], object], finding: str
) -> None:
    found = wheel(change)
    assert any(finding in problem for problem in found), found


def test_a_wheel_by_another_name(
    tmp_path: Path, make_layout: Layout, make_wheel: MakeWheel
) -> None:
    files = make_layout("test-garden", sets={"garden": None}, metadata=METADATA)
    path = make_wheel(tmp_path, files).rename(tmp_path / "latest.whl")
    (problem,) = check_distribution(path)
    assert problem.startswith("latest.whl: D1 name: must be name-version-python-abi-platform.whl")


# ------------------------------------------------------------------------------------- any content


def test_what_is_no_distribution(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.touch()
    for path in (file, tmp_path / "nowhere", tmp_path / "nowhere.whl", "a\0.tar.gz", "a\0"):
        with pytest.raises(LabelSetUnreadableError):
            check_distribution(path)
    with pytest.raises(ParameterTypeError, match="`path` must be a path, got int"):
        check_distribution(3)  # type: ignore[arg-type]


def mutations(good: bytes) -> st.SearchStrategy[bytes]:
    """A good archive with some of its bytes replaced, or cut short."""
    changes = st.dictionaries(st.integers(0, len(good) - 1), st.integers(0, 255), max_size=20)

    def apply(changed: dict[int, int], end: int) -> bytes:
        data = bytearray(good)
        for place, value in changed.items():
            data[place] = value
        return bytes(data[:end])

    return st.builds(apply, changes, st.integers(1, len(good)) | st.just(len(good)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", ["wheel", "sdist", "tar", "pyproject"])
def test_no_content_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory,
    make_layout: Layout,
    kind: str,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    out = io.BytesIO()
    path = folder / "test_garden-1.2-py3-none-any.whl"
    if kind == "wheel":
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in make_layout(
                "test-garden", sets={"garden": None}, metadata=METADATA
            ).items():
                archive.writestr(name, content)
    elif kind == "pyproject":
        out.write((LIBRARY / "satellite/pyproject.toml").read_bytes())
        path = folder / "pyproject.toml"
    else:
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.add(LIBRARY / "satellite/zsclip_labels_satellite", "x-1/zsclip_labels_satellite")
            tar.add(LIBRARY / "satellite/pyproject.toml", "x-1/pyproject.toml")
        path = folder / "x-1.tar.gz"
        if kind == "sdist":
            out = io.BytesIO(gzip.compress(out.getvalue(), 1))
    content = data.draw(st.binary(max_size=300) | mutations(out.getvalue()))
    path.write_bytes(gzip.compress(content, 1) if kind == "tar" else content)

    found = check_distribution(folder if kind == "pyproject" else path)

    assert all(isinstance(problem, str) and ": " in problem for problem in found)
