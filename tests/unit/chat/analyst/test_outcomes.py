"""What a tool's message says: data, a failure in any of its forms, or a rejection."""

import json

import pytest
from langchain_core.messages import ToolMessage

from overset.chat.analyst.outcomes import read_outcome


def outcome(content, **how):
    return read_outcome(ToolMessage(content, tool_call_id="1", **how))


def test_json_is_data_with_and_without_a_wrapping():
    assert outcome('{"rows": [1]}').data == {"rows": [1]}
    assert outcome('{"result": [1]}').data == [1]
    assert outcome([{"type": "text", "text": '{"a": 1}'}]).data == {"a": 1}


@pytest.mark.parametrize(
    "content",
    [
        "Error: no such table",
        "Internal error: no such table",
        json.dumps({"error": "no such table", "error_type": "X"}),
        json.dumps({"success": False, "error": "no such table", "rows": []}),
        json.dumps({"success": False, "error": {"message": "no such", "details": "table"}}),
    ],
)
def test_each_form_of_failure_is_one(content):
    found = outcome(content)

    assert found.data is None
    assert found.failure is not None
    assert "no such" in found.failure


def test_a_failure_without_a_reason_is_still_one():
    assert outcome('{"success": false}').failure == "it gave no reason"
    assert outcome("", status="error").failure == "it gave no reason"


def test_a_reason_is_short_and_plain_text():
    failure = outcome("Error: [click](https://evil.example) " + "x" * 900).failure

    assert "[click]" not in failure
    assert len(failure) < 400


def test_a_rejection_by_the_member_is_told_from_a_failure():
    rejected = outcome("the member rejected it. It was not carried out.", status="error")

    assert rejected.was_rejected
    assert not outcome("Error: connection rejected", status="error").was_rejected
