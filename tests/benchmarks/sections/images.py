"""The image tower alone: a batch of prepared pictures."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.columns import differences, flops_shown
from tests.benchmarks.files import Work
from tests.benchmarks.flops import image_flops
from tests.benchmarks.peers import BATCH, Peer, load_peers
from tests.benchmarks.pixels import normalise, prepared
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn

HOW = f"""\
One batch of {BATCH} pictures through the image tower, from pixels in memory to unit vectors. The
peers get tensors that are normalised already; zsclip gets bytes and normalises them within the
measured time. A picture takes {image_flops() / 1e9:.2f} GFLOP in matrix products; the percentage is
of the best plain matrix product in that precision."""


def run(work: Work, machine: dict[str, Any]) -> Section:
    """Measure it."""
    batch = work.size(BATCH, 4)
    pixels = prepared(batch)
    normalised = normalise(pixels)
    openai, open_clip, pipeline = load_peers(work.weights)
    peers: list[Peer] = []
    for peer in (openai, open_clip, pipeline):
        peers += [peer, peer.autocast()]
    loaded = {
        name: ours.make(work.weights, ["a", "b"], **options)
        for name, options in ours.VARIANTS.items()
    }
    jobs = [Job(peer.name, partial(peer.images, normalised), batch) for peer in peers]
    jobs += [
        Job(name, partial(ours.image_embeddings, clf, pixels), batch)
        for name, clf in loaded.items()
    ]
    rates = rates_in_turn(jobs, work.turns(7))

    theirs = openai.images(normalised).numpy()
    systems = []
    for name, values in rates.items():
        precision, compared = "bf16" if name.endswith("bf16") else "fp32", {}
        if name in loaded:
            precision = loaded[name].model_info.precision
            compared = differences(ours.image_embeddings(loaded[name], pixels), theirs)
        flops = statistics.median(values) * image_flops()
        extras = {"GFLOP/s": flops_shown(flops, machine, precision), **compared}
        systems.append(System(name, values, extras))
    return Section("Image tower", HOW, [Table("", "pictures/s", True, systems, list(loaded))])
