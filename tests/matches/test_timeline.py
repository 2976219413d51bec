"""Timelines as a reader sees them: order, corrections, running score, scorers."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leagues.models import League, Season
from leagues.packs.loader import load_pack
from matches.enums import Tone
from matches.models import Match
from matches.rules.filters import Choice, choose
from matches.rules.timeline import (
    Scorer,
    Sides,
    Telling,
    TimelineItem,
    counts_single_goals,
    line_score,
    present_review,
    retold,
    scorers,
    shown_types,
    timeline,
    tone_of,
)
from matches.templatetags.timeline_tags import clock_speech, summary_words

AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SIDES = Sides(home="Rovers", away="United")
FOOTBALL = load_pack("football")
BASKETBALL = load_pack("basketball")


class Story:
    """Tellings in order of arrival."""

    def __init__(self) -> None:
        self.tellings: list[Telling] = []

    def tell(
        self,
        type_: str,
        minute: int = 0,
        *,
        period: str = "1H",
        of: Telling | None = None,
        **more: Any,
    ) -> Telling:
        told = Telling(
            lineage=of.lineage if of else uuid.UUID(int=len(self.tellings) + 1),
            rev=of.rev + 1 if of else 1,
            op=more.pop("op", "amend" if of else "add"),
            seq=len(self.tellings) + 1,
            type=type_,
            period=period,
            clock_ms=minute * 60_000,
            order=0,
            told_at=AT,
            **more,
        )
        self.tellings.append(told)
        return told

    def items(self, pack: Any = FOOTBALL) -> tuple[TimelineItem, ...]:
        return timeline(pack, self.tellings, SIDES)


def test_timeline_is_newest_first_by_match_clock_not_by_arrival() -> None:
    story = Story()
    story.tell("goal", 70 - 45, period="2H", side="home", player="Silva")
    story.tell("yellow_card", 10, side="away", player="Okoye")

    assert [item.clock for item in story.items()] == ["71", "11"]


def test_hidden_events_stay_out() -> None:
    story = Story()
    story.tell("pass", 3, side="home")

    assert story.items() == ()


def test_retracted_event_stays_with_its_reason_and_without_a_score() -> None:
    story = Story()
    goal = story.tell("goal", 10, side="home", player="Silva")
    story.tell("goal", 10, of=goal, op="retract", reason="VAR: offside")

    (item,) = story.items()

    assert (item.is_cancelled, item.reason, item.score) == (True, "VAR: offside", None)
    assert item.player == "Silva"
    assert [revision.op for revision in item.revisions] == ["add", "retract"]


def test_amended_event_shows_the_newest_telling_and_keeps_the_first() -> None:
    story = Story()
    goal = story.tell("goal", 10, side="home", player="Silva")
    story.tell("goal", 11, of=goal, side="home", player="Moreau")

    (item,) = story.items()

    assert (item.player, item.clock, item.is_corrected) == ("Moreau", "12", True)
    assert "Silva" in item.revisions[0].sentence


def test_running_score_leaves_a_cancelled_goal_out() -> None:
    story = Story()
    story.tell("goal", 5, side="home", player="A")
    gone = story.tell("goal", 20, side="home", player="B")
    story.tell("goal", 30, side="away", player="C")
    story.tell("goal", 20, of=gone, op="retract")

    assert [item.score for item in story.items()] == [(1, 1), None, (1, 0)]


def players(items: tuple[TimelineItem, ...]) -> list[str]:
    return [item.player for item in items]


def test_plain_news_changes_nothing_told_before() -> None:
    story = Story()
    story.tell("goal", 5, side="home", player="A")
    heard = story.tell("goal", 20, side="home", player="B")
    story.tell("goal", 30, side="away", player="C")

    news = retold(FOOTBALL, story.tellings, SIDES, after_seq=heard.seq)

    assert (players(news.changed), news.gone) == (["C"], ())
    assert news.items == story.items()


def test_retraction_changes_the_score_of_what_came_after_it() -> None:
    story = Story()
    story.tell("goal", 5, side="home", player="A")
    gone = story.tell("goal", 20, side="home", player="B")
    story.tell("yellow_card", 25, side="away", player="C")
    heard = story.tell("goal", 30, side="away", player="D")
    story.tell("goal", 20, of=gone, op="retract")

    news = retold(FOOTBALL, story.tellings, SIDES, after_seq=heard.seq)

    assert players(news.changed) == ["D", "B"]
    assert [item.score for item in news.changed] == [(1, 1), None]


def test_goal_that_moves_changes_the_score_between_both_places() -> None:
    story = Story()
    moved = story.tell("goal", 40, side="home", player="A")
    story.tell("goal", 20, side="away", player="B")
    story.tell("goal", 50, side="away", player="C")
    heard = story.tell("goal", 10, side="away", player="D")
    story.tell("goal", 15, of=moved, side="home", player="A")

    news = retold(FOOTBALL, story.tellings, SIDES, after_seq=heard.seq)

    assert players(news.changed) == ["B", "A"]
    assert [item.score for item in news.changed] == [(1, 2), (1, 1)]


def test_basket_taken_back_changes_all_later_ones() -> None:
    story = Story()
    plays = [
        story.tell("two_made", minute, period="Q1", side=side, player=f"P{minute}")
        for minute, side in enumerate(("home", "away") * 6)
    ]
    story.tell("two_made", 3, period="Q1", of=plays[3], op="retract")

    news = retold(BASKETBALL, story.tellings, SIDES, after_seq=plays[-1].seq)

    assert players(news.changed) == [f"P{minute}" for minute in range(11, 2, -1)]


def test_divider_that_another_stands_for_is_gone() -> None:
    story = Story()
    story.tell("period_start")
    end = story.tell("period_end", 48, period="2H")
    story.tell("match_end", 48, period="2H")

    news = retold(FOOTBALL, story.tellings, SIDES, after_seq=end.seq)

    assert [item.type for item in news.changed] == ["match_end"]
    assert [item.type for item in news.gone] == ["period_end"]


FACTS = st.tuples(
    st.sampled_from(["goal", "own_goal", "yellow_card", "period_start", "period_end", "match_end"]),
    st.integers(0, 3),
    st.sampled_from(["1H", "2H"]),
    st.sampled_from(["home", "away"]),
    st.one_of(st.none(), st.integers(0, 5)),
    st.booleans(),
)


@given(facts=st.lists(FACTS, min_size=1, max_size=12), heard=st.integers(0, 12))
def test_what_changed_is_all_that_differs(facts: list[tuple[Any, ...]], heard: int) -> None:
    story = Story()
    for type_, minute, period, side, of, is_gone in facts:
        held = story.tellings[of] if of is not None and of < len(story.tellings) else None
        if held is None:
            story.tell(type_, minute, period=period, side=side)
            continue
        newest = max((t for t in story.tellings if t.lineage == held.lineage), key=lambda t: t.rev)
        op = "retract" if is_gone else "amend"
        story.tell(held.type, minute, period=period, side=side, of=newest, op=op)
    before = {item.key: item for item in timeline(FOOTBALL, story.tellings[:heard], SIDES)}
    items = {item.key: item for item in story.items()}

    news = retold(FOOTBALL, story.tellings, SIDES, after_seq=heard)

    shown = {key: item for key, item in before.items() if key not in {i.key for i in news.gone}}
    assert shown | {item.key: item for item in news.changed} == items
    assert [item for item in news.changed if before.get(item.key) == item] == []


@pytest.mark.parametrize(
    ("revisions", "tone"),
    [
        ((), Tone.NEW),
        (({"op": "retract"},), Tone.CANCELLED),
        (({"player": "Moreau"},), Tone.CORRECTED),
        (({"side": "away"},), Tone.CORRECTED),
        (({"op": "retract"}, {"op": "add"}), Tone.CORRECTED),
        (({"is_provisional": True},), Tone.UNDER_REVIEW),
        (({"is_provisional": True}, {}), Tone.CONFIRMED),
        (({"is_provisional": True}, {"player": "Moreau"}), Tone.CORRECTED),
        (({},), Tone.SAME),
        (({"payload": {"xg": 0.3}},), Tone.SAME),
    ],
)
def test_correction_is_heard_as_what_it_changed(
    revisions: tuple[dict[str, Any], ...], tone: Tone
) -> None:
    story = Story()
    goal = story.tell("goal", 10, side="home", player="Silva")
    for more in revisions:
        goal = story.tell("goal", 10, of=goal, **{"side": "home", "player": "Silva", **more})

    (item,) = story.items()

    assert tone_of(item) == tone


@pytest.mark.parametrize(
    ("sport", "period", "clock", "words"),
    [
        ("football", "1H", "1", "1 minute"),
        ("football", "1H", "2", "2 minutes"),
        ("football", "2H", "90+4", "90 plus 4 minutes"),
        ("football", "P", "Pens", "Penalty shoot-out"),
        ("basketball", "Q1", "Q1 4:02", "First quarter, 4 minutes 2 seconds"),
        ("basketball", "Q4", "0:01", "Fourth quarter, 1 second"),
    ],
)
def test_clock_is_said_in_words(sport: str, period: str, clock: str, words: str) -> None:
    story = Story()
    pack = load_pack(sport)
    kind = next(kind for kind in pack.events.values() if not kind.hidden)
    story.tell(kind.id, period=period, clock_label=clock, side="home")
    match = Match(season=Season(league=League(sport=sport)))

    (item,) = story.items(pack)

    assert clock_speech(item, match) == words


def test_own_goal_stands_with_the_side_that_gains() -> None:
    story = Story()
    story.tell("own_goal", 8, side="away", player="Okoye")

    (item,) = story.items()

    assert (item.side, item.shown_side, item.score) == ("away", "home", (1, 0))


def test_dividers_carry_the_score_and_the_end_is_told_once() -> None:
    story = Story()
    story.tell("period_start")
    story.tell("goal", 5, side="home", player="A")
    story.tell("period_end", 46)
    story.tell("period_start", period="2H")
    story.tell("period_end", 48, period="2H")
    story.tell("match_end", 48, period="2H")

    told = [(item.type, item.score) for item in story.items() if item.is_divider]

    assert told == [("match_end", (1, 0)), ("period_end", (1, 0)), ("period_start", (0, 0))]


def test_sort_keys_order_items_as_the_timeline_does() -> None:
    story = Story()
    for minute, period in ((1, "2H"), (44, "1H"), (47, "1H"), (30, "2H")):
        story.tell("yellow_card", minute, period=period, side="home")

    keys = [item.sort_key for item in story.items()]

    assert keys == sorted(keys, reverse=True)


def test_scorers_name_each_once_and_mark_own_goals() -> None:
    story = Story()
    story.tell("goal", 5, side="home", player="Silva")
    story.tell("goal", 20, side="home", player="Silva")
    story.tell("own_goal", 30, side="home", player="Novak")

    found = scorers(FOOTBALL, story.items())

    assert found.home == (Scorer(name="Silva", clocks="6', 21'"),)
    assert found.away == (Scorer(name="Novak (Own goal)", clocks="31'"),)


@pytest.mark.parametrize(("pack", "names_scorers"), [(FOOTBALL, True), (BASKETBALL, False)])
def test_scorers_are_named_where_each_score_is_worth_one(pack: Any, names_scorers: bool) -> None:
    assert counts_single_goals(pack) is names_scorers


def test_line_score_has_all_regular_periods_and_played_overtime() -> None:
    found = line_score(BASKETBALL, [["Q1", 25, 20], ["Q2", 30, 31], ["OT1", 9, 4]])

    assert found is not None
    assert [(p.short, p.home, p.away) for p in found.periods] == [
        ("Q1", 25, 20),
        ("Q2", 30, 31),
        ("Q3", None, None),
        ("Q4", None, None),
        ("OT1", 9, 4),
    ]
    assert line_score(FOOTBALL, [["1H", 1, 0]]) is None


def test_filters_offer_what_there_is_and_fall_back_to_key_moments() -> None:
    story = Story()
    story.tell("goal", 5, side="home", player="A")
    story.tell("yellow_card", 6, side="home", player="B")
    story.tell("corner", 7, side="home")
    items = story.items()

    by_wish = {
        wish: choose(FOOTBALL, items, Choice(show=wish))
        for wish in ("", "goals", "all", "nonsense")
    }

    assert [len(by_wish[wish].items) for wish in by_wish] == [2, 1, 3, 2]
    assert [key for key, _ in by_wish[""].groups] == ["goals", "cards", "set_pieces"]
    assert [by_wish[wish].is_plays for wish in by_wish] == [False, False, True, False]


def test_a_long_log_is_shown_by_period_latest_first() -> None:
    story = Story()
    for number in range(80):
        story.tell("two_made", number % 12, period="Q1", side="home", player=f"P{number}")
        story.tell("two_made", number % 12, period="Q2", side="away", player=f"Q{number}")
    items = story.items(BASKETBALL)

    latest = choose(BASKETBALL, items, Choice())
    first = choose(BASKETBALL, items, Choice(period="Q1"))

    assert [period.id for period in latest.periods] == ["Q1", "Q2"]
    assert (latest.period, first.period) == ("Q2", "Q1")
    assert {item.period for item in first.items} == {"Q1"}


def test_shown_types_hold_dividers_and_scoring_but_no_passes() -> None:
    types = shown_types(FOOTBALL)

    assert {"period_end", "match_end", "goal", "own_goal"} <= types
    assert "pass" not in types


def test_fact_that_is_provisional_is_under_review_until_it_is_told_otherwise() -> None:
    story = Story()
    goal = story.tell("goal", 10, side="home", player="Silva")
    settled = present_review(FOOTBALL, story.items())
    story.tell("goal", 10, of=goal, side="home", player="Silva", is_provisional=True)
    checked = present_review(FOOTBALL, story.items())
    story.tell("goal", 10, of=goal, op="retract", reason="VAR: offside")

    assert settled is None
    assert checked is not None
    assert (checked.label, checked.item.player) == ("VAR check", "Silva")
    assert present_review(FOOTBALL, story.items()) is None


def test_decision_told_later_ends_a_review_that_the_feed_forgot() -> None:
    story = Story()
    story.tell("goal", 10, side="home", player="Silva", is_provisional=True)
    story.tell("var", 12, payload={"decision": "Goal stands"})
    decided = present_review(FOOTBALL, story.items())
    story.tell("penalty_missed", 20, side="away", player="Okoye", is_provisional=True)
    again = present_review(FOOTBALL, story.items())

    assert decided is None
    assert again is not None
    assert again.item.player == "Okoye"


def test_sport_without_a_review_has_none() -> None:
    story = Story()
    story.tell("two_made", 1, period="Q1", side="home", is_provisional=True)

    assert present_review(BASKETBALL, story.items(BASKETBALL)) is None


def test_scorers_of_a_sport_with_periods_name_the_period() -> None:
    hockey = load_pack("ice_hockey")
    story = Story()
    story.tell("goal", 5, period="P1", side="home", player="Silva")
    story.tell("goal", 5, period="P3", side="home", player="Silva", clock_label="15:00")

    assert scorers(hockey, story.items(hockey)).home == (
        Scorer(name="Silva", clocks="1st 15:00, 3rd 15:00"),
    )


def test_check_that_changes_nothing_is_no_correction() -> None:
    story = Story()
    goal = story.tell("goal", 10, side="home", player="Silva")
    story.tell("goal", 10, of=goal, side="home", player="Silva", is_provisional=True)
    (under_way,) = story.items()
    story.tell("goal", 10, of=goal, side="home", player="Silva", reason="Confirmed after review")
    (over,) = story.items()

    assert summary_words(under_way) == "Being checked"
    assert summary_words(over) == "Checked: Confirmed after review"
