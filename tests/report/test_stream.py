from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from report_pages import data_of, picture, predicted

from zsclip.errors import ParameterError, ParameterTypeError, WouldReplaceError
from zsclip.report import is_report
from zsclip.report.stream import PageStream


def row(source: str = "a.png") -> dict[str, object]:
    return {"source": source, "state": "failed", "best": [], "labels": []}


def test_a_page_is_there_when_all_of_it_is(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with PageStream(page, title="T") as stream:
        stream.write(row(), None)
        assert not page.exists()
    assert is_report(page)
    assert [r["source"] for r in data_of(page)[0]] == ["a.png"]


def test_a_page_that_was_given_up_leaves_what_was_there(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with PageStream(page, title="First"):
        pass
    before = page.read_bytes()
    with pytest.raises(KeyError), PageStream(page, title="Second") as stream:  # noqa: PT012
        stream.write(row(), None)
        raise KeyError
    assert page.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_file_of_somebody_else_is_not_replaced_unasked(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("<!doctype html><p>mine")
    with pytest.raises(WouldReplaceError, match="is no page of results"):
        PageStream(page, title="T")
    with PageStream(page, title="T", overwrite=True):
        pass
    assert is_report(page)


def test_an_open_file_is_written_to_and_stays_open() -> None:
    file = io.BytesIO()
    with PageStream(file, title="T") as stream:
        stream.write(row(), None)
    assert len(data_of(file.getvalue())[0]) == 1


@pytest.mark.parametrize("path", [None, 3, io.StringIO, io.StringIO()])
def test_what_is_neither_path_nor_file_is_refused(path: object) -> None:
    with pytest.raises(ParameterTypeError, match="must be a path or an open binary file"):
        PageStream(path, title="T")  # type: ignore[arg-type]


def test_nothing_is_written_outside_of_the_block(tmp_path: Path) -> None:
    stream = PageStream(tmp_path / "report.html", title="T")
    with pytest.raises(ParameterError, match="is not open"):
        stream.write(row(), None)
    with stream:
        pass
    with pytest.raises(ParameterError, match="is not open"):
        stream.write(row(), None)


def test_pictures_are_made_small_one_by_one(tmp_path: Path) -> None:
    with PageStream(tmp_path / "report.html", title="T", side=8) as stream:
        stream.write(row(), picture("red"))
        stream.write(row(), b"no picture")
        stream.write(row(), None)
    rows, _ = data_of(tmp_path / "report.html")
    assert ["thumb" in r for r in rows] == [True, False, False]
    assert rows[0]["thumb"].startswith("/9j/")  # how a JPEG begins


@pytest.mark.parametrize("side", [0, 8])
def test_a_page_may_be_without_pictures(side: int) -> None:
    file = io.BytesIO()
    with PageStream(file, title="T", side=side) as stream:
        stream.write(row(), picture())
    assert ("thumb" in data_of(file.getvalue())[0][0]) == bool(side)


def test_rows_go_to_the_file_as_they_come() -> None:
    file = io.BytesIO()
    with PageStream(file, title="T") as stream:
        sizes = []
        for _ in range(3):
            stream.write(row(), None)
            sizes.append(file.tell())
    assert sizes[0] < sizes[1] < sizes[2] < file.tell()


def test_results_that_came_about_in_one_way_tell_it_once() -> None:
    file = io.BytesIO()
    results = predicted([[0.2, 0.7, 0.1]] * 2, ["a.png", "b.png"])
    with PageStream(file, title="T") as stream:
        for result in results:
            stream.meet(result.labelset, result.origin)
    _, facts = data_of(file.getvalue())
    assert [origin["labelset"] for origin in facts["origins"]] == [results[0].labelset.name]
    assert facts["about"] == "3 labels (cat, dog, fox), scored by colors"


def test_several_threads_make_the_same_page(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{i}.png") for i in range(20)]
    for i, path in enumerate(paths[:-1]):  # the last one is not there
        Path(path).write_bytes(picture((i, 0, 0)))
    pages = []
    for workers in (0, 3):
        file = io.BytesIO()
        with PageStream(file, title="T", workers=workers) as stream:
            for path in paths:
                stream.write(row(path), path)
            stream.write(row("bytes"), picture())
        pages.append(file.getvalue())
    assert pages[0] == pages[1]
    rows, _ = data_of(pages[1])
    assert [r["source"] for r in rows] == [*paths, "bytes"]
    assert ["thumb" in r for r in rows] == [True] * 19 + [False, True]


def test_no_more_rows_wait_than_threads_are_busy_with(tmp_path: Path) -> None:
    path, file = tmp_path / "a.png", io.BytesIO()
    path.write_bytes(picture())
    with PageStream(file, title="T", workers=2) as stream:
        for i in range(50):
            stream.write(row(f"{i}.png"), path)
            assert file.getvalue().count(b'.png"') >= i + 1 - 8


def test_an_error_ends_the_threads_with_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    before = threading.active_count()
    with pytest.raises(KeyError), PageStream(tmp_path / "r.html", title="T", workers=2) as stream:  # noqa: PT012
        stream.write(row(), path)
        raise KeyError
    assert threading.active_count() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
