"""``zsclip models list``: the table of models, as wide as the terminal allows."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.output import emit_exactly, show, table, width

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Cost", "emit_csv", "show_models"]

WIDE = 132  # characters, from which on each model has one line
LONG = 29  # the longest tag, beyond which a name has a line for its architecture and one for that

_PREFIXES = {"m": 1e-3, "g": 1.0, "t": 1e3, "p": 1e6}  # to 10^9 operations

_COLUMNS = (
    *("name", "unbeaten", "imagenet", "image_gflop", "parameters", "resolution", "embed_dim"),
    *("size", "size_is_estimated", "license", "commercial", "activation", "hub", "path", "note"),
)


class Cost(click.ParamType[float]):
    """A number of operations, such as ``20GFLOP``, in 10^9."""

    name = "cost"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number in 10^9 operations.

        Examples:
            >>> Cost().convert("20GFLOP", None, None), Cost().convert("0.5 TFLOP", None, None)
            (20.0, 500.0)
        """
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(?:([mgtp])flops?)?", str(value).lower())
        if found is None:
            self.fail(
                f"{str(value)[:40]!r} is no number of operations. Give one such as 20GFLOP, "
                "500MFLOP or 1.5TFLOP; a number alone is in GFLOP."
            )
        number, prefix = found.groups()
        gflop = float(number) * _PREFIXES[prefix or "g"]
        if not 0.001 <= gflop <= 1e6:
            self.fail(f"{value} is out of range. Give something from 1MFLOP to 1PFLOP.")
        return gflop


def show_models(rows: list[dict[str, Any]]) -> None:
    """The table, and what its columns and signs mean."""
    wide = width() >= WIDE
    show(_wide(rows) if wide else _narrow(rows))
    show("")
    if not wide:
        show(
            "top-1: published accuracy on ImageNet without training, in percent. GFLOP: for one "
            "picture; texts are embedded once. M: million parameters. px: the side of its "
            "pictures. GB: the download; here: needs none."
        )
    show(
        "*: none of these is as accurate at no more cost. ~: estimated at 4 bytes a parameter. "
        "Licenses are those of the weights."
    )
    for row in rows:
        if row["note"]:
            show(f"{row['name']}: {row['note']}.")


def _wide(rows: list[dict[str, Any]]) -> Table:
    numbers = ["ImageNet", "GFLOP", "parameters", "pixels", "download"]
    words = ("license", "commercial use", "weights")
    shown = table("", "name", *numbers, *words, right=numbers)
    for row in rows:
        shown.add_row(
            "*" if row["unbeaten"] else "",
            row["name"],
            _percent(row, " %"),
            _gflop(row),
            f"{row['parameters'] / 1e6:,.1f} M",
            str(row["resolution"]),
            _estimated(row) + f"{row['size'] / 1e6:,.0f} MB",
            row["license"],
            row["commercial"],
            "part of zsclip" if row["bundled"] else "here" if row["path"] else "not downloaded",
        )
    return shown


def _narrow(rows: list[dict[str, Any]]) -> Table:
    """For 80 characters: a long name has two lines, and so has a license with what it forbids."""
    numbers = ["top-1", "GFLOP", "M", "px", "GB"]
    shown = table("", "name", *numbers, "license", right=numbers)
    uses = {"yes": "", "no": "\nnot commercial", "unclear": "\nuse unclear"}
    for row in rows:
        size = row["size"] / 1e9
        shown.add_row(
            "*" if row["unbeaten"] else "",
            row["name"].replace("/", "/\n") if len(row["name"]) > LONG else row["name"],
            _percent(row),
            _gflop(row),
            f"{row['parameters'] / 1e6:,.0f}",
            str(row["resolution"]),
            "here" if row["path"] else _estimated(row) + f"{size:.{0 if size >= 9.95 else 1}f}",
            row["license"] + uses[row["commercial"]],
        )
    return shown


def _percent(row: dict[str, Any], unit: str = "") -> str:
    return "" if row["imagenet"] is None else f"{100 * row['imagenet']:.1f}{unit}"


def _gflop(row: dict[str, Any]) -> str:
    gflop = row["image_gflop"]
    return "" if gflop is None else f"{gflop:,.1f}" if gflop < 100 else f"{gflop:,.0f}"


def _estimated(row: dict[str, Any]) -> str:
    return "~" if row["size_is_estimated"] else ""


def emit_csv(rows: list[dict[str, Any]]) -> None:
    """A line of names, and one for each model."""
    emit_exactly(",".join(_COLUMNS))
    for row in rows:
        flat = {**row, "hub": " ".join(row["hub"]), "activation": row["recipe"]["activation"]}
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(flat[column] for column in _COLUMNS)
        emit_exactly(line.getvalue())
