"""Processes over one home hear each other, nobody else is let in, and rubbish changes nothing."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from overset.mcp.neighbours import Neighbours
from overset.mcp.relay import LONGEST, Word
from support.wire import eventually

pytestmark = pytest.mark.anyio

WORD = Word(key="ab" * 32, sender="cd" * 8, runs=False)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose path is short, as most are."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def sockets(folder: Path) -> list[Path]:
    return list(folder.glob("*.sock"))


async def pass_on(one: Neighbours, other: Neighbours) -> list[Word]:
    """Say a word between two, and return what the other one heard."""
    heard: list[Word] = []
    async with one.running(lambda _: None), other.running(heard.append):
        assert one.tell(WORD)
        await eventually(lambda: heard)
    return heard


async def test_a_word_is_heard_by_the_others_and_not_by_oneself(home: Path) -> None:
    heard: list[str] = []
    relays = {name: Neighbours(home) for name in ("one", "two", "three")}
    async with AsyncExitStack() as exits:
        for name, relay in relays.items():
            await exits.enter_async_context(relay.running(lambda _, name=name: heard.append(name)))
        assert relays["one"].tell(WORD)
        await eventually(lambda: len(heard) == 2)
    assert sorted(heard) == ["three", "two"]
    assert not sockets(home / "run" / "calls")


async def test_homes_are_strangers(home: Path) -> None:
    one, other = Neighbours(home / "a"), Neighbours(home / "b")
    async with one.running(lambda _: None), other.running(lambda _: None):
        assert not one.tell(WORD)


async def test_the_folder_is_its_owners_alone(home: Path) -> None:
    async with Neighbours(home).running(lambda _: None):
        assert stat.S_IMODE((home / "run" / "calls").stat().st_mode) == 0o700


async def test_a_home_with_a_long_path_has_its_folder_elsewhere(home: Path) -> None:
    far = home / ("far" * 40)

    assert await pass_on(Neighbours(far), Neighbours(far)) == [WORD]
    assert not far.exists()


@pytest.mark.parametrize("kind", ["open", "link", "file"])
async def test_without_a_safe_folder_a_process_is_alone(home: Path, kind: str) -> None:
    folder = home / "run" / "calls"
    folder.parent.mkdir()
    if kind == "open":
        folder.mkdir()
        folder.chmod(0o755)
    elif kind == "link":
        (home / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(home / "elsewhere")
    else:
        folder.touch()
    one, other = Neighbours(home), Neighbours(home)
    async with one.running(lambda _: None), other.running(lambda _: None):
        assert not one.tell(WORD)
        assert not sockets(home / "elsewhere")


async def test_the_socket_of_a_dead_process_is_removed(home: Path) -> None:
    one = Neighbours(home)
    async with one.running(lambda _: None):
        dead = home / "run" / "calls" / "dead.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
            left.bind(os.fspath(dead))

        assert not one.tell(WORD)
        assert not dead.exists()


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\xff",
        b"[]",
        b'"word"',
        WORD.encode()[:-1],
        WORD.encode().replace(b"ab", b"AB"),
        WORD.encode().replace(b"false", b"0"),
        WORD.encode().replace(b"{", b'{"more": 1, '),
        WORD.encode() + b" " * LONGEST,
    ],
)
async def test_what_is_no_word_is_left_alone(home: Path, rubbish: bytes) -> None:
    heard: list[Word] = []
    one, other = Neighbours(home), Neighbours(home)
    async with one.running(lambda _: None), other.running(heard.append):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
            for path in sockets(home / "run" / "calls"):
                stranger.sendto(rubbish, os.fspath(path))
        one.tell(WORD)
        await eventually(lambda: heard)
    assert heard == [WORD]
