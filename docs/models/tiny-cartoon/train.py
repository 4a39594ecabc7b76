"""Train tiny-cartoon, or train it further.

The schedule follows the clock: the learning rate is a cosine of the elapsed share of ``--minutes``,
so that a run ends annealed at the planned time on any machine, however busy. Each worker is one
thread with its own batches; every half minute they take on the mean of their weights (local SGD,
Stich 2019), so that none waits for another at each step. From nothing:

    python train.py DATA STANDARD OUT.safetensors --tokens tokens.npy --minutes 240 --rate 1.5e-3

and further from weights that exist:

    python train.py DATA STANDARD OUT.safetensors --init IN.safetensors --minutes 90 --rate 1e-3

DATA is the folder that `prepare.py` wrote, STANDARD is ``emojibase-data/en/data.json``,
`tokens.npy` comes from `token_init.py`. Progress on art that is never trained on is printed and
decides nothing.
"""

import argparse
import json
import math
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from drawings import RESOLUTION, Concept, Drawings, caption, normalized, pictures, words
from model import Model, load, store
from torch import Tensor, distributed, nn
from torch.multiprocessing.spawn import spawn

TESTS = ("openmoji", "fxemoji")
EVAL_TEMPLATES = (
    "this is a painting of cartoon {}", "a cartoon {}", "a drawing of a {}", "an icon of a {}"
)  # fmt: skip
WARM_UP_STEPS = 20
CAPTIONS = 2  # per drawing
EMA_DECAY = 0.9  # per round
ROUND_SECONDS = 30.0
LABEL_SMOOTHING = 0.05


def targets(concepts: list[Concept], names: list[str]) -> tuple[Tensor, Tensor]:
    """Which caption fits which drawing.

    Args:
        concepts: What each of n drawings shows.
        names: The name in each of m captions, one for each drawing, then the next for each.

    Returns:
        ``fits`` (n, m): same concept or same name. ``skip`` (n, m): true of the drawing but not
        what it was captioned with; left out of the loss half of the time.
    """
    n, m = len(concepts), len(names)
    fits = torch.zeros(n, m, dtype=torch.bool)
    skip = torch.zeros(n, m, dtype=torch.bool)
    for i, concept in enumerate(concepts):
        own = set(names[i::n])
        for j, name in enumerate(names):
            if concept is concepts[j % n] or name in own:
                fits[i, j] = True
            elif name in concept.names:
                skip[i, j] = True
    return fits, skip & (torch.rand(n, m) < 0.5)


def contrast(logits: Tensor, fits: Tensor, skip: Tensor) -> Tensor:
    """Cross-entropy against all that fit alike, smoothed, in one direction."""
    log_p = F.log_softmax(logits.masked_fill(skip, -1e4), dim=1)
    hit = -(log_p * fits).sum(1) / fits.sum(1)
    everything = -(log_p.masked_fill(skip, 0)).sum(1) / (~skip).sum(1)
    return ((1 - LABEL_SMOOTHING) * hit + LABEL_SMOOTHING * everything).mean()


def standard_animals(standard: Path) -> list[str]:
    """The emoji standard's animals and flowers: its first seven subgroups of nature, 143 names."""
    data = json.loads(standard.read_text(encoding="utf8"))
    first = sorted({d["subgroup"] for d in data if d.get("group") == 3})[:7]
    return sorted({words(d["label"]) for d in data if d.get("subgroup") in first})


@torch.no_grad()
def progress(model: Model, data: Path, names: list[str]) -> dict[str, tuple[int, float, float]]:
    """Pictures, top-1 and top-5 per source that is never trained on."""
    model.eval()
    heads = [model.embed_texts([t.format(a) for a in names]) for t in EVAL_TEMPLATES]
    head = F.normalize(torch.stack(heads).sum(0), dim=-1)
    found: dict[str, tuple[int, float, float]] = {}
    for source in TESTS:
        records = json.loads((data / f"{source}.json").read_text(encoding="utf8"))
        at = [i for i, r in enumerate(records) if r["name"] in names]
        x = torch.from_numpy(np.load(data / f"{source}.npy")[at]).permute(0, 3, 1, 2).float() / 255
        x = x[:, :3] * x[:, 3:] + 1 - x[:, 3:]
        x = F.interpolate(x, RESOLUTION, mode="bicubic", antialias=True, align_corners=False)
        order = (model.embed_images(normalized(x)) @ head.T).argsort(1, descending=True)
        truth = torch.tensor([names.index(records[i]["name"]) for i in at])
        top1 = (order[:, 0] == truth).float().mean().item()
        top5 = (order[:, :5] == truth[:, None]).any(1).float().mean().item()
        found[source] = len(at), round(top1, 3), round(top5, 3)
    return found


def optimizer_for(model: Model) -> torch.optim.Optimizer:
    """AdamW, with weight decay on matrices alone."""
    free = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in free if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))


class Average:
    """The moving average of a model's weights over rounds, which is what is kept."""

    def __init__(self, model: Model) -> None:
        self.state = {k: v.clone() for k, v in model.state_dict().items()}
        self.rounds = 0

    @torch.no_grad()
    def update(self, model: Model) -> None:
        """Move towards the model."""
        self.rounds += 1
        keep = min(EMA_DECAY, self.rounds / (self.rounds + 9))
        for k, v in model.state_dict().items():
            if v.is_floating_point():
                self.state[k].lerp_(v, 1 - keep)
            else:
                self.state[k].copy_(v)

    def save(self, model: Model, args: argparse.Namespace, names: list[str]) -> None:
        """Write the average and say what it scores."""
        now = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(self.state)
        store(self.state, args.out)
        print("look", self.rounds, progress(model, args.data, names), flush=True)
        model.load_state_dict(now)


@torch.no_grad()
def meet(model: Model) -> None:
    """Replace the weights of all workers by their mean."""
    learned = [p for p in model.parameters() if p.requires_grad]
    for tensor in (*learned, *(b for b in model.buffers() if b.is_floating_point())):
        distributed.all_reduce(tensor)
        tensor.div_(distributed.get_world_size())


def step(model: Model, optimizer: torch.optim.Optimizer, drawings: Drawings, size: int) -> float:
    """Learn from one batch; its loss."""
    concepts, rgba = drawings.sample(size)
    used, texts = zip(*(caption(c) for _ in range(CAPTIONS) for c in concepts), strict=True)
    props = rgba[[i for i, c in enumerate(concepts) if not c.animal]]
    image, text = model.embed_images(pictures(rgba, props)), model.embed_texts(list(texts))
    logits = model.logit_scale.exp().clamp(max=100) * image @ text.T
    fits, skip = targets(concepts, list(used))
    loss = (contrast(logits, fits, skip) + contrast(logits.T, fits.T, skip.T)) / 2
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def begin(args: argparse.Namespace) -> Model:
    """A model to train: from weights, or new with embeddings of words."""
    model = Model()
    embedding = model.text.token_embedding.weight
    if args.init:
        model.load_state_dict(load(args.init))
    else:
        with torch.no_grad():
            embedding.copy_(torch.from_numpy(np.load(args.tokens)))
    # The embeddings of words that no caption holds stay beside those that one does.
    embedding.requires_grad_(False)
    model.visual.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for part in args.freeze:
        model.visual.get_submodule(part).requires_grad_(False)
    return model


def set_training(model: Model, frozen: list[str]) -> None:
    """Training mode, but for the statistics of the frozen parts."""
    model.train()
    for part in frozen:
        model.visual.get_submodule(part).eval()


def work(rank: int, args: argparse.Namespace, meeting: str) -> None:
    """Train in one process until the time is up."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=args.workers
    )
    torch.manual_seed(args.seed)
    model = begin(args)
    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(args.seed + 1 + rank)
    drawings = Drawings(args.data, args.standard, TESTS)
    names = standard_animals(args.standard)
    if rank == 0:
        styles = [ix for c in drawings.concepts.values() for ix in c.styles.values()]
        counts = len(drawings.animals), len(drawings.things), sum(map(len, styles))
        print("animals, things, drawings:", *counts, flush=True)
        print("start", progress(model, args.data, names), flush=True)
    average = Average(model)
    optimizer = optimizer_for(model)
    distributed.barrier()
    start = looked = time.monotonic()
    steps = 0
    set_training(model, args.freeze)
    for number in range(round(60 * args.minutes / ROUND_SECONDS)):
        losses = []
        while (now := time.monotonic() - start) < (number + 1) * ROUND_SECONDS:
            cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, now / (60 * args.minutes))))
            for group in optimizer.param_groups:
                group["lr"] = args.rate * min(1, (steps + 1) / WARM_UP_STEPS) * cosine + 1e-6
            losses.append(step(model, optimizer, drawings, args.batch))
            steps += 1
        meet(model)
        average.update(model)
        if rank == 0:
            loss = sum(losses) / max(1, len(losses))
            print(f"round {number} steps {steps} loss {loss:.3f}", flush=True)
            if time.monotonic() - looked > 60 * args.look_minutes:
                average.save(model, args, names)
                set_training(model, args.freeze)
                looked = time.monotonic()
    total = torch.tensor(steps)
    distributed.all_reduce(total)
    if rank == 0:
        print(f"steps of all workers: {total.item()}", flush=True)
        average.save(model, args, names)
    distributed.destroy_process_group()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("standard", type=Path)
    parser.add_argument("out", type=Path)
    begin = parser.add_mutually_exclusive_group(required=True)
    begin.add_argument("--init", type=Path, help="weights to go on from")
    begin.add_argument("--tokens", type=Path, help="token embeddings to begin with")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--look-minutes", type=float, default=8.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--freeze", nargs="*", default=[], help="parts of the image tower")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spawn(work, (args, f"{folder}/meeting"), nprocs=args.workers)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
