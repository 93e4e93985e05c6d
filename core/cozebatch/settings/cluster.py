"""What must hold together when films are made on several machines (`synthesis.cluster`, docs/cluster.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cozebatch.settings.complaints import Path
from cozebatch.synthesis.cluster.address import NOT_AN_ADDRESS, parse_address, why_not
from cozebatch.synthesis.cluster.paths import is_below

Report = Callable[[Path, str, str], None]

_SYNTHESIS: Path = ("workflow_config", "synthesis")
_TLS = ("ca", "cert", "key")


def cluster_checks(workflow: dict[str, Any], synthesis: dict[str, Any], add: Report) -> None:
    """Report to `add` what is wrong with `synthesis.cluster` and the keys around it."""
    written = synthesis.get("cluster")
    if not isinstance(written, str) or not written.strip():
        return
    path: Path = (*_SYNTHESIS, "cluster")
    address = parse_address(written)
    tls = synthesis.get("cluster_tls")
    has_certificate = isinstance(tls, dict) and all(tls.get(part) for part in _TLS)
    if address is None:
        add(path, NOT_AN_ADDRESS.zh, NOT_AN_ADDRESS.en)
    else:
        insecure = synthesis.get("cluster_insecure") is True
        wrong = why_not(address, has_certificate=has_certificate, insecure=insecure)
        if wrong is not None:
            add(path, wrong.zh, wrong.en)
    mode = synthesis.get("mode", "draft")
    if mode == "command":
        add(
            path,
            "mode 为 command 时不能用集群：程序只在本机运行",
            "excludes mode command, which runs here only",
        )
    if synthesis.get("draft_media") == "in_place":
        add(
            (*_SYNTHESIS, "draft_media"),
            "用集群时只能是 in_draft：各机器看到的路径不同",
            "must be in_draft with a cluster: each machine has paths of its own",
        )
    share = synthesis.get("cluster_share")
    if not isinstance(share, str) or not share.strip():
        add(
            (*_SYNTHESIS, "cluster_share"),
            "用集群时要写共享文件夹在这台机器上的位置",
            "is missing: where this machine sees the shared folder of the cluster",
        )
        return
    _below(workflow, synthesis, mode, share, add)


def _below(workflow: dict[str, Any], synthesis: dict[str, Any], mode: Any, share: str, add: Report) -> None:
    """The other machines reach what lies in the shared folder, and nothing else."""
    wanted: list[tuple[Path, Any]] = []
    if mode != "draft":
        wanted.append(((*_SYNTHESIS, "output_dir"), synthesis.get("output_dir", "output")))
    if mode in ("draft", "both"):
        wanted.append((("workflow_config", "draft_folder_path"), workflow.get("draft_folder_path")))
    wanted.append(((*_SYNTHESIS, "background_music_path"), synthesis.get("background_music_path")))
    for path, value in wanted:
        if isinstance(value, str) and value.strip() and not is_below(value, share):
            add(
                path,
                "用集群时要放在 cluster_share 里，别的机器才看得到",
                "must lie in cluster_share, or the other machines cannot see it",
            )
