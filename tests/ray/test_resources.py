"""Whatever the cluster, there is a whole CPU on some machine for what reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.ray.resources import Node, Share, cores_of_each, share_out

CPUS = st.integers(1, 96)
NODES = st.lists(st.builds(Node, CPUS, st.integers(0, 8)), min_size=1, max_size=6)


def largest_room(nodes: list[Node], share: Share, order: list[int]) -> float:
    """The most free CPUs of a machine once actors were placed, in an order of machines."""
    cpus, gpus = [node.cpus for node in nodes], [node.gpus for node in nodes]
    assert share.most is not None
    for turn in range(share.most):
        wanted = order[turn % len(order)] % len(nodes)
        for place in [*range(wanted, len(nodes)), *range(wanted)]:
            if cpus[place] >= share.num_cpus - 1e-9 and gpus[place] >= share.num_gpus - 1e-9:
                cpus[place] -= share.num_cpus
                gpus[place] -= share.num_gpus
                break
    return max(cpus)


@given(NODES, st.lists(st.integers(0, 5), min_size=1, max_size=20), st.booleans())
def test_what_reads_has_room_however_actors_are_placed(
    nodes: list[Node], order: list[int], wants_gpu: bool
) -> None:
    share = share_out(nodes, wants_gpu=wants_gpu)
    assert largest_room(nodes, share, order) >= 1 - 1e-6


@given(NODES, st.integers(1, 200), st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_what_reads_has_room_beside_any_number_of_actors(
    nodes: list[Node], actors: int, order: list[int]
) -> None:
    share = share_out(nodes, actors=actors)
    assert (share.least, share.most) == (actors, actors)
    assert largest_room(nodes, share, order) >= 1 - 1e-6


@given(NODES, st.floats(0.01, 96), st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_actors_of_so_many_cpus_fit_or_are_refused(
    nodes: list[Node], cpus: float, order: list[int]
) -> None:
    try:
        share = share_out(nodes, num_cpus=cpus)
    except ParameterError:
        assert max(node.cpus for node in nodes) - 1 < cpus + 1e-6
    else:
        assert largest_room(nodes, share, order) >= 1 - 1e-6


@pytest.mark.parametrize(
    ("nodes", "asked", "expected"),
    [
        ([Node(1)], {}, Share(0.0, 0.0, 1, 1)),
        ([Node(2)], {}, Share(0.99, 0.0, 1, 1)),
        ([Node(2)], {"actors": 2}, Share(0.5, 0.0, 2, 2)),
        ([Node(2)], {"actors": (1, 2)}, Share(0.99, 0.0, 1, 2)),
        ([Node(8)], {"num_cpus": 1}, Share(1.0, 0.0, 7, 7)),
        ([Node(64)] * 3, {}, Share(3.0, 0.0, 48, 48)),
        ([Node(16, 1)], {"num_gpus": 0.25}, Share(3.0, 0.25, 4, 4)),
        ([Node(16, 1)], {"wants_gpu": True}, Share(3.0, 0.25, 4, 4)),
        ([Node(6, 1)], {"wants_gpu": True}, Share(5.0, 1.0, 1, 1)),
        ([Node(16, 1)], {"wants_gpu": True, "actors": 1}, Share(12.0, 1.0, 1, 1)),
        ([Node(16, 1)], {"wants_gpu": True, "actors": 3}, Share(4.0, 0.33, 3, 3)),
        ([Node(16, 1)], {"wants_gpu": True, "num_gpus": 0}, Share(3.0, 0.0, 4, 4)),
        ([Node(4), Node(8, 2)], {"num_gpus": 1, "num_cpus": 2}, Share(2.0, 1.0, 2, 2)),
        ([Node(0)], {}, Share(1.0, 0.0, 1, None)),
        ([], {"actors": (2, 9), "num_gpus": 1}, Share(1.0, 1.0, 2, 9)),
    ],
)
def test_actors_are_shared_out(nodes: list[Node], asked: dict[str, Any], expected: Share) -> None:
    assert share_out(nodes, **asked) == expected


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"actors": 2, "num_cpus": 1}, "2 actors of 1 CPUs each leave less than one of the .* 2"),
        ({"num_cpus": 2}, "1 actor of 2 CPUs each leave less than one"),
        ({"num_gpus": 1}, "`num_gpus` is 1, and no machine of the cluster has more than 0"),
        ({"actors": (3, 2)}, "the least and then the most"),
        ({"actors": (1, 2, 3)}, "a number, or the least and the most"),
        ({"actors": 0}, "`actors` must be 1 or more"),
        ({"num_cpus": -1}, "`num_cpus` must be 0 or more"),
    ],
)
def test_shares_that_cannot_be_are_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        share_out([Node(2)], **asked)


@pytest.mark.parametrize("asked", [{"num_cpus": "2"}, {"num_gpus": True}, {"actors": 1.5}])
def test_shares_that_are_no_numbers_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ParameterTypeError):
        share_out([Node(2)], **asked)


def test_an_actor_keeps_as_many_threads_busy_as_it_has_cpus() -> None:
    assert [Share(cpus, 0.0, 1, 1).threads for cpus in (0.0, 0.5, 0.99, 3.0)] == [1, 1, 1, 3]


@pytest.mark.parametrize(
    ("nodes", "asked", "threads"),
    [
        ([Node(1)], {}, 1),
        ([Node(2)], {}, 2),
        ([Node(2)], {"actors": 2}, 1),
        ([Node(8)], {}, 4),
        ([Node(64)] * 3, {}, 4),
        ([Node(64)] * 3, {"actors": 1}, 64),
        ([Node(64), Node(16, 1)], {"wants_gpu": True}, 4),
        ([Node(64), Node(16, 1)], {"wants_gpu": True, "actors": 1}, 16),
        ([], {"actors": (2, 9)}, 1),
    ],
)
def test_actors_compute_on_all_cores_of_their_machines(
    nodes: list[Node], asked: dict[str, Any], threads: int
) -> None:
    assert cores_of_each(nodes, share_out(nodes, **asked)) == threads


@given(NODES, st.integers(1, 200))
def test_threads_of_actors_outnumber_cores_in_no_case_but_one_each(
    nodes: list[Node], actors: int
) -> None:
    share = share_out(nodes, actors=actors)
    threads = cores_of_each(nodes, share)
    assert threads == max(1, share.threads) or threads * actors <= sum(node.cpus for node in nodes)
