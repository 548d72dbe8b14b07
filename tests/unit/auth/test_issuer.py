"""The issuer's metadata is asked for seldom, and is not passed on when it is another's."""

import anyio
import pytest

from overset.auth.issuer import METADATA_PATH, OPENID_PATH, IssuerMetadata
from overset.kernel.changes import MemoryFeed
from overset.kernel.errors import Unavailable
from support.wire import Ticks, Wire

pytestmark = pytest.mark.anyio

ISSUER = "https://manager.example.com"
DOCUMENT = {"issuer": ISSUER, "authorization_endpoint": ISSUER + "/authorize", "more": [1]}


class Bench:
    """A manager with metadata, and what asks for it."""

    def __init__(self, **changed: object) -> None:
        self.wire = Wire()
        self.wire.manager.metadata = DOCUMENT | changed
        self.clock = Ticks()
        self.metadata = IssuerMetadata(
            self.wire.http, MemoryFeed(), issuer=ISSUER, clock=self.clock
        )

    @property
    def asked(self) -> int:
        return self.wire.manager.asked["metadata"]


async def test_it_is_asked_for_once_and_passed_on_whole():
    bench = Bench()
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(bench.metadata.get, METADATA_PATH)
    found = await bench.metadata.get(METADATA_PATH)

    assert found.model_dump() == DOCUMENT | {"asked_at": METADATA_PATH}
    assert bench.asked == 1


async def test_the_two_documents_are_two():
    bench = Bench()

    found = await bench.metadata.get(OPENID_PATH)

    assert found.model_dump()["asked_at"] == OPENID_PATH


async def test_it_is_asked_for_again_after_a_minute():
    bench = Bench()
    await bench.metadata.get(METADATA_PATH)
    bench.clock.advance(60)
    await bench.metadata.get(METADATA_PATH)

    assert bench.asked == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": ISSUER + "/"},
        {"issuer": "https://evil.test"},
        {"issuer": None},
        {"authorization_endpoint": 7},
    ],
    ids=str,
)
async def test_a_document_of_somebody_else_is_none(changed):
    bench = Bench(**changed)

    with pytest.raises(Unavailable):
        await bench.metadata.get(METADATA_PATH)


async def test_a_manager_that_fails_has_none():
    bench = Bench()
    bench.wire.manager.status = 500

    with pytest.raises(Unavailable):
        await bench.metadata.get(METADATA_PATH)
