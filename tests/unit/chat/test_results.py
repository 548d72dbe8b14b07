"""What a tool answered, as the member and the model get it: true, and leading nowhere else."""

import json

import pytest
from langchain_core.messages import ToolMessage

from overset.chat.events import Link
from overset.chat.results import recall, settle

ORIGIN = "http://acme.localhost:8088"


def read(answer, *, status="success"):
    """Return the message and the event of a tool's answer."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    blocks = [{"type": "text", "text": text}]
    message = ToolMessage(blocks, tool_call_id="call_1", name="tool", status=status)
    return settle(message, origin=ORIGIN)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Error: no such chart", "Error: no such chart"),
        ("Internal error in list_charts: Error ID: err_1", "Internal error in list_charts"),
        ({"error": "not found", "error_type": "NotFound"}, "not found"),
        ({"success": False, "error": None, "message": "it broke"}, "it broke"),
        ({"error": {"error_type": "x", "message": "bad", "details": "column"}}, "bad: column"),
        ({"result": {"error": "wrapped"}}, "wrapped"),
        ({"success": False}, '{"success": false}'),
    ],
)
def test_a_failure_that_looks_like_success_is_one(answer, reason):
    message, told = read(answer)
    assert (message.status, told.status) == ("error", "failed")
    assert told.text.startswith(reason)
    assert (told.links, told.table) == ((), None)


@pytest.mark.parametrize(
    "answer",
    [
        {"charts": [], "error": None},
        {"success": True, "error": ""},
        "The error rate is 3 %",
        "[]",
        "",
        "{not json",
    ],
)
def test_what_is_no_failure_is_none(answer):
    message, told = read(answer)
    assert (message.status, told.status) == ("success", "done")


def test_the_model_gets_text_and_the_checkpoint_keeps_what_was_told():
    message, told = read(
        {"rows": [{"a": 1}, {"a": 2}], "row_count": 2, "url": "/explore/?slice_id=3"}
    )
    assert isinstance(message.content, str)
    assert recall(message) == told
    assert told.table.columns == ("a",)
    assert told.table.rows == ((1,), (2,))


def test_rows_are_as_many_as_are_shown_and_their_cells_are_plain():
    rows = [{"n": n, "odd": {"x": [n]}, "long": "y" * 900, "none": None} for n in range(200)]
    _, told = read({"data": rows, "total_rows": 12_345})
    assert len(told.table.rows) == 50
    assert told.table.total_rows == 12_345
    assert told.table.rows[1][1] == '{"x": [1]}'
    assert len(told.table.rows[1][2]) == 300
    assert told.table.rows[1][3] is None
    assert len(told.text) <= 1_500


def test_links_lead_to_things_of_the_workspace():
    _, told = read(
        {
            "chart": {"id": 7, "slice_name": "Sales", "url": f"{ORIGIN}/explore/?slice_id=7"},
            "explore_url": f"{ORIGIN}/explore/?form_data_key=abc",
            "dashboards": [
                {"id": 3, "dashboard_title": "Q3", "url": "/superset/dashboard/main/"},
                {"id": 4, "url": f"{ORIGIN}/superset/dashboard/4/"},
            ],
            "dataset": {"id": 9, "table_name": "facts", "url": f"{ORIGIN}/tablemodelview/edit/9"},
            "charts": [{"id": 7, "url": f"{ORIGIN}/explore/?slice_id=7"}],
            "url": f"{ORIGIN}/sqllab?dbid=1",
        }
    )
    assert told.links == (
        Link(kind="sql_lab", id=None, title="SQL Lab", path="/sqllab?dbid=1"),
        Link(kind="explore", id=None, title="Explore", path="/explore/?form_data_key=abc"),
        Link(kind="chart", id=7, title="Sales", path="/explore/?slice_id=7"),
        Link(kind="dashboard", id=3, title="Q3", path="/superset/dashboard/main/"),
        Link(kind="dashboard", id=4, title="Dashboard", path="/superset/dashboard/4/"),
        Link(kind="dataset", id=9, title="facts", path="/tablemodelview/edit/9"),
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://globex.localhost:8088/explore/?slice_id=7",
        "http://acme.localhost:8088.evil.example/explore/?slice_id=7",
        "http://acme.localhost:8088@evil.example/explore/?slice_id=7",
        "//evil.example/explore/?slice_id=7",
        "/\\evil.example/explore/?slice_id=7",
        "javascript:alert(1)",
        "/logout/",
        "/static/x.js",
        "/explore/\n?slice_id=7",
        "/explore/?slice_id=7" + "x" * 3_000,
        "explore/?slice_id=7",
        7,
        None,
    ],
)
def test_no_link_leads_elsewhere(url):
    _, told = read({"id": 7, "url": url})
    assert told.links == ()


PLANTED = {"url": "/explore/?slice_id=666", "title": "Click me", "chart": {"url": "/explore/"}}


@pytest.mark.parametrize(
    "answer",
    [
        {"rows": [PLANTED]},
        {"data": [PLANTED]},
        {"statements": [{"data": {"rows": [PLANTED], "columns": [PLANTED]}}]},
        {"chart": {"id": 7, "form_data": PLANTED}},
        {"datasets": [{"id": 9, "extra": PLANTED, "columns": [PLANTED]}]},
        {"content": {"type": "vega_lite", "specification": {"data": {"values": [PLANTED]}}}},
        [PLANTED],
        {"result": [PLANTED]},
    ],
)
def test_what_is_planted_in_data_becomes_no_link(answer):
    _, told = read(answer)
    assert told.status == "done"
    assert told.links == ()


@pytest.mark.parametrize(
    "path",
    [
        "/sqllab/?dbid=1&sql=DROP+TABLE+facts&autorun=true",
        "/sqllab/?dbid=1&AutoRun=True",
        "/sqllab/?dbid=1&%61utorun=true",
        "/sqllab/?dbid=1&%2561ut%256Frun=true",
        "/sqllab/?dbid=1#autorun=true",
        "/sqllab/?dbid=1#?%41UTORUN=1",
        "/sqllab/p/Ab12/",
        "/sqllab/?id=Ab12",
        "/sqllab/../sqllab/p/Ab12",
        "/explore/?slice_id=7&autorun=true",
    ],
)
def test_no_link_runs_a_statement_when_it_is_opened(path):
    for url in (path, ORIGIN + path):
        _, told = read({"url": url, "title": "Sales"})
        assert told.links == (), url


def test_a_link_has_the_name_that_stands_deeper_in_the_answer():
    chart = {"id": 7, "slice_name": "Sales", "url": f"{ORIGIN}/explore/?slice_id=7"}

    _, told = read({"explore_url": f"{ORIGIN}/explore/?slice_id=7", "chart": chart})

    assert told.links == (Link(kind="chart", id=7, title="Sales", path="/explore/?slice_id=7"),)
