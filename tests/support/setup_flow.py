"""The set-up against simulated services, answered by a script: question id → answer; '' takes what is proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cozebatch.demo.coze_account import TEAM
from cozebatch.demo.coze_model import TOKEN, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, APP_TOKEN, SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.demo.serving import serve
from cozebatch.setup.flow import END, ask, reply
from cozebatch.setup.question import Question, WrongAnswer
from cozebatch.setup.state import Answers, State, World


@dataclass
class Services:
    coze: RunningCoze
    feishu: SimulatedFeishu
    feishu_url: str

    @property
    def base(self) -> str:
        return f"{self.feishu_url}/base/{APP_TOKEN}"

    def answers(self) -> dict[str, str]:
        """What has to be pasted; all else is as proposed."""
        return {"token": TOKEN, "base": self.base, "app_id": APP_ID, "app_secret": APP_SECRET}


@contextmanager
def services(options: CozeOptions | None = None, feishu: SimulatedFeishu | None = None) -> Iterator[Services]:
    feishu = feishu or SimulatedFeishu()
    with serve_coze(options or CozeOptions(duration=0.2)) as coze, serve(feishu) as url:
        yield Services(coze, feishu, url)


@dataclass
class Walk:
    """One way through the questions. `asked`: each question that came."""

    state: State
    world: World
    asked: list[Question] = field(default_factory=list)

    async def answer(self, text: str = "") -> None:
        self.asked.append(ask(self.state, self.world))
        self.state = await reply(self.state, self.world, text)

    async def until(self, place: str, answers: Mapping[str, str]) -> None:
        """Answer what comes up to the question `place`."""
        for _ in range(60):
            if self.state.at == place:
                return
            await self.answer(answers.get(self.state.at, ""))
        raise AssertionError(f"never came to {place}: {[question.id for question in self.asked]}")

    async def to_the_end(self, answers: Mapping[str, str]) -> None:
        await self.until(END, answers)

    def question(self) -> Question:
        return ask(self.state, self.world)


def walk(found: Services, folder: Path, state: State | None = None, **world: object) -> Walk:
    """At the first question; the token goes to the simulated Coze alone."""
    settings: dict[str, object] = {"env": {}, "config": folder / "c.json", **world}
    answers = Answers(lang="en", base_url=found.coze.url)
    return Walk(state or State(answers), World(**settings))  # type: ignore[arg-type]


async def wrong(way: Walk, text: str) -> str:
    """The complaint about an answer; the state stays."""
    before = way.state
    with pytest.raises(WrongAnswer) as caught:
        await way.answer(text)
    assert way.state is before
    assert caught.value.text.zh
    return caught.value.text.en


def chosen(found: Services) -> dict[str, str]:
    """What is pasted and chosen on the way to a configuration without films."""
    return {**found.answers(), "workspace": TEAM, "table": CONTENT, "mode": "none"}
