"""The one way to the network: direct, or through a proxy, with the certificates that this program trusts.

What only a proxy needs is imported only where there is one.
"""

from __future__ import annotations

import ssl

from cozebatch.network.httpx_library import httpx
from cozebatch.network.proxies import Proxy


def transport(proxy: Proxy | None, tls: ssl.SSLContext | None, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    """A pool of connections, through `proxy` or direct. `tls` may be None where plain HTTP is spoken directly."""
    if proxy is None:
        return httpx.AsyncHTTPTransport(verify=False if tls is None else tls, limits=limits, trust_env=False)
    from cozebatch.network.tunnel import TunnelTransport

    assert tls is not None, "an HTTPS proxy needs it, too"
    return TunnelTransport(proxy, tls=tls, limits=limits)
