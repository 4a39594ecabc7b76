"""Who died over which rows."""

from __future__ import annotations

from typing import Any

import pyarrow
import pytest
import ray

from zsclip.ray import deaths
from zsclip.ray.deaths import Deaths, Watched

A, B = b"a", b"b"


def test_rows_that_a_process_ends_over_are_counted() -> None:
    noted = Deaths()
    assert noted.begin("one", 1, A) == (0, 0)
    assert noted.begin("one", 1, B) == (0, 0)  # which is no death, but the next rows
    assert noted.begin("one", 2, A) == (0, 0)  # it died over B
    assert noted.begin("two", 3, B) == (1, 0)
    assert noted.begin("two", 4, B) == (2, 1)
    noted.end("two")
    assert noted.begin("two", 5, B) == (2, 1)  # whoever is through died over nothing


def test_nothing_is_asked_where_nobody_watches() -> None:
    watched = Watched()
    assert watched.begin(pyarrow.table({"id": [1]})) is False
    watched.end()


@pytest.mark.usefixtures("cluster")
def test_there_is_one_for_a_job() -> None:
    assert deaths.watch_of_job() is deaths.watch_of_job()


@pytest.mark.usefixtures("cluster")
def test_it_is_told_when_it_is_hardly_the_pictures_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "__init__", _without_actor)
    watched: Any = Watched(ray.remote(num_cpus=0)(Deaths).remote())
    tables = [pyarrow.table({"id": [i, i]}) for i in range(2)]
    monkeypatch.setattr(deaths, "MOST", 1)
    told = []
    for process in range(3):
        monkeypatch.setattr("os.getpid", lambda process=process: -process)
        told.append(watched.begin(tables[0]))
    assert told == [False, False, True]
    watched.end()
    for process in range(2):
        monkeypatch.setattr("os.getpid", lambda process=process: -process)
        watched.begin(tables[1])
    monkeypatch.setattr("os.getpid", lambda: -9)
    with pytest.raises(RuntimeError, match=r"over 2 different rows\. That is hardly the pictures'"):
        watched.begin(tables[1])


def _without_actor(self: Any, handle: Any) -> None:
    self._deaths, self._actor = handle, "tests"
