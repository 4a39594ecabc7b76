"""Parts of a listing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from zsclip.images import Reading
from zsclip.ray.entries import look
from zsclip.ray.listing import keep_listing
from zsclip.ray.parts import parts_of
from zsclip.ray.places import Place
from zsclip.ray.shards import PICTURE


def test_a_row_that_names_no_picture_does_not_tell_where_the_others_lie(tmp_path: Path) -> None:
    """What lies in a bucket is read by Arrow, `file:` as well."""
    (tmp_path / "a.png").write_bytes(b"content")
    table = tmp_path / "names.parquet"
    parquet.write_table(pa.table({"url": [None, f"file://{tmp_path}/a.png"]}), table)
    source, kept = look(table, None, None), Place.of(tmp_path / "listing.parquet", "sink")
    listing = keep_listing(source, kept, with_ids=False, strict=False)
    (part,) = parts_of(
        source, listing, kept, width=16, id_column="id", own_ids=False, strict=False,
        reading=Reading(),
    )  # fmt: skip
    (rows,) = part
    assert rows.column(PICTURE).to_pylist() == [None, b"content"]
