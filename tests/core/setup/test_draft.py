"""Whatever columns are chosen: what is sent to the workflow is read from exactly those."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from cozebatch.batch.adapters import feishu_layout, field_names, used_columns
from cozebatch.coze.client import Declaration, Input
from cozebatch.files.columns import Complaints, tasks_of
from cozebatch.files.csv_reader import read_csv
from cozebatch.files.rows import Reading
from cozebatch.model.errors import UsageError
from cozebatch.model.task import FIELDS
from cozebatch.settings import parse_settings
from cozebatch.setup.column_questions import columns_now, needs_of
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.matching import SourceColumn
from cozebatch.setup.question import WrongAnswer
from cozebatch.setup.state import Answers, Known, State

NAMES = (
    "文案",
    "仿写文案",
    "标题",
    "title",
    "content",
    "account_id",
    "账号",
    "声音ID",
    "voice_id",
    "备注",
    "项目名称",
    "task_id",
)
INPUTS = ("content", "script", "title", "headline", "voiceId", "accountId", "topic", "项目")


@st.composite
def states(draw: st.DrawFn, *, from_feishu: bool) -> State:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    inputs = draw(st.lists(st.sampled_from(INPUTS), min_size=1, unique=True))
    chosen = {name: draw(st.sampled_from(["", *names])) for name in (*inputs, "content", "title")}
    answers = Answers(
        source="feishu" if from_feishu else "file",
        token="pat_0123456789abcdef",
        base_url="https://api.coze.cn",
        workflow_id="7400000000000000001",
        base="bascnApp1",
        feishu_app_id="cli_a1",
        app_secret="secret_0123456789",
        table_id="tblOne",
        columns=chosen,
        status={"column": ""},
        mode="none",
        keep="file",
    )
    declared = {name: Input("string", False, False) for name in inputs}
    columns = tuple(SourceColumn(name) for name in names)
    return State(answers, Known(declaration=Declaration("w", declared), columns=columns))


@given(states(from_feishu=True))
def test_each_input_is_read_from_its_column_of_the_table(state: State) -> None:
    chosen = columns_now(state)
    assume(all(chosen[need.name] for need in needs_of(state) if need.required))  # the overview insists on it
    try:
        config = configuration_of(state)
    except WrongAnswer:
        assert set(chosen.values()) & set(FIELDS)
        return
    settings, _ = parse_settings(config, need_feishu=True)
    layout, _ = feishu_layout(settings)
    named = layout.columns.named()
    sent = dict(settings.coze.parameters)
    declared = {need.name for need in needs_of(state) if not need.own}
    assert set(sent) == {name for name in declared if chosen[name]}
    for name, field in sent.items():
        read = named.get("account" if field == "account_id" else field) if field in FIELDS else field
        assert read == chosen[name]
        assert field in FIELDS or field in layout.extra
    for need in needs_of(state):
        if need.own and chosen[need.name]:
            assert named[need.name] == chosen[need.name]


@given(states(from_feishu=False))
def test_each_input_is_read_from_its_column_of_the_file(state: State) -> None:
    """The file is read with what the set-up wrote: each cell holds its column's name, so what is sent tells where it
    came from."""
    chosen = columns_now(state)
    assume(all(chosen[need.name] for need in needs_of(state) if need.required))  # the overview insists on it
    try:
        settings, _ = parse_settings(configuration_of(state))
    except WrongAnswer:
        return
    columns = [column.name for column in state.known.columns]
    text = f"{','.join(columns)}\n{','.join(f'<{column}>' for column in columns)}\n"
    complaints, names = Complaints("t.csv"), field_names(settings)
    try:
        header, rows = read_csv(text, complaints, names)
        [task] = tasks_of(rows, header, complaints, Reading(used_columns(settings), names=names))
    except UsageError:
        assert len({names.field_of(column) or column for column in columns}) < len(columns), "two names of one field"
        return
    sent = dict(settings.coze.parameters)
    assert set(sent) == {need.name for need in needs_of(state) if not need.own and chosen[need.name]}
    for name, field in sent.items():
        assert task.value(field) == f"<{chosen[name]}>"
    for need in needs_of(state):
        if need.own and chosen[need.name]:
            assert task.value(need.name) == f"<{chosen[need.name]}>"
