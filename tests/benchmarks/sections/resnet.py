"""The image tower of a ResNet alone: a batch of prepared pictures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.benchmarks import ours
from tests.benchmarks.columns import differences
from tests.benchmarks.files import Work
from tests.benchmarks.peers import AUTOCAST, autocast, fetched, unit
from tests.benchmarks.pixels import normalise, prepared
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn
from tests.benchmarks.weights import RN50, import_clip, random_model

HOW = """\
A random RN50, and one batch of {batch} pictures through its image tower, as above. The pipeline has
no ResNets."""


def run(work: Work, machine: Mapping[str, Any]) -> Section:
    """Measure it."""
    batch = work.size(machine["batch"], 2)
    pixels = prepared(batch)
    normalised = normalise(pixels)
    path = work.folder / "resnet.pt"
    clip = import_clip()
    state = dict(random_model(clip, RN50).state_dict())
    torch.save(state, path)
    official = clip.model.build_model(state).eval()
    if not work.on_gpu:
        official = official.float()  # as `clip.load` does
    models = {"openai/CLIP": official.to(work.device), "open_clip": _open(path, work)}
    loaded = {
        name: ours.make(work.weights, ["a", "b"], model=path, activation="quickgelu", **options)
        for name, options in ours.variants(work, batch).items()
    }
    precision = "fp16" if work.on_gpu else "fp32"
    theirs = {name: partial(_embed, model, precision) for name, model in models.items()}
    if not work.on_gpu:
        theirs |= {
            f"{name}, {AUTOCAST}": partial(_embed, model, "bf16") for name, model in models.items()
        }
    jobs = [Job(name, partial(embed, normalised), batch) for name, embed in theirs.items()]
    jobs += [
        Job(name, partial(ours.image_embeddings, clf, pixels), batch)
        for name, clf in loaded.items()
    ]
    rates = rates_in_turn(jobs, work.turns(7))
    given = {name: embed(normalised).numpy() for name, embed in theirs.items()}
    given |= {name: ours.image_embeddings(clf, pixels) for name, clf in loaded.items()}
    systems = [
        System(name, values, differences(given[name], given["openai/CLIP"]))
        for name, values in rates.items()
    ]
    table = Table("", "pictures/s", True, systems, list(loaded))
    return Section("Image tower of a ResNet", HOW.format(batch=batch), [table])


def _open(path: Path, work: Work) -> Any:
    import open_clip

    precision = "fp16" if work.on_gpu else "fp32"
    return open_clip.create_model(
        "RN50-quickgelu", pretrained=str(path), precision=precision, device=work.device
    ).eval()


def _embed(model: Any, precision: str, pixels: Tensor) -> Tensor:
    x = pixels.to(next(model.parameters()).device)
    with torch.no_grad(), autocast(precision):
        return fetched(unit(model.encode_image(x.half() if precision == "fp16" else x)))
