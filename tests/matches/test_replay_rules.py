"""When each telling of a log comes in a replay, and where a replay stands."""

from datetime import UTC, datetime, timedelta

import pytest

from leagues.packs.engine import FoldEvent
from leagues.packs.loader import load_pack
from matches.rules.replay import (
    BREAK_MS,
    LogRow,
    Pace,
    changed,
    corrected_reel,
    parse_position,
    told_reel,
)

FOOTBALL = load_pack("football")
BASKETBALL = load_pack("basketball")
START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
MIN = 60_000
SECOND_HALF = 45 * MIN + BREAK_MS


def row(type_, period="", minute=0.0, *, lineage="", rev=1, op="add", told_s=0.0, **payload):
    clock_ms = round(minute * MIN)
    event = FoldEvent(
        lineage=lineage or f"{period}{clock_ms:09d}{type_}",
        rev=rev,
        op=op,
        type=type_,
        period=period,
        clock_ms=clock_ms,
        team="home",
        payload=payload,
    )
    return LogRow(event=event, told_at=START + timedelta(seconds=told_s))


def ninety_minutes(*between):
    return [
        row("period_start", "1H"),
        *(r for r in between if r.event.period == "1H"),
        row("period_end", "1H", 45),
        row("period_start", "2H"),
        *(r for r in between if r.event.period != "1H"),
        row("period_end", "2H", 45),
        row("match_end", "2H", 45),
    ]


def corrected(rows, *, pack=FOOTBALL, is_played_out=True):
    return corrected_reel(pack, rows, is_played_out=is_played_out)


def moments(reel, rows):
    return [(rows[cue.row].event.type, cue.at_ms) for cue in reel.cues]


def test_periods_follow_each_other_after_a_break_of_a_second():
    rows = ninety_minutes(row("goal", "1H", 12), row("goal", "2H", 10))

    reel = corrected(rows)

    assert moments(reel, rows) == [
        ("period_start", 0),
        ("goal", 12 * MIN),
        ("period_end", 45 * MIN),
        ("period_start", SECOND_HALF),
        ("goal", SECOND_HALF + 10 * MIN),
        ("period_end", SECOND_HALF + 45 * MIN),
        ("match_end", SECOND_HALF + 45 * MIN),
    ]
    assert reel.length_ms == 90 * MIN + BREAK_MS


@pytest.mark.parametrize("speed", [1, 10, 60, 600])
def test_ninety_minutes_take_their_share_at_every_speed(speed):
    reel = corrected(ninety_minutes())
    pace = Pace(speed=speed, offset_ms=0, since=START)

    wait_s = pace.wait_s(reel.length_ms, START)

    assert wait_s == pytest.approx(90 * 60 / speed, rel=0.02)
    just_before = START + timedelta(seconds=wait_s - 0.01)
    assert pace.position_ms(just_before, length_ms=reel.length_ms) < reel.length_ms
    assert reel.count_at(pace.position_ms(START + timedelta(seconds=wait_s), length_ms=10**9)) == 5


def test_added_time_is_played_and_belongs_to_its_period():
    rows = ninety_minutes(row("goal", "1H", 47.5))
    rows[2] = row("period_end", "1H", 48)

    reel = corrected(rows)

    assert [s.length_ms for s in reel.stretches] == [48 * MIN, 45 * MIN]
    assert reel.clock_at(47.5 * MIN) == (FOOTBALL.periods[0], round(47.5 * MIN))


def test_result_with_goals_alone_takes_the_whole_match():
    reel = corrected([row("goal", "1H", 20), row("goal", "2H", 30)])

    assert reel.length_ms == 90 * MIN + BREAK_MS


def test_period_in_which_nothing_is_told_was_played_too():
    reel = corrected([row("goal", "2H", 30)])

    assert [s.period.id for s in reel.stretches] == ["1H", "2H"]


def test_match_that_was_broken_off_ends_with_its_last_fact():
    reel = corrected([row("period_start", "1H"), row("goal", "1H", 20)], is_played_out=False)

    assert reel.length_ms == 20 * MIN


def test_corrected_tells_only_the_newest_and_nothing_taken_back():
    rows = ninety_minutes(
        row("goal", "1H", 12, lineage="a"),
        row("goal", "1H", 14, lineage="a", rev=2, op="amend"),
        row("goal", "1H", 30, lineage="b"),
        row("goal", "1H", 30, lineage="b", rev=2, op="retract"),
    )

    told = moments(corrected(rows), rows)

    assert [at for kind, at in told if kind == "goal"] == [14 * MIN]


def test_totals_of_the_whole_match_come_at_its_end():
    rows = [row("stat.set", values={"shots": 9}), *ninety_minutes()]

    reel = corrected(rows)

    assert moments(reel, rows)[-1] == ("stat.set", reel.length_ms)


def test_clock_that_runs_down_counts_from_the_start_of_its_period():
    rows = [row("period_start", "Q1"), row("period_end", "Q1", 12), row("period_end", "Q4", 12)]

    reel = corrected(rows, pack=BASKETBALL)

    assert reel.length_ms == 48 * MIN + 3 * BREAK_MS


def test_kicks_of_a_shootout_come_one_after_the_other():
    kicks = [row("shootout_goal", "P", lineage=f"{n}") for n in range(3)]
    rows = [*ninety_minutes()[:-1], *kicks]

    reel = corrected(rows)

    start = reel.stretches[-1].start_ms
    assert [at for kind, at in moments(reel, rows) if kind == "shootout_goal"] == [
        start,
        start + 30_000,
        start + 60_000,
    ]


def test_as_told_a_goal_stands_until_it_was_taken_back():
    rows = [
        row("period_start", "1H"),
        row("goal", "1H", 12, lineage="a"),
        row("shot", "1H", 15),
        row("goal", "1H", 12, lineage="a", rev=2, op="retract"),
        row("shot", "1H", 20),
    ]

    reel = told_reel(FOOTBALL, rows, is_played_out=True)

    assert moments(reel, rows) == [
        ("period_start", 0),
        ("goal", 12 * MIN),
        ("shot", 15 * MIN),
        ("goal", 15 * MIN),
        ("shot", 20 * MIN),
    ]


def test_as_told_live_it_follows_the_arrivals_and_cuts_the_break():
    half_time_s = 15 * 60
    rows = [
        row("period_start", "1H", told_s=0),
        row("shot", "1H", 5, told_s=5 * 60),
        row("goal", "1H", 12, lineage="a", told_s=12 * 60 + 5),
        row("goal", "1H", 12, lineage="a", rev=2, op="retract", told_s=14 * 60),
        *(row("shot", "1H", m, told_s=m * 60) for m in range(15, 45, 5)),
        row("period_end", "1H", 45, told_s=45 * 60),
        row("period_start", "2H", told_s=45 * 60 + half_time_s),
        *(row("shot", "2H", m, told_s=60 * 60 + m * 60) for m in range(5, 45, 5)),
        row("match_end", "2H", 45, told_s=105 * 60),
        row("goal", "2H", 9, lineage="late", told_s=5 * 86_400),
    ]

    reel = told_reel(FOOTBALL, rows, is_played_out=True)

    told = moments(reel, rows)
    assert told[2:4] == [("goal", 12 * MIN + 5000), ("goal", 14 * MIN)]
    assert told[11] == ("period_start", 45 * MIN + BREAK_MS)
    assert told[-2:] == [
        ("match_end", 90 * MIN + BREAK_MS),
        ("goal", 90 * MIN + 2 * BREAK_MS),
    ]
    assert reel.clock_at(0) is None


def test_pause_seek_and_speed_move_nothing_else():
    pace = Pace(speed=60, offset_ms=0, since=START)
    later = START + timedelta(seconds=10)

    faster = changed(pace, at=later, length_ms=90 * MIN, speed=600)
    paused = changed(faster, at=later, length_ms=90 * MIN, is_paused=True)
    there = changed(paused, at=later, length_ms=90 * MIN, position_ms=10**9)

    assert (faster.offset_ms, faster.since) == (10 * MIN, later)
    assert (paused.offset_ms, paused.since, paused.speed) == (10 * MIN, None, 600)
    assert there.position_ms(later + timedelta(days=1), length_ms=90 * MIN) == 90 * MIN
    assert paused.wait_s(90 * MIN, later) is None


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("0", 0),
        ("90000", 90_000),
        ("12:30", 12 * MIN + 30_000),
        ("67:30", SECOND_HALF + 22 * MIN + 30_000),
        ("1:07:30", SECOND_HALF + 22 * MIN + 30_000),
        ("2H", SECOND_HALF),
        ("2h 10:00", SECOND_HALF + 10 * MIN),
        ("1H 60:00", 45 * MIN),
        ("99999999999", 90 * MIN + BREAK_MS),
    ],
)
def test_places_are_written_as_people_write_them(text, expected_ms):
    reel = corrected(ninety_minutes())

    assert parse_position(text, reel, is_cumulative=True) == expected_ms


@pytest.mark.parametrize("text", ["", "Q1", "2H ten", "-5", "12:99", "²", "1H 2H"])
def test_what_is_no_place_says_what_would_be_one(text):
    with pytest.raises(ValueError, match="1H, 2H"):
        parse_position(text, corrected(ninety_minutes()), is_cumulative=True)
