"""Superset's own tools and what a token needs for each; and how a test adds tools."""

TOOL_SCOPES = {
    "add_chart_to_existing_dashboard": "workspace:write",
    "create_virtual_dataset": "sql:run workspace:write",
    "execute_sql": "sql:run",
    "generate_chart": "workspace:write",
    "generate_dashboard": "workspace:write",
    "generate_explore_link": "workspace:write",
    "get_chart_data": "workspace:read",
    "get_chart_info": "workspace:read",
    "get_chart_preview": "workspace:read",
    "get_chart_type_schema": "workspace:read",
    "get_dashboard_info": "workspace:read",
    "get_database_info": "workspace:read",
    "get_dataset_info": "workspace:read",
    "get_instance_info": "workspace:read",
    "get_schema": "workspace:read",
    "health_check": "workspace:read",
    "list_charts": "workspace:read",
    "list_dashboards": "workspace:read",
    "list_databases": "workspace:read",
    "list_datasets": "workspace:read",
    "open_sql_lab_with_context": "workspace:read",
    "save_sql_query": "workspace:write",
    "update_chart": "workspace:write",
    "update_chart_preview": "workspace:write",
}
"""Superset 6.1's tools, and the scopes that follow from what each says of itself."""

_LATER = """
def FLASK_APP_MUTATOR(app):
    import superset.core.mcp.core_mcp_injection as injection

    stock = injection.initialize_core_mcp_dependencies

    def with_the_tools_of_a_later_superset():
        stock()
        register()

    injection.initialize_core_mcp_dependencies = with_the_tools_of_a_later_superset


def register():
"""


def later_tools(body: str) -> str:
    """Return an operator's `superset_config.py` that registers tools right after Superset's own.

    `body` is the body of a function, in which tools are decorated with Superset's own `tool`.
    """
    return _LATER + body
