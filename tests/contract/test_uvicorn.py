"""What `cli/protocol.py` and `cli/workers.py` rely on in uvicorn: an upgrade may change it."""

import inspect

import httptools
import pytest
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.supervisors.multiprocess import Multiprocess, Process


def test_the_protocol_has_what_ours_overrides_and_calls() -> None:
    names = {"data_received", "on_message_begin", "on_header", "on_headers_complete", "on_body"}
    names |= {"on_message_complete", "send_400_response", "_unset_keepalive_if_required"}

    assert names <= set(vars(HttpToolsProtocol))
    assert STATUS_LINE[431] == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"


def test_the_parser_says_where_it_stopped_for_an_upgrade() -> None:
    head = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    with pytest.raises(httptools.HttpParserUpgrade) as stopped:
        httptools.HttpRequestParser(object()).feed_data(head + b"rest")

    assert stopped.value.args == (len(head),)


def test_the_supervisor_asks_each_worker_through_a_pipe_and_stops_at_a_failed_start() -> None:
    source = inspect.getsource(Multiprocess.keep_subprocess_alive)

    assert "process.is_alive(timeout=self.config.timeout_worker_healthcheck)" in source
    assert "process.exitcode == STARTUP_FAILURE" in source
    assert "Process(self.config, self.sockets)" in source  # a replacement gets what is set by then
    assert "self.parent_conn, self.child_conn = Pipe()" in inspect.getsource(Process)
