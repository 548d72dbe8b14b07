"""Superset's own tools, and what a token needs for each."""

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
