"""The questions about what the workflow hands out: which of its outputs is the film, the sound, the title.

Asked only where the workflow declares its outputs and the usual names are not among them: else those are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cozebatch.coze.client import Declaration
from cozebatch.coze.declared_outputs import MEDIA, likely_outputs
from cozebatch.model.text import Text
from cozebatch.settings.model import Outputs
from cozebatch.setup.question import Option, Question, WrongAnswer
from cozebatch.setup.state import State, World

AGREED = "\0agreed"
NONE = "\0none"
"""Answers that no output can be called like."""

PARTS: Mapping[str, Text] = MappingProxyType(
    {
        "video": Text("视频", "film"),
        "audio": Text("配音", "sound"),
        "title": Text("标题", "title"),
        "content": Text("文案", "script"),
        "cover_title": Text("封面标题", "title on the cover"),
        "cover_subtitle": Text("封面副标题", "second line on the cover"),
        "captions": Text("字幕", "captions"),
        "images": Text("图片", "pictures"),
    }
)


def _declared(state: State) -> Mapping[str, str]:
    declaration = state.known.declaration
    return declaration.outputs if isinstance(declaration, Declaration) else {}


def outputs_now(state: State) -> dict[str, str]:
    """Part → name in the output as it stands: what was chosen, else what is proposed, else the usual name. Empty for a
    part that the workflow does not give."""
    usual = {part: name for part, name in Outputs().model_dump().items() if name is not None}
    chosen = {part: name for part, name in state.answers.outputs.items() if part in usual}
    return {**usual, **likely_outputs(_declared(state), {**usual, **chosen}), **chosen}


def asks_outputs(state: State) -> bool:
    """Whether a person can help: film and sound have other names than usual, or were given others before."""
    declared, usual = _declared(state), Outputs().model_dump()
    if not declared or state.answers.mode == "none":
        return False
    return bool(state.answers.outputs) or not any(usual[part] in declared for part in MEDIA)


def outputs(state: State, world: World) -> Question:
    now, declared = outputs_now(state), _declared(state)
    options = [Option(AGREED, Text("没问题，下一步", "all right, go on"))]
    for part, label in PARTS.items():
        name = now[part]
        if not name:
            options.append(Option(part, Text(f"{label.zh} ← 没有", f"{label.en} <- none")))
            continue
        known = name in declared
        told = (
            Text("工作流声明了", "declared by the workflow")
            if known
            else Text("没有声明，可能在里层", "not declared, may come from deeper inside")
        )
        options.append(
            Option(
                part,
                Text(f"{label.zh} ← {name}", f"{label.en} <- {name}"),
                told,
                True if known else None,
            )
        )
    return Question(
        "outputs",
        "films",
        Text("成片的各部分用工作流的哪个输出", "Which output of the workflow each part of a film comes from"),
        options=options,
        default=AGREED,
    )


async def take_outputs(state: State, world: World, answer: str) -> State:
    now = outputs_now(state)
    if answer != AGREED:
        return replace(state, editing=answer)
    if not any(now[part] for part in MEDIA):
        raise WrongAnswer(
            Text(
                "没有视频也没有配音，做不了成片：至少选一个。",
                "No film without a video or a sound: choose one.",
            )
        )
    return replace(state.answer(outputs=now), editing="")


def output(state: State, world: World) -> Question:
    label, now = PARTS[state.editing], outputs_now(state)[state.editing]
    options = [Option(name, Text.same(name), Text.same(kind)) for name, kind in _declared(state).items()]
    if now and now not in _declared(state):
        options.insert(0, Option(now, Text.same(now)))
    options.append(Option(NONE, Text("没有", "none")))
    return Question(
        "output",
        "films",
        Text(f"{label.zh}用哪个输出", f"The output for the {label.en}"),
        hint=Text("也可以输入里层的名字。", "A name from deeper inside can be typed, too."),
        options=options,
        default=now or NONE,
        takes_text=True,
    )


async def take_output(state: State, world: World, answer: str) -> State:
    chosen = "" if answer == NONE else answer
    # What was proposed for the others stays as it was shown.
    return replace(state.answer(outputs={**outputs_now(state), state.editing: chosen}), editing="")
