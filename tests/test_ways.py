"""Which way a call takes through the files: the rules of `ways`, on packages made up for them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from ways import (
    PAGE,
    PICTURES,
    TITLES,
    Stop,
    Trace,
    beside,
    entered_again,
    read_way,
    record,
    record_ways,
    stops,
)

Run = Callable[[Mapping[str, str]], Trace]

HELPER = "def help(): return 1"
MOST = 7  # stops that anybody can keep in mind


@pytest.fixture(scope="module")
def traces(drawings: Path) -> tuple[Trace, Trace]:
    """The ways of a picture and of a label."""
    return record_ways([drawings / f"{name}.png" for name in PICTURES])


@pytest.mark.parametrize("number", range(2), ids=TITLES)
def test_the_architecture_page_tells_the_ways_that_classify_takes(
    traces: tuple[Trace, Trace], number: int
) -> None:
    trace, page = traces[number], PAGE.read_text("utf-8")
    told, other = read_way(page, TITLES[number]), read_way(page, TITLES[1 - number])
    way = stops(trace, told, beside=beside(told, other))
    assert files(way) == files(told)
    assert entered_again(way) == []
    assert len(told) <= MOST
    assert trace.elsewhere == []
    ran = {call.stop for call in trace.every_call()}
    ran |= {Stop(stop.file, stop.function.rpartition(".")[0]) for stop in ran}
    assert set(told) <= ran, "the page names functions that do not run"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Records ``start()`` of the file ``first.py`` of a package with these files."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "made_up"

    def run(files: Mapping[str, str]) -> Trace:
        for name, code in files.items():
            path = package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(code))
        start = importlib.import_module("made_up.first").start
        with record(package) as trace:
            start()
        return trace

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up"]:
        del sys.modules[name]


def files(way: list[Stop]) -> list[str]:
    return [stop.file for stop in way]


def named(*names: str) -> list[Stop]:
    return [Stop(name, "") for name in names]


def test_named_stops_are_told_as_they_are_entered_with_their_functions(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up.room.second import Middle
                from made_up.third import answer
                def start():
                    Middle().go()
                    answer()
            """,
            "room/second.py": "class Middle:\n    def go(self): pass",
            "third.py": "def answer(): pass",
        }
    )
    way = [Stop("first.py", "start"), Stop("room/second.py", "Middle.go")]
    way.append(Stop("third.py", "answer"))
    assert stops(trace, way) == way
    assert [call.stop for call in trace.every_call()] == way


def test_what_is_not_named_is_a_stop_where_it_leads_on(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up.second import lead
                from made_up.helper import help
                def start():
                    help()
                    lead()
            """,
            "second.py": "from made_up.helper import help\ndef lead(): return help()",
            "helper.py": HELPER,
        }
    )
    assert files(stops(trace)) == ["first.py", "second.py"]
    way = files(stops(trace, named("helper.py")))
    assert way == ["first.py", "helper.py", "second.py", "helper.py"]


def test_files_that_ask_each_other_within_a_room_are_one_stop(run: Run) -> None:
    trace = run(
        {
            "first.py": "from made_up.room.face import go\ndef start(): go()",
            "room/face.py": "from made_up.room.inner import go_on\ndef go(): go_on()",
            "room/inner.py": "from made_up.other import go_on as on\ndef go_on(): on()",
            "other.py": "from made_up.helper import help\ndef go_on(): help()",
            "helper.py": HELPER,
        }
    )
    assert files(stops(trace)) == ["first.py", "room/face.py", "other.py"]
    assert files(stops(trace, named("room/inner.py")))[1:3] == ["room/face.py", "room/inner.py"]


def test_of_a_room_that_is_named_another_file_is_a_stop_where_it_leads_to_a_third_room(
    run: Run,
) -> None:
    trace = run(
        {
            "first.py": """
                from made_up.room import deep, onward, wide
                def start():
                    wide.go()
                    onward.go()
                    deep.go()
            """,
            "room/wide.py": "from made_up.room.inner import go_on\ndef go(): go_on()",
            "room/onward.py": "from made_up.room.inner import out\ndef go(): out()",
            "room/deep.py": "def go(): pass",
            "room/inner.py": """
                from made_up.helper import help
                def go_on(): pass
                def out(): help()
            """,
            "helper.py": HELPER,
        }
    )
    assert files(stops(trace)) == ["first.py", "room/wide.py", "room/onward.py"]
    way = files(stops(trace, named("room/deep.py")))
    assert way == ["first.py", "room/onward.py", "room/deep.py"]


def test_properties_values_and_the_ground_are_quiet(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up.errors import explain
                from made_up.value import Value
                def start():
                    Value().size
                    explain()
            """,
            "value.py": """
                from functools import cached_property
                from made_up.second import lead
                class Value:
                    def __init__(self): self._check()
                    def _check(self): lead()
                    @cached_property
                    def size(self): return lead()
            """,
            "errors.py": "from made_up.helper import help\ndef explain(): help()",
            "second.py": "from made_up.helper import help\ndef lead(): return help()",
            "helper.py": HELPER,
        }
    )
    assert files(stops(trace)) == ["first.py", "second.py"]
    for function in ("Value", "Value.size"):
        way = stops(trace, [Stop("value.py", function)])
        assert files(way)[1:] in (["value.py", "second.py"], ["second.py", "value.py", "second.py"])


def test_a_file_called_twice_with_no_stop_in_between_was_not_left(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up import engine, outer
                def start():
                    outer.prepare()
                    engine.compute()
            """,
            "outer.py": "from made_up import engine\ndef prepare(): engine.prepare()",
            "engine.py": """
                from made_up.helper import help
                def prepare(): help()
                def compute(): help()
            """,
            "helper.py": HELPER,
        }
    )
    way = stops(trace)
    assert files(way) == ["first.py", "outer.py", "engine.py"]
    assert entered_again(way) == []


def test_a_file_called_once_more_after_another_stop_is_entered_again(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up import second, third
                def start():
                    second.go()
                    third.go()
                    second.go()
            """,
            "second.py": "def go(): pass",
            "third.py": "def go(): pass",
        }
    )
    way = stops(trace, named("second.py", "third.py"))
    assert files(way) == ["first.py", "second.py", "third.py", "second.py"]
    assert entered_again(way) == ["second.py"]


def test_a_file_that_is_called_back_was_not_left(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up.second import each
                def start(): each(back)
                def back(): pass
            """,
            "second.py": "def each(function): function()",
        }
    )
    assert files(stops(trace)) == ["first.py"]
    assert files(stops(trace, named("first.py", "second.py"))) == ["first.py", "second.py"]


def test_a_generator_that_goes_on_with_the_next_batch_is_not_entered_again(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up.second import batches
                from made_up.score import score
                def start(): return [score(batch) for batch in batches()]
            """,
            "second.py": """
                from made_up.engine import encode
                def batches(): yield from inner()
                def inner():
                    for batch in (1, 2, 3):
                        yield encode(batch)
            """,
            "engine.py": "def encode(batch): return batch",
            "score.py": "def score(batch): return batch",
        }
    )
    way = stops(trace, named("second.py", "engine.py"))
    assert files(way) == ["first.py", "second.py", "engine.py"]


def test_what_is_beside_a_way_goes_with_all_that_is_beneath_it(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from made_up import head
                from made_up.room import pictures
                def start():
                    head.matrix()
                    pictures.go()
                    head.score()
            """,
            "room/pictures.py": "from made_up.engine import encode\ndef go(): encode()",
            "engine.py": "def encode(): pass",
            "head.py": """
                from made_up.engine import encode
                def matrix(): encode()
                def score(): pass
            """,
        }
    )
    told = named("head.py", "engine.py")
    other = named("first.py", "room/pictures.py", "engine.py")
    assert entered_again(stops(trace, told)) == ["engine.py", "head.py"]
    apart = beside([*named("first.py"), *told], other)
    assert apart == ["room/"]
    assert beside(named("room/a.py"), named("room/a.py", "room/b.py", "c.py")) == [
        "room/b.py",
        "c.py",
    ]
    for left_out in (apart, ["room/pictures.py"]):
        assert files(stops(trace, told, beside=left_out)) == ["first.py", "head.py", "engine.py"]


def test_what_an_import_runs_is_no_part_of_a_way(run: Run) -> None:
    trace = run(
        {
            "first.py": "def start():\n    from made_up import second\n    second.go()",
            "second.py": """
                from made_up.helper import help
                class Made:
                    value = help()
                def go(): pass
                help()
            """,
            "helper.py": HELPER,
        }
    )
    assert [str(call.stop) for call in trace.every_call()] == ["first.py start", "second.py go"]


def test_what_other_threads_run_is_told_apart(run: Run) -> None:
    trace = run(
        {
            "first.py": """
                from threading import Thread
                from made_up.second import go
                def start():
                    thread = Thread(target=go)
                    thread.start()
                    thread.join()
            """,
            "second.py": "def go(): pass",
        }
    )
    assert [call.stop.file for call in trace.every_call()] == ["first.py"]
    assert trace.elsewhere == [Stop("second.py", "go")]


def test_the_stops_of_a_page_are_read_below_their_title() -> None:
    page = (
        "# Page\n\n## One\n\n| | file | function | what |\n|--:|---|---|---|\n"
        "| 1 | `a.py` | `f` | begins |\n| 2 | `b/c.py` | `C.g` | ends |\n\n## Two\n\n"
        "| 1 | `d.py` | `h` | is another |\n"
    )
    assert read_way(page, "One") == [Stop("a.py", "f"), Stop("b/c.py", "C.g")]
    assert read_way(page, "Two") == [Stop("d.py", "h")]
    with pytest.raises(AssertionError, match="no section 'Three'"):
        read_way(page, "Three")
