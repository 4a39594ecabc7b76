"""The last touch to results: what could not be read says why, and helping columns go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.errors import ImageError
from zsclip.ray.shards import PROBLEM

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["finish"]


def finish(table: Table) -> Table:
    """Results with the reasons of those rows for which there was nothing to classify."""
    import pyarrow.compute as pc

    if PROBLEM not in table.column_names:
        return table
    problems = table.column(PROBLEM)
    table = table.drop_columns([PROBLEM])
    if problems.null_count == len(problems):
        return table
    there = pc.is_null(problems)
    for name, value in (("error", problems), ("error_type", ImageError.__name__)):
        place = table.column_names.index(name)
        field = table.schema.field(name)
        table = table.set_column(place, field, pc.if_else(there, table.column(name), value))
    return table
