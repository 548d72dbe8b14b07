"""What is asked of Overset and of bare Superset alike: every message that only reads."""

from typing import Any

Call = tuple[str, dict[str, Any]]

_EVERY_CHART_COLUMN = (
    "id,slice_name,viz_type,description,url,uuid,params,query_context,cache_timeout,datasource_name,"
    "datasource_type,changed_by,changed_by_name,created_by,created_by_name,owners,tags,changed_on,"
    "created_on,certified_by"
)
_EVERY_DATASET_COLUMN = (
    "id,table_name,schema,description,sql,extra,database_id,database_name,uuid,is_virtual,columns,"
    "metrics,params,main_dttm_col,template_params,changed_by,created_by,owners,tags,url"
)
_EVERY_DASHBOARD_COLUMN = (
    "id,dashboard_title,slug,css,json_metadata,position_json,published,uuid,url,charts,roles,owners,"
    "tags,changed_by,changed_by_name,created_by,created_by_name"
)
_EVERY_DATABASE_COLUMN = (
    "id,database_name,backend,extra,sqlalchemy_uri,encrypted_extra,password,expose_in_sqllab,uuid,"
    "allow_dml,changed_by,created_by,server_cert"
)


def _lists() -> list[Call]:
    every = {
        "list_charts": (_EVERY_CHART_COLUMN, "slice_name"),
        "list_dashboards": (_EVERY_DASHBOARD_COLUMN, "dashboard_title"),
        "list_databases": (_EVERY_DATABASE_COLUMN, "database_name"),
        "list_datasets": (_EVERY_DATASET_COLUMN, "table_name"),
    }
    calls: list[Call] = []
    for tool, (columns, name) in every.items():
        calls += [
            (tool, {"request": {}}),
            (tool, {"request": {"select_columns": columns.split(",")}}),
            (tool, {"request": {"search": "a", "page_size": 2, "page": 1}}),
            (tool, {"request": {"page": 2, "page_size": 2, "order_column": name}}),
            (tool, {"request": {"filters": [{"col": name, "opr": "sw", "value": "v"}]}}),
            (tool, {"request": {"order_column": "no such column", "page_size": 10_000}}),
        ]
    return calls


def _single_things() -> list[Call]:
    kinds = ("chart", "dashboard", "database", "dataset")
    identifiers: tuple[Any, ...] = (1, 2, "no such thing")
    infos = [
        (f"get_{kind}_info", {"request": {"identifier": identifier}})
        for kind in kinds
        for identifier in identifiers
    ]
    schemas = [("get_schema", {"request": {"model_type": kind}}) for kind in (*kinds, "nothing")]
    return [
        *infos,
        ("get_dashboard_info", {"request": {"identifier": "main"}}),
        *schemas,
        ("health_check", {}),
        ("get_instance_info", {"request": {}}),
        *(
            ("get_chart_type_schema", {"chart_type": kind})
            for kind in ("xy", "table", "pie", "big_number", "nothing")
        ),
        ("get_chart_type_schema", {"chart_type": "pie", "include_examples": False}),
        (
            "open_sql_lab_with_context",
            {"request": {"database_connection_id": 1, "sql": "SELECT 1"}},
        ),
        ("open_sql_lab_with_context", {"request": {"database_connection_id": 999}}),
    ]


def _charts() -> list[Call]:
    fresh = {"force_refresh": True}
    drawn = [(1, "json"), (1, "csv"), (1, "excel"), (2, "json"), (3, "csv"), (4, "json")]
    shown = [(1, "url"), (1, "ascii"), (1, "table"), (1, "vega_lite"), (2, "ascii")]
    data: list[Call] = [
        ("get_chart_data", {"request": {"identifier": chart, "format": kind, **fresh}})
        for chart, kind in (*drawn, (5, "json"), (6, "json"), (999, "json"))
    ]
    previews: list[Call] = [
        ("get_chart_preview", {"request": {"identifier": chart, "format": kind, **fresh}})
        for chart, kind in (*shown, (4, "vega_lite"), (5, "table"), (6, "table"), (999, "url"))
    ]
    return [
        *data,
        ("get_chart_data", {"request": {"identifier": 1, "limit": 3, **fresh}}),
        ("get_chart_data", {"request": {}}),
        *previews,
    ]


def _sql(canary: str) -> list[Call]:
    statements = (
        "SELECT COUNT(*) AS n, SUM(amount) AS total FROM facts",
        "SELECT word, region FROM facts ORDER BY id LIMIT 3",
        "SELECT region, COUNT(*) AS n FROM facts GROUP BY region ORDER BY 1",
        "SELECT f.region FROM facts f JOIN facts g ON f.id = g.id WHERE f.id < 4 ORDER BY f.id",
        "WITH f AS (SELECT * FROM facts) SELECT COUNT(*) AS n FROM f",
        f'SELECT * FROM "only_{canary}"',
        "SELECT 1 AS one; SELECT 2 AS two",
        "SELECT '{{ current_username() }}' AS me, {{ 1 + 1 }} AS two",
        "SELECT 'error_type' AS word",
        "SELECT no_such_column FROM facts",
        "SELECT * FROM no_such_table",
        "SELEC 1",
        "DELETE FROM facts",
        "EXPLAIN QUERY PLAN SELECT 1",
        "-- nothing",
    )
    calls: list[Call] = [
        ("execute_sql", {"request": {"database_id": 1, "sql": sql, "force_refresh": True}})
        for sql in statements
    ]
    return [
        *calls,
        ("execute_sql", {"request": {"database_id": 1, "sql": statements[1], "limit": 2}}),
        ("execute_sql", {"request": {"database_id": 1, "sql": statements[0], "dry_run": True}}),
        ("execute_sql", {"request": {"database_id": 1, "query": "SELECT 3 AS three"}}),
        ("execute_sql", {"request": {"database_id": 999, "sql": "SELECT 1"}}),
        ("execute_sql", {"request": {"database_id": 1, "sql": " "}}),
        ("execute_sql", {"request": {"database_id": 1, "sql": "SELECT 1", "limit": -1}}),
        (
            "execute_sql",
            {
                "request": {
                    "database_id": 1,
                    "sql": "SELECT COUNT(*) AS n FROM facts WHERE region = '{{ where }}'",
                    "template_params": {"where": "south"},
                }
            },
        ),
    ]


def _odd() -> list[Call]:
    """Calls that are wrong in themselves: the words of the refusal are Superset's own."""
    return [
        ("no_such_tool", {}),
        ("list_charts", {"request": {"no_such_field": 1}}),
        ("list_charts", {"request": {"page": "one"}}),
        ("list_charts", {"request": "{}"}),
        ("list_charts", {"request": '{"page_size": 1}'}),
        ("list_charts", {"request": []}),
        ("list_charts", {"request": None}),
        ("list_charts", {"page": 1}),
        ("list_charts", {"request": {}, "more": 1}),
        ("health_check", {"request": {}}),
        ("get_chart_info", {}),
        ("get_chart_info", {"request": {}}),
        ("execute_sql", {}),
        ("get_chart_type_schema", {}),
        ("search_tools", {}),
        ("search_tools", {"query": 1}),
        ("call_tool", {}),
        ("call_tool", {"name": 1}),
        ("call_tool", {"name": "no_such_tool", "arguments": {}}),
        ("call_tool", {"name": "call_tool", "arguments": {"name": "health_check"}}),
        ("call_tool", {"name": "search_tools", "arguments": {"query": "chart"}}),
        ("call_tool", {"name": "list_charts", "arguments": "{}"}),
        ("call_tool", {"name": "list_charts", "arguments": {"request": {}}, "more": 1}),
        ("call_tool", {"name": "list_charts", "arguments": []}),
        ("call_tool", {"name": "health_check", "arguments": None}),
        ("call_tool", {"name": "health_check", "arguments": {"request": {}}}),
    ]


def _searches() -> list[Call]:
    words = ("chart", "run a sql query", "dashboards", "health", "", "zzzz")
    return [("search_tools", {"query": word}) for word in words]


def _through_the_door(canary: str) -> list[Call]:
    behind = [*_lists()[::9], *_single_things()[::5], *_charts()[::7], *_sql(canary)[::6]]
    return [("call_tool", {"name": name, "arguments": given}) for name, given in behind]


def reading_calls(canary: str) -> dict[str, list[Call]]:
    """Return every call that changes nothing: each tool with good, odd and wrong arguments.

    Args:
        canary: names a table that is in the workspace's data source but in no dataset.
    """
    return {
        "lists": _lists(),
        "single things": _single_things(),
        "charts": _charts(),
        "sql": _sql(canary),
        "odd": _odd(),
        "searches": _searches(),
        "call_tool": _through_the_door(canary),
    }


GROUPS = ("lists", "single things", "charts", "sql", "odd", "searches", "call_tool")

LISTINGS = ("tools/list", "resources/list", "resources/templates/list", "prompts/list")
RESOURCES = (
    "chart://configs",
    "instance://metadata",
    "superset://schema/all",
    "superset://schema/chart",
    "superset://schema/dashboard",
    "superset://schema/dataset",
    "superset://schema/no_such_thing",
)
PROMPTS: tuple[dict[str, Any], ...] = (
    {"name": "quickstart"},
    {"name": "quickstart", "arguments": {"user_type": "executive", "focus_area": "sales"}},
    {"name": "create_chart_guided"},
    {"name": "create_chart_guided", "arguments": {"chart_type": "line"}},
    {"name": "no_such_prompt"},
)


def other_messages() -> list[Call]:
    """Return every message that is no tool call: listings, resources, prompts."""
    return [
        *((method, {}) for method in LISTINGS),
        *(("resources/read", {"uri": uri}) for uri in RESOURCES),
        *(("prompts/get", given) for given in PROMPTS),
        (
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        ),
        ("ping", {}),
    ]


WRITING_CALLS: tuple[Call, ...] = (
    (
        "generate_chart",
        {
            "request": {
                "dataset_id": 1,
                "config": {
                    "chart_type": "table",
                    "columns": [{"name": "region"}],
                },
                "save_chart": True,
            }
        },
    ),
    ("generate_dashboard", {"request": {"chart_ids": [1], "dashboard_title": "Made"}}),
    ("add_chart_to_existing_dashboard", {"request": {"dashboard_id": 1, "chart_id": 2}}),
    (
        "create_virtual_dataset",
        {"request": {"database_id": 1, "sql": "SELECT 1 AS one", "dataset_name": "made"}},
    ),
    ("save_sql_query", {"request": {"database_id": 1, "sql": "SELECT 1", "label": "made"}}),
    (
        "update_chart",
        {"request": {"identifier": 1, "chart_name": "Renamed"}},
    ),
    (
        "generate_explore_link",
        {
            "request": {
                "dataset_id": 1,
                "config": {"chart_type": "table", "columns": [{"name": "region"}]},
            }
        },
    ),
)
"""Tools that write; a role that may not is refused in Superset's own words."""
