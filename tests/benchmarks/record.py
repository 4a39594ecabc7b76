"""What a section found out, in the form in which it is kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class System:
    """One line of a table.

    Attributes:
        name: The system, and the way it is used.
        values: What was measured, in the table's unit, one for each round.
        extras: Further columns, by their titles.
        gap: Why it was not measured; it has no values then.
    """

    name: str
    values: Sequence[float]
    extras: Mapping[str, str] = field(default_factory=dict)
    gap: str = ""


@dataclass(frozen=True)
class Table:
    """Systems that were measured in turn.

    Attributes:
        title: What was measured.
        unit: Of the values.
        more_is_better: Whether the values are rates, and not seconds or megabytes.
        systems: The lines.
        ours: The names of those systems that the others are set against.
    """

    title: str
    unit: str
    more_is_better: bool
    systems: Sequence[System]
    ours: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        how: How it was measured.
        tables: The numbers.
        notes: What else was found.
    """

    title: str
    how: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()


def read_section(kept: Mapping[str, Any]) -> Section:
    """A section from what `dataclasses.asdict` made of it."""
    tables = [
        Table(**{**table, "systems": [System(**system) for system in table["systems"]]})
        for table in kept["tables"]
    ]
    return Section(kept["title"], kept["how"], tables, kept["notes"])
