"""The image tower alone: a batch of prepared pictures."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.columns import differences, flops_shown
from tests.benchmarks.files import Work
from tests.benchmarks.flops import image_flops
from tests.benchmarks.peers import Peer, in_each_precision, load_peers
from tests.benchmarks.pixels import normalise, prepared
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.runtimes import Runtime, load_runtimes
from tests.benchmarks.timing import Job, rates_in_turn

HOW = """\
One batch of {batch} pictures through the image tower, from pixels in memory to unit vectors. The
peers get tensors that are normalised already; zsclip gets bytes and normalises them within the
measured time. ONNX Runtime and OpenVINO run open_clip's tower, exported by `torch.onnx` for any
number of pictures; int8 is ONNX Runtime's dynamic quantisation of the matrix products. All have
{threads} threads. Every system's embeddings are compared with those of openai/CLIP in {precision}.
Random weights have no outliers as trained ones have: what bf16 and above all int8 do to the answers
of a trained model is to be measured on that model. A picture takes {flops:.2f} GFLOP in matrix
products; the percentage is of the best plain matrix product in that precision, where one was
measured."""


def run(work: Work, machine: dict[str, Any]) -> Section:
    """Measure it."""
    batch = work.size(machine["batch"], 4)
    pixels = prepared(batch)
    normalised = normalise(pixels)
    peers = load_peers(work.weights, work.device, machine["batch"])
    runtimes, gaps = load_runtimes(work)
    theirs: list[Peer | Runtime] = [*in_each_precision(peers), *runtimes]
    loaded = {
        name: ours.make(work.weights, ["a", "b"], **options)
        for name, options in ours.variants(work, batch).items()
    }
    jobs = [Job(peer.name, partial(peer.images, normalised), batch) for peer in theirs]
    jobs += [
        Job(name, partial(ours.image_embeddings, clf, pixels), batch)
        for name, clf in loaded.items()
    ]
    rates = rates_in_turn(jobs, work.turns(7))

    reference = peers[0].images(normalised).numpy()
    given = {peer.name: (peer.precision, peer.images(normalised).numpy()) for peer in theirs}
    for name, clf in loaded.items():
        given[name] = (clf.model_info.precision, ours.image_embeddings(clf, pixels))
    systems = []
    for name, values in rates.items():
        precision, embeddings = given[name]
        flops = statistics.median(values) * image_flops()
        extras = {
            "precision": precision,
            "GFLOP/s": flops_shown(flops, machine, precision),
            **differences(embeddings, reference),
        }
        systems.append(System(name, values, extras))
    systems += [System(name, [], gap=why) for name, why in gaps.items()]
    how = HOW.format(
        batch=batch,
        threads=machine["torch threads"],
        precision=peers[0].precision,
        flops=image_flops() / 1e9,
    )
    return Section("Image tower", how, [Table("", "pictures/s", True, systems, list(loaded))])
