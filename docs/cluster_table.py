#!/usr/bin/env python3
"""Write the tables of docs/cluster.md: machines, hours and cost, from what was measured.

usage: python docs/cluster_table.py              (writes them into the page)
       python docs/cluster_table.py --print ...  (prints the first, with prices of your own)
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "cluster.md"
CPU, GPU = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks-cuda.json"
BEGIN, END = "<!-- table of machines: written by docs/cluster_table.py -->\n", "<!-- end -->\n"
OTHERS = "<!-- beside others: written by docs/cluster_table.py -->\n"
AUTO, BATCH = "zsclip, auto", "batch"
PRICED = "round figures of November 2026"


class Kind(NamedTuple):
    """Pictures that a section of the benchmarks is about.

    Attributes:
        title: What they are.
        one: One of them.
        size: Its bytes, on average.
        alone: What reading them is called where it was measured alone.
    """

    title: str
    one: str
    size: float
    alone: str


KINDS = {
    "small": Kind("450 x 350, JPEG and PNG", "small picture", 185e3, "zsclip, small pictures"),
    "large": Kind("12 megapixels, JPEG", "photograph", 3.01e6, "zsclip, 12-megapixel JPEGs"),
}


class Rates(NamedTuple):
    """Pictures a second.

    Attributes:
        whole: Read, decoded and through the tower, on one core.
        decoding: Read and decoded alone, on one core.
        tower: Through the tower alone, on one core.
        gpu: Through the tower alone, on one GPU.
    """

    whole: float
    decoding: float
    tower: float
    gpu: float


class Node(NamedTuple):
    """A machine that one would rent.

    Attributes:
        cores: How many, as the system counts them.
        gpus: None or one, such as the measured one.
        price: For an hour.
        gigabits: What comes in through its network in a second, at most.
    """

    cores: int
    gpus: int
    price: float
    gigabits: float

    def parts(self, rates: Rates, size: float) -> dict[str, float]:
        """Pictures a second that each part of it bears by itself, of so many bytes each."""
        return {
            "decoding": self.cores * rates.decoding,
            "tower": self.gpus * rates.gpu or self.cores * rates.tower,
            "network": self.gigabits * 1e9 / 8 / size,
        }

    def slowest(self, rates: Rates, size: float) -> tuple[str, float]:
        """What all waits for, and pictures a second: without a GPU cores do two things."""
        parts = self.parts(rates, size)
        if not self.gpus:
            parts["cores"] = self.cores * rates.whole
        return min(parts.items(), key=lambda part: part[1])


def read_rates(cpu: Mapping[str, Any], gpu: Mapping[str, Any]) -> dict[str, Rates]:
    """What was measured on a CPU and a GPU, by the kind of pictures.

    Raises:
        SystemExit: Parts were measured on different processors, which no sum may mix.
    """
    sections, cores = cpu["sections"], cpu["machine"]["cores"]
    used = ["images", *KINDS, BATCH]
    if len({sections[name]["processor"] for name in used}) > 1:
        raise SystemExit(f"Several machines measured {', '.join(used)}. Measure these again.")
    tower, on_gpu = median(sections["images"]) / cores, median(gpu["sections"]["images"])
    rates = {}
    for kind, about in KINDS.items():
        whole = median(sections[kind]) / cores
        rates[kind] = Rates(whole, median(sections[BATCH], about.alone), tower, on_gpu)
    return rates


def median(section: Mapping[str, Any], system: str = AUTO) -> float:
    """The median rate of a system in the first table of a section that has it."""
    found = next(
        row for table in section["tables"] for row in table["systems"] if row["name"] == system
    )
    return float(statistics.median(found["values"]))


def through_the_cluster(cpu: Mapping[str, Any]) -> float:
    """Which part of one process's rate `zsclip.ray` has on the same cores."""
    section = cpu["sections"][BATCH]
    return median(section, "zsclip.ray, auto") / median(section, "zsclip, classify_many, auto")


def machines_table(
    rates: Mapping[str, Rates],
    nodes: Sequence[Node],
    pictures: float,
    sizes: Mapping[str, float],
    machines: int,
) -> str:
    """What each machine and its parts do in a second, which part it waits for, and what follows."""
    lines = [
        "| pictures | machine | decoding | tower | network | together | waits for | machine-hours "
        f"| hours with {machines} | cost |",
        "|---|---|--:|--:|--:|--:|---|--:|--:|--:|",
    ]
    for kind, found in rates.items():
        for node in nodes:
            slowest, together = node.slowest(found, sizes[kind])
            hours = pictures / together / 3600
            cells = (
                KINDS[kind].title,
                f"{node.cores} cores" + (", one H200" if node.gpus else ""),
                *(f"{rate:,.0f}" for rate in node.parts(found, sizes[kind]).values()),
                f"{together:,.0f}",
                slowest,
                rounded(hours),
                rounded(hours / machines),
                f"{rounded(hours * node.price)} $",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def rounded(value: float) -> str:
    """A number with two digits that count, or more where it is large.

    Examples:
        >>> rounded(0.4321), rounded(45.9), rounded(1234.5)
        ('0.43', '46', '1,234')
    """
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def make_tables(options: argparse.Namespace, cpu: Any = None, gpu: Any = None) -> str:
    """All that the page has between its marks.

    Args:
        options: What is assumed.
        cpu: What was measured on a CPU; what is kept if None.
        gpu: What was measured on a GPU, likewise.
    """
    cpu, gpu = cpu or json.loads(CPU.read_text("utf-8")), gpu or json.loads(GPU.read_text("utf-8"))
    rates = read_rates(cpu, gpu)
    nodes = (
        Node(options.cores, 0, options.cpu_hour, options.gigabits),
        Node(options.gpu_cores, 1, options.gpu_hour, options.gigabits),
    )
    sizes = {kind: options.bytes or about.size for kind, about in KINDS.items()}
    table = machines_table(rates, nodes, options.pictures, sizes, options.machines)
    return f"{assumed(options, sizes)}\n{table}\n{measured(cpu, gpu, rates, nodes[1], sizes)}"


def assumed(options: argparse.Namespace, sizes: Mapping[str, float]) -> str:
    """What stands before the table."""
    each = " and ".join(f"{sizes[kind] / 1000:,.0f} kB a {KINDS[kind].one}" for kind in KINDS)
    return (
        f"{options.pictures:,.0f} pictures through ViT-B/32. Assumed, as prices change, are "
        f"{options.cpu_hour:.2f} $ an hour for {options.cores} cores, {options.gpu_hour:.2f} $ for "
        f"an H200 with {options.gpu_cores} ({PRICED}), {options.gigabits:g} Gbit/s for each, and "
        f"{each}. The first four numbers are pictures/s:\n"
    )


def measured(
    cpu: Mapping[str, Any],
    gpu: Mapping[str, Any],
    rates: Mapping[str, Rates],
    node: Node,
    sizes: Mapping[str, float],
) -> str:
    """What stands behind the table: what it rests on, and how far a machine feeds its GPU."""
    fed = " and ".join(
        f"{node.slowest(found, sizes[kind])[1] / found.gpu:.0%} with {KINDS[kind].one}s"
        for kind, found in rates.items()
    )
    network = " or ".join(
        f"{node.slowest(found, sizes[kind])[1] * sizes[kind] * 8 / 1e9:.1f}"
        for kind, found in rates.items()
    )
    decoded = " or ".join(f"{rates[kind].decoding:.0f} {KINDS[kind].one}s" for kind in KINDS)
    return (
        f"The H200's tower gets {fed} of what it could take, while {network} Gbit/s "
        f"come in. One core decodes {decoded} a second, or puts "
        f"{rates['small'].tower:.0f} through the tower, by one process on "
        f"{cpu['machine']['cores']} cores of {cpu['machine']['processor']} in "
        '`precision="auto"` ([benchmarks](benchmarks.md)), of which '
        f"{through_the_cluster(cpu):.0%} come through the cluster; the GPU is an "
        f"{gpu['machine']['gpu']} ([its benchmarks](benchmarks-cuda.md)).\n"
    )


def beside_others(cpu: Mapping[str, Any]) -> str:
    """What the same pictures took with other systems, for each number of labels."""
    section = cpu["sections"][BATCH]
    systems = {
        "`zsclip.ray.classify`": "zsclip.ray, exact",
        "Daft's `classify_image`": "Daft, classify_image",
        "Hugging Face's pipeline in `map_batches`": "HF pipeline in map_batches",
        "`classify_many` without a cluster": "zsclip, classify_many, exact",
    }
    tables = [table for table in section["tables"] if table["title"].endswith(" labels")]
    lines = [
        f"| pictures/s, in fp32 | {' | '.join(table['title'] for table in tables)} |",
        f"|---|{'--:|' * len(tables)}",
    ]
    for told, name in systems.items():
        rates = [median({"tables": [table]}, name) for table in tables]
        lines.append(f"| {told} | {' | '.join(f'{rate:.1f}' for rate in rates)} |")
    return "\n".join(lines) + "\n"


def make_page() -> str:
    """The page with its tables as they are to be."""
    page = PAGE.read_text("utf-8")
    cpu = json.loads(CPU.read_text("utf-8"))
    for mark, table in ((BEGIN, make_tables(parse([]), cpu)), (OTHERS, beside_others(cpu))):
        before, rest = page.split(mark)
        page = f"{before}{mark}\n{table}\n{END}{rest.split(END, 1)[1]}"
    return page


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for; nothing asked for is what the page shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="print it, and write nothing")
    parser.add_argument("--pictures", type=float, default=1e8)
    parser.add_argument("--bytes", type=float, help="of a picture, on average")
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--cores", type=int, default=32, help="of a machine without a GPU")
    parser.add_argument("--gpu-cores", type=int, default=16, help="of a machine with one")
    parser.add_argument("--cpu-hour", type=float, default=1.60, help="its price, in $")
    parser.add_argument("--gpu-hour", type=float, default=5.00, help="its price, in $")
    parser.add_argument("--gigabits", type=float, default=10, help="of its network, a second")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    asked = parse()
    if asked.print:
        print(make_tables(asked), end="")
    else:
        PAGE.write_text(make_page(), "utf-8")
