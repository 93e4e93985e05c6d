"""Asks workers what they are, before one of them gets a film."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client

from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import EVERYBODY, write_whole
from cozebatch.model.text import Text
from cozebatch.synthesis.cluster import work
from cozebatch.synthesis.cluster.connecting import Cluster
from cozebatch.synthesis.cluster.job import PROTOCOL
from cozebatch.synthesis.cluster.paths import from_shared, to_shared
from cozebatch.synthesis.failures import clean

RESOURCE = "film"
"""What a worker has as many of as it makes films at once."""
_PROBED = ("output_dir", "media_dir")
EXAMINE = 120.0
"""The first look for fonts takes some ten seconds on a busy machine."""


_SILENT = Text(
    "没有回应。看看它是否开着，重新运行 cozebatch-tui worker",
    "it does not respond. See whether it is on, and run cozebatch-tui worker there again",
)
_NOT_OURS = Text(
    "不是用 cozebatch-tui worker 启动的。在那里改用这个命令",
    "it was not started with cozebatch-tui worker. Use that command there",
)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a worker said of itself. `problem`: why it gets no film."""

    name: str
    films: int
    problem: Text | None
    items: tuple[tuple[str, Text, Text], ...] = ()
    """Level, subject and text of each finding."""


def examine(
    client: Client, cluster: Cluster, request: Mapping[str, Any], listed: Mapping[str, Any]
) -> dict[str, Examined]:
    """Ask these workers what they are. Blocks up to `EXAMINE` seconds. Raises `OSError` if the scheduler is gone."""
    content = secrets.token_hex(16)
    with _probes(cluster.share, request["options"], content) as probes:
        asked = {
            **request,
            "protocol": PROTOCOL,
            "version": work.package_version(),
            "probes": probes,
            "content": content,
        }
        try:
            answers = _within(EXAMINE, lambda: client.run(work.examine, asked, workers=list(listed), on_error="return"))
        except TimeoutError:
            answers = {}
    return {address: _examined(listed[address], answers.get(address)) for address in listed}


@contextmanager
def _probes(share: Path, options: Mapping[str, Any], content: str) -> Iterator[list[str]]:
    """A file of this content in the shared folder and in each folder of it that films come from and go to: on another
    machine something else may be mounted at any of them. Yields their paths as they travel. Raises `OSError`."""
    travelling = (options[name] for name in _PROBED if options.get(name))
    folders = dict.fromkeys([share, *(Path(from_shared(path, str(share))) for path in travelling)])
    name = f".cozebatch-probe-{secrets.token_hex(8)}"
    probes = [folder / name for folder in folders if folder.is_dir()]
    try:
        for probe in probes:
            write_whole(probe, content, share, mode=EVERYBODY)
        yield [to_shared(str(probe), str(share)) for probe in probes]
    finally:
        for probe in probes:
            with suppress(OSError):
                remove_file(probe, share)


def _within(seconds: float, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `ask` returns. Dask waits for ever for a machine that is suspended. Raises `TimeoutError`."""
    answered: Future[dict[str, Any]] = Future()

    def run() -> None:
        try:
            answered.set_result(ask())
        except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
            answered.set_exception(error)

    threading.Thread(target=run, daemon=True, name="examine").start()
    return answered.result(seconds)


def _examined(worker: Mapping[str, Any], answer: Any) -> Examined:
    name = clean(str(worker.get("name") or worker.get("id") or "?"), 80)
    films = worker.get("resources", {}).get(RESOURCE, 0)
    films = int(films) if isinstance(films, int | float) and 0 <= films < 10_000 else 0
    if answer is None:
        return Examined(name, films, _SILENT)
    if not isinstance(answer, Mapping):  # it has no such function, or died of it
        return Examined(
            name, films, _install("没有装这个程序，或版本太旧", "it lacks this program, or has an old version")
        )
    here = (PROTOCOL, work.package_version())
    there = (answer.get("protocol"), answer.get("version"))
    if here != there:
        shown = clean(str(there[1]), 40)
        return Examined(
            name, films, _install(f"版本是 {shown}，这里是 {here[1]}", f"it has version {shown}, not {here[1]}")
        )
    items = tuple(
        (str(level), Text.from_json(subject), Text.from_json(text)) for level, subject, text in answer["items"]
    )
    problem = None if answer["problem"] is None else Text.from_json(answer["problem"])
    for level, subject, text in items:
        if level == "fail" and problem is None:
            problem = Text(f"{subject.zh}：{text.zh}", f"{subject.en}: {text.en}")
    if not films and problem is None:
        problem = _NOT_OURS
    return Examined(name, films, problem, items)


def _install(zh: str, en: str) -> Text:
    wanted = f'pip install "cozebatch-tui[cluster]=={work.package_version()}"'
    return Text(f"{zh}。在那里运行 {wanted}，再启动", f"{en}. Run {wanted} there, and start it again")


def left_out(examined: Examined) -> Text:
    assert examined.problem is not None
    return Text(
        f"合成机器 {examined.name} 不参加：{examined.problem.zh}",
        f"The machine {examined.name} makes no films: {examined.problem.en}",
    )


def back_again(examined: Examined) -> Text:
    return Text(f"合成机器 {examined.name} 又参加了。", f"The machine {examined.name} makes films again.")
