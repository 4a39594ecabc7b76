"""Proxies that the environment names: which is asked for what, and what cannot be promised."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator

import pytest
from talkers import CERTIFICATE, Internet, Talker, drip, relay, send, talk

from zsclip.images import Reading
from zsclip.images.unreadable import UnreadableError
from zsclip.images.web import download

PICTURE = b"HTTP/1.1 200 OK\r\n\r\na fox"
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def proxy() -> Iterator[Talker]:
    """A proxy that has a fox at every address, and redirects to what comes after ``to=``."""

    def answer(connection: socket.socket) -> None:
        _, leads, where = talker.heads[-1].split(b" ")[1].partition(b"to=")
        found = b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\n\r\n"
        connection.sendall(found if leads else PICTURE)

    with talk(answer) as talker:
        yield talker


def get(url: str, urls: str = "any") -> bytes:
    return download(url, Reading(urls=urls), end=time.monotonic() + 60)


def refusal(url: str, urls: str = "any") -> str:
    with pytest.raises(UnreadableError) as caught:
        get(url, urls)
    return caught.value.reason


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_a_proxy_of_the_environment_is_asked(
    name: str, proxy: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{proxy.port}")
    assert get("http://fox.test/x.png") == b"a fox"
    assert proxy.heads[0].startswith(b"GET http://fox.test/x.png HTTP/1.1\r\n")
    assert b"\r\nHost: fox.test\r\n" in proxy.heads[0]
    assert b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in proxy.heads[0]


def test_whom_no_proxy_names_is_asked_directly(
    proxy: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "example.org,127.0.0.1")
    with talk(send(PICTURE)) as server:
        assert get(server.url) == b"a fox"
        assert len(server.heads) == 1
    assert proxy.heads == []


def test_row_url_proxy(proxy: Talker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
    reason = refusal("http://fox.test/x.png", "public")
    assert reason.startswith("`urls` is 'public', which cannot be promised through a proxy")
    assert "NO_PROXY" in reason
    assert "--urls any" in reason
    assert "secret" not in reason
    assert proxy.heads == []


@pytest.mark.parametrize("inner", ["10.0.0.1", "2130706433", "localhost", "[::1]", "[fd00::1]"])
def test_a_redirect_through_a_proxy_is_refused_as_far_as_its_address_tells(
    inner: str, proxy: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    assert get("http://fox.test/?to=http://wolf.test/") == b"a fox"
    assert get(f"http://10.0.0.2/?to=http://{inner}/") == b"a fox"
    proxy.heads.clear()
    reason = refusal(f"http://fox.test/?to=http://{inner}/")
    assert "is at a public address and redirects to" in reason
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("proxy_url", ["socks4://p:1", "ftp://p:1", "http://p:x", "socks5://p:1"])
def test_a_proxy_that_cannot_be_used_is_an_error(
    proxy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy_url)
    assert refusal("http://fox.test/x.png")


def test_what_a_proxy_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with talk(send(b"HTTP/1.1 407 Proxy \x1b Authentication\r\n\r\n")) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert (
            refusal("http://fox.test/") == "the server answered 407 Proxy Authentication Required."
        )
        reason = refusal("https://fox.test/")
        assert reason.startswith("the download failed (ProxyError: 407")
        assert "\x1b" not in reason


# -------------------------------------------------------------------------------------------- TLS


def trusted() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.mark.parametrize("outer", ["http", "https"])
def test_a_server_with_tls_is_reached_through_a_tunnel(
    outer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    large = bytes(300_000)
    with talk(send(b"HTTP/1.1 200 OK\r\n\r\n", large), context=trusted()) as server:

        def tunnel(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(server.port)(connection)

        with talk(tunnel, context=trusted() if outer == "https" else None) as proxy:
            internet = Internet({"proxy.test": ["127.0.0.1"]}, {"127.0.0.1": proxy})
            monkeypatch.setenv("HTTPS_PROXY", f"{outer}://proxy.test:{proxy.port}")
            got = download(
                "https://pictures.test/x.png",
                Reading(),
                end=time.monotonic() + 60,
                connecting=internet.network,
            )
            assert got == large
            assert proxy.heads[0].startswith(b"CONNECT pictures.test:443 HTTP/1.1\r\n")
            assert internet.looked_up == ["proxy.test"]
            wrong = "certificate verify failed"
            with pytest.raises(UnreadableError, match=wrong):
                download(
                    "https://fox.test/x.png",
                    Reading(),
                    end=time.monotonic() + 60,
                    connecting=internet.network,
                )


@pytest.mark.parametrize("outer", ["http", "https"])
@pytest.mark.parametrize("inner", [b"", b"\x16\x03\x03\x40\x00"])
def test_a_tunnel_that_drips_is_hung_up_on_when_the_time_is_up(
    outer: str, inner: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    def answer(connection: socket.socket) -> None:
        if inner:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.recv(1)  # the handshake has begun
        drip(inner, b"\x02" if inner else b"H")(connection)

    with talk(answer, context=trusted() if outer == "https" else None) as proxy:
        internet = Internet({"proxy.test": ["127.0.0.1"]}, {"127.0.0.1": proxy})
        monkeypatch.setenv("HTTPS_PROXY", f"{outer}://proxy.test:{proxy.port}")
        with pytest.raises(UnreadableError, match="did not arrive within"):
            download(
                "https://pictures.test/",
                Reading(),
                end=time.monotonic() + 0.7,
                connecting=internet.network,
            )
        assert proxy.was_hung_up_on()
