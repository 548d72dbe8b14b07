"""What is counted can be fetched by Prometheus and is sent to DogStatsD."""

import socket
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from overset.observe.metrics import Metrics, NullMetrics, ToolMetrics, open_metrics

_LABELS = ("code", "tool", "outcome", "le")


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    body, media_type = metrics.render()
    assert media_type.startswith("text/plain")
    return {
        (sample.name, *(sample.labels[k] for k in _LABELS if k in sample.labels)): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_a_call_is_counted_by_tool_and_outcome_with_its_duration():
    metrics = ToolMetrics()
    metrics.record_tool("list_charts", "success", 0.02)
    metrics.record_tool("list_charts", "success", 0.3)
    metrics.record_tool("list_charts", "failure", 8)
    found = samples(metrics)

    assert found["mcp_tool_calls_total", "list_charts", "success"] == 2
    assert found["mcp_tool_calls_total", "list_charts", "failure"] == 1
    assert found["mcp_tool_duration_seconds_sum", "list_charts", "success"] == pytest.approx(0.32)
    assert found["mcp_tool_duration_seconds_bucket", "list_charts", "success", "0.025"] == 1
    assert found["mcp_tool_duration_seconds_bucket", "list_charts", "failure", "5.0"] == 0


def test_a_refusal_is_counted_by_its_code():
    metrics = ToolMetrics()
    metrics.count_refusal("token_expired")

    assert samples(metrics)["refusals_total", "token_expired"] == 1


def test_made_up_names_fill_no_memory_and_hide_no_real_one():
    metrics = ToolMetrics(most_names=10)
    metrics.record_tool("list_charts", "success", 0.1)
    for number in range(1000):
        metrics.record_tool(f"made_up_{number}", "failure", 0.1)
    for name in ("", "a b", 'x"} 1\nforged 1', "é", "x" * 81, "../x"):
        metrics.record_tool(name, "failure", 0.1)
    metrics.record_tool("list_charts", "success", 0.1)
    found = samples(metrics)
    tools = {key[1] for key in found if key[0] == "mcp_tool_calls_total"}

    assert len(tools) == 11
    assert found["mcp_tool_calls_total", "list_charts", "success"] == 2
    assert found["mcp_tool_calls_total", "other", "failure"] == 991 + 6


def test_two_metrics_count_apart():
    one, other = ToolMetrics(), ToolMetrics()
    one.count_refusal("x")

    assert ("refusals_total", "x") not in samples(other)


def test_the_null_twin_takes_everything_and_tells_nothing():
    metrics: Metrics = NullMetrics()
    metrics.record_tool("list_charts", "success", 0.1)
    metrics.count_refusal("x")
    metrics.close()

    assert samples(metrics) == {}


@pytest.fixture
def agent() -> Iterator[socket.socket]:
    """A DogStatsD agent: a socket that datagrams come to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        yield listener


def test_the_same_is_sent_to_dogstatsd(agent: socket.socket):
    metrics = open_metrics(statsd_host="127.0.0.1", statsd_port=agent.getsockname()[1])
    metrics.record_tool("list_charts", "success", 0.25)
    metrics.record_tool("x.y/z", "failure", 1)
    metrics.count_refusal("token_expired")
    metrics.close()
    sent = [agent.recv(4096).decode().strip() for _ in range(5)]

    assert sent == [
        "mcp.tool.list_charts.success:1|c",
        "mcp.tool.list_charts.duration:250.0|ms|#outcome:success",
        "mcp.tool.other.failure:1|c",
        "mcp.tool.other.duration:1000|ms|#outcome:failure",
        "mcp.refusals:1|c|#code:token_expired",
    ]


def test_an_agent_that_is_not_there_costs_nothing():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    metrics = open_metrics(statsd_host="127.0.0.1", statsd_port=port)
    for _ in range(1000):
        metrics.record_tool("list_charts", "success", 0.1)
    metrics.close()

    assert samples(metrics)["mcp_tool_calls_total", "list_charts", "success"] == 1000
