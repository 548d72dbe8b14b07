"""A real HAProxy for the tests: requests go to replicas in turn, whoever sent them."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.processes import RunningProcess, is_listening, running, start_process

_CONFIGURATION = """
global
    maxconn 512
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    option redispatch 1
    retries 3
frontend public
    bind 127.0.0.1:{port} {tls}
    option forwardfor
    http-request set-header X-Forwarded-Proto {scheme}
    default_backend replicas
backend replicas
    balance roundrobin
    option httpchk GET /health/ready
    default-server check inter 200ms fall 1 rise 1
{servers}
"""


@contextlib.contextmanager
def running_haproxy(
    port: int, replicas: Sequence[int], *, chain: Path | None = None
) -> Iterator[RunningProcess]:
    """Run HAProxy on `port` before the replicas' ports while the block lasts.

    With a certificate `chain` it ends TLS there, and says so to the replicas.

    No request is bound to the replica that answered the one before. One that dies is left out
    within a fraction of a second, and a connection that it refuses goes to the next.
    """
    binary = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert binary, "no HAProxy here: run `bash tools/test-deps.sh`"
    with tempfile.TemporaryDirectory(prefix="overset-haproxy-") as folder:
        lines = [f"    server replica{n} 127.0.0.1:{there}" for n, there in enumerate(replicas)]
        file = Path(folder) / "haproxy.cfg"
        tls, scheme = (f"ssl crt {chain}", "https") if chain else ("", "http")
        written = _CONFIGURATION.format(port=port, tls=tls, scheme=scheme, servers="\n".join(lines))
        file.write_text(written)
        process = start_process([binary, "-db", "-f", file], log=Path(folder) / "haproxy.log")
        with running(process, ready=lambda: is_listening(port), timeout=10):
            yield process
