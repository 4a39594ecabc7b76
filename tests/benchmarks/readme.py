"""The tables of speed in README.md, from docs/benchmarks.json.

    python -m tests.benchmarks.readme

Writes them between their two marks in README.md. Every peer is taken at its fastest: as it loads or
under autocast to bf16, and one picture at a time or many.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.files import ROOT
from tests.benchmarks.record import System, Table, read_section
from tests.benchmarks.report import shown
from tests.benchmarks.timing import ratios

README = ROOT / "README.md"
BEGIN, END = "<!-- speed -->\n", "<!-- /speed -->\n"
PEERS = {
    "openai/CLIP": "openai/CLIP",
    "open_clip": "open_clip",
    "HF pipeline": "Hugging Face pipeline",
}
AUTO = "zsclip, auto"
ROWS = (  # what was done, the section, and which line of it is zsclip with its defaults
    ("embedding ImageNet's 1,000 names in 80 templates", "texts", AUTO),
    ("the image tower, {batch} pictures at once", "images", AUTO),
    ("a folder of 12-megapixel JPEGs", "large", AUTO),
    ("a folder of small pictures", "small", AUTO),
    ("other labels over a folder seen before", "cached", "zsclip, new labels"),
    ("from nothing to the first answer", "start", "zsclip, no cache"),
)
FIRST = """\
How many times as fast as each of them zsclip is with its defaults, over the same random ViT-B/32.
Each of them is taken at its fastest: in fp32 or under autocast to bf16, one picture at a time or
many. Measured with {cores} cores of {processor}, which has
{instructions}:

"""
SECOND = """
The image tower alone, beside engines that run an exported model, all with {threads} threads.
Random weights say little of what int8 does to a trained model's answers:

"""


def main() -> None:
    """Write the tables into README.md."""
    kept = json.loads((ROOT / "docs" / "benchmarks.json").read_text("utf-8"))
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(before + BEGIN + tables(kept) + END + after, "utf-8")


def tables(kept: Mapping[str, Any]) -> str:
    """Both tables as Markdown, with what is said before each.

    Raises:
        SystemExit: Some of it was measured on another machine.
    """
    machine, sections = kept["machine"], kept["sections"]
    other = [key for _, key, _ in ROWS if sections[key]["processor"] != machine["processor"]]
    if other:
        raise SystemExit(f"Measured on another machine: {', '.join(other)}. Measure these again.")
    first = {key: read_section(sections[key]).tables[0] for _, key, _ in ROWS}
    said = {
        "cores": machine["cores"],
        "processor": machine["processor"],
        "instructions": ", ".join(machine["instructions"]) or machine["torch capability"],
        "threads": machine["torch threads"],
        "batch": machine.get("batch", 32),
    }
    lines = ["| | " + " | ".join(PEERS.values()) + " |", "|---|" + "--:|" * len(PEERS)]
    for title, key, ours in ROWS:
        cells = [_ratio(first[key], ours, name) for name in PEERS]
        lines.append(f"| {title.format(**said)} | " + " | ".join(cells) + " |")
    text = FIRST.format(**said) + "\n".join(lines) + "\n"
    towers = [system for system in first["images"].systems if "precision" in system.extras]
    return text + (SECOND.format(**said) + _towers(towers) if towers else "")


def _ratio(table: Table, ours: str, peer: str) -> str:
    """How many times better ours is than a peer at its best."""
    [own] = [system for system in table.systems if system.name == ours]
    every = [
        ratios(own.values, system.values, more_is_better=table.more_is_better)[0]
        for system in table.systems
        if system.name.partition(",")[0] == peer and not system.gap
    ]
    return f"{shown(min(every))}×"


def _towers(systems: Sequence[System]) -> str:
    """Rates and agreement, the fastest first."""
    lines = ["| | precision | pictures/s | lowest cosine |", "|---|---|--:|--:|"]
    rates = {system.name: statistics.median(system.values) for system in systems}
    for system in sorted(systems, key=lambda system: -rates[system.name]):
        name = f"**{system.name}**" if system.name.startswith("zsclip") else system.name
        precision, cosine = system.extras["precision"], system.extras["lowest cosine"]
        lines.append(f"| {name} | {precision} | {shown(rates[system.name])} | {cosine} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
