"""Whatever Coze answers, reading it raises nothing but a `StepError`."""

from __future__ import annotations

import json

import httpx
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.coze.answers import read_poll, read_submission
from cozebatch.coze.http import Answer
from cozebatch.model.errors import StepError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))


RECORD_KEYS = (
    *("execute_status", "output", "error_code", "error_message", "update_time", "usage", "interrupt_data", "token"),
    *("node_execute_status", "is_output_trimmed", "logid", "debug_url", "execute_id"),
)


RECORDS = st.dictionaries(
    st.sampled_from(RECORD_KEYS),
    SCALARS | st.sampled_from(["Success", "Fail", "Running"]) | st.dictionaries(st.text(), SCALARS, max_size=2),
)


BODIES = st.dictionaries(
    st.sampled_from(["code", "msg", "data", "execute_id", "detail", "debug_url"]),
    SCALARS | RECORDS | st.lists(RECORDS, max_size=2),
)


ANSWERS = st.builds(
    Answer,
    st.sampled_from([200, 201, 204, 302, 400, 401, 404, 429, 500, 501, 502, 503, 504]),
    st.just(httpx.Headers({"retry-after": "x"})),
    st.binary(max_size=60) | BODIES.map(lambda body: json.dumps(body).encode()),
    st.none() | st.just("cut"),
)


@given(ANSWERS)
def test_no_answer_is_too_strange(answer: Answer) -> None:
    submission = read_submission(answer, lambda text: text)
    json.dumps(repr(submission)).encode()
    try:
        result = read_poll(answer, "e1", lambda text: text).result
    except StepError as error:
        error.info.message.en.encode()
    else:
        (result.output or "").encode()
