"""Clients of a service, each with pictures and labels of its own, who check what they get.

    python tests/support/clients.py [--clients 64] [--seconds 60]

runs a service and so many clients for so long, prints how many answers came how fast, what memory
the service held, and each answer that was wrong. The exit status is 1 where an answer was wrong or
missing, or where memory grew: its median over the last ten seconds may be 5 % above that over the
ten seconds that follow the first ten.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx
from PIL import Image
from served import Service, serving

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings
from zsclip.serve import Limits

__all__ = ["LABELS", "OPTIONS", "Load", "Question", "make_classifier", "make_questions", "put_load"]

LABELS = ("frog", "fish", "octopus", "tiger")
TEMPLATES = ("a drawing of a {}.",)
OPTIONS = (
    "--labels", ",".join(LABELS), "--template", *TEMPLATES, "--model", "tiny-cartoon",
    "--precision", "fp32", "--device", "cpu", "--no-cache",
)  # fmt: skip
TOLERANCE = 1e-5
_WORDS = ("rat", "chicken", "crocodile", "poodle", "cow", "ram", "whale", "chipmunk", "snake",
          "rabbit", "owl", "fox", "horse", "bee", "camel", "turtle")  # fmt: skip
_FLAT = 0.05


@dataclass(frozen=True)
class Question:
    """What a client asks, and what is right.

    Attributes:
        pictures: Files.
        expected: For each picture the score of each label.
        labels: The client's own; None for the service's.
        way: How it is sent: a name of `_WAYS`.
    """

    pictures: Sequence[bytes]
    expected: Sequence[Mapping[str, float]]
    labels: Sequence[str] | None
    way: str


@dataclass
class Load:
    """What came of many requests.

    Attributes:
        answers: How many pictures were answered rightly.
        seconds: How long each request with an answer took.
        busy: How many were told to come again.
        wrong: What was not as it should be.
    """

    answers: int = 0
    seconds: list[float] = field(default_factory=list)
    busy: int = 0
    wrong: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The time in which this share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def make_classifier() -> ZeroShotClassifier:
    """What a service with `OPTIONS` has."""
    return ZeroShotClassifier(
        LABELS,
        templates=TEMPLATES,
        model="tiny-cartoon",
        precision="fp32",
        device="cpu",
        cache=False,
    )


def make_questions(clients: int, each: int = 4, *, seed: int = 0) -> list[list[Question]]:
    """For each client so many questions that nobody else asks, with what `classify_many` answers.

    Args:
        clients: How many.
        each: Pictures of each.
        seed: Another one gives other pictures.
    """
    shared = make_classifier()
    drawings = [drawing.data for drawing in load_drawings()]
    ways = itertools.cycle(_WAYS)
    made = []
    for client in range(clients):
        rng, way = Random(f"{seed}/{client}"), next(ways)
        pictures = [_changed(rng.choice(drawings), rng) for _ in range(each)]
        labels = None
        if way not in _OF_THE_SERVICE:
            labels = [*rng.sample(_WORDS, 3), f"number {client}"]
        clf = shared if labels is None else shared.with_labels(labels, templates=TEMPLATES)
        expected = [result.as_dict() for result in clf.classify_many(pictures)]
        pairs = list(zip(pictures, expected, strict=True))
        groups = [pairs] if way in _OF_MANY else [[pair] for pair in pairs]
        made.append(
            [
                Question([one for one, _ in group], [right for _, right in group], labels, way)
                for group in groups
            ]
        )
    return made


def _changed(drawing: bytes, rng: Random) -> bytes:
    """A drawing in other colors, moved and turned, so that its scores are its own."""
    image = Image.open(io.BytesIO(drawing)).convert("RGBA")
    white = Image.new("RGBA", image.size, tuple(rng.randrange(256) for _ in range(3)))
    white.alpha_composite(image.rotate(rng.uniform(-40, 40)))
    channels = list(white.convert("RGB").split())
    rng.shuffle(channels)
    out = io.BytesIO()
    Image.merge("RGB", channels).resize((160, 160)).save(out, "PNG")
    return out.getvalue()


def _coded(picture: bytes) -> str:
    return base64.b64encode(picture).decode("ascii")


def _multipart(question: Question) -> dict[str, Any]:
    files = [("image", (f"{i}.png", data)) for i, data in enumerate(question.pictures)]
    words = {name: json.dumps(texts) for name, texts in _words(question).items()}
    return {"files": files, "data": words}


def _json(question: Question) -> dict[str, Any]:
    images: list[Any] = [{"base64": _coded(data)} for data in question.pictures]
    return {"json": {"images": images, **_words(question)}}


def _data_uris(question: Question) -> dict[str, Any]:
    images = [f"data:image/png;base64,{_coded(data)}" for data in question.pictures]
    return {"json": {"images": images, **_words(question)}}


def _words(question: Question) -> dict[str, list[str]]:
    if question.labels is None:
        return {}
    return {"labels": list(question.labels), "templates": list(TEMPLATES)}


def _raw(question: Question) -> dict[str, Any]:
    [picture] = question.pictures
    return {"content": picture, "headers": {"Content-Type": "image/png"}}


def _lines(question: Question) -> dict[str, Any]:
    return {**_multipart(question), "headers": {"Accept": "application/x-ndjson"}}


_FORM = 64  # pictures of a request that only fills what is kept

_WAYS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "multipart": _multipart,
    "json": _json,
    "raw": _raw,
    "data": _data_uris,
    "several": _multipart,
    "lines": _lines,
}
_OF_MANY = ("several", "lines")
_OF_THE_SERVICE = ("raw",)  # which have no place for labels of their own


async def put_load(
    url: str, questions: Sequence[Sequence[Question]], seconds: float, load: Load
) -> None:
    """Have a client for each list of questions ask these over and over until the time is up.

    Args:
        url: The service.
        questions: What each client asks.
        seconds: How long; each question is asked once at least.
        load: What came is added to it, as it comes.
    """
    end = time.monotonic() + seconds
    await asyncio.gather(*(_ask_until(url, asked, end, load) for asked in questions))


async def _ask_until(url: str, questions: Sequence[Question], end: float, load: Load) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        for number in itertools.count():
            if number >= len(questions) and time.monotonic() > end:
                return
            question = questions[number % len(questions)]
            if number % 2:
                question = _new(question, number)
            start = time.perf_counter()
            try:
                answer = await client.post("/classify", **_WAYS[question.way](question))
            except httpx.HTTPError as error:
                load.wrong.append(f"{question.way}: {error!r}")
                continue
            if answer.status_code == 503:
                load.busy += 1
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                continue
            problem = _problem(question, answer)
            if problem:
                load.wrong.append(f"{question.way}: {problem}")
                continue
            load.seconds.append(time.perf_counter() - start)
            load.answers += len(question.pictures)


def _new(question: Question, number: int) -> Question:
    """The same in files that nobody sent before: what is kept of those that were is of no use."""
    tail = number.to_bytes(4, "big")  # behind the end of a PNG, where no decoder looks
    return replace(question, pictures=[picture + tail for picture in question.pictures])


def _problem(question: Question, answer: httpx.Response) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.text[:200]}"
    if question.way == "lines":
        results = [json.loads(line) for line in answer.text.splitlines()]
    else:
        found = answer.json()
        results = found.get("results", [found])
    if len(results) != len(question.expected):
        return f"{len(results)} results of {len(question.expected)} pictures"
    for result, right in zip(results, question.expected, strict=True):
        scores = {each["label"]: each["score"] for each in result["scores"]}
        if scores.keys() != right.keys():
            return f"labels {sorted(scores)} in place of {sorted(right)}"
        if any(abs(scores[label] - right[label]) > TOLERANCE for label in right):
            return f"{scores} in place of {right}"
    return ""


class _Watch:
    """Prints what happens, and keeps the memory of each second or so.

    Args:
        service: Whose memory it is.
        load: What came so far.
    """

    EVERY = 5  # seconds

    def __init__(self, service: Service, load: Load) -> None:
        self._service, self._load = service, load
        self.memory: list[tuple[float, int]] = []

    async def run(self) -> None:
        print("| second | pictures/s | p50, ms | p99, ms | come again | wrong | memory, MB |")
        print("|--:|--:|--:|--:|--:|--:|--:|")
        start = since = time.monotonic()
        answers = requests = 0
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            self.memory.append((now - start, self._service.memory()))
            if now - since < self.EVERY:
                continue
            load, lately = self._load, Load(seconds=self._load.seconds[requests:])
            cells = [
                f"{now - start:.0f}",
                f"{(load.answers - answers) / (now - since):.0f}",
                *(f"{1000 * lately.percentile(share):.0f}" for share in (0.5, 0.99)),
                f"{load.busy}",
                f"{len(load.wrong)}",
                f"{self.memory[-1][1] / 1e6:.0f}",
            ]
            print("| " + " | ".join(cells) + " |", flush=True)
            since, answers, requests = now, load.answers, len(load.seconds)

    def growth(self) -> float:
        """By what part memory grew after the tenth second."""
        end = self.memory[-1][0]
        first = [size for at, size in self.memory if 10 <= at < 20]
        last = [size for at, size in self.memory if at > end - 10]
        return statistics.median(last) / statistics.median(first or last) - 1


async def _fill(url: str) -> None:
    """Have a service keep as many embeddings as it ever does, which is no growth of its own."""
    [drawing, *_] = load_drawings()
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        for start in range(0, Limits().kept_pictures, _FORM):
            numbers = range(start, start + _FORM)
            files = [("image", drawing.data + b"filling %d" % number) for number in numbers]
            (await client.post("/classify", files=files)).raise_for_status()


async def _run(service: Service, clients: int, seconds: float) -> bool:
    await _fill(service.url)
    questions, load = make_questions(clients), Load()
    watch = _Watch(service, load)
    watching = asyncio.create_task(watch.run())
    await put_load(service.url, questions, seconds, load)
    watching.cancel()
    growth = watch.growth()
    print(
        f"\n{clients} clients, {seconds:.0f} s: {load.answers:,} pictures in {len(load.seconds):,} "
        f"requests answered, each as `classify_many` answers it; {load.busy} times told to come "
        f"again; {len(load.wrong)} wrong; memory {growth:+.1%} after the tenth second"
    )
    for problem in load.wrong[:20]:
        print(problem)
    return not load.wrong and load.answers > 0 and growth < _FLAT


def main() -> None:
    """Run it, and say whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with serving(OPTIONS) as service:
        well = asyncio.run(_run(service, options.clients, options.seconds))
        service.terminate()
        status = service.ended()
    print(f"the service ended with status {status}")
    sys.exit(0 if well and status == 0 else 1)


if __name__ == "__main__":
    main()
