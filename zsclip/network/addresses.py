"""Which addresses are the public internet's, and which lead into a network behind it.

The lists are those of IANA's registries of special-purpose addresses (RFC 6890), written out here:
what `ipaddress` calls private or global has changed between releases of Python.
"""

from __future__ import annotations

import ipaddress
import socket

__all__ = ["is_public", "seems_public"]

_NOT_PUBLIC = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # of a provider, between it and its customers; in clouds much else
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # to a machine at Azure the host that it runs on
            "169.254.0.0/16",  # link-local; in clouds what a machine is told, keys included
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # for documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # for benchmarks
            "198.51.100.0/24",  # for documentation
            "203.0.113.0/24",  # for documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# Of IPv6 only this has been given out. Outside of it lie loopback, link-local, site-local
# (fec0::/10), unique-local and multicast addresses, and 64:ff9b:1::/48, a network's own NAT64.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments; Teredo, through whatever server it names
            "2001:db8::/32",  # for documentation
            "3fff::/20",  # for documentation
        ),
    )
)
# Those that stand for an address of IPv4, and how many bits come after it.
_EMBEDDING = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet.

    One of IPv6 that stands for one of IPv4 (mapped, NAT64, 6to4) is as public as that.

    Args:
        address: An address of IPv4 or IPv6 as `socket.getaddrinfo` gives it, a zone included.

    Raises:
        ValueError: It is none.

    Examples:
        >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("100.64.0.1")
        (True, False, False)
        >>> is_public("64:ff9b::8.8.8.8"), is_public("64:ff9b::10.0.0.1"), is_public("fe80::1%eth0")
        (True, False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        for network, after in _EMBEDDING:
            if ip in network:
                ip = ipaddress.IPv4Address((int(ip) >> after) & 0xFFFF_FFFF)
                break
        else:
            return ip in _GIVEN_OUT and not any(ip in network for network in _NOT_PUBLIC_6)
    return not any(ip in network for network in _NOT_PUBLIC)


def seems_public(host: str) -> bool:
    """Whether a host may be at a public address, as far as it tells without being looked up.

    Args:
        host: A name, or an address in any spelling that the system takes: ``0x7f.1`` is 127.0.0.1.

    Examples:
        >>> seems_public("example.org"), seems_public("localhost."), seems_public("2130706433")
        (True, False, False)
    """
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return True
    return all(is_public(str(address[0])) for *_, address in found)
