"""People come, go, look, call and order in three workspaces in any order, and see only their own.

Runs the same bounded stories each time. `--hypothesis-profile=long --hypothesis-seed=N` runs
others, for an hour or so, and makes a story that fails as short as it can.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from support.deployment import Platform
from support.fuzz import CALLS, PAGES, ROLES, SLUGS, Person, Stage, World, made_world

BOUNDED = settings(
    max_examples=4,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)

people = st.integers(0, 2)
slugs = st.sampled_from(SLUGS)
wishes = st.one_of(
    st.tuples(people, st.just("look"), slugs, st.tuples(st.sampled_from(PAGES))),
    st.tuples(people, st.just("draw"), slugs, st.just(())),
    st.tuples(people, st.just("query"), slugs, st.just(())),
    st.tuples(people, st.just("call"), slugs, st.tuples(st.sampled_from([*CALLS]))),
    st.tuples(people, st.just("carry"), slugs, st.tuples(slugs)),
)
comings = st.sampled_from(["sign_in", "sign_in", "give_token", "give_token", "sign_out"])
changes = st.one_of(
    st.tuples(st.just("put"), people, slugs, st.sampled_from(ROLES)),
    st.tuples(st.just("remove"), people, slugs, st.none()),
    st.tuples(st.just("suspend"), st.none(), slugs, st.none()),
    st.tuples(st.just("resume"), st.none(), slugs, st.none()),
)


class Story(RuleBasedStateMachine):
    """One story: three people, who begin in workspaces of their own."""

    world: World
    stage: Stage

    @initialize(homes=st.lists(st.lists(slugs, min_size=2, unique=True), min_size=3, max_size=3))
    def begin(self, homes: list[list[str]]) -> None:
        self.stage = Stage(self.world, homes)
        for person, own in zip(self.stage.people, homes, strict=True):
            for slug in own:
                self.stage.sign_in(person, slug)
                self.stage.give_token(person, slug)
        self.stage.begin()

    @rule(what=comings, who=people, slug=slugs)
    def come_or_go(self, what: str, who: int, slug: str) -> None:
        getattr(self.stage, what)(self.stage.people[who], slug)

    @rule(wanted=st.lists(wishes, min_size=3, max_size=8))
    def wish(self, wanted: list[tuple[int, str, str, Any]]) -> None:
        for person, what, slug, more in map(self._resolve, wanted):
            answer = getattr(person, what)(slug, *more)
            if what != "call" and not self._may_see(person, what, slug, more):
                assert answer.status_code != 200, (what, slug, answer.text[:500])

    @rule(who=people, slug=slugs)
    def order(self, who: int, slug: str) -> None:
        self.stage.order(self.stage.people[who], slug)

    @rule(change=changes)
    def change(self, change: tuple[str, int | None, str, str | None]) -> None:
        self._do(change)

    @rule(wanted=st.lists(wishes, min_size=4, max_size=10), change=changes)
    def crowd(
        self,
        wanted: list[tuple[int, str, str, Any]],
        change: tuple[str, int | None, str, str | None],
    ) -> None:
        self.stage.crowd([self._resolve(wish) for wish in wanted], lambda: self._do(change))

    def teardown(self) -> None:
        if hasattr(self, "stage"):
            self.stage.leave()

    def _resolve(self, wish: tuple[int, str, str, Any]) -> tuple[Person, str, str, Any]:
        who, what, slug, more = wish
        return self.stage.people[who], what, slug, more

    def _may_see(self, person: Person, what: str, slug: str, more: Any) -> bool:
        if what == "carry":
            return slug == more[0] and self.stage.expects(person, slug)
        return self.stage.expects(person, slug)

    def _do(self, change: tuple[str, int | None, str, str | None]) -> None:
        what, who, slug, role = change
        given: list[Any] = [slug] if who is None else [self.stage.people[who], slug]
        getattr(self.stage, what)(*given, *([] if role is None else [role]))


@pytest.mark.timeout(3 * 60 * 60)
def test_no_story_shows_one_workspace_to_another_or_to_who_is_out(platform: Platform) -> None:
    is_long = settings.get_current_profile_name() == "long"
    with made_world(platform) as world:
        story = type("Story", (Story,), {"world": world})
        run_state_machine_as_test(story, settings=settings.default if is_long else BOUNDED)
    # Nothing was shown to others, and much was shown, cached things too.
    for slug in SLUGS:
        assert world.asked[f"cached in {slug}"], str(dict(world.asked))
        for what in ("page", "chart", "sql", "mcp", *(["result"] if world.has_worker else [])):
            assert world.asked[f"{what}, with rows of {slug}"], (what, slug, str(dict(world.asked)))
    assert world.asked["replay"]
