"""What of a match is worth telling, by the words of its pack."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from leagues.packs.loader import load_pack, parse_pack
from leagues.packs.schema import PackError
from matches.rules.tellings import Sides, Telling
from matches.rules.timeline import timeline
from notifications.rules.notices import Held, Told, news_of, notices_of

_AT = datetime(2026, 11, 22, 20, tzinfo=UTC)
_BASE = uuid.UUID(int=1)


class Court:
    """A match of many scores."""

    def __init__(self, sport="basketball"):
        self.pack = load_pack(sport)
        self.tellings = []

    def tell(self, type_, period, clock_s, side="", **fields):
        seq = len(self.tellings) + 1
        self.tellings.append(
            Telling(
                lineage=uuid.UUID(int=100 + seq),
                rev=1,
                op="add",
                seq=seq,
                type=type_,
                period=period,
                clock_ms=clock_s * 1000,
                order=seq,
                told_at=_AT + timedelta(seconds=seq),
                side=side,
                **fields,
            )
        )

    def score(self, side, points, period="Q1", clock_s=60):
        for _ in range(points):
            self.tell("free_throw_made", period, clock_s, side)

    def notices(self, **told):
        items = timeline(self.pack, self.tellings, Sides(home="A", away="B"))
        state = {"begun_at": None, "over_at": None, "score": None, "shootout": None}
        state |= {"sheets_at": None, **told}
        return notices_of(self.pack, items, Told(base=_BASE, **state))

    def told(self, kind, **told):
        return [notice for notice in self.notices(**told) if notice.kind == kind]


def test_a_lead_changes_when_the_other_side_goes_ahead():
    court = Court()
    court.score("home", 2)
    court.score("away", 2)  # level
    court.score("home", 1)  # the same side again
    court.score("away", 2)  # the first change
    court.score("home", 3)  # the second

    changes = court.told("lead_change")

    assert [(n.score, n.meaning) for n in changes] == [
        ((3, 4), "lead_change|away"),
        ((5, 4), "lead_change|home"),
    ]


def test_single_points_are_no_notices_in_a_sport_of_many():
    court = Court()
    court.score("home", 30)

    assert court.notices() == []


@pytest.mark.parametrize(
    ("period", "clock_s", "lead", "expected"),
    [
        ("Q4", 600, 5, 1),  # two minutes to go
        ("Q4", 599, 5, 0),
        ("Q4", 700, 6, 0),
        ("Q3", 700, 1, 0),
        ("OT1", 180, 2, 1),
        ("OT1", 179, 2, 0),
    ],
)
def test_a_close_finish_is_the_last_two_minutes_within_five(period, clock_s, lead, expected):
    court = Court()
    court.score("home", lead)
    court.tell("foul", period, clock_s, "away")
    court.tell("foul", period, clock_s, "home")

    assert len(court.told("close")) == expected


def test_ends_of_periods_are_told_but_for_the_one_that_ends_the_match():
    court = Court()
    court.score("home", 2)
    for period in ("Q1", "Q2", "Q3", "Q4"):
        court.tell("period_end", period, 720)

    assert [notice.label for notice in court.told("period_end")] == [
        "First quarter",
        "Second quarter",
        "Third quarter",
    ]

    court.score("away", 2, "Q4", 700)
    assert court.told("period_end")[-1].label == "Fourth quarter"


def test_the_end_tells_the_score_and_the_shoot_out():
    court = Court("football")
    (end,) = court.told("end", over_at=_AT, score=(1, 1), shootout=(4, 2))

    assert (end.score, end.meaning, end.is_deduced) == ((1, 1), "end|(1, 1) (4-2)", True)


def held(notice, **changes):
    state = {
        "kind": notice.kind,
        "lineage": notice.lineage,
        "rev": notice.rev,
        "meaning": notice.meaning,
        "clock": notice.clock,
        "epoch": _BASE,
        "is_withdrawn": False,
    }
    return {notice.lineage: Held(**{**state, **changes})}


def test_what_was_told_is_not_told_again_and_what_changed_is():
    court = Court("football")
    court.tell("goal", "1H", 60, "home", player="Moreau", player_slug="moreau")
    (goal,) = court.notices()

    def compare(before):
        news, gone = news_of([goal], before, epoch=_BASE, lasting=())
        return [(one.rev, one.replaces is not None) for one in news], len(gone)

    assert compare({}) == ([(1, False)], 0)
    assert compare(held(goal)) == ([], 0)
    assert compare(held(goal, meaning="goal|home|petrov")) == ([(2, True)], 0)
    assert compare(held(goal, is_withdrawn=True)) == ([(2, True)], 0)


def test_what_is_no_more_is_taken_back_but_not_of_another_log_and_not_what_lasts():
    court = Court("football")
    court.tell("goal", "1H", 60, "home")
    (goal,) = court.notices()

    def gone(epoch=_BASE, lasting=()):
        return len(news_of([], held(goal), epoch=epoch, lasting=lasting)[1])

    assert (gone(), gone(epoch=uuid.UUID(int=2)), gone(lasting=["goal"])) == (1, 0, 0)


_PACK = {
    "schema": 1,
    "id": "x",
    "name": "X",
    "version": "1",
    "periods": [{"id": "1"}, {"id": "2"}],
    "events": {"try": {"label": "Try"}, "scrum": {"label": "Scrum", "hidden": True}},
}


@pytest.mark.parametrize(
    ("notice", "key"),
    [
        ({"id": "a", "label": "A", "events": ["tri"]}, "notices[0].events[0]"),
        ({"id": "a", "label": "A", "events": ["scrum"]}, "notices[0].events[0]"),
        ({"id": "a", "label": "A", "events": []}, "notices[0].events"),
        ({"id": "a", "label": "A", "events": ["period_end"]}, "notices[0].events[0]"),
        ({"id": "a", "label": "A", "form": "often"}, "notices[0].form"),
        ({"id": "a", "label": "A", "form": "end", "presets": ["all"]}, "notices[0].presets[0]"),
        ({"id": "a", "label": "A", "form": "close", "within": 5}, "notices[0].last_ms"),
        ({"id": "a", "label": "A", "form": "end", "within": 5}, "notices[0].within"),
    ],
)
def test_a_pack_that_tells_what_cannot_be_names_file_key_and_fix(notice, key):
    with pytest.raises(PackError) as refused:
        parse_pack("x/sport.toml", {**_PACK, "notices": [notice]})

    assert refused.value.key == key


def test_a_pack_without_notices_tells_start_and_end():
    notices = parse_pack("x/sport.toml", _PACK).notices

    assert [notice.form for notice in notices] == ["start", "end"]
