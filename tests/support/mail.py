"""A mail server that keeps what it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller

from support.processes import free_port


@dataclass(slots=True)
class Mailbox:
    """Whatever was sent, as (recipient, message)."""

    port: int
    received: list[tuple[str, Message]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message, once for each of its recipients."""
        message = message_from_bytes(envelope.content)
        self.received += [(recipient, message) for recipient in envelope.rcpt_tos]
        return "250 kept"

    def to(self, recipient: str) -> list[Message]:
        """Return what one recipient got."""
        return [message for who, message in self.received if who == recipient]

    @property
    def config(self) -> dict[str, Any]:
        """Superset's configuration for this server."""
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": self.port,
            "SMTP_STARTTLS": False,
            "SMTP_SSL": False,
            "SMTP_USER": "",
            "SMTP_PASSWORD": "",
            "SMTP_MAIL_FROM": "superset@example.com",
        }


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Serve SMTP while the block lasts."""
    mailbox = Mailbox(free_port())
    server = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    server.start()
    try:
        yield mailbox
    finally:
        server.stop()
