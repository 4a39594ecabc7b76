"""Whether all systems compute the same thing; nothing is measured before they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.peers import fetched, load_peers
from tests.benchmarks.pixels import normalise, prepared
from tests.benchmarks.record import Section, System, Table

TOLERANCE = {"cpu": 1e-4, "cuda": 1e-2}  # fp32, and fp16 as the peers have it on a GPU
TEXTS = (
    "a photo of a cat.",
    "a bad photo of the great white shark.",
    "itap of a three-toed sloth, hanging upside down; it's 1 of 12 photos.",
)
HOW = """\
Three texts and four pictures through every system in {precision}, on the same random weights, from
the same pixels. Where an embedding differs from openai/CLIP's by more than {tolerance:g} in any
number, the benchmark stops."""


def run(work: Work, machine: Mapping[str, Any]) -> Section:
    """Compare them.

    Raises:
        SystemExit: They differ.
    """
    tolerance = TOLERANCE[work.device]
    pixels = prepared(4)
    normalised = normalise(pixels)
    peers = load_peers(work.weights, work.device, machine["batch"])
    found = {
        peer.name: (peer.images(normalised).numpy(), fetched(peer.texts(TEXTS)).numpy())
        for peer in peers
    }
    clf = ours.make(work.weights, ["a", "b"], device=work.device, **ours.EXACT)
    found["zsclip, exact"] = (ours.image_embeddings(clf, pixels), clf.encode_texts(TEXTS))
    images, texts = found[peers[0].name]
    systems = []
    for name, (image, text) in found.items():
        if name == peers[0].name:
            continue
        worst = [float(np.abs(a - b).max()) for a, b in ((image, images), (text, texts))]
        systems.append(System(name, [max(worst)]))
        if not max(worst) <= tolerance:
            raise SystemExit(
                f"{name} and openai/CLIP differ by {worst[0]:.1e} in embeddings of pictures and by "
                f"{worst[1]:.1e} in those of texts: a comparison would mean nothing."
            )
    return Section(
        "Agreement",
        HOW.format(precision=peers[0].precision, tolerance=tolerance),
        [Table("", "largest difference from openai/CLIP", False, systems)],
    )
