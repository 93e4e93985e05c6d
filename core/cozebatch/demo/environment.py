"""The demo environment: simulated Coze and Feishu on loopback ports, and the configuration that talks to them.

Twenty tasks in about a minute: minutes of Coze pass in seconds, the account allows fewer executions at once than are
asked for (some calls are throttled), two executions fail and are repeated, one call meets a server error, and one
script is refused for its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, APP_TOKEN, SimulatedFeishu
from cozebatch.demo.feishu_tables import ACCOUNTS, CONTENT, HUMANS, VOICES
from cozebatch.demo.serving import serve

TIME_SCALE = 30.0
DURATION = (150.0, 450.0)
"""Of a demo's executions, seconds before `TIME_SCALE`."""
USUAL_SECONDS = sum(DURATION) / 2 / TIME_SCALE

FAULTS = (
    Fault(what="fail", match="早起的人", last=1, code=5000, message="digital human node: internal error"),
    Fault(what="fail", match="月薪五千", last=1, code=720701002, message="voice plug-in timed out"),
    Fault(what="status", on="submit", match="泡茶总是苦", last=1, status=503),
    Fault(what="code", on="submit", match="信用卡最低还款", code=4105, message="sensitive content in: content"),
)


@contextmanager
def demo_environment(
    *, seed: int = 0, time_scale: float = TIME_SCALE
) -> Iterator[tuple[dict[str, Any], RunningCoze, SimulatedFeishu]]:
    """Serve both for as long as the block lasts; the first value is a configuration as docs/contract.md §2 has it."""
    options = CozeOptions(duration=DURATION, time_scale=time_scale, concurrency=12, retry_after=2, seed=seed)
    feishu = SimulatedFeishu(latency=0.05, write_seconds=0.1, seed=seed)
    with serve_coze(options, FAULTS) as coze, serve(feishu) as feishu_url:
        yield demo_configuration(coze.url, feishu_url), coze, feishu


def demo_configuration(coze_url: str, feishu_url: str) -> dict[str, Any]:
    return {
        "api_config": {
            "app_id": APP_ID,
            "app_secret": APP_SECRET,
            "app_token": APP_TOKEN,
            "domain": feishu_url,
        },
        "tables": {
            "content_table": {"table_id": CONTENT},
            "account_table": {"table_id": ACCOUNTS},
            "voice_table": {"table_id": VOICES},
            "digital_human_table": {"table_id": HUMANS},
        },
        "workflow_config": {
            "coze_config": {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze_url},
            "poll_interval": 2,
            "synthesis": {"mode": "video", "width": 540, "height": 960, "output_dir": "output/demo"},
        },
    }
