"""Ids are random, in every process."""

import re
from multiprocessing import get_context

from overset.kernel.ids import new_request_id, new_workspace_id


def test_ids_are_letters_and_digits_that_are_safe_everywhere() -> None:
    assert re.fullmatch(r"ws_[a-z2-7]{26}", new_workspace_id())
    assert re.fullmatch(r"req_[a-z2-7]{26}", new_request_id())


def test_processes_that_are_forked_make_ids_of_their_own() -> None:
    with get_context("fork").Pool(2) as pool:
        made = pool.map(_make_some, range(2), chunksize=1)
    ours = _make_some(0)

    ids = [one for some in (*made, ours) for one in some]
    assert len(set(ids)) == len(ids)


def _make_some(_: int) -> list[str]:
    return [new_request_id() for _ in range(50)]
