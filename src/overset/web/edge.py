"""The edge of Superset's pages: one host, one workspace, to the last byte of the body."""

import contextvars
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from io import BufferedReader
from typing import Any
from urllib.parse import urlsplit

import structlog
from werkzeug.wrappers import Request

from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.errors import HostNotServed, InvalidRequest, NotFound, Refusal
from overset.kernel.ids import new_request_id
from overset.kernel.settings import Settings
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.work import Work, working
from overset.tenancy.context import entered
from overset.tenancy.hosts import HostKind, is_trusted, public_host, resolve_host
from overset.tenancy.workspace import Workspace, WorkspaceState
from overset.web.answers import CODE, REQUEST_ID, make_response
from overset.web.control_plane import ControlPlane
from overset.web.places import Places
from overset.web.probes import PROBES, probe

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_FORWARDED = ("HOST", "PORT", "PREFIX", "PROTO", "SCHEME", "SERVER", "SSL")
_ASSETS = "/static/"
_FINE = frozenset({HTTPStatus.OK.value, HTTPStatus.NOT_MODIFIED.value})
_log = structlog.get_logger(__name__)


class Edge:
    """A WSGI application around Superset's own, which sees each request in its workspace alone.

    The host says which workspace; what Superset then reads as the host is the workspace's own name.
    Each request has a context of its own, in which every step of its response's body runs too.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        settings: Settings,
        control_plane: ControlPlane,
        places: Places,
        clock: Monotonic = monotonic,
    ) -> None:
        self._app = app
        self._settings = settings
        self._control_plane = control_plane
        self._places = places
        self._clock = clock

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO") in PROBES:
            return probe(environ["PATH_INFO"], self._control_plane)(environ, start_response)
        visit = _Visit(environ, start_response, self._clock)
        environ[REQUEST_ID] = visit.request_id
        try:
            workspace = self._find_workspace(environ)
            visit.enter(workspace, self._places)
            return visit.run(self._app)
        except Refusal as refusal:
            return visit.refuse(refusal)
        except Exception:  # noqa: BLE001 - whatever it was, it is logged and answered
            _log.exception("request failed", request_id=visit.request_id)
            return visit.refuse(Refusal())

    def _find_workspace(self, environ: Environ) -> Workspace:
        """Return the workspace of the host, and let Superset see that host and no other.

        Raises:
            HostNotServed: it is not one of this platform's workspaces' hosts.
            InvalidRequest: there is no `Host`, or the target names one of its own.
            NotFound: `workspace_unknown`, nobody has this name.
        """
        target = environ.get("RAW_URI", "/")
        if not target.startswith("/") or "#" in target:
            raise InvalidRequest("target_malformed", "The request's target must be a path.")
        client = environ.get("REMOTE_ADDR")
        host = resolve_host(
            public_host(_read_host_headers(environ), client, self._settings).host, self._settings
        )
        if host.kind is not HostKind.WORKSPACE or host.slug is None:
            raise HostNotServed
        workspace = self._control_plane.find_workspace(host.slug)
        if workspace is None or workspace.state is WorkspaceState.PROVISIONING:
            raise NotFound("workspace_unknown", "There is no workspace of this name.")
        _tell_host(environ, self._settings.workspace_origin(workspace.slug))
        _tell_client(environ, self._settings)
        if _is_from_another(environ.get("HTTP_REFERER", ""), workspace, self._settings):
            del environ["HTTP_REFERER"]
        return workspace


def _read_host_headers(environ: Environ) -> list[tuple[bytes, bytes]]:
    names = {
        b"host": "HTTP_HOST",
        b"x-forwarded-host": "HTTP_X_FORWARDED_HOST",
        b"x-forwarded-proto": "HTTP_X_FORWARDED_PROTO",
    }
    return [
        (name, str(environ[key]).encode("latin-1", "replace"))
        for name, key in names.items()
        if key in environ
    ]


def _tell_host(environ: Environ, origin: str) -> None:
    scheme, _, host = origin.partition("://")
    environ["wsgi.url_scheme"], environ["HTTP_HOST"] = scheme, host
    name, _, port = host.partition(":")
    environ["SERVER_NAME"], environ["SCRIPT_NAME"] = name, ""
    environ["SERVER_PORT"] = port or {"http": "80", "https": "443"}[scheme]
    for what in _FORWARDED:
        environ.pop(f"HTTP_X_FORWARDED_{what}", None)


def _tell_client(environ: Environ, settings: Settings) -> None:
    """Let the address be the browser's, as far as our own proxies tell it."""
    given = [part.strip() for part in environ.pop("HTTP_X_FORWARDED_FOR", "").split(",")]
    while given and is_trusted(environ.get("REMOTE_ADDR"), settings):
        if address := given.pop():
            environ["REMOTE_ADDR"] = address


def _is_from_another(referrer: str, workspace: Workspace, settings: Settings) -> bool:
    """Say whether a page of another workspace led here: Superset would keep its name in its log."""
    try:
        came_from = resolve_host(urlsplit(referrer).netloc, settings)
    except ValueError:  # an address that is none
        return True
    return came_from.kind is HostKind.WORKSPACE and came_from.slug != workspace.slug


class _Visit:
    """One request: its context, its answer, and the line in the log."""

    def __init__(self, environ: Environ, start_response: StartResponse, clock: Monotonic) -> None:
        self.request_id = new_request_id()
        self._environ = environ
        self._start_response = start_response
        self._clock = clock
        self._started = clock()
        self._context = contextvars.copy_context()
        self._exits = ExitStack()
        self._facts: dict[str, Any] = {}

    def enter(self, workspace: Workspace, places: Places) -> None:
        """Go into the workspace, until the body was sent."""
        self._facts["workspace"] = workspace.slug
        self._context.run(self._exits.enter_context, entered(workspace))
        self._context.run(self._exits.enter_context, places.taken(workspace.id))
        # What Superset's own limits on queries end, and what is held here.
        self._context.run(self._exits.enter_context, working(Work()))
        bound = structlog.contextvars.bound_contextvars(request_id=self.request_id)
        self._context.run(self._exits.enter_context, bound)

    def run(self, app: WSGIApp) -> Iterable[bytes]:
        """Let `app` answer; without hook H5, the body is left to itself."""
        chunks = self._context.run(app, self._environ, self._start)
        if Hook.H5 not in get_installation().hooks:
            self.finish()
            return chunks
        body = _Body(self._context, chunks, self.finish)
        return _send_file(chunks, body) if _is_file(chunks, self._environ) else body

    def refuse(self, refusal: Refusal) -> Iterable[bytes]:
        """Answer with a refusal."""
        response = self._context.run(make_response, refusal, Request(self._environ))
        try:
            return [*response(self._environ, self._start)]
        finally:
            self.finish()

    def finish(self) -> None:
        """Leave the workspace, and say what was asked."""
        self._context.run(self._exits.close)
        if code := self._environ.get(CODE):
            self._facts["code"] = code
        # What every page loads a dozen of, and what is no one's: their lines would hide the others.
        is_asset = self._environ.get("PATH_INFO", "").startswith(_ASSETS)
        is_fine = self._facts.get("status") in _FINE and "code" not in self._facts
        log = _log.debug if is_asset and is_fine else _log.info
        log(
            "request",
            method=self._environ.get("REQUEST_METHOD"),
            path=self._environ.get("PATH_INFO"),
            milliseconds=round((self._clock() - self._started) * 1000, 1),
            request_id=self.request_id,
            **self._facts,
        )

    def _start(self, status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        self._facts["status"] = int(status.partition(" ")[0])
        return self._start_response(status, [*headers, ("X-Request-Id", self.request_id)], *more)


def _is_file(chunks: Any, environ: Environ) -> bool:
    """Say whether a body is a file on disk, as a server with a `wsgi.file_wrapper` is given it."""
    wrapper = environ.get("wsgi.file_wrapper")
    is_wrapped = isinstance(wrapper, type) and isinstance(chunks, wrapper)
    return is_wrapped and isinstance(getattr(chunks, "filelike", None), BufferedReader)


def _send_file(chunks: Any, body: "_Body") -> Iterable[bytes]:
    """Return the file for the server to send by itself: none of its steps is Superset's code."""
    file: Any = type(chunks)(chunks.filelike)
    file.close = body.close
    sent: Iterable[bytes] = file
    return sent


class _Body:
    """A response's body, each step of which runs in the context of its request."""

    def __init__(
        self,
        context: contextvars.Context,
        chunks: Iterable[bytes],
        finish: Callable[[], None],
    ) -> None:
        self._context = context
        self._chunks = chunks
        self._steps: Iterator[bytes] | None = None
        self._finish: Callable[[], None] | None = finish

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._steps is None:
            self._steps = self._context.run(iter, self._chunks)
        return self._context.run(next, self._steps)

    def close(self) -> None:
        """Close the body, and leave the workspace; to be called once or more."""
        finish, self._finish = self._finish, None
        if finish is None:
            return
        try:
            if close := getattr(self._chunks, "close", None):
                self._context.run(close)
        finally:
            finish()
