"""`synthesis.cluster` and what must hold together around it."""

from __future__ import annotations

from typing import Any

import pytest

from cozebatch.model.errors import UsageError
from cozebatch.settings.load import parse_settings

TLS = {"ca": "a.pem", "cert": "c.pem", "key": "k.pem"}
GOOD: dict[str, Any] = {
    "mode": "video",
    "output_dir": "/srv/films/output",
    "cluster": "tls://192.168.1.10:8786",
    "cluster_share": "/srv/films",
    "cluster_tls": TLS,
}


def complained(**changes: Any) -> list[str]:
    workflow: dict[str, Any] = {"coze_config": {"token": "pat_1", "workflow_id": "1"}, "synthesis": {**GOOD, **changes}}
    if changes.get("mode") in ("draft", "both"):
        workflow["draft_folder_path"] = "/drafts"
    try:
        parse_settings({"workflow_config": workflow})
    except UsageError as error:
        return [complaint.en for complaint in error.complaints]
    return []


def test_a_whole_configuration_is_good() -> None:
    assert complained() == []
    assert complained(cluster=None, cluster_share=None, output_dir="output") == []
    assert complained(cluster="tcp://127.0.0.1:8786", cluster_tls=None) == []
    assert complained(cluster="tcp://192.168.1.10:8786", cluster_tls=None, cluster_insecure=True) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cluster": "192.168.1.10"}, "address of a dask scheduler"),
        ({"cluster": "tcp://192.168.1.10:8786"}, "is not encrypted"),
        ({"cluster_tls": None}, "needs the files of a certificate"),
        ({"cluster_share": None}, "shared folder"),
        ({"output_dir": "output"}, "must lie in cluster_share"),
        ({"background_music_path": "/music/a.mp3"}, "must lie in cluster_share"),
        ({"mode": "both"}, "must lie in cluster_share"),
        ({"mode": "command", "command": ["x"]}, "excludes mode command"),
        ({"draft_media": "in_place"}, "must be in_draft"),
    ],
)
def test_what_cannot_work_is_told_before_anything_runs(changes: dict[str, Any], told: str) -> None:
    (complaint,) = complained(**changes)
    assert told in complaint
