"""Which addresses are public: every kind that is not, in every spelling, and those that are."""

from __future__ import annotations

import pytest

from zsclip.network.addresses import is_public, seems_public

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:0101:0101::1",
]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:a00:1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1.1.1.1",
    "100::1",
    "2001::1",
    "2001:0:0a00:1::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_has_been_given_out_is_public(address: str) -> None:
    assert is_public(address)
    assert seems_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_with_a_special_purpose_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "017700000001",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "0xA9FEA9FE",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "fox.localhost",
        "fox.LocalHost.",
    ],
)
def test_a_host_that_is_no_public_address_in_any_spelling_does_not_seem_so(host: str) -> None:
    assert not seems_public(host)


@pytest.mark.parametrize("host", ["example.org", "134744072", "8.8.8.8.", "notlocalhost", "a" * 99])
def test_another_host_may_be_public(host: str) -> None:
    assert seems_public(host)


def test_what_is_no_address_is_neither() -> None:
    with pytest.raises(ValueError, match="example"):
        is_public("example.org")
