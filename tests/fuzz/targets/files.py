"""Saved classifiers and caches: files of zsclip's own that somebody else may have written."""

from __future__ import annotations

import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

from tests.fuzz.catalogue import Target
from tests.fuzz.mutations import Seed
from zsclip import (
    Calibration,
    EmbeddingCache,
    LabelSet,
    Probe,
    Rejection,
    Standardization,
    Thresholds,
    ZeroShotClassifier,
)
from zsclip.cache import FileStamp, make_key
from zsclip.errors import ZsclipError
from zsclip.labels import Group, Label
from zsclip.testing import FakeEncoder

__all__ = ["CACHES", "SAVED"]


# ------------------------------------------------------------------------------- saved classifiers


@functools.cache
def _encoder() -> FakeEncoder:
    return FakeEncoder(embedding_dim=8)


def _saved_seeds() -> Iterator[Seed]:
    tree = LabelSet(
        name="tree",
        labels=(
            Label("a", "ant", ("emmet",), ("an ant.",), "i"),
            Label("b", "bee", (), (), "i"),
            Label("c", "cat"),
        ),
        groups=(Group("i", "insect", None),),
        license="CC0-1.0",
        source="own work",
        templates=("a {}.", "the {}."),
    )
    chain = tuple(Group(str(i), f"g{i}", str(i + 1)) for i in range(300))
    long = LabelSet(
        name="chain",
        labels=(Label("a", "ant", (), (), "0"), Label("b", "bee")),
        groups=(*chain, Group("300", "last", None)),
    )
    for name, labels, form in (
        ("small", LabelSet.from_names(["cat", "dog"]), "saved"),
        ("tree", tree, "saved"),
        ("chain", long, "saved"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "classifier.zsclip"
            made = ZeroShotClassifier(labels, encoder=_encoder(), cache=False)
            made.save(path)
            yield Seed(name, path.read_bytes(), form)
    for several in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "classifier.zsclip"
            _taught(several=several).save(path)
            yield Seed(f"learnt, {several}", path.read_bytes(), "saved")


def _taught(*, several: bool) -> ZeroShotClassifier:
    """A classifier that could have learnt all that it can."""
    labels, numbers = ["cat", "dog"], np.random.default_rng(0)
    clf = ZeroShotClassifier(labels, multi_label=several, encoder=_encoder(), cache=False)
    learnt = clf._learning(rejection=Rejection(method="probability", threshold=0.3)).learnt
    calibration = Calibration(
        temperature=2.0,
        bound="",
        pictures=9,
        ece_before=0.2,
        ece_after=0.1,
        brier_before=0.5,
        brier_after=0.4,
        lac=np.linspace(0, 1, 9),
        aps=np.linspace(0, 1, 9),
    )
    rows = numbers.normal(size=(2, 8)).astype(np.float32)
    probe = Probe(pictures=9, c=1.0, start="zero", weights=rows, bias=rows[:, 0])
    learnt = replace(learnt, calibration=calibration, probe=probe)
    if several:
        spread = Standardization(pictures=9, mean=np.zeros(2), deviation=np.ones(2))
        thresholds = Thresholds(
            target="f1",
            pictures=9,
            temperature=2.0,
            bias=0.5,
            brier_before=0.2,
            brier_after=0.1,
            precision=0.9,
            recall=0.8,
            f1=0.85,
            values=np.array([0.5, np.inf]),
            own=np.ones(2),
        )
        learnt = replace(learnt, standardization=spread, thresholds=thresholds)
    return clf.with_learnt(learnt)


def _load(data: bytes) -> str:
    path = Path("classifier.zsclip")
    path.write_bytes(data)
    try:
        given = _encoder() if Random(data).random() < 0.7 else None
        made = (
            ZeroShotClassifier.load(path, encoder=given, cache=False)
            if given
            else ZeroShotClassifier.load(path, cache=False)
        )
    finally:
        path.unlink()
    made.classify(np.zeros((4, 4, 3), np.uint8))
    return "read"


SAVED = Target(
    lambda: list(_saved_seeds()), _load, (ZsclipError,),
    (b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"NaN", b"1e999", b'"model"',
    b'"name"',
     b'"tiny-cartoon"', b'"encoder"', b'"native"', b'"F32"', b'"F64"',
     b'"learnt"', b'"several"', b'"tie"', b"data_offsets", b"\\u0000",
     b"18446744073709551615"),
)  # fmt: skip


# ------------------------------------------------------------------------------------------ caches

_KEYS = [make_key("text", str(i)) for i in range(5)]
_VECTOR = np.full(16, 0.25, np.float32)


def _stamp() -> FileStamp:
    return FileStamp("/a.png", 10, 1, 1, 1)


def _cache_seeds() -> Iterator[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "embeddings.sqlite"
        cache = EmbeddingCache(path)
        cache.put([(key, _VECTOR) for key in _KEYS])
        cache.close()
        whole = path.read_bytes()
        yield Seed("whole", whole)
        tables = _tables(path)
        for name, lines in _planted(tables):
            path.write_bytes(whole)
            with sqlite3.connect(path) as connection:
                for line in lines:
                    connection.execute(line)
            connection.close()
            yield Seed(name, path.read_bytes())
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE other (x)")
        connection.close()
        yield Seed("another's", path.read_bytes())
    yield Seed("empty", b"")
    yield Seed("text", b"no database\n" * 500)


def _tables(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return [name for (name,) in rows if not name.startswith("sqlite_")]


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def _planted(tables: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Databases of the right form with something of a stranger's in them."""
    for table in tables:
        yield (
            f"trigger on {table}",
            [
                f"CREATE TRIGGER t AFTER {what} ON {table} BEGIN {_ENDLESS}; END".replace(
                    "TRIGGER t", f"TRIGGER t{what.lower()}"
                )
                for what in ("INSERT", "UPDATE", "DELETE")
            ],
        )
        yield (
            f"view for {table}",
            [
                f"ALTER TABLE {table} RENAME TO moved",
                f"CREATE VIEW {table} AS {_ENDLESS}",
            ],
        )


def _use(data: bytes) -> str:
    folder = Path("cache")
    folder.mkdir(mode=0o700)
    try:
        file = folder / "embeddings.sqlite"
        file.write_bytes(data)
        file.chmod(0o600)
        cache = EmbeddingCache(folder)
        try:
            found = cache.get(_KEYS)
            cache.get_digests([_stamp()])
            cache.info()
            cache.put([(_KEYS[0], _VECTOR)])
            if Random(data).random() < 0.3:
                cache.verify()
                cache.get(_KEYS)
        finally:
            cache.close()
    finally:
        shutil.rmtree(folder)
    assert all(vector is None or vector.ndim == 1 for vector in found)
    return "read" if any(vector is not None for vector in found) else "not read"


CACHES = Target(
    lambda: list(_cache_seeds()), _use, (),
    (b"SQLite format 3\0", b"\xff\xff\xff\xff", b"\0\0\0\0", b"CREATE TABLE", b"CREATE VIEW",
     b"CREATE TRIGGER", b"WITHOUT ROWID", b"embeddings", b"\0\0\0\1", b"\x0d", b"\x05", b"\x0a",
     b"\x02"),
)  # fmt: skip
