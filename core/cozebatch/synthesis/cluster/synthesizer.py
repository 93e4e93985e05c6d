"""The synthesizer behind the engine's port whose films are made by the workers of a dask scheduler.

Downloads stay here: signed addresses would expire while films wait for a worker. A film that a worker loses is an error
that the engine's retry policy judges; a scheduler that goes is waited for, since no film is to blame for it.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
from distributed import Future
from distributed.client import CancelledError

from cozebatch.model.errors import Category, ErrorInfo, StepError, UsageError
from cozebatch.model.text import Text
from cozebatch.ports import Job, Media, Product, Progress
from cozebatch.synthesis.cluster import work
from cozebatch.synthesis.cluster.blame import Tried, judge
from cozebatch.synthesis.cluster.connecting import Cluster
from cozebatch.synthesis.cluster.examining import RESOURCE
from cozebatch.synthesis.cluster.job import Spec, shared_options, spec_of
from cozebatch.synthesis.cluster.link import Connected, Heard, Link
from cozebatch.synthesis.cluster.paths import NotShared, from_shared
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.options import Pick, SynthesisOptions
from cozebatch.synthesis.synthesizer import LocalSynthesizer, masked

TICK = 0.5
"""Seconds between two looks at a film that is being made elsewhere."""
_LONGEST_TICK = 5.0
"""More seconds than that between two looks: this machine was suspended, which counts against no film."""
_NOT_SEEN = 20.0
"""Seconds within which a finished film must be seen here: a network folder may show it late."""

_TO_FETCH = 30.0
_NEWS = 100
_TO_CANCEL = 5.0
_GRACE = 300.0


class ClusterSynthesizer:
    """Makes films on the workers of `cluster`. `options`, `pick`, `on_note` and `mask` are those of `LocalSynthesizer`.

    Raises `UsageError` when a folder or file of the options lies outside the shared folder.
    """

    def __init__(
        self,
        options: SynthesisOptions,
        cluster: Cluster,
        *,
        pick: Pick,
        on_note: Callable[[Text], object] = lambda _: None,
        mask: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._options = options
        self._share = str(cluster.share)
        self._pick = pick
        self._mask = mask
        self._local = LocalSynthesizer(options, pick=pick, on_note=on_note, mask=mask)
        self._shared = options_for(options, self._share)
        self._news: deque[Text] = deque(maxlen=_NEWS)
        self._link = Link(cluster, {"options": self._shared}, self._news.append)

    @property
    def capacity(self) -> int:
        """How many films the workers make at once now. The first look begins to connect."""
        self._link.start()
        now = self._link.now
        return 0 if now is None else now.capacity

    def news(self) -> Sequence[Text]:
        return [self._news.popleft() for _ in range(len(self._news))]

    async def fetch(self, job: Job, progress: Progress) -> Media:
        self._link.start()
        return await self._local.fetch(job, progress)

    async def discard(self, run_id: str, task_id: str) -> None:
        await self._local.discard(run_id, task_id)

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._link.close)
            await self._local.aclose()

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        """Have the film made. Raises `StepError`: what a worker says, `worker_crashed` when it died (code `worker`) or
        the cluster was away for longer than `timeout` (code `scheduler`), and `synthesis_timeout`."""
        self._link.start()
        after, tried = 0, Tried()
        while True:
            connected = await self._connection(after, tried)
            answer = await self._made_by(connected, job, media, progress, tried)
            if answer is None:
                after = connected.number
            elif "error" in answer:
                await judge(ErrorInfo.from_json(answer["error"]), answer.get("worker"), self._link, connected, tried)
            else:
                product = await self._product(answer)
                progress(1.0)
                return product

    async def _connection(self, after: int, tried: Tried) -> Connected:
        """A connection later than number `after` with a worker that lacks nothing for this film."""
        left = self._options.timeout
        while True:
            now = self._link.now
            if now is not None and now.number > after and now.films.keys() - tried.lacking:
                return now
            if left <= 0:
                raise tried.last or failure(
                    Category.WORKER_CRASHED,
                    f"合成集群 {self._options.timeout:g} 秒没有连上",
                    f"the cluster was away for {self._options.timeout:g} s",
                    code="scheduler",
                )
            before = anyio.current_time()
            await anyio.sleep(TICK)
            left -= min(anyio.current_time() - before, _LONGEST_TICK)

    async def _made_by(
        self, connected: Connected, job: Job, media: Media, progress: Progress, tried: Tried
    ) -> dict[str, Any] | None:
        """What a worker answered; None if the connection was lost meanwhile."""
        try:
            spec = spec_of(
                replace(job, task=masked(job.task, self._mask)),
                media,
                options=self._shared,
                outputs=self._options.outputs,
                pick=self._pick,
                share=self._share,
                nonce=secrets.token_hex(8),
            )
        except NotShared as error:
            raise failure(
                Category.SYNTHESIS,
                f"不在共享文件夹里：{error.path}",
                f"does not lie in the shared folder: {error.path}",
            ) from None
        heard = self._link.listen(spec.key)
        try:
            return await self._attempt(connected, spec, heard, progress, tried)
        finally:
            self._link.forget(spec.key)

    async def _attempt(
        self, connected: Connected, spec: Spec, heard: Heard, progress: Progress, tried: Tried
    ) -> dict[str, Any] | None:
        ended, token = anyio.Event(), anyio.lowlevel.current_token()

        def wake(_: object) -> None:
            with suppress(anyio.RunFinishedError):
                anyio.from_thread.run_sync(ended.set, token=token)

        workers = [worker for worker in connected.films if worker not in tried.lacking]
        future = await anyio.to_thread.run_sync(self._submit, connected, spec, workers, wake)
        if future is None:
            return None
        is_over = False
        try:
            await self._until_it_ends(connected, future, ended, heard, progress)
            if future.status == "error":  # `KilledWorker`: a film's own failure comes as a value
                raise _worker_gone()
            answer = await anyio.to_thread.run_sync(_result, future) if future.status == "finished" else None
            is_over = answer is not None
            return answer
        finally:
            if not is_over:
                with anyio.move_on_after(_TO_CANCEL, shield=True):
                    await anyio.to_thread.run_sync(_cancel, future, abandon_on_cancel=True)

    def _submit(
        self, connected: Connected, spec: Spec, workers: list[str], wake: Callable[[object], None]
    ) -> Future | None:
        """None when the scheduler has just gone."""
        try:
            future = connected.client.submit(
                work.make,
                spec.to_json(),
                self._link.topic,
                dict(connected.neighbours),
                key=spec.key,
                workers=workers,
                resources={RESOURCE: 1},
                pure=False,
                retries=0,
            )
            future.add_done_callback(wake)
        except (OSError, RuntimeError, ValueError):  # dask's words for a client that is closed
            return None
        return future

    async def _until_it_ends(
        self, connected: Connected, future: Future, ended: anyio.Event, heard: Heard, progress: Progress
    ) -> None:
        """Return when the try is over or the connection lost. Raises `StepError` when its worker is gone, or silent."""
        shown, silent, before = None, 0.0, anyio.current_time()
        while not ended.is_set():
            with anyio.move_on_after(TICK):
                await ended.wait()
            silent += min(anyio.current_time() - before, _LONGEST_TICK) if heard.starts else 0.0
            before = anyio.current_time()
            if future.status == "finished":
                return
            if heard.starts > 1:  # dask has silently begun it again elsewhere: the retry policy must know
                raise _worker_gone()
            if heard.fraction is not None and heard.fraction != shown:
                shown, silent = heard.fraction, 0.0
                progress(shown)
            now = self._link.now
            if now is None or now.number != connected.number:
                return
            if now.films.keys().isdisjoint(connected.films):
                raise _worker_gone()
            if silent > 2 * self._options.timeout + _GRACE:
                raise failure(
                    Category.SYNTHESIS_TIMEOUT,
                    f"合成机器 {silent:.0f} 秒没有消息",
                    f"nothing was heard of the worker for {silent:.0f} s",
                )

    async def _product(self, answer: Mapping[str, Any]) -> Product:
        """The film as this machine sees it. Raises `StepError`."""
        for note in answer["notes"]:
            self._news.append(Text.from_json(note))
        paths = {
            name: from_shared(answer[name], self._share) for name in ("video", "draft") if answer[name] is not None
        }
        for path in paths.values():
            await self._until_seen(path)
        warnings = tuple(Text.from_json(warning) for warning in answer["warnings"])
        return Product(paths.get("video"), paths.get("draft"), answer["message"], warnings)

    async def _until_seen(self, path: str) -> None:
        for _ in range(round(_NOT_SEEN / TICK)):
            if await anyio.Path(path).exists():
                return
            await anyio.sleep(TICK)
        raise failure(
            Category.SYNTHESIS,
            f"成品已做好，但这里看不到：{path}。检查 cluster_share",
            f"the film is finished but not seen here: {path}. Check cluster_share",
        )


def options_for(options: SynthesisOptions, share: str) -> dict[str, Any]:
    """The options as they travel. Raises `UsageError` when something lies outside the shared folder."""
    try:
        return shared_options(options, share)
    except NotShared as error:
        raise UsageError(
            Text(
                f"用合成集群时要放在共享文件夹 {share} 里：{error.path}",
                f"with a cluster this must lie in the shared folder {share}: {error.path}",
            )
        ) from None


def _result(future: Future) -> dict[str, Any] | None:
    """None when the worker or the scheduler went before it was fetched."""
    try:
        answer: dict[str, Any] = future.result(timeout=_TO_FETCH)
    except (OSError, RuntimeError, CancelledError):
        return None
    return answer


def _cancel(future: Future) -> None:
    with suppress(OSError, RuntimeError, CancelledError):
        future.cancel(force=True)


def _worker_gone() -> StepError:
    return failure(Category.WORKER_CRASHED, "合成机器断开了", "the machine that made it is gone", code="worker")
