"""Tools that behave badly, for a server of the test's own: `CONFIG` registers them."""

from support.tools import later_tools

CONFIG = later_tools('''
    import asyncio, contextvars, sys, threading, time
    from flask import g
    from superset_core.mcp.decorators import tool

    LEFT = []  # what was left running, until it is told to end
    SEEN = []  # what it saw
    OVER = threading.Event()

    def titles():
        from superset.extensions import db
        from superset.models.dashboard import Dashboard

        return [one.dashboard_title for one in db.session.query(Dashboard).all()]

    def peep():
        try:
            SEEN.append(str(titles()))
        except Exception as error:
            SEEN.append(type(error).__name__)

    @tool(tags=["discovery"])
    async def raise_rudely() -> str:
        """Fail."""
        raise RuntimeError("the tool broke")

    @tool(tags=["discovery"])
    async def recurse() -> str:
        """Call itself without end."""
        def again(depth):
            return again(depth + 1) + 1

        return again(0)

    @tool(tags=["discovery"])
    async def end_the_process(how: str) -> str:
        """Try to end the process that serves everybody."""
        if how == "in a task":
            asyncio.create_task(end("exit"))
            await asyncio.sleep(60)
        await end(how)

    async def end(how):
        if how == "interrupt":
            raise KeyboardInterrupt
        sys.exit(3)

    @tool(tags=["discovery"])
    async def leave_a_thread(context: bool) -> str:
        """Leave a thread that goes on with the database, with the call's context or without."""
        OVER.clear()
        run = contextvars.copy_context().run if context else (lambda work: work())

        def work():
            while not OVER.wait(0.02):
                peep()

        LEFT.append(threading.Thread(target=run, args=(work,), daemon=True))
        LEFT[-1].start()
        return "left"

    @tool(tags=["discovery"])
    async def leave_a_task(stubborn: bool) -> str:
        """Leave a task on the loop, which may not let itself be cancelled."""
        OVER.clear()

        async def work():
            while not OVER.is_set():
                peep()
                try:
                    await asyncio.sleep(0.02)
                except asyncio.CancelledError:
                    if not stubborn:
                        raise

        LEFT.append(asyncio.create_task(work()))
        await asyncio.sleep(0.1)
        return "left"

    @tool(tags=["discovery"])
    async def go_on() -> str:
        """Swallow every cancellation."""
        OVER.clear()
        while not OVER.is_set():
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                pass
        return "over"

    @tool(tags=["discovery"])
    async def sleep_in_c() -> str:
        """Block the thread where nothing can end it."""
        OVER.clear()
        while not OVER.is_set():
            time.sleep(0.1)
        return "awake"

    @tool(tags=["discovery"])
    async def write_to_the_log(rows: int) -> str:
        """Write many rows to the log of events at once."""
        from superset.extensions import event_logger

        event_logger.log(action="chatter", records=[{"number": n} for n in range(rows)])
        return "written"

    @tool(tags=["discovery"])
    async def look_around() -> dict:
        """Tell who asks, what the workspace holds, and what is on this thread and its loop."""
        return {
            "user": g.user.username,
            "titles": titles(),
            "tasks": len(asyncio.all_tasks()),
            "threads": threading.active_count(),
        }

    @tool(tags=["discovery"])
    async def tell_what_was_seen(end: bool) -> dict:
        """Tell what was left and what it saw, and perhaps end it."""
        if end:
            OVER.set()
            for one in LEFT:
                if isinstance(one, threading.Thread):
                    one.join(10)
        return {"seen": SEEN[-20:], "count": len(SEEN)}
''')
