"""What `check` and a batch look at before paying: the scheduler, and on every worker the folders, ffmpeg and fonts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.text import Text
from cozebatch.synthesis.check import check_synthesis
from cozebatch.synthesis.cluster.connecting import Cluster, connect, disconnect, not_reached
from cozebatch.synthesis.cluster.examining import Examined, examine, left_out
from cozebatch.synthesis.cluster.synthesizer import options_for
from cozebatch.synthesis.options import SynthesisOptions

_CLUSTER = Text("合成集群", "cluster")
_FONT = "Chinese font"
_COMPARED = ("ffmpeg", _FONT)
"""Subjects whose results must be the same everywhere for films to look the same."""


async def check_cluster(options: SynthesisOptions, cluster: Cluster) -> list[CheckItem]:
    """Look at this machine's folders and ffmpeg, which downloads need, and ask every worker: at least one must be able
    to make films. Findings are items, not exceptions, but for the `UsageError` of `options_for`."""
    shared = options_for(options, str(cluster.share))
    found = await anyio.to_thread.run_sync(_check, cluster, {"options": shared})
    if any(item.level is Level.FAIL for item in found):
        return found
    return [*found, *(item for item in await check_synthesis(options) if item.subject.en != _FONT)]


def _check(cluster: Cluster, request: Mapping[str, Any]) -> list[CheckItem]:
    if not cluster.share.is_dir():
        text = Text(f"cluster_share 不存在：{cluster.share}", f"cluster_share does not exist: {cluster.share}")
        return [CheckItem(Level.FAIL, _CLUSTER, text)]
    try:
        client = connect(cluster)
    except OSError as error:
        return [CheckItem(Level.FAIL, _CLUSTER, not_reached(cluster.address, error))]
    try:
        listed = client.scheduler_info(n_workers=-1)["workers"]
        found = examine(client, cluster, request, listed) if listed else {}
    except Exception as error:  # noqa: BLE001 - whatever dask raises, nothing may be paid for then
        why = type(error).__name__
        return [
            CheckItem(
                Level.FAIL, _CLUSTER, Text(f"检查合成机器时出错：{why}", f"the machines could not be asked: {why}")
            )
        ]
    finally:
        disconnect(client)
    return items_of(cluster, list(found.values()))


def items_of(cluster: Cluster, found: list[Examined]) -> list[CheckItem]:
    """One item for the cluster, and a warning for each machine that is left out or differs from the others."""
    good = [examined for examined in found if examined.problem is None]
    films = sum(examined.films for examined in good)
    bad = [CheckItem(Level.WARN, _CLUSTER, left_out(examined)) for examined in found if examined.problem is not None]
    if not good:
        text = Text(
            f"{cluster.address} 上没有能合成的机器：在每台上运行 cozebatch-tui worker（docs/cluster.md）",
            f"no machine at {cluster.address} can make films: run cozebatch-tui worker on each (docs/cluster.md)",
        )
        return [*bad, CheckItem(Level.FAIL, _CLUSTER, text)]
    text = Text(f"{len(good)} 台合成机器，同时合成 {films} 个", f"machines: {len(good)}, films at once: {films}")
    return [CheckItem(Level.OK, _CLUSTER, text), *bad, *_warnings(good), *_differences(good)]


def _warnings(found: list[Examined]) -> list[CheckItem]:
    """What the machines warn of, each warning once."""
    warned: dict[tuple[Text, Text], str] = {}
    for examined in found:
        for level, subject, text in examined.items:
            if level == "warn":
                warned.setdefault((subject, text), examined.name)
    return [
        CheckItem(Level.WARN, subject, Text(f"{text.zh}（{name}）", f"{text.en} ({name})"))
        for (subject, text), name in warned.items()
    ]


def _differences(found: list[Examined]) -> list[CheckItem]:
    made: list[CheckItem] = []
    for name in _COMPARED:
        by_machine = {e.name: text for e in found for level, subject, text in e.items if subject.en == name}
        if len(set(by_machine.values())) > 1:
            zh = "、".join(f"{machine}：{text.zh}" for machine, text in by_machine.items())
            en = ", ".join(f"{machine}: {text.en}" for machine, text in by_machine.items())
            subject = next(s for e in found for _, s, _ in e.items if s.en == name)
            made.append(
                CheckItem(
                    Level.WARN, subject, Text(f"各机器不同，成片会不一样：{zh}", f"differs, and so will films: {en}")
                )
            )
    return made
