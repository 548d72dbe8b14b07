"""HTTP/1.1 as httptools reads it, with a bound on heads, and nothing that two would read apart."""

from collections import Counter

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_PIECE = 16 * 1024
_MOST_WAITING = 64 * 1024


class AmbiguousError(ValueError):
    """Another server may read this request in another way: nobody gets it."""


class StrictHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which hands on all that the parser takes; this one refuses more.

    * What brings neither a whole head nor a part of a body is at most 64 KiB (and a piece): heads,
      extensions of chunks, trailers.
    * One `Host`, a path as the target, no coding but `chunked` (RFC 9112 sections 3.2, 6.1).
    * Trailers are dropped. An `Upgrade` is ignored, as RFC 9110 section 7.8 lets a server do.
    """

    _waiting = 0
    _moved = False
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Read what came, a piece at a time, until the connection is refused."""
        self._unset_keepalive_if_required()
        for start in range(0, len(data), _PIECE):
            self._read(data[start : start + _PIECE])
            if self.transport.is_closing():
                return

    def _read(self, piece: bytes) -> None:
        self._moved = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as stopped:
            self._read_without_upgrade(piece[stopped.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        self._waiting = 0 if self._moved else self._waiting + len(piece)
        if self._waiting > _MOST_WAITING:
            self._refuse_large()

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Go on from a head after which the parser expects another protocol."""
        fields = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        head = [method + b" " + self.url + b" HTTP/" + version, *fields, b"", b""]
        self.parser = httptools.HttpRequestParser(self)
        self._read(b"\r\n".join(head) + rest)

    def _refuse_large(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            fields = b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[431] + fields)
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._moved, self._in_head = True, False
        self._refuse_ambiguous()
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def _refuse_ambiguous(self) -> None:
        version = self.parser.get_http_version()
        fields = Counter(name for name, _ in self.headers)
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if (
            version not in {"1.0", "1.1"}
            or not self.url.startswith(b"/")
            or b"#" in self.url
            or fields[b"host"] > 1
            or (version == "1.1" and not fields[b"host"])
            or (codings and (version == "1.0" or [c.lower() for c in codings] != [b"chunked"]))
        ):
            raise AmbiguousError

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._moved = True
        if not self.parser.should_upgrade():
            super().on_message_complete()
