"""The order of the questions: which one comes next, and what an answer leads to.

    state = begin(…)
    question = ask(state, world)              # pure: shows what is known
    state = await reply(state, world, text)   # checks, looks at the services, goes on; raises `WrongAnswer`
    state = back(state)

until `state.at` is `END`. A state is never changed: who goes back, or leaves while an answer is looked at, keeps his.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cozebatch.model.text import Text
from cozebatch.setup import column_questions as columns
from cozebatch.setup import coze_questions as coze
from cozebatch.setup import file_questions as files
from cozebatch.setup import film_questions as films
from cozebatch.setup import output_questions as outputs
from cozebatch.setup import status_questions as status
from cozebatch.setup import table_questions as tables
from cozebatch.setup import token_questions as tokens
from cozebatch.setup.draft import mapping_of
from cozebatch.setup.question import Question, WrongAnswer
from cozebatch.setup.state import State, World

END = "end"
GROUPS: Mapping[str, Text] = {
    "language": Text("语言", "Language"),
    "source": Text("任务", "Tasks"),
    "token": Text("令牌", "Token"),
    "workflow": Text("工作流", "Workflow"),
    "table": Text("表格", "Table"),
    "columns": Text("字段", "Fields"),
    "status": Text("状态", "Status"),
    "films": Text("成品", "Films"),
    "secrets": Text("密钥", "Secrets"),
    "check": Text("检查", "Check"),
}
"""The steps as a person counts them; a step may have several questions."""

_OF_A_FILE: Mapping[str, Text] = {"table": Text("文件", "File"), "columns": Text("列", "Columns")}

Ask = Callable[[State, World], Question]
Take = Callable[[State, World, str], Awaitable[State]]
Applies = Callable[[State], bool]


def _always(_: State) -> bool:
    return True


def _feishu(state: State) -> bool:
    return state.answers.from_feishu


def _file(state: State) -> bool:
    return not state.answers.from_feishu


def _both(*conditions: Applies) -> Applies:
    return lambda state: all(condition(state) for condition in conditions)


@dataclass(frozen=True, slots=True)
class _Step:
    id: str
    group: str
    ask: Ask
    take: Take
    applies: Applies = _always


async def _take_columns(state: State, world: World, answer: str) -> State:
    state = await columns.take_columns(state, world, answer)
    if not state.editing:
        mapping_of(state)
    return state


_ORDER: Sequence[_Step] = (
    _Step("language", "language", tokens.language, tokens.take_language),
    _Step("source", "source", tokens.source, tokens.take_source),
    _Step("token", "token", tokens.token, tokens.take_token),
    _Step("workspace", "workflow", coze.workspace, coze.take_workspace, coze.asks_workspace),
    _Step("workflow", "workflow", coze.workflow, coze.take_workflow),
    _Step("base", "table", tables.base, tables.take_base, _feishu),
    _Step("app_id", "table", tables.app_id, tables.take_app_id, _feishu),
    _Step("app_secret", "table", tables.app_secret, tables.take_app_secret, _feishu),
    _Step("table", "table", tables.table, tables.take_table, _both(_feishu, tables.asks_table)),
    _Step("view", "table", tables.view, tables.take_view, _both(_feishu, tables.asks_view)),
    _Step("tasks", "table", files.tasks_file, files.take_tasks_file, _file),
    _Step("columns", "columns", columns.columns, _take_columns),
    _Step("relations", "columns", tables.relations, tables.take_relations, _both(_feishu, tables.asks_relations)),
    _Step("status", "status", status.status, status.take_status, _feishu),
    _Step("new_option", "status", status.new_option, status.take_new_option, _both(_feishu, status.asks_new_options)),
    _Step("mode", "films", films.mode, films.take_mode),
    _Step("outputs", "films", outputs.outputs, outputs.take_outputs, outputs.asks_outputs),
    _Step("draft_folder", "films", films.drafts, films.take_drafts, films.asks_drafts),
    _Step("output_dir", "films", films.output, films.take_output, films.asks_output),
    _Step("keep", "secrets", films.keep, films.take_keep, films.asks_keep),
    _Step("check", "check", films.check, films.take_check),
)
_DETAILS: Mapping[str, _Step] = {
    "columns": _Step("column", "columns", columns.column, columns.take_column),
    "outputs": _Step("output", "films", outputs.output, outputs.take_output),
    "status": _Step("status_part", "status", status.status_part, status.take_status_part),
}
"""Overview → the question of detail that one of its entries leads to, and that leads back to it."""
_STEPS = {step.id: step for step in (*_ORDER, *_DETAILS.values())}


def ask(state: State, world: World) -> Question:
    """The question that comes now, with what the latest answer has brought."""
    question = _STEPS[state.at].ask(state, world)
    return replace(question, notes=(*state.notes, *question.notes))


async def reply(state: State, world: World, answer: str) -> State:
    """The state after an answer. Raises `WrongAnswer`, and the state stays."""
    question = ask(state, world)
    values = [option.value for option in question.options]
    given = answer if answer in values else answer.strip() or question.default
    if question.options and not question.takes_text and given not in values:
        raise WrongAnswer(Text("请选列表里的一项。", "Choose one of the list."))
    step = _STEPS[state.at]
    overview = next((name for name, detail in _DETAILS.items() if detail.id == state.at), None)
    after = await step.take(replace(state, notes=()), world, given)
    if state.at == "new_option" and given == "no":
        return replace(back(state), notes=())
    if state.at == "token" and not after.answers.token:
        return after  # an address was given, and the token is still to come
    if overview is not None:
        return replace(after, at=overview, past=after.past[:-1])
    if state.at in _DETAILS and after.editing:
        return replace(after, at=_DETAILS[state.at].id, past=(*after.past, state.at))
    return replace(after, at=_next(after), past=(*after.past, state.at), editing="")


def back(state: State) -> State:
    """The question before; at the first one the same state."""
    if not state.past:
        return state
    return replace(state, at=state.past[-1], past=state.past[:-1], notes=(), editing="")


def back_to(state: State, group: str) -> State:
    """The first question of an earlier step; the same state for one that was not reached yet."""
    places = [place for place, name in enumerate(state.past) if _STEPS[name].group == group]
    if not places:
        return state
    return replace(state, at=state.past[places[0]], past=state.past[: places[0]], notes=(), editing="")


def group_of(state: State) -> str:
    """The step that the question belongs to."""
    return "check" if state.at == END else _STEPS[state.at].group


def title_of(group: str, state: State) -> Text:
    """What a step is called: a file has columns, a table has fields."""
    return GROUPS[group] if state.answers.from_feishu else _OF_A_FILE.get(group, GROUPS[group])


def groups_of(state: State) -> list[str]:
    """The steps of this set-up, as far as the answers tell."""
    applying = [step.group for step in _ORDER if step.applies(state) or step.group in ("workflow", "secrets")]
    return [group for group in GROUPS if group in applying]


def _next(state: State) -> str:
    place = [step.id for step in _ORDER].index(state.at)
    return next((step.id for step in _ORDER[place + 1 :] if step.applies(state)), END)
