"""Every path of the assistant, in one table: read this first."""

from fastapi import FastAPI

from overset.chat import health
from overset.chat.api import me, members, threads, turns
from overset.rest.http import problems

API = (me.router, members.router, threads.router, turns.router)
"""For members, at `/chat` of their workspace's own host."""


def add_routes(app: FastAPI) -> None:
    """Add every path to the application."""
    for router in API:
        app.include_router(router, prefix="/chat", responses=problems(421, 422))
    app.include_router(health.router)
