"""Pictures from the web, with a limit on everything that a server decides."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from zsclip.errors import shown
from zsclip.files import size_in_words
from zsclip.images.reading import Reading, raise_limit
from zsclip.images.unreadable import UnreadableError
from zsclip.logs import untold

__all__ = ["fetch"]

_MAX_REDIRECTS = 5
# A server may refuse a client without a name, and may pick a format by what is asked for.
_HEADERS = {"User-Agent": "zsclip", "Accept": "image/*"}


def fetch(url: str, reading: Reading) -> bytes:
    """The body that a URL answers with.

    The timeouts of an HTTP client bound each wait and not their sum: a server that sends a byte
    now and then holds it for ever. So the download runs in a thread of its own, which is left
    behind when the time is up, and stops at the next bytes that it gets.

    Args:
        url: An ``http`` or ``https`` URL.
        reading: How long it may take, and how many bytes it may have, unpacked.

    Raises:
        UnreadableError: There is no answer in time, it is an error, or it is too large.
    """
    outcome: Future[bytes] = Future()
    abandoned = threading.Event()

    def run() -> None:
        try:
            outcome.set_result(_download(url, reading, abandoned))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="zsclip-fetch", daemon=True)
    thread.start()
    try:
        thread.join(min(reading.timeout, threading.TIMEOUT_MAX))
    finally:
        abandoned.set()
    if not outcome.done():
        raise _too_late(reading)
    return outcome.result()


def _download(url: str, reading: Reading, abandoned: threading.Event) -> bytes:
    import httpx  # slow to import, and most pictures are files

    try:
        with (
            untold(),
            httpx.Client(
                timeout=reading.timeout,
                follow_redirects=True,
                max_redirects=_MAX_REDIRECTS,
                # A connection kept for a redirect may be closed by the time it is used again.
                limits=httpx.Limits(max_keepalive_connections=0),
                headers=_HEADERS,
            ) as client,
            client.stream("GET", url) as response,
        ):
            if not response.is_success:
                status = shown(f"{response.status_code} {response.reason_phrase}".strip())
                raise UnreadableError(f"the server answered {status}.")
            declared = response.headers.get("Content-Length", "")
            if declared.isdecimal() and int(declared) > reading.max_bytes:
                raise _too_large(reading)
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > reading.max_bytes:
                    raise _too_large(reading)
                if abandoned.is_set():
                    break
            return bytes(body)
    except UnreadableError:
        raise
    except httpx.TimeoutException as error:
        raise _too_late(reading) from error
    except httpx.TooManyRedirects as error:
        raise UnreadableError(f"the server redirects more than {_MAX_REDIRECTS} times.") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        said = shown(str(error))
        raise UnreadableError(f"it is not a valid http or https URL ({said}).") from error
    except httpx.ConnectError as error:
        raise UnreadableError(f"cannot connect to the server ({shown(str(error))}).") from error
    # ImportError: a proxy from the environment that httpx has no support for.
    except (httpx.HTTPError, OSError, ValueError, ImportError) as error:
        said = f"{type(error).__name__}: {shown(str(error))}"
        raise UnreadableError(f"the download failed ({said}).") from error


def _too_late(reading: Reading) -> UnreadableError:
    return UnreadableError(
        f"it did not arrive within `timeout` ({reading.timeout:g} s). {raise_limit('timeout')}"
    )


def _too_large(reading: Reading) -> UnreadableError:
    limit = size_in_words(reading.max_bytes)
    return UnreadableError(
        f"the server sends more than `max_bytes` ({limit}). {raise_limit('max_bytes')}"
    )
