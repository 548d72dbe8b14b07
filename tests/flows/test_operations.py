"""Metrics and readiness are for operators: whoever comes in by a public name does not see them."""

import pytest

PATHS = ["/metrics", "/health/ready"]


@pytest.mark.parametrize("path", PATHS)
def test_they_answer_on_this_machine(sqlite_platform, path):
    assert sqlite_platform.post(method="GET", path=path).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("acme.localhost", {}, 404),
        ("example.org", {}, 421),
        (None, {"X-Forwarded-Host": "acme.example.com"}, 404),
        (None, {"X-Forwarded-For": "203.0.113.9"}, 404),
    ],
)
def test_they_do_not_answer_a_workspaces_host_or_a_proxy(
    sqlite_platform, path, host, headers, status
):
    answer = sqlite_platform.post(method="GET", path=path, host=host, headers=headers)

    assert answer.status_code == status
    assert "mcp_tool_calls" not in answer.text
