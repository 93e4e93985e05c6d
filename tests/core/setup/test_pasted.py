"""What is pasted with something around it is understood: links in messages, secrets in commands, dragged files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, APP_TOKEN
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.setup.pasted import address_in, path_in, secret_in
from support.setup_flow import chosen, services, walk, wrong

pytestmark = pytest.mark.anyio

LINK = "https://a.feishu.cn/base/V1StbAbcdEfghIjkl2Mn3oPqRsT?table=tblA&view=vewB"


@pytest.mark.parametrize(
    "text",
    [
        LINK,
        f"【视频任务】{LINK}",
        f"{LINK} 《视频任务》",
        f"[视频任务]({LINK})",
        f"“{LINK}”",
        f"<{LINK}>。",
        LINK.replace("://", "：//"),
        f"\n{LINK}\n第二行",
    ],
)
def test_the_address_is_found_in_what_was_pasted(text: str) -> None:
    assert address_in(text) == LINK


@pytest.mark.parametrize("text", ["a.feishu.cn/base/App1", "V1StbAbcdEfghIjkl2Mn3oPqRsT"])
def test_what_is_no_whole_address_stays(text: str) -> None:
    assert address_in(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "pat_x5Qb7",
        "Bearer pat_x5Qb7",
        "Authorization: Bearer pat_x5Qb7",
        "curl -X POST 'https://api.coze.cn/v1/workflow/run' -H 'Authorization: Bearer pat_x5Qb7' -d '{\"a\": 1}'",
        '"token": "pat_x5Qb7",',
        "export COZE_API_TOKEN=pat_x5Qb7",
        '$env:COZE_API_TOKEN = "pat_x5Qb7"',
        "token：“pat_x5Qb7”，",
        "\u200bpat_x5Qb7\ufeff",
        "ｐａｔ＿ｘ５Ｑｂ７",
    ],
)
def test_the_secret_is_found_in_what_was_pasted(text: str) -> None:
    assert secret_in(text) == "pat_x5Qb7"


@pytest.mark.parametrize("text", ["${COZE_API_TOKEN}", "https://api.coze.cn", "pat_ x5Qb7", "令牌", "pat_a=="])
def test_what_is_something_else_is_not_taken_apart(text: str) -> None:
    assert secret_in(text) == text


@pytest.mark.parametrize(
    "typed", ["{path}", "'{path}'", "“{path}”", "& '{path}'", "{address}"], ids=["plain", "quoted", "zh", "ps", "file"]
)
def test_a_dragged_file_is_found(tmp_path: Path, typed: str) -> None:
    path = tmp_path / "我的 任务.csv"
    path.touch()
    assert path_in(typed.format(path=path, address=path.as_uri())) == str(path)


@pytest.mark.skipif(os.name != "posix", reason="a backslash parts folders on Windows")
def test_a_file_that_a_terminal_escapes_is_found(tmp_path: Path) -> None:
    path = tmp_path / "it's 1.csv"
    path.touch()
    assert path_in(str(path).replace("'", "\\'").replace(" ", "\\ ")) == str(path)
    assert path_in("'" + str(path).replace("'", "'\\''") + "'") == str(path)
    odd = tmp_path / "a\\b.csv"
    odd.touch()
    assert path_in(str(odd)) == str(odd), "a file that is called so"


def test_the_own_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert Path(path_in("~/Movies/x")) == tmp_path / "Movies" / "x"
    assert path_in("~x/Movies") == "~x/Movies"


async def test_a_whole_set_up_takes_what_was_pasted_with_its_surroundings(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.to_the_end(
            {
                **chosen(found),
                "token": f"curl {found.coze.url} -H 'Authorization: Bearer {TOKEN}'",
                "workflow": f"[口播](https://www.coze.cn/work_flow?space_id=7&workflow_id={WORKFLOW_ID})",
                "base": f"【视频任务】{found.base}?table={CONTENT} 点击查看",
                "app_id": f"App ID：{APP_ID}",
                "app_secret": f'"app_secret": "{APP_SECRET}",',
            }
        )
    answers = way.state.answers
    assert (answers.token, answers.feishu_app_id, answers.app_secret) == (TOKEN, APP_ID, APP_SECRET)
    assert (answers.workflow_id, answers.table_id) == (WORKFLOW_ID, CONTENT)
    assert "table" not in [question.id for question in way.asked], "the link names it"


@pytest.mark.parametrize("typed", ["api.coze.com", "https://api.coze.com/"])
async def test_the_address_of_the_interface_is_no_token_with_or_without_its_scheme(tmp_path: Path, typed: str) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("token", chosen(found))
        await way.answer(typed)
        assert way.state.answers.base_url == "https://api.coze.com"
        assert way.state.answers.token == ""


@pytest.mark.parametrize("word", ["hello", APP_TOKEN, "base"])
async def test_a_bare_word_is_no_base_unless_it_was_one_before(tmp_path: Path, word: str) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("base", chosen(found))
        assert "no address" in await wrong(way, word)
        way.state = way.state.answer(base=APP_TOKEN, domain=found.feishu_url)
        await way.answer()
        assert way.state.answers.base == APP_TOKEN


@pytest.mark.parametrize("page", ["workspace/abc", "add/V1StbAbcdEfghIjkl2Mn3oPqRsT", "dashboard/V1StbAbcd"])
async def test_a_page_of_feishu_that_is_no_base_is_told(tmp_path: Path, page: str) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("base", chosen(found))
        assert "not a base" in await wrong(way, f"https://a.feishu.cn/base/{page}")
