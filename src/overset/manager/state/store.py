"""Where short-lived state is: in this process's memory, or encrypted in Redis."""

from cryptography.fernet import Fernet
from key_value.aio.protocols import AsyncKeyValue
from key_value.aio.stores.memory import MemoryStore
from key_value.aio.stores.redis import RedisStore
from key_value.aio.wrappers.encryption import FernetEncryptionWrapper
from key_value.aio.wrappers.prefix_collections import PrefixCollectionsWrapper
from redis.asyncio import Redis

from overset.kernel.secrets import Keys, derive
from overset.kernel.settings import Settings

_PREFIX = "overset"
_MOST_ENTRIES = 100_000
_SECONDS = 2.0


def open_store(settings: Settings, keys: Keys) -> AsyncKeyValue:
    """Return the store of these settings; in Redis nobody reads it without the master key.

    It belongs to the first event loop that uses it.
    """
    if settings.redis_url is None:
        return MemoryStore(max_entries_per_collection=_MOST_ENTRIES)
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
    )
    # 32 bytes in base64: the padding is what Fernet asks for and `derive` leaves out.
    fernet = Fernet(derive(keys.master, context="platform", purpose="short-lived-state") + "=")
    prefixed = PrefixCollectionsWrapper(RedisStore(client=redis), prefix=_PREFIX)
    return FernetEncryptionWrapper(prefixed, fernet=fernet)
