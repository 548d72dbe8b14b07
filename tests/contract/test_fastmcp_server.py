"""What steps 4 to 6 rely on in FastMCP and `limits`; an upgrade that changes it fails here."""

import base64
import hmac
import inspect
import json
import time
from typing import Any

import httpx
import pytest
from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.tools import Tool, ToolResult
from joserfc import jwt
from joserfc.jwk import RSAKey
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

ISSUER = "https://manager.example.com"
AUDIENCE = "https://acme.example.com/mcp"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def make_token(*, key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(time.time())
    body = {"iss": ISSUER, "sub": "usr_1", "aud": [AUDIENCE], "iat": now, "exp": now + 60, **claims}
    given = {"alg": "RS256", "kid": "one", **(header or {})}
    return str(jwt.encode(given, body, key, algorithms=[given["alg"]]))


@pytest.fixture
def verifier() -> JWTVerifier:
    """FastMCP's verifier as step 4 makes it; the key's address is answered in the process."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})

    return JWTVerifier(
        jwks_uri="https://manager.example.com/.well-known/jwks.json",
        issuer=ISSUER,
        algorithm="RS256",
        http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)),
        jwks_refresh_interval=1,
    )


@pytest.mark.anyio
async def test_the_verifier_lets_a_good_token_in_and_hands_its_claims_on(
    verifier: JWTVerifier,
) -> None:
    access = await verifier.verify_token(make_token(scope="a b", client_id="c"))

    assert access is not None
    assert access.claims["sub"] == "usr_1"
    assert access.claims["aud"] == [AUDIENCE]


def forge(algorithm: str) -> str:
    """Return a token that no library would sign: by nobody, or by HMAC with the public key."""
    body = make_token().split(".")[1]
    header = json.dumps({"alg": algorithm, "kid": "one", "typ": "at+jwt"}).encode()
    text = f"{base64.urlsafe_b64encode(header).rstrip(b'=').decode()}.{body}"
    if algorithm == "none":
        return f"{text}."
    signed = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("why", "token"),
    [
        ("another key of the same name", lambda: make_token(key=OTHER)),
        ("an issuer that is not ours", lambda: make_token(iss="https://elsewhere.example.com")),
        ("it is over", lambda: make_token(exp=int(time.time()) - 1)),
        ("a key of another name", lambda: make_token(header={"kid": "two"})),
        ("signed by HMAC with the public key", lambda: forge("HS256")),
        ("signed by nobody", lambda: forge("none")),
        ("no token at all", lambda: "not.a.token"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
async def test_the_verifier_refuses_with_none(verifier: JWTVerifier, why: str, token: Any) -> None:
    assert await verifier.verify_token(token()) is None, why


@pytest.mark.anyio
async def test_a_verifier_without_an_audience_checks_none(verifier: JWTVerifier) -> None:
    """The reason why step 4 compares the audience itself."""
    assert await verifier.verify_token(make_token(aud=["https://other.example.com/mcp"]))


class Noting(Middleware):
    def __init__(self, name: str, heard: list[str]) -> None:
        self._name = name
        self._heard = heard

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: Any) -> Any:
        self._heard.append(f"{self._name} {context.message.name}")
        result = await call_next(context)
        self._heard.append(f"{self._name} out")
        return result


@pytest.mark.anyio
async def test_the_first_step_that_is_added_is_the_outermost() -> None:
    heard: list[str] = []
    server = FastMCP("x", middleware=[Noting("first", heard)])
    server.add_middleware(Noting("second", heard))
    server.add_tool(Tool.from_function(lambda: "done", name="work"))

    await server.call_tool("work", {})

    assert heard == ["first work", "second work", "second out", "first out"]


@pytest.mark.anyio
async def test_a_step_may_send_a_message_on_for_another_tool() -> None:
    """How every rule is applied to the tool behind `call_tool`."""

    class Redirect(Middleware):
        async def on_message(self, context: MiddlewareContext[Any], call_next: Any) -> Any:
            message = context.message.model_copy(update={"name": "inner", "arguments": {"n": 2}})
            return await call_next(context.copy(message=message))

    heard: list[str] = []
    server = FastMCP("x", middleware=[Redirect(), Noting("step", heard)])
    server.add_tool(Tool.from_function(lambda n: n, name="outer"))
    server.add_tool(Tool.from_function(lambda n: n + 1, name="inner"))

    result = await server.call_tool("outer", {"n": 1})

    assert heard[0] == "step inner"
    assert result.content[0].text == "3"


@pytest.mark.anyio
async def test_a_tool_says_what_it_needs_on_these_attributes() -> None:
    tool = Tool.from_function(
        lambda: 1, name="x", tags={"data"}, annotations={"readOnlyHint": True}
    )
    server = FastMCP("x")
    server.add_tool(tool)

    assert tool.tags == {"data"}
    assert tool.annotations.readOnlyHint is True
    assert tool.parameters["type"] == "object"
    assert callable(tool.fn)
    assert await server.get_tool("x") is not None
    assert await server.get_tool("nowhere") is None


def test_a_result_can_be_made_again_with_less_in_it() -> None:
    assert list(inspect.signature(ToolResult.__init__).parameters)[:4] == [
        "self",
        "content",
        "structured_content",
        "meta",
    ]


def test_the_http_app_can_be_without_sessions() -> None:
    """A stateful session would keep the workspace of the request that opened it."""
    parameters = inspect.signature(FastMCP.http_app).parameters

    assert {"path", "stateless_http"} <= set(parameters)


@pytest.mark.anyio
async def test_limits_counts_calls_and_says_when_the_next_may_come() -> None:
    limiter = MovingWindowRateLimiter(MemoryStorage())
    limit = RateLimitItemPerMinute(2)

    assert [await limiter.hit(limit, "a") for _ in range(3)] == [True, True, False]
    assert await limiter.hit(limit, "b")
    window = await limiter.get_window_stats(limit, "a")
    assert 0 < window.reset_time - time.time() <= 61


def test_limits_takes_redis_by_this_url_and_client() -> None:
    from limits.aio.storage import RedisStorage

    assert "implementation" in inspect.signature(RedisStorage.__init__).parameters
    assert RedisStorage("async+redis://127.0.0.1:1", implementation="redispy")
