"""Which sources of a model answer: asked all at once, for a few seconds, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Literal

from zsclip.downloads import is_on_disk
from zsclip.downloads.client import SettingsError, answer, connect, failure_of, status_of
from zsclip.downloads.download import is_offline
from zsclip.downloads.listing import hub_is_offline, secrets
from zsclip.errors import ParameterError
from zsclip.logs import untold
from zsclip.masking import masked_url
from zsclip.weights.mirror import places_of_configurations
from zsclip.weights.order import Source, sources_of
from zsclip.weights.spec import ModelSpec

__all__ = ["Answer", "ask_sources"]

_ONE_BYTE = {"Range": "bytes=0-0"}
_TIMEOUT = 4.0  # seconds for a connection, and for an answer
_MOST_SECONDS = 10.0  # for all of it, which a server that drips would draw out


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking a source.

    Attributes:
        source: What it is called.
        url: Its address, less what is secret in it; or the path of a folder.
        state: Whether it has what was asked for; ``"not asked"`` if that is forbidden.
        said: In a few words, why.
    """

    source: str
    url: str
    state: Literal["answers", "fails", "not asked"]
    said: str


def ask_sources(spec: ModelSpec) -> list[Answer]:
    """Ask each source of a model whether it has it, in the order in which they would be asked.

    Of a published file one byte is asked for, of a repository its entry on the hub. That its
    content is the right one is not known before it is fetched.

    Raises:
        ParameterError: A setting in the environment is none.
    """
    offline, hub_offline = is_offline(), hub_is_offline()
    found: list[tuple[Source, Future[_Found]]] = []
    for source in sources_of(spec):
        if is_on_disk(source.url):
            asked = _begin(_look, source.url)
        elif offline or (source.of == "hub" and hub_offline):
            asked = _begin(_not_asked, "ZSCLIP_OFFLINE" if offline else "HF_HUB_OFFLINE")
        elif source.of == "hub":
            asked = _begin(_ask_hub, source.url)
        elif source.of == "mirror" and not source.url.endswith(f"/{spec.file}"):
            asked = _begin(_ask_mirror, source.url)
        else:
            asked = _begin(_ask, source.url, _ONE_BYTE)
        found.append((source, asked))
    wait((asked for _, asked in found), _MOST_SECONDS)
    return [
        Answer(source.name, masked_url(source.url), *(asked.result() if asked.done() else _LATE))
        for source, asked in found
    ]


_Found = tuple[Literal["answers", "fails", "not asked"], str]
_LATE: _Found = ("fails", f"no whole answer came within {_MOST_SECONDS:g} s")


def _begin(look: Callable[..., _Found], *of_what: Any) -> Future[_Found]:
    """Have it done in a thread that nobody need wait for: a server may drip for ever."""
    found: Future[_Found] = Future()

    def run() -> None:
        try:
            found.set_result(look(*of_what))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            found.set_exception(error)

    Thread(target=run, name="zsclip-sources", daemon=True).start()
    return found


def _not_asked(who: str) -> _Found:
    return "not asked", f"offline: {who} forbids it"


def _look(path: str) -> _Found:
    return ("answers", "it is there") if Path(path).exists() else ("fails", "it is not there")


def _ask_hub(url: str) -> _Found:
    address, owner, name = url.rsplit("/", 2)
    try:
        headers = secrets()
    except ParameterError as error:
        return "fails", str(error)
    return _ask(f"{address}/api/models/{owner}/{name}", headers)


def _ask_mirror(url: str) -> _Found:
    """A server need not answer for a folder: what is asked for is what would be fetched first."""
    for place in places_of_configurations(url):
        found = _ask(place, _ONE_BYTE)
        if found[0] == "answers" or not found[1].startswith("the server answered 4"):
            break
    return found


def _ask(url: str, headers: dict[str, str]) -> _Found:
    import httpx

    try:
        with untold(), connect(_TIMEOUT) as client, answer(client, url, headers) as response:
            said, _ = status_of(response)
            good = response.status_code in (200, 206)
            return ("answers" if good else "fails"), said
    except SettingsError as error:
        return "fails", str(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return "fails", failure_of(error, _TIMEOUT).reason
