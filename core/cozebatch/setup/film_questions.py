"""The questions about films, about where secrets stay, and the last one, before the configuration is written."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from cozebatch.model.text import NOTHING, Text
from cozebatch.setup.pasted import path_in
from cozebatch.setup.question import NEEDED, Option, Question, WrongAnswer
from cozebatch.setup.secrets import variable_of
from cozebatch.setup.state import SECRET_VARIABLE, TOKEN_VARIABLE, State, World, shell_of

WRITE, WRITE_DETACHED = "write", "write detached"


def mode(state: State, world: World) -> Question:
    return Question(
        "mode",
        "films",
        Text("做成", "Make"),
        options=(
            Option("video", Text("MP4 成片", "MP4 films")),
            Option("draft", Text("剪映草稿", "JianYing drafts")),
            Option("both", Text("草稿和成片", "both")),
            Option("none", Text("不合成，只要扣子的结果", "nothing: only Coze's results")),
        ),
        default=state.answers.mode or ("draft" if world.draft_folder else "video"),
    )


async def take_mode(state: State, world: World, answer: str) -> State:
    return state.answer(mode=answer)


def asks_drafts(state: State) -> bool:
    return state.answers.mode in ("draft", "both")


def drafts(state: State, world: World) -> Question:
    found = bool(world.draft_folder) and not state.answers.draft_folder
    return Question(
        "draft_folder",
        "films",
        Text("剪映草稿文件夹", "JianYing's draft folder"),
        hint=Text("剪映“设置 → 草稿位置”里写着。", "JianYing's settings say where its drafts lie."),
        notes=(Text("在这台电脑上找到了剪映。", "JianYing was found on this computer."),) if found else (),
        default=state.answers.draft_folder or world.draft_folder,
    )


async def take_drafts(state: State, world: World, answer: str) -> State:
    path = path_in(answer)
    if not path:
        raise WrongAnswer(NEEDED)
    if not await anyio.Path(path).is_dir():
        example = (
            r"C:\Users\me\AppData\Local\JianyingPro\User Data\Projects\com.lveditor.draft"
            if sys.platform == "win32"
            else "~/Movies/JianyingPro/User Data/Projects/com.lveditor.draft"
        )
        raise WrongAnswer(
            Text(f"没有 {path} 这个文件夹。例如 {example}", f"There is no folder {path}. Such as {example}")
        )
    return state.answer(draft_folder=path)


def asks_output(state: State) -> bool:
    return state.answers.mode in ("video", "both")


def output(state: State, world: World) -> Question:
    return Question(
        "output_dir",
        "films",
        Text("成片文件夹", "Folder of the films"),
        hint=Text("没有就会新建。", "It is made if it is not there."),
        default=state.answers.output_dir or "output",
    )


async def take_output(state: State, world: World, answer: str) -> State:
    path = path_in(answer)
    if not path:
        raise WrongAnswer(NEEDED)
    folder = anyio.Path(path)
    if await folder.exists() and not await folder.is_dir():
        raise WrongAnswer(
            Text(f"{path} 是文件，不是文件夹。例如 output。", f"{path} is a file, not a folder. Such as output.")
        )
    return state.answer(output_dir=path)


def secrets_given(state: State) -> dict[str, str]:
    """Variable → secret, for the secrets that were typed rather than named by a variable."""
    answers = state.answers
    given = {TOKEN_VARIABLE: answers.token}
    if answers.from_feishu:
        given[SECRET_VARIABLE] = answers.app_secret
    return {name: secret for name, secret in given.items() if secret and variable_of(secret) is None}


def asks_keep(state: State) -> bool:
    return bool(secrets_given(state))


def keep(state: State, world: World) -> Question:
    ring = Option(
        "keyring",
        Text("系统钥匙串", "the system's keyring"),
        Text("只有你登录后能读", "read only when you are logged in"),
    )
    others = (
        Option(
            "file",
            Text(f"写进 {world.config}", f"in {world.config}"),
            Text("只有你能读这个文件", "only you can read this file"),
        ),
        Option("environment", Text("环境变量", "environment variables"), variable_commands(state, world)),
    )
    options = (ring, *others) if world.has_keyring else others
    values = [option.value for option in options]
    hint = Text(
        "想用系统钥匙串，就先装上可选组件 keyring。",
        "For the system's keyring, install the optional extra called keyring first.",
    )
    return Question(
        "keep",
        "secrets",
        Text("令牌和密钥放在哪里", "Where token and secret are kept"),
        hint=NOTHING if world.has_keyring else hint,
        options=options,
        default=state.answers.keep if state.answers.keep in values else values[0],
    )


def variable_commands(state: State, world: World) -> Text:
    """How the variables are set, in the shell that this was most likely started from; never with a secret in it."""
    shell = shell_of(world.env)
    lines_zh: list[str] = []
    lines_en: list[str] = []
    for name in secrets_given(state):
        zh, en = ("你的令牌", "YOUR-TOKEN") if name == TOKEN_VARIABLE else ("你的密钥", "YOUR-SECRET")
        for value, lines in ((zh, lines_zh), (en, lines_en)):
            lines.append(f"export {name}={value}" if shell == "posix" else f'setx {name} "{value}"')
    return Text("；".join(lines_zh), "; ".join(lines_en))


async def take_keep(state: State, world: World, answer: str) -> State:
    return state.answer(keep=answer)


def check(state: State, world: World) -> Question:
    there = world.config.exists()
    zh, en = f"写入 {world.config}", f"Write {world.config}"
    if there:
        kept = free_backup(world.config).name
        zh, en = f"替换 {world.config}（旧的留作 {kept}）", f"Replace {world.config} (the old one is kept as {kept})"
    return Question(
        "check",
        "check",
        Text("设置好了。现在还没有花钱", "All set. Nothing was charged yet"),
        options=(
            Option(WRITE, Text(zh, en), Text("关掉窗口，批次就停下", "a batch stops when its window is closed")),
            Option(
                WRITE_DETACHED,
                Text("写入，批次在后台进行", "The same, and batches run in the background"),
                Text("关掉窗口也不停，随时可以再打开来看", "they go on without a window, and can be opened again"),
            ),
        ),
        default=WRITE_DETACHED if world.detaches else WRITE,
    )


async def take_check(state: State, world: World, answer: str) -> State:
    return state.answer(detach="yes" if answer == WRITE_DETACHED else "no")


def free_backup(path: Path) -> Path:
    """A name beside a file for its old contents, under which there is nothing yet."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.bak{'' if number == 1 else number}")
        if not kept.exists() and not kept.is_symlink():
            return kept
        number += 1
