"""Look at a workspace's examples through bare Superset's MCP service, as one of its roles.

A program of its own: `{"url", "secret_key", "examples_url", "role"}` goes to its stdin, and what
the tools answer comes to its stdout as JSON. Use it on a copy: it makes a user.
"""

import asyncio
import json
import os
import sys
from typing import Any

from overset.tenancy.provisioning.child import private_superset

LISTS = ("list_dashboards", "list_charts", "list_datasets")


async def look() -> dict[str, Any]:
    from fastmcp import Client
    from superset.mcp_service.app import mcp

    async with Client(mcp) as client:

        async def call(tool: str, **request: object) -> Any:
            answer = await client.call_tool(tool, {"request": request}, raise_on_error=False)
            text = answer.content[0].text
            return json.loads(text) if text.startswith("{") else text

        found = {tool: await call(tool, page_size=50) for tool in LISTS}
        charts = found["list_charts"]["charts"]
        return {
            **found,
            "chart_data": {
                chart["slice_name"]: await call("get_chart_data", identifier=chart["id"])
                for chart in charts
            },
            "dataset": await call("get_dataset_info", identifier=1),
            "sql": await call("execute_sql", database_id=1, sql="SELECT 1 AS one"),
            "write": await call("execute_sql", database_id=1, sql="CREATE TABLE canary (id int)"),
        }


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    app = private_superset(
        url=job["url"],
        secret_key=job["secret_key"],
        FAB_CREATE_DB=False,
        SQLALCHEMY_EXAMPLES_URI=job["examples_url"],
        MCP_DEV_USERNAME="probe",
    )
    with app.app_context():
        from superset import security_manager

        role = security_manager.find_role(job["role"])
        security_manager.add_user("probe", "P", "Robe", "probe@example.com", role, password="x")
        json.dump(asyncio.run(look()), answers)
    answers.close()


if __name__ == "__main__":
    main()
