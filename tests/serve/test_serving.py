"""`create_app` and `run`: what they refuse to begin."""

from __future__ import annotations

import socket
import sys
from typing import Any

import httpx
import pytest
from services import asked, png

from zsclip import ZeroShotClassifier
from zsclip.errors import MissingExtraError, ParameterError, ParameterTypeError
from zsclip.serve import create_app, run


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "cats.example"])
def test_an_address_that_others_reach_wants_a_token(colors: ZeroShotClassifier, host: str) -> None:
    with pytest.raises(ParameterError, match=r"no `token`.*ZSCLIP_TOKEN"):
        run(colors, host)


@pytest.mark.parametrize(("token", "status"), [(None, 421), ("secret", 200)])
def test_a_proxy_on_the_same_machine_may_name_itself_where_there_is_a_token(
    colors: ZeroShotClassifier,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
    status: int,
) -> None:
    apps = []
    monkeypatch.setattr(
        "zsclip.serve.running.serve_until_told", lambda app, *_, **options: apps.append(app)
    )
    run(colors, token=token)

    async def ask(client: httpx.AsyncClient) -> int:
        headers = {"Host": "cats.example", "Origin": "https://cats.example"}
        headers["Authorization"] = f"Bearer {token}"
        files = {"image": png("red")}
        return (await client.post("/classify", headers=headers, files=files)).status_code

    assert asked(apps[0], ask) == status


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"token": ""}, ParameterError),
        ({"token": " hidden"}, ParameterError),
        ({"token": "hiddén"}, ParameterError),
        ({"token": 7}, ParameterTypeError),
        ({"limits": 7}, ParameterTypeError),
        ({"hosts": "localhost"}, ParameterTypeError),
        ({"urls": "some"}, ParameterError),
    ],
)
def test_an_argument_that_cannot_be_is_refused(
    colors: ZeroShotClassifier, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"`{next(iter(given))}`") as told:
        create_app(colors, **given)
    assert "hidd" not in str(told.value)


def test_what_is_no_classifier_is_refused() -> None:
    with pytest.raises(ParameterTypeError, match="`classifier`"):
        create_app("cartoon-animals")  # type: ignore[arg-type]


def test_without_the_extra_it_is_named(
    colors: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("zsclip.serve.")]:
        if name not in ("zsclip.serve.limits", "zsclip.serve.serving"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zsclip\[serve\]"'):
        create_app(colors)


def test_a_port_that_is_taken_is_told(colors: ZeroShotClassifier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            OSError, match=f"Cannot listen on 127.0.0.1, port {port}: [A-Z][a-z ]*. Choose"
        ):
            run(colors, port=port)


def test_a_model_that_cannot_be_loaded_ends_it_with_the_error(
    colors: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(texts: Any, **options: Any) -> Any:
        raise OSError("the file is damaged")

    monkeypatch.setattr(colors.encoder, "encode_texts", fail)
    with pytest.raises(OSError, match="damaged"):
        run(colors, port=0)
