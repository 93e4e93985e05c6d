"""What a row is told: a cause, who can mend it, one thing to do; in its language, short, and nothing of a machine."""

from __future__ import annotations

import re

import pytest

from cozebatch.coze.codes import CODES
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.failure_cards import BY_CODE, CARDS, MOST, Who, plain_words, row_sentence
from cozebatch.model.file_ref import FileRef
from cozebatch.model.text import Lang, Text

MACHINE = re.compile(r"\d{6,}|--\w|https?:|\w+_\w+|[A-Za-z]:\\|logid|\b[a-z]\b \(", re.IGNORECASE)
LANGS: tuple[Lang, ...] = ("zh", "en")
ERRORS = [
    *(ErrorInfo(category, Text("原因", "the cause")) for category in Category),
    *(ErrorInfo(CODES[int(code)].category, CODES[int(code)].text, code=code) for code in BY_CODE),
]
LONG = "node Doubao-1.5 said: the quick brown fox jumps over the lazy dog, " * 9


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.category}-{error.code}")
def test_every_failure_names_a_cause_a_person_and_one_thing_to_do(error: ErrorInfo, lang: Lang) -> None:
    said = row_sentence(error, lang)
    card = BY_CODE.get(error.code or "", CARDS[error.category])
    assert card.who.value.in_(lang) in said
    assert card.act.in_(lang) in said
    assert said.index(card.who.value.in_(lang)) > 2, "the cause stands before it"
    assert sum(said.count(who.value.in_(lang)) for who in Who) == 1
    assert len(said) <= MOST
    assert not MACHINE.search(said)
    assert said.endswith("。" if lang == "zh" else ".")
    assert bool(re.search("[\u4e00-\u9fff]", said)) is (lang == "zh")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.category}-{error.code}")
def test_however_much_a_service_says_the_sentence_stays_short_and_whole(error: ErrorInfo, lang: Lang) -> None:
    long = error.with_message(Text(f"扣子拒绝了请求（code 4105）：{LONG}", f"Coze refused it (code 4105): {LONG}"))
    said = row_sentence(long, lang)
    assert len(said) <= MOST
    assert said.endswith(BY_CODE.get(error.code or "", CARDS[error.category]).act.in_(lang))


def test_every_code_with_a_card_is_one_of_cozes() -> None:
    assert {int(code) for code in BY_CODE} <= set(CODES)


def test_the_services_own_words_stand_beside_the_cause_where_they_help() -> None:
    message = Text("文案含敏感内容（code 4105）：sensitive content in: 第二段", "…: sensitive content in: 第二段")
    said = row_sentence(ErrorInfo(Category.CONTENT_REJECTED, message, code="4105"), "zh")
    assert said == (
        "文案没通过扣子的审核（sensitive content in: 第二段）。文案作者：改好文案，把状态改回去，会再跑一次。"
    )


def test_a_file_that_cannot_be_used_is_named() -> None:
    said = row_sentence(FileRef("IMG_20260501_1200.png", bad="empty").error, "zh")
    assert said.startswith("输入文件 IMG_20260501_1200.png 是空文件（0 字节）。没有扣费。文案作者：")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("model error, logid: 20260501abcdef", "model error"),
        ("see https://www.coze.cn/work_flow?execute_id=7500000000000000001 for more", "see for more"),
        ("workflow 7500000000000000001 failed", "workflow failed"),
        ("set coze_config.workflow_id or --config", "set or"),
        ("C:\\Users\\me\\x.mp4 is missing", "is missing"),
        ("/home/me/secret/x.mp4 is missing", "is missing"),
        ("7500000000000000001", ""),
        ("第 3 句太长（7500000000000000001）", "第 3 句太长"),
        ("say \x1b[31mred\x1b[0m and stop", "say [31mred [0m and stop"),
    ],
)
def test_of_a_services_words_only_words_are_left(said: str, left: str) -> None:
    assert plain_words(said) == left
