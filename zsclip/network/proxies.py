"""Proxies that the environment names, and connections to servers through them or without one."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

__all__ = ["connections", "proxy_for"]


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy for an address: that of ``HTTP_PROXY``, ``HTTPS_PROXY`` or ``ALL_PROXY``.

    None is for hosts that ``NO_PROXY`` names. On Windows and macOS the system's settings count
    where the environment has none.

    Raises:
        ValueError: It is of a kind that httpx does not know.
        httpx.InvalidURL: It is no address.
    """
    named = getproxies()
    proxy = named.get(url.scheme) or named.get("all")
    port = url.port or {"https": 443}.get(url.scheme, 80)
    if not proxy or proxy_bypass(url.host) or proxy_bypass(f"{url.host}:{port}"):
        return None
    return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")


def connections(
    url: httpx.URL, proxy: httpx.Proxy | None, network: httpcore.NetworkBackend
) -> httpcore.ConnectionPool:
    """What makes the connection to the server of an address.

    Certificates are verified, with those of ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` where the
    environment names them.

    Args:
        url: The address.
        proxy: The proxy to it, if there is one.
        network: What connects, to the server or to the proxy.

    Raises:
        OSError: There are no such certificates.
        RuntimeError: It is a SOCKS proxy, for which ``socksio`` is missing.
    """
    outer = _trusting() if proxy is not None and proxy.url.scheme == "https" else None
    inner = _trusting() if url.scheme == "https" else None
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=inner, network_backend=network)
    address = httpcore.URL(
        scheme=proxy.url.raw_scheme,
        host=proxy.url.raw_host,
        port=proxy.url.port,
        target=proxy.url.raw_path,
    )
    if proxy.url.scheme.startswith("socks"):
        return httpcore.SOCKSProxy(
            proxy_url=address,
            proxy_auth=proxy.raw_auth,
            ssl_context=inner,
            network_backend=network,
        )
    return httpcore.HTTPProxy(
        proxy_url=address,
        proxy_auth=proxy.raw_auth,
        proxy_headers=proxy.headers.raw,
        ssl_context=inner,
        proxy_ssl_context=outer,
        network_backend=network,
    )


def _trusting() -> ssl.SSLContext:
    return _trusting_those_of(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)  # to read all certificates takes longer than to fetch a picture
def _trusting_those_of(*_: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()
