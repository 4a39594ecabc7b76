"""Connections to servers that strangers name, bounded in all that these decide.

A `Network` stands in for httpcore's own: everything that a fetch takes over it comes out of one
`Budget` of seconds and bytes, and it connects to public addresses alone where that is asked for.
`connections` makes of it what speaks HTTP, through the proxy that the environment names
(`proxy_for`) or without one. `seems_public` tells of a host what can be told without a connection.

Nothing here knows what is fetched. Importing it loads httpcore and httpx, which is slow: only who
is about to fetch does.
"""

from __future__ import annotations

from zsclip.network.addresses import seems_public
from zsclip.network.backend import Network, NotPublicError
from zsclip.network.budget import Budget
from zsclip.network.proxies import connections, proxy_for

__all__ = [
    "Budget",
    "Network",
    "NotPublicError",
    "connections",
    "proxy_for",
    "seems_public",
]
