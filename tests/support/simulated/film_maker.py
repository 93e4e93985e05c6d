"""A film maker (port `Synthesizer`) that is slow, sometimes fails, and sometimes has no room."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass

import anyio

from cozebatch.model.errors import Category, StepError
from cozebatch.model.task import Task
from cozebatch.ports import Job, Media, Product, Progress
from support.fakes import error
from support.simulated.coze import Life
from support.simulated.judge import Judge
from support.simulated.swarm import Fault


@dataclass
class FilmMaker:
    """One process's workers."""

    rng: random.Random
    judge: Judge
    faults: Collection[Fault]
    life: Life
    keep: Callable[[Task, str], str] = lambda task, video: f"/films/{task.task_id}-{video}.mp4"
    """Writes a film; its path."""

    def chance(self, share: float) -> bool:
        return Fault.FILMS in self.faults and self.rng.random() < share

    async def fetch(self, job: Job, progress: Progress) -> Media:
        self.life.require()
        await anyio.sleep(self.rng.uniform(0.1, 20))
        if self.chance(0.15):
            self._fail(job, Category.DOWNLOAD)
        return Media({"video": job.output["videoUrl"]})

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        self.life.require()
        progress(0.1)
        await anyio.sleep(self.rng.uniform(1, 90))
        if self.chance(0.25):
            self._fail(job, self.rng.choice([Category.SYNTHESIS, Category.WORKER_CRASHED, Category.MEDIA]))
        if self.chance(0.02):
            self._fail(job, Category.DISK_FULL)
        video = str(media.files["video"])
        if not self.life.dead:
            self.judge.film(job.task, video)
        return Product(video_path=self.keep(job.task, video))

    async def discard(self, run_id: str, task_id: str) -> None:
        await anyio.sleep(0.01)

    async def aclose(self) -> None:
        await anyio.sleep(0.01)

    def _fail(self, job: Job, category: Category) -> None:
        self.judge.film_failed.add(job.output["videoUrl"])
        raise StepError(error(category))
