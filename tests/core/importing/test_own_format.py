"""What a results file of ours tells when the state directory is lost."""

from __future__ import annotations

from typing import Any

import pytest

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.task import State
from cozebatch.model.text import Text
from support.results_files import RESULT, finding, own, row_of


@pytest.mark.parametrize(
    ("status", "facts", "state"),
    [
        ("done", {"execute_id": "e1", "output": RESULT}, State.DONE),
        ("running", {"execute_id": "e1"}, State.RUNNING),
        ("submitting", {"attempts": 0}, State.HELD),
        ("synthesizing", {"execute_id": "e1", "output": RESULT}, State.DOWNLOADING),
        ("writing_back", {"execute_id": "e1", "output": RESULT, "video_path": "/a.mp4"}, State.DOWNLOADING),
        ("writing_back", {"execute_id": "e1"}, State.RUNNING),
        ("pending", {"attempts": 1, "execute_id": "e1"}, State.RUNNING),
        ("pending", {"attempts": 1}, State.HELD),
        ("failed", {"execute_id": "e1", "error": {"category": "synthesis", "message": "m"}}, State.FAILED),
        ("held", {"error": {"category": "unknown_submit", "message": "m"}}, State.HELD),
        ("cancelled", {}, State.CANCELLED),
        ("skipped", {"attempts": 0, "note": "It was finished by an earlier run with the same input."}, State.DONE),
    ],
)
def test_a_results_file_of_ours_tells_the_same(status: str, facts: dict[str, Any], state: State) -> None:
    row = row_of(own(status, **facts), ours=True)
    assert row.state is state
    assert row.fingerprint == "", "the script is not in it"
    if state is State.HELD:
        assert row.unanswered
        assert row.attempts == 1


def test_what_a_file_of_ours_says_was_not_started_is_no_row() -> None:
    assert finding(own("pending", attempts=0), ours=True).row is None
    assert finding(own("skipped", attempts=0, note="没有文案（content 为空）。"), ours=True).row is None


def test_a_file_of_ours_keeps_attempts_links_and_whether_coze_failed_it() -> None:
    error = {"category": "workflow_failed", "code": "5001", "message": "boom", "logid": "L", "hint": "h"}
    row = row_of(own("failed", execute_id="e1", attempts=3, debug_url="https://x/?a", error=error), ours=True)
    assert (row.attempts, row.debug_url, row.execution_failed) == (3, "https://x/?a", True)
    assert row.error == ErrorInfo(Category.WORKFLOW_FAILED, Text.same("boom"), "5001", "L", Text.same("h"))
