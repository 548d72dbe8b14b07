"""The assistant's parts, as its endpoints find them."""

from dataclasses import dataclass

from overset.chat.checkpoints import Saver
from overset.chat.event_log import EventLog
from overset.chat.models.choose import Models
from overset.chat.purge import Purge
from overset.chat.threads.service import ThreadService
from overset.chat.turns import Turns
from overset.kernel.changes import ChangeFeed
from overset.kernel.settings import Settings
from overset.tenancy.members import ManagerMembers


@dataclass(frozen=True, slots=True)
class Chat:
    """Everything that the assistant does.

    Attributes:
        settings: the settings that it was opened with.
        threads: the conversations.
        saver: what was said in them.
        turns: the assistant at work.
        log: what it tells.
        models: which model answers where.
        members: with whom a conversation may be shared.
        purge: ends what is left of deleted conversations.
        feed: what changes at the manager.
    """

    settings: Settings
    threads: ThreadService
    saver: Saver
    turns: Turns
    log: EventLog
    models: Models
    members: ManagerMembers
    purge: Purge
    feed: ChangeFeed
