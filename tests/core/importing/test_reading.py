"""Files as they come, several at once: the latest knowledge counts, and no file can do harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.importing.reading import findings_of, merge, read_results
from cozebatch.model.errors import UsageError
from cozebatch.model.task import State
from cozebatch.model.text import Text
from support.results_files import NOW, RESULT, minutes_ago, old, own, read


def test_the_latest_knowledge_of_several_files_wins() -> None:
    running = read({"rec1": old("running", execute_id="75001", submit_time=minutes_ago(30))})
    waiting = read({"rec1": old("pending")})
    done = read(
        {
            "rec1": old(
                "finished",
                execute_id="75001",
                submit_time=minutes_ago(30),
                complete_time=minutes_ago(20),
                coze_result=RESULT,
                video_path="a.mp4",
            )
        }
    )
    for order in ([*running, *done, *waiting], [*waiting, *done, *running], [*done, *running, *waiting]):
        (merged,) = merge(order)
        assert merged.row is not None
        assert (merged.row.state, merged.row.attempts) == (State.DONE, 1)


def test_a_tie_of_times_goes_to_what_leads_on_without_paying() -> None:
    at = minutes_ago(30)
    failed = read({"rec1": old("failed", execute_id="75001", submit_time=at, error_message="Coze执行失败: 1 - x")})
    running = read({"rec1": old("running", execute_id="75001", submit_time=at)})
    for order in ([*failed, *running], [*running, *failed]):
        row = merge(order)[0].row
        assert row is not None
        assert row.state is State.RUNNING


def test_a_lost_submission_after_an_execution_is_held_and_names_that_execution() -> None:
    running = read({"rec1": old("running", execute_id="75001", submit_time=minutes_ago(30))})
    lost = read({"rec1": old("failed", submit_time=minutes_ago(10), error_message="Coze提交失败: Read timed out.")})
    row = merge([*lost, *running])[0].row
    assert row is not None
    assert row.state is State.HELD
    assert row.error is not None
    assert "75001" in row.error.message.en


def test_the_script_of_an_older_file_completes_what_one_of_ours_knows() -> None:
    older = read({"rec1": old("running", execute_id="75001", submit_time=minutes_ago(30))})
    ours = read({"rec1": own("running", execute_id="75001", submitted_at=minutes_ago(29))}, ours=True)
    merged = merge([*older, *ours])[0]
    assert merged.task.content == "一段文案。"
    assert merged.row is not None
    assert merged.row.fingerprint == merged.task.content_fingerprint()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no whole JSON"),
        (b'{"tasks": {"rec1": {"status": "run', "no whole JSON"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"[]", "no object 'tasks'"),
        (b'{"tasks": []}', "no object 'tasks'"),
        (b'{"schema_version": 2, "tasks": {}}', "newer"),
        (b'{"tasks": {"a": {}, "a": {}}}', "stands twice"),
        (b'{"tasks": {"a": 1}}', "should be an object"),
        (b'{"tasks": {" ": {}}}', "1 to 200"),
        (b'{"tasks": {"a": {"title": [1]}}}', "should be a text"),
        (b'{"tasks": {"a": {"execute_id": "../../x"}}}', "id of Coze's"),
        (b'{"tasks": {"a": {"execute_id": true}}}', "should be a text"),
        (b'{"tasks": {"a": {"submit_time": "yesterday"}}}', "ISO 8601"),
        (b'{"tasks": {"a": {"submit_time": 5}}}', "ISO 8601"),
        (b'{"tasks": {"a": {"submit_time": "0001-01-01T00:00:00"}}}', "ISO 8601"),
        (b'{"schema_version": 1, "tasks": {"a": {"attempts": -1}}}', "whole number"),
        (b'{"schema_version": 1, "tasks": {"a": {"error": "x"}}}', "should be an object"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_spoilt_file_is_named_with_what_is_wrong(raw: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        findings_of(raw, "broken.json", feishu=True, mask=lambda text: text, now=NOW)
    (complaint,) = refused.value.complaints
    assert complaint.en.startswith("broken.json: ")
    assert complaint.zh.startswith("broken.json：")
    assert said in complaint.en


def test_a_byte_order_mark_numbers_for_ids_unknown_and_missing_keys_are_borne() -> None:
    raw = b"\xef\xbb\xbf" + json.dumps({"tasks": {"a": {"status": "running", "execute_id": 75001, "new": 1}}}).encode()
    (found,) = findings_of(raw, "f", feishu=False, mask=lambda text: text, now=NOW)
    assert found.row is not None
    assert (found.row.execute_id, found.row.record_id) == ("75001", None)


def test_a_file_too_large_or_no_file_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * 101)
    paths = [tmp_path / "big.json", tmp_path, tmp_path / "missing.json"]
    with pytest.raises(UsageError) as refused:
        read_results(paths, feishu=True, mask=lambda text: text, now=NOW, most_bytes=100)
    assert len(refused.value.complaints) == 3


def test_many_things_wrong_are_told_in_bounds() -> None:
    with pytest.raises(UsageError) as refused:
        read({f"t{n}": 1 for n in range(100)})
    assert len(refused.value.complaints) == 21
    assert "80" in refused.value.complaints[-1].en


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*old("x"), "debug_url", "attempts", "output", "error"]), json_values))
def test_values_of_any_kind_are_complained_about_or_borne(values: dict[str, Any]) -> None:
    complaints: list[Text] = []
    for ours in (False, True):
        try:
            merge(read({"rec1": values}, ours=ours))
        except UsageError as error:
            complaints += error.complaints
    assert all(c.zh and c.en for c in complaints)


def test_secrets_in_what_services_said_are_masked() -> None:
    entry = old("failed", execute_id="75001", coze_result={"a": "pat_secret"}, error_message="视频合成失败: pat_secret")
    document = json.dumps({"tasks": {"rec1": entry}}).encode()
    found = findings_of(document, "f", feishu=True, mask=lambda text: text.replace("pat_secret", "***"), now=NOW)
    assert "pat_secret" not in str(found)
