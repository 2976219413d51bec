"""Timelines as a reader sees them: order, corrections, running score, scorers."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from leagues.packs.loader import load_pack
from matches.rules.filters import Choice, choose
from matches.rules.timeline import (
    Scorer,
    Sides,
    Telling,
    TimelineItem,
    counts_single_goals,
    line_score,
    present_review,
    scorers,
    shown_types,
    timeline,
)
from matches.templatetags.timeline_tags import summary_words

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
