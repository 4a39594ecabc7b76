"""The network that pictures come over: who may be connected to, looking up names, and TLS."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from talkers import CERTIFICATE, Internet, Talker, send, talk

from zsclip.images import Reading
from zsclip.images.unreadable import UnreadableError
from zsclip.images.web import download

PICTURE = b"HTTP/1.1 200 OK\r\n\r\na fox"
PUBLIC, OTHER, PRIVATE = "93.184.216.34", "1.1.1.1", "10.0.0.1"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def talkers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def to(where: str) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: " + where.encode() + b"\r\n\r\n"


def get(internet: Internet, url: str, urls: str = "any", seconds: float = 60) -> bytes:
    end = time.monotonic() + seconds
    return download(url, Reading(urls=urls), end=end, connecting=internet.network)


def refusal(internet: Internet, url: str, urls: str = "any", seconds: float = 60) -> str:
    with pytest.raises(UnreadableError) as caught:
        get(internet, url, urls, seconds)
    return caught.value.reason


@pytest.fixture
def internet(talkers: ExitStack) -> Internet:
    """A public server that leads to whatever its path says, and has a fox, as another has."""

    def lead(connection: socket.socket) -> None:
        path = leading.heads[-1].split(b" ")[1].decode()
        connection.sendall(to(path[1:]) if "//" in path else PICTURE)

    leading = talkers.enter_context(talk(lead))
    fox = talkers.enter_context(talk(send(PICTURE)))
    return Internet(
        {
            "leads.test": [PUBLIC],
            "fox.test": [OTHER],
            "inner.test": [PRIVATE],
            "mixed.test": [OTHER, PRIVATE],
            "nat64.test": ["64:ff9b::10.0.0.1"],
            "many.test": [f"8.8.8.{i}" for i in range(99)],
            "later.test": ["8.8.8.8", OTHER],
        },
        {PUBLIC: leading, OTHER: fox, PRIVATE: leading, "127.0.0.1": leading, "::1": leading},
    )


# ---------------------------------------------------------------------------------------- whereto


def test_row_url_private_redirect(internet: Internet) -> None:
    for inner in (
        "inner.test",
        "mixed.test",
        "nat64.test",
        PRIVATE,
        "127.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fe80::1]",
    ):
        reason = refusal(internet, f"http://leads.test/http://{inner}/x.png")
        assert "is at a public address and redirects to" in reason
        assert inner.strip("[]") in reason
    assert {address for address, _ in internet.connected} == {PUBLIC}


def test_by_default_a_redirect_may_lead_anywhere_from_within_and_to_the_public(
    internet: Internet,
) -> None:
    assert get(internet, "http://inner.test/http://127.0.0.1/http://inner.test/x.png") == b"a fox"
    assert get(internet, "http://inner.test/http://leads.test/http://fox.test/x.png") == b"a fox"
    assert get(internet, "http://leads.test/http://fox.test/x.png") == b"a fox"


def test_who_was_in_public_once_does_not_come_back(internet: Internet) -> None:
    url = "http://inner.test/http://leads.test/http://inner.test/x.png"
    assert "is at a public address and redirects to inner.test" in refusal(internet, url)


def test_row_url_public(internet: Internet) -> None:
    assert get(internet, "http://fox.test/x.png", "public") == b"a fox"
    assert get(internet, f"http://{OTHER}/x.png", "public") == b"a fox"
    internet.connected.clear()
    for inner in ("inner.test", "mixed.test", "nat64.test", PRIVATE, "127.0.0.1", "[::1]"):
        reason = refusal(internet, f"http://{inner}/x.png", "public")
        assert "is not at a public address, and `urls` is 'public'. Pass reading=Reading" in reason
        assert "--urls any" in reason
        assert PRIVATE not in reason or inner == PRIVATE  # where a name leads is not told
    assert internet.connected == []
    assert "is not at a public" in refusal(internet, "http://leads.test/http://[::1]/", "public")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "127.1", "localhost"])
def test_a_spelling_that_the_system_takes_for_loopback_is_refused(host: str) -> None:
    with talk(send(PICTURE)) as server:
        url = f"http://{host}:{server.port}/x.png"
        with pytest.raises(UnreadableError, match="is not at a public address"):
            download(url, Reading(urls="public"), end=time.monotonic() + 60)
        assert server.heads == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(internet: Internet) -> None:
    class Rebinding(Internet):
        def look_up(self, host: str, port: int, **options: object) -> object:  # type: ignore[override]
            found = super().look_up(host, port)
            self.names[host] = [PRIVATE]  # what it says from now on
            return found

    rebinding = Rebinding(internet.names, internet.servers)
    assert get(rebinding, "http://fox.test/x.png", "public") == b"a fox"
    assert rebinding.looked_up == ["fox.test"]
    assert rebinding.connected == [(OTHER, 80)]
    assert "is not at a public address" in refusal(rebinding, "http://fox.test/x.png", "public")


def test_a_server_is_told_the_name_and_not_the_address(internet: Internet) -> None:
    get(internet, "http://me:secret@fox.test:8080/x.png")
    head = internet.servers[OTHER].heads[0]
    assert b"\r\nHost: fox.test:8080\r\n" in head
    assert internet.connected == [(OTHER, 8080)]


def test_the_next_address_is_tried_and_not_all_of_many(internet: Internet) -> None:
    assert get(internet, "http://later.test/x.png") == b"a fox"
    assert [address for address, _ in internet.connected] == ["8.8.8.8", OTHER]
    internet.connected.clear()
    assert refusal(internet, "http://many.test/x.png").startswith("cannot connect to the server")
    assert len(internet.connected) == 8


def test_a_password_goes_to_its_own_server_alone(internet: Internet) -> None:
    there = "http://me:secret@leads.test"
    for where, told in (("http://leads.test/x", True), ("http://fox.test/x", False)):
        assert get(internet, f"{there}/{where}") == b"a fox"
        last = internet.servers[PUBLIC if told else OTHER].heads[-1]
        assert (b"\r\nAuthorization: Basic bWU6c2VjcmV0\r\n" in last) is told
    get(internet, "http://leads.test/http://you:other@fox.test/x")  # a redirect has none to give
    assert b"Authorization" not in internet.servers[OTHER].heads[-1]


@pytest.mark.parametrize(
    "where", ["file:///etc/passwd", "ftp://fox.test/x", "gopher://x", "unix:///x"]
)
def test_a_redirect_leads_to_the_web_only(internet: Internet, where: str) -> None:
    reason = refusal(internet, f"http://leads.test/{where}")
    assert reason.startswith("it is not a valid http or https URL, or the server redirects to")


def test_a_redirect_without_end_is_followed_five_times(talkers: ExitStack) -> None:
    server = talkers.enter_context(talk(send(to("/again"))))
    with pytest.raises(UnreadableError, match="redirects more than 5 times"):
        download(server.url, Reading(), end=time.monotonic() + 60)
    assert len(server.heads) == 6


# ---------------------------------------------------------------------------------------- look-up


def test_a_name_that_is_not_found_says_so(internet: Internet) -> None:
    reason = refusal(internet, "http://nobody.test/")
    assert reason.startswith("cannot connect to the server (")
    assert "Name or service not known" in reason
    assert refusal(internet, f"http://{'a' * 64}.test/").startswith("cannot connect")


# -------------------------------------------------------------------------------------------- TLS


def trusted() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def test_tls_is_told_the_name_and_checks_it(
    talkers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = []
    context = trusted()
    context.sni_callback = lambda _, name, __: names.append(name)
    server = talkers.enter_context(talk(send(PICTURE), context=context))
    internet = Internet({"pictures.test": [OTHER], "fox.test": [OTHER]}, {OTHER: server})
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    assert get(internet, "https://pictures.test/x.png", "public") == b"a fox"
    assert names == ["pictures.test"]
    assert internet.connected == [(OTHER, 443)]
    assert "certificate verify failed" in refusal(internet, "https://fox.test/x.png")
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate verify failed" in refusal(internet, "https://pictures.test/x.png")
    monkeypatch.setenv("SSL_CERT_FILE", __file__)  # which holds none
    assert refusal(internet, "https://pictures.test/x.png")


def test_a_server_that_is_no_server_says_so() -> None:
    server = Talker(lambda connection: None)
    with pytest.raises(UnreadableError, match="cannot connect"):
        download(server.url.replace("http", "https"), Reading(), end=time.monotonic() + 60)
    server.close()
