"""A document of the provider: asked for once an hour, by one thread, and not again at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from overset.kernel.errors import Unavailable
from overset.manager.federation.kept import Kept
from overset.manager.federation.refusals import unavailable
from support.processes import wait_until


@dataclass(slots=True)
class Source:
    """Counts what it is asked, and fails when it is told to."""

    time: float = 0.0
    asked: int = 0
    down: bool = False
    wait: Callable[[], object] = field(default=lambda: None)

    def fetch(self) -> str:
        self.asked += 1
        self.wait()
        if self.down:
            raise unavailable("Example ID")
        return f"document {self.asked}"

    def kept(self) -> Kept[str]:
        return Kept(self.fetch, clock=lambda: self.time)


def test_a_document_is_asked_for_once_an_hour():
    source = Source()
    kept = source.kept()

    assert [kept.get(), kept.get()] == ["document 1"] * 2
    source.time = 3599
    assert kept.get() == "document 1"
    source.time = 3601
    assert kept.get() == "document 2"


def test_while_there_is_no_new_one_the_old_one_counts():
    source = Source()
    kept = source.kept()
    kept.get()
    source.time, source.down = 4000, True

    assert kept.get() == "document 1"
    assert kept.get() == "document 1"
    assert source.asked == 2
    source.time, source.down = 4003, False
    assert kept.get() == "document 3"


def test_where_there_never_was_one_that_is_said_and_not_asked_again_for_two_seconds():
    source = Source(down=True)
    kept = source.kept()
    for _ in range(3):
        with pytest.raises(Unavailable):
            kept.get()
    assert source.asked == 1

    source.down = False
    with pytest.raises(Unavailable):
        kept.get()
    source.time = 2.5
    assert kept.get() == "document 2"


def test_a_newer_one_is_asked_for_before_its_time_only_if_nobody_did():
    source = Source()
    kept = source.kept()
    old = kept.get()

    assert kept.renew(old) == "document 2"
    assert kept.renew(old) == "document 2"
    assert source.asked == 2


def test_where_a_newer_one_is_needed_the_old_one_does_not_count():
    source = Source()
    kept = source.kept()
    old = kept.get()
    source.down = True

    with pytest.raises(Unavailable):
        kept.renew(old)
    assert kept.get() == old


@pytest.mark.parametrize("down", [False, True])
def test_many_who_ask_at_once_share_one_request(down: bool):
    go_on = threading.Event()
    source = Source(down=down, wait=lambda: go_on.wait(20))
    kept = source.kept()

    def ask(_: int) -> str:
        try:
            return kept.get()
        except Unavailable as refusal:
            return refusal.code

    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(ask, number) for number in range(16)]
        wait_until(lambda: source.asked == 1, 10)
        go_on.set()
        found = {answer.result(20) for answer in answers}

    assert found == {"identity_provider_unavailable" if down else "document 1"}
    assert source.asked == 1
