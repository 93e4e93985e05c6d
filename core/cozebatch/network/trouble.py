"""What a failed connection means for a person: by which proxy it went, whether a certificate stood in its way. Pure."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import NOTHING, Text
from cozebatch.network.proxies import Proxy

WRONG_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
"""OpenSSL's own word for a certificate that is not trusted. Asking again does not help."""
_OTHER_HOST = Text(
    "对方的 HTTPS 证书是别的网站的：网络可能要先登录（打开浏览器看看），或代理、hosts 指错了地方。",
    "The HTTPS certificate is another site's: the network may want a login first (open a browser). Or a proxy or the "
    "hosts file leads to a wrong place.",
)
_OUT_OF_DATE = Text(
    "对方的 HTTPS 证书不在有效期内：请先核对这台电脑的日期和时间。",
    "The HTTPS certificate is not valid today: check this computer's date and time first.",
)
_OF_A_COMPANY = Text(
    "对方的 HTTPS 证书不受信任，多半是公司网络、代理或杀毒软件换上了自己的证书：请向管理员要根证书（PEM 文件），"
    "把路径写进环境变量 SSL_CERT_FILE，再运行。",
    "The HTTPS certificate is not trusted: probably a company's network, a proxy or a virus scanner put in its own. "
    "Ask for its root certificate (a PEM file); set SSL_CERT_FILE to its path and run again.",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why no answer came. `reason` is httpx's or the system's wording; `via` names the proxy, with a leading space in
    English; `hint` says what to do, empty where nothing special is known."""

    reason: str
    via: Text = NOTHING
    hint: Text = NOTHING
    known: Text = NOTHING
    """The reason in both languages, where it is a usual one."""

    @property
    def said(self) -> Text:
        """The reason for a person."""
        return self.known or Text.same(self.reason)

    @property
    def code(self) -> str | None:
        """`WRONG_CERTIFICATE` where that is what it is."""
        return WRONG_CERTIFICATE if WRONG_CERTIFICATE in self.reason else None


def trouble(error: Exception, proxy: Proxy | None) -> Trouble:
    """What to tell of `error`, met on the way through `proxy` (None: direct)."""
    reason = str(error) or type(error).__name__
    via = Text(f"（经代理 {proxy}）", f" (through the proxy {proxy})") if proxy is not None else NOTHING
    if WRONG_CERTIFICATE in reason:
        lowered = reason.lower()
        if "mismatch" in lowered or "match" in lowered:
            return Trouble(reason, via, _OTHER_HOST)
        out_of_date = "expired" in lowered or "not yet valid" in lowered
        return Trouble(reason, via, _OUT_OF_DATE if out_of_date else _OF_A_COMPANY)
    return Trouble(reason, via, _check(proxy) if proxy is not None else NOTHING, _known(error, reason))


_OF_NETWORKS = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    }
)
_NO_SUCH_HOST = Text("找不到这个主机名", "the host's name is not known")
_USUAL = {
    "ConnectTimeout": Text("连接超时", "the connection timed out"),
    "ReadTimeout": Text("等不到返回", "nothing came in time"),
    "WriteTimeout": Text("发送超时", "sending timed out"),
    "PoolTimeout": Text("等不到空闲的连接", "no connection became free in time"),
    "RemoteProtocolError": Text("对方中途断开了连接", "the other side closed the connection"),
}
"""httpx's and httpcore's errors by their names, where they say no more than that."""


def _known(error: Exception, reason: str) -> Text:
    """What the errors behind it say, if it is one of the usual things."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLError():  # its number is OpenSSL's
                return NOTHING
            case socket.gaierror():
                return _NO_SUCH_HOST
            case OSError(errno=number) if number in _OF_NETWORKS:
                return os_reason(OSError(number, os.strerror(number)))  # an event loop words it otherwise
    name = type(error).__name__
    ends = name != "RemoteProtocolError" or reason.startswith("Server disconnected")
    return _USUAL.get(name, NOTHING) if ends else NOTHING


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, the members of groups among them."""
    met: set[int] = set()
    left = [error]
    while left:
        cause = left.pop()
        if cause is None or id(cause) in met:
            continue
        met.add(id(cause))
        yield cause
        left += [cause.__context__, cause.__cause__]
        if isinstance(cause, BaseExceptionGroup):
            left += cause.exceptions


def _check(proxy: Proxy) -> Text:
    return Text(
        f"请检查代理 {proxy} 是否在运行、要不要用户名和密码；不该走代理就清空 HTTPS_PROXY 和 ALL_PROXY，"
        "或把主机写进 NO_PROXY。",
        f"Check that the proxy {proxy} runs, and whether it wants a user and password. To use none, empty "
        "HTTPS_PROXY and ALL_PROXY, or name the host in NO_PROXY.",
    )
