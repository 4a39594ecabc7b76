"""The page of the documentation, from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from tests.benchmarks.record import Section, System, Table, read_section
from tests.benchmarks.timing import ratios

HEAD = """\
# Benchmarks

<!-- Written by `python -m tests.benchmarks`; edit tests/benchmarks/ and not this page. -->

zsclip beside openai/CLIP (as `clip-anytorch`, the same code under another name), open_clip and the
zero-shot pipeline of Hugging Face transformers: the same random ViT-B/32 weights, the same machine,
one process tree, all systems in turn round by round. Absolute numbers belong to the machine; what
to look at is the ratios. They are printed as **ratio of the medians**, with the lowest and the
highest ratio within one round behind it. "exact" is zsclip with `exact=True`: fp32, and decoding as
the official code does it; "auto" is the default. "autocast" runs a peer's model under
`torch.autocast` to bf16; on a GPU the peers and "auto" compute in fp16.
`tests/benchmarks/README.md` in the repository says how to run this.
"""


def render(kept: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    head = (
        HEAD.replace("# Benchmarks", "# Benchmarks on a GPU", 1)
        if "gpu" in kept["machine"]
        else HEAD
    )
    parts = [head, _machine(kept["machine"], kept["sections"])]
    for section in kept["sections"].values():
        others = ""
        if section["processor"] != kept["machine"]["processor"]:
            others = f" Measured on another machine: {section['processor']}."
        parts.append(_section(read_section(section), section["measured"], others))
    return "\n".join(parts)


def _machine(machine: Mapping[str, Any], sections: Mapping[str, Any]) -> str:
    latest = max(sections.values(), key=lambda section: str(section["measured"]))
    facts = {
        **{
            title: machine[key]
            for title, key in (("GPU", "gpu"), ("CUDA", "CUDA"))
            if key in machine
        },
        "Processor": machine["processor"],
        "Cores in use": machine["cores"],
        "Instructions": ", ".join(machine["instructions"]) or machine["torch capability"],
        "Threads of torch": machine["torch threads"],
        "System": machine["system"],
        "Python": machine["python"],
        **{f"`{name}`": number for name, number in latest["versions"].items()},
    }
    lines = ["## The machine\n", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    sizes = list(machine["matmul"]["fp32"])
    lines += [
        "\nA plain `torch.mm` of two square matrices, 2 n³ operations, the best of several, in "
        "GFLOP/s:\n",
        "| n | " + " | ".join(sizes) + " |",
        "|---|" + "--:|" * len(sizes),
    ]
    lines += [
        f"| {name} | " + " | ".join(f"{row[n] / 1e9:,.0f}" for n in sizes) + " |"
        for name, row in machine["matmul"].items()
    ]
    return "\n".join(lines) + "\n"


def _section(section: Section, measured: str, others: str) -> str:
    parts = [f"## {section.title}\n", f"{section.how}\n"]
    for table in section.tables:
        if table.title:
            parts.append(f"{table.title}:\n")
        parts.append(_table(table) + "\n")
    parts += [f"{note}\n" for note in section.notes]
    rounds = max(len(system.values) for system in section.tables[0].systems)
    turns = f"{rounds} rounds, {measured}." if rounds > 1 else f"{measured}."
    parts.append(f"{turns}{others}\n")
    return "\n".join(parts)


def _table(table: Table) -> str:
    extras = list(dict.fromkeys(key for system in table.systems for key in system.extras))
    several = max(len(system.values) for system in table.systems) > 1
    columns = [table.unit, *(["lowest to highest"] if several else []), *table.ours, *extras]
    ours = {system.name: system for system in table.systems if system.name in table.ours}
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for system in table.systems:
        if system.gap:
            cells = [f"not measured ({system.gap})", *[""] * (len(columns) - 1)]
            lines.append(f"| {system.name} | " + " | ".join(cells) + " |")
            continue
        cells = [shown(statistics.median(system.values))]
        if several:
            cells.append(f"{shown(min(system.values))} to {shown(max(system.values))}")
        cells += [_ratio(ours[name], system, table) for name in table.ours]
        cells += [system.extras.get(key, "") for key in extras]
        lines.append(f"| {system.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(ours: System, theirs: System, table: Table) -> str:
    """How many times better ours is; nothing where both are ours."""
    if theirs.name in table.ours:
        return ""
    middle, low, high = ratios(ours.values, theirs.values, more_is_better=table.more_is_better)
    if len(ours.values) == 1:
        return f"**{shown(middle)}×**"
    return f"**{shown(middle)}×** ({shown(low)} to {shown(high)})"


def shown(value: float) -> str:
    """A number with as many digits as can be believed.

    Examples:
        >>> shown(12345.6), shown(12.345), shown(0.01234), shown(1.2e-7)
        ('12,346', '12.3', '0.0123', '1.2e-07')
    """
    if value == 0 or 1e-3 <= abs(value) < 10:
        return f"{value:.3g}"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"
