from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.project_name import MAX_BYTES, MAX_CHARACTERS, assign_project_names, safe_name
from cozebatch.model.task import Task

NOW = datetime(2026, 11, 24, 8, 5, 9)
RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}

nasty = st.text() | st.text(alphabet='aA.: /\\|?*<>"_ \u3000\u202e\u200d\x00\x1b\x85å中😀e\u0301', max_size=120)
tasks = st.builds(
    Task,
    task_id=st.text(min_size=1, max_size=8),
    title=nasty,
    account_id=nasty,
    project_name=st.one_of(st.just(""), nasty, st.sampled_from(["a", "A", "a_2", "A_2", "con", "..", "a" * 300])),
)


def name(title: str = "", account_id: str = "", project_name: str = "") -> str:
    given_task = Task("t1", title=title, account_id=account_id, project_name=project_name)
    (task,) = assign_project_names([given_task], NOW)
    return task.project_name


def test_the_default_is_account_title_and_time() -> None:
    assert name(account_id="小红", title="早起的三个好处") == "小红_早起的三个好处_20261124_080509"


def test_of_a_long_title_thirty_characters_are_kept() -> None:
    assert name(account_id="a", title="标" * 50) == f"a_{'标' * 30}_20261124_080509"


def test_what_is_missing_leaves_no_gap() -> None:
    assert name(title="标题") == "标题_20261124_080509"
    assert name(account_id="a") == "a_20261124_080509"
    assert name() == "t1_20261124_080509"


def test_a_long_account_is_cut_and_the_time_is_kept() -> None:
    made = name(account_id="账" * 200, title="😀" * 50)
    assert made.endswith("_20261124_080509")
    assert len(made.encode()) <= MAX_BYTES


def test_a_given_name_is_kept_and_made_safe() -> None:
    assert name(project_name="我的 项目") == "我的 项目"
    assert name(project_name="../../etc/passwd") == "_.._etc_passwd"
    assert name(project_name="a:b\n c\u202e.") == "a_b c"
    assert name(project_name="CON") == "_CON"
    assert name(project_name="aux.txt") == "_aux.txt"
    assert name(project_name="console") == "console"
    assert name(project_name=" .. ", title="x") == "x_20261124_080509"


def test_names_that_differ_in_case_only_are_not_shared() -> None:
    given_names = ["Film", "film", "FILM_2", "film", "ﬁlm"]
    named = assign_project_names([Task(str(i), project_name=n) for i, n in enumerate(given_names)], NOW)
    assert [t.project_name for t in named] == ["Film", "film_2", "FILM_2_2", "film_3", "ﬁlm_4"]


@given(st.lists(tasks, max_size=12))
def test_every_name_is_a_safe_folder_name_and_no_two_are_alike(given_tasks: list[Task]) -> None:
    named = assign_project_names(given_tasks, NOW)
    names = [task.project_name for task in named]
    assert [t.task_id for t in named] == [t.task_id for t in given_tasks]
    assert len({unicodedata.normalize("NFC", n).lower() for n in names}) == len(names)
    for made in names:
        assert made
        assert len(made) <= MAX_CHARACTERS
        assert len(made.encode("utf-8")) <= MAX_BYTES
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]', made)
        assert made == made.strip()
        assert not made.startswith(".")
        assert not made.endswith(".")
        assert made.split(".")[0].rstrip().lower() not in RESERVED
        assert Path("folder", made).name == made


@given(nasty)
def test_a_safe_name_stays_as_it_is(text: str) -> None:
    assert safe_name(safe_name(text)) == safe_name(text)


@pytest.mark.parametrize("count", [20_000])
def test_many_tasks_of_one_title_are_named_quickly(count: int) -> None:
    named = assign_project_names([Task(str(i), title="同一个标题", account_id="a") for i in range(count)], NOW)
    assert len({t.project_name for t in named}) == count
    assert named[-1].project_name == f"a_同一个标题_20261124_080509_{count}"
