"""What stands around all routes: paths that there are not, what is counted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from onnx_files import exported_colors
from services import asked, png, service_of
from starlette.applications import Starlette
from starlette.routing import Mount

from zsclip import ZeroShotClassifier
from zsclip.serve import create_app


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "NotFound"),
        ("POST", "/../etc/passwd", 404, "NotFound"),
        ("GET", "/classify", 405, "MethodNotAllowed"),
        ("DELETE", "/labels", 405, "MethodNotAllowed"),
        ("OPTIONS", "/classify", 405, "MethodNotAllowed"),
    ],
)
def test_what_there_is_not_is_told_in_json(
    colors: ZeroShotClassifier, method: str, path: str, status: int, kind: str
) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.request(method, path)

    response = asked(colors, ask)
    assert response.status_code == status
    assert response.json()["error_type"] == kind
    assert ("allow" in response.headers) is (status == 405)


def test_requests_pictures_batches_and_failures_are_counted(colors: ZeroShotClassifier) -> None:
    app = create_app(colors)

    async def ask(client: httpx.AsyncClient) -> str:
        kind = {"content-type": "image/png"}
        for content in (png("red"), png("red"), b"hello"):
            await client.post("/classify", content=content, headers=kind)
        for n in range(3):
            await client.get(f"/made/up/{n}")
        return (await client.get("/metrics")).text

    text, count = asked(app, ask), service_of(app).metrics.value
    assert count("zsclip_requests_total", route="/classify", status="200") == 2
    assert count("zsclip_requests_total", route="/classify", status="422") == 1
    assert count("zsclip_requests_total", route="other", status="404") == 3
    assert count("zsclip_pictures_total", origin="computed") == 1
    assert count("zsclip_pictures_total", origin="kept") == 1
    assert count("zsclip_failures_total", error_type="ImageError") == 1
    assert count("zsclip_batch_pictures_count") == 2
    assert count("zsclip_requests_in_flight") == 0
    assert "made" not in text
    for name in (
        "zsclip_queue_seconds_bucket",
        "zsclip_batch_seconds_sum",
        "zsclip_pictures_waiting",
    ):
        assert f"\n{name}" in text


def test_it_works_as_a_part_of_another_application(colors: ZeroShotClassifier) -> None:
    """Whose life is not that of its parts: nothing starts them."""
    whole = Starlette(routes=[Mount("/cats", app=create_app(colors))])

    async def run() -> tuple[str, list[str]]:
        transport = httpx.ASGITransport(app=whole)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            kind = {"content-type": "image/png"}
            answer = await client.post("/cats/classify", content=png("red"), headers=kind)
            return answer.json()["label"], [
                answer.headers["cache-control"],
                answer.headers["x-content-type-options"],
            ]

    assert asyncio.run(run()) == ("red", ["no-store", "nosniff"])


def test_as_a_part_it_counts_and_describes_its_routes_where_they_are(
    colors: ZeroShotClassifier,
) -> None:
    part = create_app(colors)
    whole = Starlette(routes=[Mount("/cats", app=part)])

    async def run() -> tuple[str, str]:
        transport = httpx.ASGITransport(app=whole)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.get("/cats/healthz")
            await client.get("/cats/nowhere")
            [server] = (await client.get("/cats/openapi.json")).json()["servers"]
            return server["url"], (await client.get("/cats/docs?a=b")).text

    at, page = asyncio.run(run())
    count = service_of(part).metrics.value
    assert count("zsclip_requests_total", route="/healthz", status="200") == 1
    assert count("zsclip_requests_total", route="other", status="404") == 1
    assert at == "/cats"
    assert "curl http://localhost/cats/healthz<" in page


def test_an_exported_file_answers_for_its_own_labels_and_says_so(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    file = exported_colors(colors, tmp_path / "colors.onnx")
    loaded = ZeroShotClassifier.load(file, cache=False)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        picture = {"image": png("red", 1)}
        return [
            await client.post("/classify", files=picture),
            await client.post("/classify", files=picture, data={"labels": "cat,dog"}),
            await client.post("/embed", json={"texts": ["a cat"]}),
        ]

    own, others, texts = asked(loaded, ask)
    assert (own.status_code, own.json()["label"]) == (200, "red")
    for refused in (others, texts):
        assert (refused.status_code, refused.json()["error_type"]) == (422, "NoTextTowerError")
        assert "knows its own labels alone" in refused.json()["error"]


def test_an_application_may_live_several_times(colors: ZeroShotClassifier) -> None:
    """As one that tests share, each with a client and an event loop of its own."""
    app = create_app(colors)

    async def ask(client: httpx.AsyncClient) -> str:
        words = {"labels": "white,red"}
        found = await client.post("/classify", files={"image": png("red")}, data=words)
        label: str = found.json()["label"]
        return label

    assert [asked(app, ask) for _ in range(2)] == ["red", "red"]
