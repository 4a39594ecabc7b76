"""Connections under a budget; how they fare with servers is tested by tests/images/test_web*.py."""

from __future__ import annotations

import time

import httpcore
import pytest
from talkers import send, talk

from zsclip.network import Budget, Network

PICTURE = b"HTTP/1.1 200 OK\r\n\r\na fox"


def test_what_is_left_open_in_the_middle_is_closed() -> None:
    with talk(send(PICTURE)) as server:
        network = Network(Budget(time.monotonic() + 60), only_public=False)
        stream = network.connect_tcp("127.0.0.1", server.port)
        network.close()
        assert stream.get_extra_info("socket").fileno() == -1


def test_nothing_is_read_or_written_when_the_time_is_up() -> None:
    with talk(send(PICTURE)) as server:
        budget = Budget(time.monotonic() + 60)
        stream = Network(budget, only_public=False).connect_tcp("127.0.0.1", server.port)
        late = Network(Budget(time.monotonic()), only_public=False)
        with pytest.raises(httpcore.TimeoutException):
            late.connect_tcp("127.0.0.1", server.port)
        stream.close()


def test_what_comes_beyond_the_budget_is_refused_as_was_said() -> None:
    with talk(send(PICTURE)) as server:
        budget = Budget(time.monotonic() + 60)
        budget.allow(len(PICTURE) - 1, KeyError("too much"))
        network = Network(budget, only_public=False)
        stream = network.connect_tcp("127.0.0.1", server.port)
        stream.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(KeyError, match="too much"):
            list(iter(lambda: stream.read(65536), b""))
        network.close()
