"""A service in a process of its own, under clients who each check their own answers."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from clients import OPTIONS, Load, make_classifier, make_questions, put_load
from served import Service, serving

from zsclip.demo import load_drawings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is no question there")


@pytest.fixture(scope="module")
def service(_not_the_cache_of_the_user: object) -> Iterator[Service]:
    with serving(OPTIONS) as running:
        yield running


def test_each_of_many_clients_gets_its_own_answers(service: Service) -> None:
    load = Load()
    questions = make_questions(12, each=3)
    asyncio.run(put_load(service.url, questions, 1, load))
    assert load.wrong == []
    assert load.answers >= 12 * 3


def test_requests_that_come_together_are_computed_together(service: Service) -> None:
    before = _metrics(service)
    load = Load()
    asyncio.run(put_load(service.url, make_questions(8, each=2, seed=1), 0, load))
    after = _metrics(service)
    names = "zsclip_batch_pictures_sum", "zsclip_batch_pictures_count"
    pictures, batches = (after[name] - before[name] for name in names)
    assert load.wrong == []
    assert pictures > batches


def test_what_is_in_flight_when_it_is_told_to_end_is_answered() -> None:
    pictures = [drawing.data for drawing in load_drawings()]
    right = [result.as_dict() for result in make_classifier().classify_many(pictures)]
    with serving(OPTIONS) as service:

        async def ask(number: int) -> httpx.Response:
            files = [
                ("image", data + bytes([copy, number])) for copy in range(2) for data in pictures
            ]
            async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
                return await client.post(f"{service.url}/classify", files=files)

        async def ask_and_end() -> list[httpx.Response]:
            asking = [asyncio.create_task(ask(number)) for number in range(4)]
            end = time.monotonic() + 30
            while time.monotonic() < end:
                told = await asyncio.to_thread(_metrics, service)
                if told["zsclip_requests_in_flight"] > len(asking):  # and this one
                    break
            service.terminate()
            return await asyncio.gather(*asking)

        for answer in asyncio.run(ask_and_end()):
            assert answer.status_code == 200, answer.text
            found = [
                {one["label"]: one["score"] for one in result["scores"]}
                for result in answer.json()["results"]
            ]
            assert found == [pytest.approx(scores, abs=1e-5) for scores in right * 2]
        assert service.ended() == 0


def _metrics(service: Service) -> dict[str, float]:
    text = httpx.get(f"{service.url}/metrics", trust_env=False).text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}
