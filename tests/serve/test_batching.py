"""Pictures of several requests in one batch, each with its own result."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.results import Failure
from zsclip.serve import Limits
from zsclip.serve.asked import Upload
from zsclip.serve.batching import Batcher, Embed, Embedded
from zsclip.serve.refusals import Refusal

SLOW = Limits(batch_seconds=60)  # nothing but a full batch is taken


def upload(name: str) -> Upload:
    return Upload(name.encode(), name)


class Model:
    """Embeds a picture as the length of its name, and keeps a record of its batches.

    Attributes:
        batches: The names of each batch.
        entered: Set when a batch is begun.
        gate: What each batch waits for; open to begin with.
    """

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, pictures: Sequence[Upload]) -> list[Embedded]:
        self.batches.append([picture.name for picture in pictures])
        self.entered.set()
        assert self.gate.wait(60)
        return [np.array([len(picture.name)], np.float32) for picture in pictures]


@contextmanager
def working(
    embed: Embed, batch_size: int = 3, limits: Limits = SLOW, lanes: int = 1
) -> Iterator[Batcher]:
    batcher = Batcher(embed, batch_size, limits, lanes=lanes)
    batcher.start()
    try:
        yield batcher
    finally:
        batcher.close()
    assert not batcher.is_working


@contextmanager
def busy(model: Model, batcher: Batcher) -> Iterator[None]:
    """The model is at a batch, so that what comes has to wait."""
    model.gate.clear()
    model.entered.clear()
    batcher.submit([upload("x")] * 3)
    assert model.entered.wait(60)
    yield
    model.gate.set()


def values(found: Sequence[Embedded]) -> list[float]:
    return [-1.0 if isinstance(one, Failure) else float(one[0]) for one in found]


def test_requests_that_come_together_share_a_batch() -> None:
    model = Model()
    with working(model) as batcher:
        tickets = [batcher.submit([upload(name)]) for name in ("a", "bb", "ccc")]
        results = [ticket.results[0].result(60) for ticket in tickets]
    assert values(results) == [1, 2, 3]
    assert model.batches == [["a", "bb", "ccc"]]


def test_a_batch_that_is_not_full_closes_after_its_time() -> None:
    model = Model()
    with working(model, limits=Limits(batch_seconds=0.001)) as batcher:
        assert batcher.submit([upload("a")]).results[0].result(60) == 1
    assert model.batches == [["a"]]


def test_who_is_alone_waits_for_nobody() -> None:
    model = Model()
    with working(model) as batcher:
        first = batcher.submit([upload(name) for name in "abc"])  # of one request, and full
        assert [result.result(30) for result in first.results] == [1, 1, 1]
        assert batcher.submit([upload("dd")]).results[0].result(30) == 2
        with busy(model, batcher):
            both = [batcher.submit([upload(name)]) for name in ("e", "f")]
        assert [ticket.results[0].result(30) for ticket in both] == [1, 1]
        three = [batcher.submit([upload(name)]) for name in "ghi"]  # after two: they wait again
        assert [ticket.results[0].result(30) for ticket in three] == [1, 1, 1]
    assert model.batches == [["a", "b", "c"], ["dd"], ["x"] * 3, ["e", "f"], ["g", "h", "i"]]


def test_whoever_sends_many_lets_others_in_between() -> None:
    model = Model()
    with working(model, limits=Limits(batch_seconds=0.001)) as batcher, busy(model, batcher):
        batcher.submit([upload(f"many-{n}") for n in range(6)])
        batcher.submit([upload("one")])
    assert model.batches[1:] == [
        ["many-0", "one", "many-1"],
        ["many-2", "many-3", "many-4"],
        ["many-5"],
    ]


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 4), st.integers(1, 2))
def test_every_picture_gets_its_own_result_whatever_comes(
    counts: list[int], batch_size: int, lanes: int
) -> None:
    model = Model()
    limits = Limits(batch_seconds=0.0001)
    with working(model, batch_size, limits, lanes=lanes) as batcher:
        tickets = [
            batcher.submit([upload("x" * (10 * n + i)) for i in range(count)])
            for n, count in enumerate(counts)
        ]
        found = [values([result.result(60) for result in t.results]) for t in tickets]
        assert batcher.waiting == 0
    assert found == [[10 * n + i for i in range(count)] for n, count in enumerate(counts)]
    assert all(len(batch) <= batch_size for batch in model.batches)
    assert sum(map(len, model.batches)) == sum(counts)


@pytest.mark.parametrize("kind", [ValueError, MemoryError, SystemExit, KeyboardInterrupt])
def test_an_error_is_that_of_its_own_picture_and_the_thread_goes_on(
    kind: type[BaseException],
) -> None:
    model = Model()

    def embed(pictures: Sequence[Upload]) -> list[Embedded]:
        if any(picture.name == "bad" for picture in pictures):
            raise kind("it is bad")
        return model(pictures)

    with working(embed) as batcher:
        ticket = batcher.submit([upload("a"), upload("bad"), upload("cc")])
        good = [ticket.results[n].result(60) for n in (0, 2)]
        error = ticket.results[1].exception(60)
        assert batcher.is_working
        again = batcher.submit([upload("a")] * 3)
        assert values([result.result(60) for result in again.results]) == [1, 1, 1]
    assert values(good) == [1, 2]
    assert isinstance(error, kind if issubclass(kind, Exception) else RuntimeError)
    assert "it is bad" in str(error)


def test_an_engine_that_gives_too_few_is_an_error_and_no_mix_up() -> None:
    def embed(pictures: Sequence[Upload]) -> list[Embedded]:
        return [np.zeros(1, np.float32)] * (len(pictures) - 1)

    with working(embed) as batcher:
        ticket = batcher.submit([upload("a"), upload("b"), upload("c")])
        assert all(isinstance(result.exception(60), ValueError) for result in ticket.results)


def test_what_nobody_waits_for_any_more_is_not_computed() -> None:
    model = Model()
    limits = Limits(batch_seconds=0.001)
    with working(model, limits=limits) as batcher, busy(model, batcher):
        gone = batcher.submit([upload("gone")] * 5)
        batcher.submit([upload("a")])
        one = batcher.submit([upload("gone"), upload("b")])
        one.results[0].cancel()  # as asyncio does
        batcher.cancel(gone)
        assert batcher.waiting == 3
    assert model.batches[1:] == [["a", "b"]]


def test_a_full_queue_refuses_whole_requests_and_says_when_to_come_again() -> None:
    model = Model()
    limits = Limits(batch_seconds=0.001, waiting_pictures=4)
    with working(model, limits=limits) as batcher, busy(model, batcher):
        batcher.submit([upload("a")] * 3)
        with pytest.raises(Refusal, match="Too many pictures wait") as refused:
            batcher.submit([upload("b")] * 2)
        batcher.submit([upload("c")])
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
    assert sorted(name for batch in model.batches[1:] for name in batch) == ["a", "a", "a", "c"]


def test_what_waits_is_done_before_the_end_and_nothing_is_taken_after_it() -> None:
    model = Model()
    with working(model) as batcher:
        ticket = batcher.submit([upload("a")])  # the batch is not full
    assert ticket.results[0].result(0) == 1
    with pytest.raises(Refusal, match="about to end"):
        batcher.submit([upload("b")])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_leaves_nobody_waiting_and_is_told() -> None:
    def fail(size: int, waited: float, took: float) -> None:
        raise OSError("counting fails")

    model = Model()
    batcher = Batcher(model, 1, Limits(), watch=fail)
    batcher.start()
    model.gate.clear()
    first, second = batcher.submit([upload("a")]), batcher.submit([upload("b")])
    model.gate.set()
    assert first.results[0].result(60) == 1
    assert isinstance(second.results[0].exception(60), Refusal)
    batcher.close()
    assert not batcher.is_working
    with pytest.raises(Refusal):
        batcher.submit([upload("c")])


def test_batches_are_told_with_their_size() -> None:
    told: list[tuple[int, float, float]] = []
    noted = threading.Event()

    def watch(size: int, waited: float, took: float) -> None:
        told.append((size, waited, took))
        noted.set()

    batcher = Batcher(Model(), 2, SLOW, watch=watch)
    batcher.start()
    batcher.submit([upload("a"), upload("b")])
    assert noted.wait(60)
    batcher.close()
    [(size, waited, took)] = told
    assert size == 2
    assert waited >= 0
    assert took >= 0
