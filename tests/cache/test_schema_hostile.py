"""Files that were made to do harm: no code in them is run, and what is asked of them ends."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deadlines import run_program

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

N = 300
PAGE = 16_384

ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT"
BODY = f"BEGIN {ENDLESS} x FROM r; END"

ADDED = {
    "trigger on insert": f"CREATE TRIGGER t AFTER INSERT ON embeddings {BODY}",
    "trigger on update": f"CREATE TRIGGER t BEFORE UPDATE ON uses {BODY}",
    "trigger on delete": f"CREATE TRIGGER t BEFORE DELETE ON files {BODY}",
    "view": f"CREATE VIEW v AS {ENDLESS} x FROM r",
    "table": "CREATE TABLE t (x)",
    "generated column": "ALTER TABLE files ADD COLUMN g AS (length(zeroblob(used * 1000)))",
    "expression index": "CREATE INDEX i ON embeddings (length(vector))",
    "partial index": "CREATE INDEX i ON uses (used) WHERE used > 0",
    "statistics": "ANALYZE",
}
REPLACED = {
    "uses": f"CREATE VIEW uses AS {ENDLESS} x AS id, x AS used FROM r",
    "files": f"CREATE VIEW files AS {ENDLESS} x AS path, x AS stamp, x AS checksum, x AS digest, "
    "x AS used FROM r",
    "embeddings": f"CREATE VIEW embeddings AS {ENDLESS} x AS id, x AS key, x AS checksum, "
    "x AS vector FROM r",
}

USE = """
import sys, warnings
sys.path.append(sys.argv[2])
from vectors import unit
from zsclip import EmbeddingCache
from zsclip.cache import FileStamp, make_key, schema
from zsclip.errors import CacheWarning

schema._MOST_STEPS = 30_000_000
warnings.simplefilter("ignore", CacheWarning)
cache = EmbeddingCache(sys.argv[1])
stamp = FileStamp("/0.png", 0, 0, 10**10)
keys = [make_key("entry", str(i)) for i in range(300)]
first = cache.info().problem
found = cache.get(keys)
cache.get_digests([stamp])
cache.put([(make_key("entry", "new"), unit(1))])
cache.put_digests([(stamp, b"hash")])
cache.verify()
cache.info()
assert all(got is None or (got == unit(i)).all() for i, got in enumerate(found))
print(sum(got is not None for got in found), first)
cache.clear()
cache.close()
"""


def use(kept: Kept, folder: Path) -> tuple[int, str]:
    """Everything that can be asked of a cache, by a process that is ended if it does not end."""
    support = Path(__file__).parents[1] / "support"
    out = run_program(["-c", USE, kept.path, support], folder=folder)
    count, problem = out.split(maxsplit=1)
    return int(count), problem


@pytest.mark.parametrize("name", ADDED)
def test_what_stands_beside_the_tables_is_not_run_and_the_embeddings_are_kept(
    kept: Kept, tmp_path: Path, name: str
) -> None:
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute(ADDED[name])
        plain.commit()
    count, problem = use(kept, tmp_path)
    assert "tables are missing or not as they were made, or not alone" in problem
    assert count == N


@pytest.mark.parametrize("name", REPLACED)
def test_a_view_in_the_place_of_a_table_is_not_read(kept: Kept, tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute(f"DROP TABLE {name}")
        plain.execute(REPLACED[name])
        plain.commit()
    count, problem = use(kept, tmp_path)
    assert "tables are missing or not as they were made, or not alone" in problem
    assert count == (0 if name == "embeddings" else N)


def test_a_virtual_table_is_not_opened(kept: Kept, tmp_path: Path) -> None:
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute("PRAGMA writable_schema = ON")
        plain.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, "
            "'CREATE VIRTUAL TABLE v USING fts5(x)')"
        )
        plain.commit()
    assert use(kept, tmp_path)[0] == N


def test_pages_that_lead_into_each_other_are_not_walked_for_ever(
    kept: Kept, tmp_path: Path
) -> None:
    """Twelve levels of pages, each of which leads to the next one five hundred times."""
    [root, *_] = kept.pages("uses")
    data = bytearray(kept.path.read_bytes())
    leaf, first = bytes(data[root : root + PAGE]), len(data) // PAGE + 1
    assert leaf[0] == 13
    numbers = [root // PAGE + 1, *range(first, first + 12)]
    for child in numbers[1:]:
        cells = b"".join(child.to_bytes(4, "big") + bytes([1]) for _ in range(500))
        begin = PAGE - len(cells)
        head = bytes([5, 0, 0]) + (500).to_bytes(2, "big") + begin.to_bytes(2, "big") + bytes(1)
        places = b"".join((begin + 5 * i).to_bytes(2, "big") for i in range(500))
        page = (head + child.to_bytes(4, "big") + places).ljust(begin, b"\0") + cells
        at = (numbers[numbers.index(child) - 1] - 1) * PAGE
        data[at : at + PAGE] = page
    data[(numbers[-1] - 1) * PAGE :] = leaf
    data[28:32] = (len(data) // PAGE).to_bytes(4, "big")
    kept.path.write_bytes(data)
    assert use(kept, tmp_path)[0] in (0, N)


def test_a_field_is_not_read_beyond_its_bound(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zsclip import EmbeddingCache
    from zsclip.cache import make_key, schema
    from zsclip.errors import CacheWarning

    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute("UPDATE embeddings SET vector = zeroblob(200000) WHERE id = 5")
        plain.commit()
    monkeypatch.setattr(schema, "_MOST_BYTES", 100_000)
    with closing(EmbeddingCache(kept.path)) as cache, pytest.warns(CacheWarning, match="too big"):
        assert cache.get([make_key("entry", "4")]) == [None]
