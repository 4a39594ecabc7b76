"""The rate of the processor: measured once, kept, doubted, and never an error."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from deadlines import run_program
from forked import IN_CHILD

from zsclip.clip import Sample
from zsclip.encoders import notes, rates
from zsclip.encoders.rates import Rate, rate_of

SURE = Rate(fp32=100.0, bf16=190.0, tries=40, probes=1, measured=1_800_000_000)
DOUBTFUL = replace(SURE, bf16=125.0)
RateOf = Callable[..., Rate | None]

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.fixture
def file(cache_folder: Path) -> Path:
    return cache_folder / "rates.json"


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What each probe is to find; neither more nor fewer are made."""
    to_find: list[Any] = []

    def probe(_: int, *, convolution: bool = False) -> Rate:
        del convolution
        found = to_find.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Rate)
        return found

    monkeypatch.setattr(rates, "probe", probe)
    monkeypatch.setattr(rates, "has_bf16", lambda: True)
    monkeypatch.setattr(rates, "_known", {})
    yield to_find
    assert to_find == []  # no fewer probes than foreseen


@pytest.fixture
def next_start(monkeypatch: pytest.MonkeyPatch) -> RateOf:
    """`rate_of` in what might be another process."""

    def next_start(width: int = 768, **options: Any) -> Rate | None:
        monkeypatch.setattr(rates, "_known", {})
        return rate_of(width, **options)

    return next_start


# ------------------------------------------------------------------------------- what it comes to


@pytest.mark.parametrize(
    ("bf16", "precision", "in_doubt"),
    [
        (50.0, "fp32", False), (110.0, "fp32", False), (111.0, "fp32", True),
        (129.9, "fp32", True), (130.0, "bf16", True), (159.0, "bf16", True),
        (160.0, "bf16", False), (350.0, "bf16", False),
    ],
)  # fmt: skip
def test_bf16_is_taken_where_it_is_faster_by_enough(
    bf16: float, precision: str, *, in_doubt: bool
) -> None:
    rate = replace(SURE, bf16=bf16)
    assert (rate.precision, rate.in_doubt) == (precision, in_doubt)
    assert rate.ratio == bf16 / 100


def test_what_was_computed_only_a_few_times_is_in_doubt() -> None:
    assert replace(SURE, tries=4).in_doubt
    assert replace(SURE, tries=4).precision == "fp32"  # of so few, the best says little
    assert not replace(SURE, tries=5).in_doubt
    assert replace(SURE, tries=5).precision == "bf16"
    assert not replace(SURE, tries=0, probes=5).in_doubt


# ------------------------------------------------------------------------------------ when it is


def test_it_is_measured_once_in_a_process(probes: list[Any], file: Path) -> None:
    probes += [SURE, replace(SURE, bf16=90.0)]
    for _ in range(3):
        assert rate_of(768) == SURE
    assert rate_of(64, convolution=True) == replace(SURE, bf16=90.0)
    assert rate_of(768) == SURE
    kept = json.loads(file.read_bytes())
    assert list(kept.values()) == [asdict(replace(SURE, bf16=90.0)), asdict(SURE)]
    kinds = [key.partition(" torch ")[2].split()[1:] for key in kept]
    assert kinds == [["resnet", "64"], ["transformer", "768"]]


def test_what_is_kept_is_not_measured_again(probes: list[Any], next_start: RateOf) -> None:
    probes += [SURE]
    assert [next_start() for _ in range(3)] == [SURE] * 3


@pytest.mark.parametrize("what", ["torch", "processor", "width", "kind"])
def test_what_it_depends_on(
    probes: list[Any], next_start: RateOf, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    probes += [SURE, DOUBTFUL]
    assert next_start() == SURE
    if what == "torch":
        monkeypatch.setattr(torch, "__version__", "2.99.0")
    elif what == "processor":
        monkeypatch.setattr(rates, "_processor", lambda: "another")
    found = next_start(1024 if what == "width" else 768, convolution=what == "kind")
    assert found == DOUBTFUL


def test_a_processor_is_known_by_its_name_and_what_onednn_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates._processor.cache_clear()
    plain = rates._processor()
    assert len(plain) == 16
    assert rates._processor() == plain
    rates._processor.cache_clear()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert rates._processor() != plain
    rates._processor.cache_clear()


def test_a_system_without_cpuinfo_has_a_processor_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(rates, "open_plain", refuse)
    rates._processor.cache_clear()
    assert len(rates._processor()) == 16
    rates._processor.cache_clear()


def test_a_doubt_is_looked_into_at_later_starts_and_the_best_counts(
    probes: list[Any], next_start: RateOf, file: Path
) -> None:
    probes += [DOUBTFUL, replace(DOUBTFUL, fp32=90.0, bf16=170.0, tries=7, measured=1_900_000_000)]
    assert next_start() == DOUBTFUL
    best = Rate(fp32=100.0, bf16=170.0, tries=47, probes=2, measured=1_900_000_000)
    assert [next_start() for _ in range(3)] == [best] * 3
    assert list(json.loads(file.read_bytes()).values()) == [asdict(best)]


def test_what_stays_in_doubt_is_measured_five_times_and_no_more(
    probes: list[Any], next_start: RateOf
) -> None:
    probes += [DOUBTFUL] * 5
    found = [next_start() for _ in range(8)]
    assert [rate.probes for rate in found if rate] == [1, 2, 3, 4, 5, 5, 5, 5]


def test_where_there_is_no_bf16_nothing_is_measured(
    probes: list[Any], next_start: RateOf, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    del probes
    monkeypatch.setattr(rates, "has_bf16", lambda: False)
    assert [next_start(), next_start()] == [None, None]
    assert not file.exists()


def test_whether_there_is_bf16_is_asked_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    def torch_with(*, onednn: bool, **operators: Any) -> Any:
        mkldnn = SimpleNamespace(**operators)
        return SimpleNamespace(
            _C=SimpleNamespace(_has_mkldnn=onednn), ops=SimpleNamespace(mkldnn=mkldnn)
        )

    for says in (True, False):
        fake = torch_with(onednn=True, _is_mkldnn_bf16_supported=lambda says=says: says)
        monkeypatch.setattr(rates, "torch", fake)
        assert rates.has_bf16() is says
    monkeypatch.setattr(rates, "torch", torch_with(onednn=True))  # an operator that is gone
    assert not rates.has_bf16()
    monkeypatch.setattr(rates, "torch", torch_with(onednn=False))
    assert not rates.has_bf16()
    monkeypatch.undo()
    assert rates.has_bf16() in (True, False)


def test_a_probe_that_fails_is_no_error(
    probes: list[Any], next_start: RateOf, caplog: pytest.LogCaptureFixture, file: Path
) -> None:
    probes += [RuntimeError("could not create a primitive"), DOUBTFUL, RuntimeError("again")]
    with caplog.at_level(logging.DEBUG, "zsclip"):
        assert next_start() is None
    assert "Could not measure" in caplog.text
    assert not file.exists()
    assert [next_start(), next_start()] == [DOUBTFUL, DOUBTFUL]


def test_what_was_measured_is_logged(
    probes: list[Any], next_start: RateOf, caplog: pytest.LogCaptureFixture
) -> None:
    probes += [SURE]
    with caplog.at_level(logging.INFO, "zsclip"):
        next_start()
        next_start()
    [record] = caplog.records
    assert record.getMessage() == (
        "One core computes 100 GFLOP/s in fp32 and 190 in bf16, 1.90 times as many."
    )


# ------------------------------------------------------------------------------------ what is kept


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 50_000, b'{"a": ' * 10_000,
        b" " * 70_000 + b"{}", b"9" * 5_000, b'{"KEY": null}', b'{"KEY": []}',
        b'{"KEY": {"fp32": 1.0}}',
        *(
            json.dumps({"KEY": {**asdict(SURE), name: value}}).encode()
            for name, value in [
                ("fp32", 0.0), ("fp32", -1.0), ("bf16", float("nan")), ("bf16", float("inf")),
                ("bf16", "190"), ("bf16", True), ("bf16", 10**30), ("tries", 1.5), ("tries", -1),
                ("probes", True), ("probes", 10**30), ("measured", None), ("measured", 2**33),
                ("more", 1),
            ]
        ),
    ],
)  # fmt: skip
def test_what_is_damaged_is_measured_anew(
    probes: list[Any], next_start: RateOf, file: Path, text: bytes
) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(text.replace(b"KEY", rates._key(768, convolution=False).encode()))
    probes += [SURE]
    assert [next_start(), next_start()] == [SURE, SURE]
    assert list(json.loads(file.read_bytes()).values()) == [asdict(SURE)]


def test_what_is_damaged_in_one_place_spares_the_others(
    probes: list[Any], next_start: RateOf, file: Path
) -> None:
    probes += [SURE, SURE]
    next_start()
    kept = json.loads(file.read_bytes())
    file.write_text(json.dumps({"other": 1, **kept}))
    assert next_start() == SURE
    next_start(1024)
    assert {**kept, rates._key(1024, convolution=False): asdict(SURE)} == json.loads(
        file.read_bytes()
    )


def test_the_file_keeps_the_newest(
    probes: list[Any], next_start: RateOf, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_MOST_KEPT", 5)
    probes += [replace(SURE, measured=width) for width in range(1, 9)]
    for width in range(1, 9):
        next_start(width)
    kept = json.loads(file.read_bytes())
    assert sorted(rate["measured"] for rate in kept.values()) == [4, 5, 6, 7, 8]


def test_as_many_as_are_kept_fit_what_is_read() -> None:
    one = {rates._key(10_000, convolution=False): asdict(replace(SURE, fp32=100 / 3, bf16=200 / 3))}
    assert rates._MOST_KEPT * len(json.dumps(one, indent=1)) < notes.MOST_BYTES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to itself", "link to nowhere"])
def test_what_is_no_file_is_left_alone(
    probes: list[Any], next_start: RateOf, file: Path, kind: str
) -> None:
    file.parent.mkdir(parents=True)
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(file if kind == "link to itself" else file.parent / "no" / "where")
    before = file.lstat()
    probes += [SURE]
    assert next_start() == SURE
    assert file.lstat() == before


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_what_others_could_have_written_is_not_believed_and_not_written(
    probes: list[Any], next_start: RateOf, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.mkdir(parents=True)
    theirs = {rates._key(768, convolution=False): asdict(replace(SURE, bf16=1.0))}
    file.write_text(json.dumps(theirs))
    file.parent.chmod(0o777)
    probes += [SURE, SURE]
    with caplog.at_level(logging.DEBUG, "zsclip"):
        assert [next_start(), next_start()] == [SURE, SURE]
    assert "everybody may write to" in caplog.text
    assert json.loads(file.read_bytes()) == theirs


def test_a_disk_that_refuses_is_no_error(
    probes: list[Any],
    next_start: RateOf,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    file: Path,
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(notes, "writing_whole", refuse)
    probes += [SURE, SURE]
    with caplog.at_level(logging.DEBUG, "zsclip"):
        assert [next_start(), next_start()] == [SURE, SURE]
    assert "Read-only file system" in caplog.text
    assert not file.exists()


def test_a_user_without_a_home_is_no_error(
    probes: list[Any], next_start: RateOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLIP_CACHE", "~nobody-of-this-name/x")
    monkeypatch.setattr(Path, "expanduser", lambda _: (_ for _ in ()).throw(RuntimeError("none")))
    probes += [SURE]
    assert next_start() == SURE


# ------------------------------------------------------------------------------- several at a time


def test_threads_that_start_together_measure_once(probes: list[Any]) -> None:
    probes += [SURE]
    found: list[Rate | None] = []
    threads = [threading.Thread(target=lambda: found.append(rate_of(768))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [SURE] * 8


def test_processes_that_measure_together_keep_the_best_of_both(
    monkeypatch: pytest.MonkeyPatch, next_start: RateOf, file: Path
) -> None:
    key = rates._key(768, convolution=False)
    file.parent.mkdir(parents=True)

    def probe(*_: Any, **__: Any) -> Rate:  # another process comes first, and has another width too
        theirs = {key: asdict(replace(SURE, fp32=120.0)), "another": asdict(SURE)}
        file.write_text(json.dumps(theirs))
        return SURE

    monkeypatch.setattr(rates, "probe", probe)
    monkeypatch.setattr(rates, "has_bf16", lambda: True)
    best = replace(SURE, fp32=120.0, tries=80, probes=2)
    assert next_start() == best
    kept = {"another": asdict(SURE), key: asdict(best)}
    assert json.loads(file.read_bytes()) == kept


PROGRAM = """
import os, threading
import torch
from zsclip.encoders import notes, rates

calls = []
def probe(*_, **__):
    calls.append(1)
    started.set()
    if hold:
        go_on.wait()
    return rates.Rate(100.0, 190.0, 40, 1, 1)

rates.probe, rates.has_bf16 = probe, lambda: True
started, go_on, hold = threading.Event(), threading.Event(), {hold}

def ask():
    global hold
    hold = False
    assert rates.rate_of(768).precision == "bf16"
    assert len(calls) == {probes}
"""


THEN = {  # what the parent does, and how many probes the child knows of in the end
    "after it was measured": (1, "rates.rate_of(768)\nin_child(ask)"),
    "while it is measured": (
        2,
        """
thread = threading.Thread(target=rates.rate_of, args=(768,))
thread.start()
started.wait()
in_child(ask)
go_on.set()
thread.join()
""",
    ),
}


@forking
@pytest.mark.parametrize("when", THEN)
def test_a_forked_child_waits_for_no_probe(when: str, tmp_path: Path) -> None:
    count, then = THEN[when]
    program = IN_CHILD + PROGRAM.format(hold=count == 2, probes=count) + then
    run_program(["-c", program], folder=tmp_path)


@forking
def test_a_forked_child_measures_whatever_its_parent_computed_with(tmp_path: Path) -> None:
    work = """
def measure():
    rate = rates._apart(lambda: rates.probe(64))
    assert min(rate.fp32, rate.bf16) > 0

torch.ones(600, 600) @ torch.ones(600, 600)  # by threads that stay behind
in_child(measure)
"""
    run_program(["-c", IN_CHILD + PROGRAM.format(hold=False, probes=0) + work], folder=tmp_path)


# --------------------------------------------------------------------------------------- measuring


class Clock:
    """Seconds that go on when something is computed."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Clock, list[str]]]:
    """Fake products: how long each takes in turn, the last one for ever. Gives clock and record."""

    def fake(fp32: list[float], bf16: list[float]) -> tuple[Clock, list[str]]:
        clock, record = Clock(), []
        times = {torch.float32: list(fp32), torch.bfloat16: list(bf16)}

        def sample_product(width: int, dtype: torch.dtype, *, convolution: bool) -> Sample:
            assert (width, convolution) == (768, False)

            def run() -> torch.Tensor:
                left = times[dtype]
                clock.now += left.pop(0) if len(left) > 1 else left[0]
                record.append(str(dtype).removeprefix("torch."))
                return torch.empty(0)

            return Sample(run, 10_000_000)

        monkeypatch.setattr(rates, "sample_product", sample_product)
        return clock, record

    return fake


def test_the_best_of_each_counts_and_they_take_turns(products: Any) -> None:
    clock, record = products([0.003, 0.009, 0.002, 0.004], [0.008, 0.001, 0.009, 0.006])
    rate = rates.probe(768, clock=clock)
    assert record == ["float32", "bfloat16"] * (len(record) // 2)
    assert rate.tries == len(record) // 2 - 1  # but for the first of each
    assert (rate.fp32, rate.bf16) == pytest.approx((10e6 / 0.002 / 1e9, 10e6 / 0.001 / 1e9))
    assert rate.probes == 1


def test_the_clock_ends_it(products: Any) -> None:
    clock, _ = products([0.001], [0.001])
    rates.probe(768, clock=clock)
    assert clock.now == pytest.approx(1000.04, abs=0.0021)


def test_a_processor_that_is_very_slow_in_bf16_computes_one_product(products: Any) -> None:
    clock, record = products([0.001], [3.0])
    rate = rates.probe(768, clock=clock)
    assert record == ["float32", "bfloat16"]
    assert (rate.precision, rate.tries) == ("fp32", 0)


def test_a_clock_that_stands_still_divides_by_nothing(products: Any) -> None:
    clock, _ = products([0.0, 0.1], [0.0, 0.1])
    assert 0 < rates.probe(768, clock=clock).ratio < 1e9


@pytest.mark.parametrize(("width", "convolution"), [(64, False), (768, False), (64, True)])
def test_a_probe_leaves_the_numbers_of_threads_as_they_are(
    *, width: int, convolution: bool
) -> None:
    seen: list[int] = []

    def call() -> Rate:
        seen.append(torch.get_num_threads())
        assert torch.is_inference_mode_enabled()
        return rates.probe(width, convolution=convolution)

    before = torch.get_num_threads()
    other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    rate = rates._apart(call)
    assert min(rate.fp32, rate.bf16) > 0
    other.start()
    other.join()
    assert seen[1:] == [before]
    assert torch.get_num_threads() == before


def test_products_coarser_than_fp32_are_not_what_is_measured() -> None:
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu"):
            rates._apart(_as_seen)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


def _as_seen() -> Rate:
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.is_autocast_enabled("cpu")
    return SURE


def test_openmp_that_cannot_be_found_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (OSError("no such library"), TypeError("no name"), AttributeError("no symbol")):

        def refuse(_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr("ctypes.CDLL", refuse)
        rates._limit_this_thread()
