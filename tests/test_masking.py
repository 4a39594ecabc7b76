"""What of a URL is hidden, and what is left of it to tell which one is meant."""

from __future__ import annotations

import pytest

from zsclip.masking import masked, masked_url


@pytest.mark.parametrize(
    "userinfo",
    ["u:secret", "secret", "u:se@secret", "u:se/secret", "u:se#secret", "u:se?secret", "u:1/secret",
     "u:secret@secret/secret", "u:se\\secret", "u:se cret'secret", ":secret", "u:@secret"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "HTTPS", "socks5"])
@pytest.mark.parametrize("host", ["example.org", "example.org:8080", "[::1]:80", "intranet"])
def test_user_and_password_are_hidden(userinfo: str, scheme: str, host: str) -> None:
    shown = masked_url(f"{scheme}://{userinfo}@{host}/fox.png")
    assert shown == f"{scheme}://***@{host}/fox.png"
    assert masked_url(shown) == shown


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/@me/fox.png",
        "https://example.org:8080/a:b@c.png",
        "http://localhost:8000/@fs/fox.png",
        "http://127.0.0.1/a@b:c",
        "http://intranet/@me/fox.png",
        "https://example.org/fox.png?w=64&page=2#top",
        "https://example.org/get?key=fox.png&author=me&design=1",
        "https://example.org/token=1/fox.png",
        "photos/fox@home.png",
        "",
    ],
)
def test_a_url_without_secrets_is_shown_whole(url: str) -> None:
    assert masked_url(url) == masked(url) == url


@pytest.mark.parametrize(
    "name",
    ["X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "X-Goog-Signature", "sig",
     "signature", "Signature", "token", "access_token", "auth", "password", "pwd", "api_key",
     "apikey", "AWSAccessKeyId", "client_secret", "jwt", "sessionid"],
)  # fmt: skip
def test_the_value_of_a_parameter_that_lets_somebody_in_is_hidden(name: str) -> None:
    shown = "https://example.org/fox.png?w=64&{}={}&h=32"
    assert masked_url(shown.format(name, "s3/cr%65t")) == shown.format(name, "***")
    assert masked_url(f"https://example.org/#{name}=s3cret") == f"https://example.org/#{name}=***"


def test_a_key_of_an_interface_is_hidden() -> None:
    key = "AIzaSyD" + "x" * 32
    assert masked_url(f"https://maps.example.org/?at=1,2&key={key}").endswith("&key=***")


def test_urls_in_a_text_are_found_wherever_they_stand() -> None:
    told = masked("no 'http://u:s/cret@h.org/a', \"HTTP://s3cret@h.org\" or https:/u:s3cret@h.org.")
    assert told == "no 'http://***@h.org/a', \"HTTP://***@h.org\" or https:/***@h.org."
    assert masked("Invalid port: 's3cret'") == "Invalid port: '***'"


@pytest.mark.parametrize("end", [": no answer", ", and", ".", ""])
def test_what_follows_a_url_in_a_sentence_is_left(end: str) -> None:
    shown = f"https://h.org/a?token=***{end}"
    assert masked(f"https://h.org/a?token=s3:cr.et{end}") == masked(shown) == shown


@pytest.mark.parametrize("part", ["@", "/@", "a:/@", "?token=", "://", "http:/", "a=&", "[", ":"])
def test_the_work_grows_with_the_length_of_the_text(part: str) -> None:
    # Quadratic work would take an hour.
    assert len(masked("http://u:" + part * 300_000)) > 0
    assert len(masked_url("http://u:" + part * 300_000)) > 0
