"""One MCP session of one turn, with the caller's own token; opened at the first need."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import httpx
import structlog
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    CancelledNotification,
    CancelledNotificationParams,
    ClientNotification,
    ClientRequest,
    ErrorData,
    Implementation,
    PaginatedRequestParams,
    TextContent,
    Tool,
)
from pydantic import SecretStr, ValidationError

import overset
from overset.chat.events import Failure
from overset.chat.failures import ToolsLostError
from overset.chat.mcp_wire import LOST, AnsweringTransport, find_status

_CONNECT_SECONDS = 5.0
_CANCEL_SECONDS = 2.0
"""How long a cancelled call may take to say that it ended."""

_PAGES = 100
_TIMEOUT = httpx.Timeout(_CONNECT_SECONDS, read=None)
"""A tool may take as long as the turn."""

_log = structlog.get_logger(__name__)

_NOT_LET_IN = frozenset({401, 404, 421})
_OUR_SIDE = 500


class _Client(ClientSession):
    """The SDK's session, which also says the number of its next request.

    A server tells calls apart by token and number, and a member's turns may share a token: so they
    begin at different numbers.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._request_id = secrets.randbelow(2**31)

    @property
    def next_id(self) -> int:
        """The JSON-RPC id that the next request will have."""
        return self._request_id


class Session:
    """Lists and calls tools as the member whose token it has.

    It lives in a task of its own, for it may be opened and closed by different ones.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport,
        headers: Mapping[str, str],
        token: SecretStr,
    ) -> None:
        self._url = url
        self._transport = transport
        self._headers = headers
        self._token = token
        self._client: asyncio.Future[_Client] | None = None
        self._done = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None

    async def list_tools(self) -> tuple[Tool, ...]:
        """Return the definitions of all tools.

        Raises:
            ToolsLostError: they cannot be had.
        """
        tools: list[Tool] = []
        cursor: str | None = None
        try:
            client = await self._open()
            for _ in range(_PAGES):
                params = PaginatedRequestParams(cursor=cursor) if cursor else None
                page = await client.list_tools(params=params)
                tools += page.tools
                cursor = page.nextCursor
                if not cursor:
                    break
        except McpError as error:
            raise _lost(error.error, may_have_run=False) from error
        except ValidationError as error:
            raise _lost(_closed(), may_have_run=False) from error
        return tuple(tools)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Call a tool; what the server refuses is a result that is an error.

        A caller that is cancelled cancels the call (MCP, "Cancellation"): its query ends too.

        Raises:
            ToolsLostError: nothing more can be called in this session.
        """
        try:
            client = await self._open()
        except McpError as error:
            raise _lost(error.error, may_have_run=False) from error
        params = CallToolRequestParams(name=name, arguments=dict(arguments))
        request = ClientRequest(CallToolRequest(params=params))
        number: list[int] = []

        async def send() -> CallToolResult:
            number.append(client.next_id)
            return await client.send_request(request, CallToolResult)

        sending = asyncio.create_task(send(), name=f"call of {name}")
        try:
            return await self._finish(sending)
        except McpError as error:
            return _refused(error.error)
        except asyncio.CancelledError:
            await _cancel(client, sending, number)
            raise

    async def close(self) -> None:
        """Close the session if it was opened; calls that still run are cut off."""
        self._done.set()
        if self._owner is None or self._client is None:
            return
        if not self._client.done():
            self._owner.cancel()
        await asyncio.wait({self._owner})

    async def _finish(self, sending: asyncio.Task[CallToolResult]) -> CallToolResult:
        """Return the result of a call, unless the session ends before.

        Raises:
            McpError: the call was refused, or nobody knows what came of it.
        """
        owner = self._owner
        assert owner is not None  # noqa: S101 - it was opened
        await asyncio.wait({sending, owner}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            sending.cancel()
            raise McpError(_closed())
        try:
            return sending.result()
        except ValidationError:
            _log.exception("a tool's result is none of MCP")
            raise McpError(_closed()) from None

    async def _open(self) -> _Client:
        """Return the client, and open it first if this is the first need.

        Raises:
            McpError: the server did not let it in.
        """
        if self._client is None:
            self._client = asyncio.get_running_loop().create_future()
            self._owner = asyncio.create_task(self._live(self._client), name="MCP session")
        return await asyncio.shield(self._client)

    async def _live(self, opened: asyncio.Future[_Client]) -> None:
        bearer = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        try:
            async with (
                httpx.AsyncClient(
                    transport=AnsweringTransport(self._transport),
                    headers={**self._headers, **bearer},
                    timeout=_TIMEOUT,
                    trust_env=False,
                ) as http,
                streamable_http_client(self._url, http_client=http) as (reader, writer, _),
                _Client(reader, writer, client_info=_OURSELVES) as client,
            ):
                await self._begin(client, opened)
                await self._done.wait()
        except Exception as error:  # noqa: BLE001 - whoever waits for the session is told
            _log.exception("an MCP session failed")
            _fail(opened, error)
        finally:
            _fail(opened, McpError(_closed()))

    async def _begin(self, client: _Client, opened: asyncio.Future[_Client]) -> None:
        try:
            await client.initialize()
        except McpError as error:
            _fail(opened, error)
            self._done.set()
        else:
            opened.set_result(client)


def _closed() -> ErrorData:
    return ErrorData(code=LOST, message="The session was closed.")


def _fail(opened: asyncio.Future[_Client], error: Exception) -> None:
    if not opened.done():
        opened.set_exception(error)
        opened.exception()  # perhaps nobody waits any more


_OURSELVES = Implementation(name="overset-assistant", version=overset.__version__)


async def _cancel(
    client: _Client, sending: asyncio.Task[CallToolResult], number: list[int]
) -> None:
    """Tell the server to end a call, and wait until it says that it did, for a moment."""
    if number and not sending.done():
        params = CancelledNotificationParams(requestId=number[0], reason="stopped")
        named = ClientNotification(CancelledNotification(params=params))
        telling = asyncio.create_task(client.send_notification(named))
        await asyncio.wait({telling, sending}, timeout=_CANCEL_SECONDS)
        await asyncio.wait({sending}, timeout=_CANCEL_SECONDS)
        telling.cancel()
    sending.cancel()
    await asyncio.wait({sending})


def _refused(error: ErrorData) -> CallToolResult:
    """Return the result of a call that was refused.

    Raises:
        ToolsLostError: so will be all that follow.
    """
    status = find_status(error)
    if error.code == LOST or status in _NOT_LET_IN or (status or 0) >= _OUR_SIDE:
        raise _lost(error, may_have_run=status is None)
    return CallToolResult(content=[TextContent(type="text", text=error.message)], isError=True)


def _lost(error: ErrorData, *, may_have_run: bool) -> ToolsLostError:
    data = error.data if isinstance(error.data, dict) else {}
    status = find_status(error)
    if status in _NOT_LET_IN and data.get("code"):
        detail = str(data.get("detail") or "The tools may not be used any more. Sign in again.")
        failure = Failure(code=data["code"], detail=detail, can_retry=False)
    else:
        failure = Failure(
            code="tools_unreachable",
            detail="Superset's tools do not answer right now. Ask again in a minute.",
            can_retry=True,
        )
    return ToolsLostError(failure, may_have_run=may_have_run)
