"""Asks before a secret from the environment goes to a host that is not the service's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch_tui.session.preferences import trust_host, trusted_hosts

if TYPE_CHECKING:
    from cozebatch.settings import Settings


def require_trusted_hosts(settings: Settings, *, yes: bool, ask: Callable[[Text], bool]) -> None:
    """Ask about each host once on this machine; `yes` is the answer that was given beforehand. Raises `UsageError` if
    the answer is no or nobody can answer. Nothing was sent then."""
    for host in settings.hosts_to_ask_about():
        if host in trusted_hosts():
            continue
        if not (yes or ask(_question(host))):
            raise UsageError(_refusal(host))
        trust_host(host)


def _question(host: str) -> Text:
    return Text(
        f"配置文件把环境变量里的密钥发往 {host}，这不是扣子或飞书自己的地址。确认要发给它吗？（本机只问一次）",
        f"The configuration sends a secret from the environment to {host}: no host of Coze or Feishu. Send it there? "
        "(Asked once on this machine.)",
    )


def _refusal(host: str) -> Text:
    return Text(
        f"没有把环境变量里的密钥发往 {host}：那不是扣子或飞书自己的地址。确实是你要用的地址，就在终端里运行并确认，"
        "或加 --yes；也可以把密钥直接写进配置文件。",
        f"The secret from the environment was not sent to {host}: no host of Coze or Feishu. If you mean it, run "
        "this on a terminal and confirm, or add --yes; or write the secret into the configuration.",
    )
