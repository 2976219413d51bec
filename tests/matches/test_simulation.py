"""The simulated vendor: the same seed, the same match; every word legal for its sport."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from leagues.packs.engine import MatchFold, Sheet, fold
from leagues.packs.loader import load_pack, pack_ids
from leagues.packs.schema import MATCH_END, PERIOD_END, PERIOD_START
from matches.ingest import adapters
from matches.rules.simulation.play import fold_events, play_match
from matches.rules.simulation.vendor import Misbehaviour, VendorFeed
from matches.rules.simulation.world import make_world, round_robin
from tests.matches.vendor import KICKOFF, small_world

PLAYABLE = sorted(pack_ids())
HOUR_MS = 3_600_000
LATER = KICKOFF + timedelta(hours=6)
_TYPES = {"str": str, "int": int, "number": (int, float), "bool": bool, "table": dict}


def played(pack_id: str, seed: str):
    world = small_world(pack_id)
    home, away = world.teams.values()
    return world, play_match(world.pack, home, away, seed=seed)


@pytest.mark.parametrize("pack_id", PLAYABLE)
def test_same_seed_plays_the_same_match(pack_id):
    assert played(pack_id, "1")[1] == played(pack_id, "1")[1]
    assert played(pack_id, "1")[1] != played(pack_id, "2")[1]


@pytest.mark.parametrize("pack_id", PLAYABLE)
@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_every_fact_is_legal_for_its_sport(pack_id, seed):
    world, match = played(pack_id, seed)
    pack = world.pack
    squads = {ref: {p.ref for p in team.players} for ref, team in world.teams.items()}
    length_ms = {period.id: period.length_ms for period in pack.periods}
    longest_stoppage_ms = pack.simulation.stoppage_ms[1]

    for fact in match.facts:
        if fact.type in {PERIOD_START, PERIOD_END, MATCH_END}:
            continue
        word = pack.events[fact.type]
        assert fact.team in squads
        if fact.player is not None:
            assert fact.player in squads[fact.team]
        if fact.related is not None:
            assert fact.related != fact.player
        longest_ms = (length_ms[fact.period] or HOUR_MS) + longest_stoppage_ms
        assert 0 <= fact.clock_ms <= longest_ms
        assert set(fact.payload) <= set(word.payload)
        for key, value in fact.payload.items():
            assert isinstance(value, _TYPES[word.payload[key]]), (fact.type, key, value)


@pytest.mark.parametrize("pack_id", PLAYABLE)
def test_periods_begin_and_end_in_order_and_the_match_ends_last(pack_id):
    world, match = played(pack_id, "x")
    marks = [f for f in match.facts if f.type in {PERIOD_START, PERIOD_END, MATCH_END}]
    periods = [f.period for f in marks if f.type == PERIOD_START]

    expected = [(kind, period) for period in periods for kind in (PERIOD_START, PERIOD_END)]
    assert [(f.type, f.period) for f in marks] == [*expected, (MATCH_END, periods[-1])]
    assert periods == [p.id for p in world.pack.periods][: len(periods)]
    assert [f.at_s for f in match.facts] == sorted(f.at_s for f in match.facts)


@pytest.mark.parametrize("pack_id", PLAYABLE)
def test_a_played_match_folds_to_a_finished_one_in_any_order(pack_id):
    world, match = played(pack_id, "y")
    home, away = world.teams
    sheet = Sheet(
        home=tuple(p.ref for p in match.lineups[home][0]),
        away=tuple(p.ref for p in match.lineups[away][0]),
        home_bench=tuple(p.ref for p in match.lineups[home][1]),
        away_bench=tuple(p.ref for p in match.lineups[away][1]),
    )
    events = fold_events(match.facts, home=home)
    whole = fold(world.pack, sheet, events)
    backwards = MatchFold(world.pack, sheet)
    backwards.apply_all(reversed(events))

    assert whole.status.startswith("finished")
    assert whole.score == match.score
    assert backwards.result() == whole


@pytest.mark.parametrize("pack_id", PLAYABLE)
def test_nobody_plays_who_is_not_on(pack_id):
    world, match = played(pack_id, "z")
    pack = world.pack
    on = {ref: {p.ref for p in starters} for ref, (starters, _) in match.lineups.items()}
    for fact in match.facts:
        if fact.player is None:
            continue
        assert fact.player in on[fact.team], fact
        presence = pack.events[fact.type].presence
        if presence is None:
            continue
        if presence.player in {"out", "sent_off"}:
            on[fact.team].discard(fact.player)
        if presence.related == "in" and fact.related is not None:
            assert fact.related not in on[fact.team]
            on[fact.team].add(fact.related)


def test_nobody_is_booked_twice_and_only_the_booked_are_sent_off_for_a_second_yellow():
    booked_again = 0
    for seed in range(60):
        _, match = played("football", str(seed))
        booked = [fact.player for fact in match.facts if fact.type == "yellow_card"]
        again = [fact.player for fact in match.facts if fact.type == "second_yellow"]
        assert len(booked) == len(set(booked))
        assert set(again) <= set(booked)
        booked_again += len(again)

    assert booked_again


def test_a_sport_without_rates_cannot_be_played():
    world = small_world("football")
    home, away = world.teams.values()

    with pytest.raises(ValueError, match="football has no"):
        play_match(replace(world.pack, simulation=None), home, away, seed="s")


def test_everybody_meets_everybody_once_a_leg():
    rounds = round_robin([f"t{n}" for n in range(6)], 10)
    games = [game for games in rounds for game in games]

    assert [len(games) for games in rounds] == [3] * 10
    assert len(set(games)) == 30
    assert {frozenset(game) for game in games[:15]} == {frozenset(game) for game in games[15:]}
    for games in rounds:
        assert len({team for game in games for team in game}) == 6


def test_round_robin_of_an_odd_number_rests_one_team_a_round():
    rounds = round_robin(["a", "b", "c"], 3)

    assert [len(games) for games in rounds] == [1, 1, 1]
    assert len({frozenset(game) for games in rounds for game in games}) == 3


@pytest.mark.parametrize("teams", [1, 99])
def test_world_of_impossible_size_is_refused(teams):
    with pytest.raises(ValueError, match="teams: choose"):
        make_world(
            load_pack("football"),
            source="v",
            league="L",
            season="S",
            teams=teams,
            rounds=1,
            rounds_played=0,
            seed="s",
            anchor=KICKOFF,
            kickoff_every=timedelta(0),
        )


def feed(seed: str = "s", **chances: float) -> VendorFeed:
    return VendorFeed(small_world(), seed=seed, misbehaviour=Misbehaviour(**chances))


def read_on(vendor: VendorFeed, moments) -> list[dict]:
    """Follow the log by its cursor through these moments; return all events told."""
    cursor, told = "0-0", []
    for at in moments:
        more = True
        while more:
            document = vendor.document(at, after=cursor)
            told += [event for match in document["matches"] for event in match["events"]]
            cursor, more = document["cursor"], document["more"]
    return told


def test_log_read_in_pieces_is_the_log_read_at_once():
    chances = {"duplicates": 0.3, "disorder": 0.3, "retractions": 0.5}
    pieces = [KICKOFF + timedelta(seconds=30 * n) for n in range(-120, 400)]

    assert read_on(feed(**chances), pieces) == read_on(feed(**chances), [LATER])


def test_vendor_that_was_restarted_goes_on_where_it_was():
    chances = {"duplicates": 0.3, "disorder": 0.3}
    middle = KICKOFF + timedelta(minutes=50)
    before = feed(**chances).document(middle, after="0-0")
    after = feed(**chances).document(LATER, after=before["cursor"])

    told = [e for doc in (before, after) for match in doc["matches"] for e in match["events"]]
    assert told == read_on(feed(**chances), [LATER])


def test_misbehaving_log_tells_the_facts_of_the_polite_one():
    polite = {event["id"]: event for event in read_on(feed(), [LATER])}
    rude = read_on(feed(duplicates=0.5, disorder=0.5), [LATER])

    assert {event["id"]: event for event in rude} == polite
    assert len(rude) > len(polite)
    assert [e["order"] for e in rude] != sorted(e["order"] for e in rude)


def test_snapshot_leaves_facts_out_for_a_while_and_tells_them_again():
    vendor = feed(vanishing=0.5)
    seen, gone, back = set(), set(), set()
    for minutes in range(130):
        matches = vendor.snapshot(KICKOFF + timedelta(minutes=minutes))["matches"]
        now = {event["id"] for match in matches for event in match["events"]}
        back |= gone & now
        gone |= seen - now
        seen |= now if now else set()

    assert gone
    assert back == gone


def test_snapshot_without_ids_has_none():
    matches = feed().snapshot(KICKOFF + timedelta(minutes=30), with_ids=False)["matches"]

    assert all("id" not in e and "rev" not in e for m in matches for e in m["events"])
    assert all(match["snapshot"] for match in matches)


def test_stated_score_is_the_fold_of_what_was_told():
    vendor = feed(retractions=0.5, disorder=0.3)
    for minutes in (20, 60, 100, 200):
        at = KICKOFF + timedelta(minutes=minutes)
        (match,) = vendor.document(at, after="0-0")["matches"]
        newest = {}
        for event in match["events"]:
            if event["rev"] >= newest.get(event["id"], event)["rev"]:
                newest[event["id"]] = event
        goals = [
            e["team"] == match["home"]
            for e in newest.values()
            if e["type"] == "goal" and not e.get("retracted")
        ]
        own = [
            e["team"] != match["home"]
            for e in newest.values()
            if e["type"] == "own_goal" and not e.get("retracted")
        ]
        scored = goals + own
        assert match["score"] == {"home": sum(scored), "away": len(scored) - sum(scored)}


def test_vendor_predicts_line_ups_before_it_knows_them():
    vendor = feed()
    early = vendor.document(KICKOFF - timedelta(hours=3), after="0-0")["matches"][0]
    late = vendor.document(KICKOFF - timedelta(minutes=30), after="0-0")["matches"][0]

    assert (early["status"], late["status"]) == ("scheduled", "lineups")
    for guess, known in zip(early["sheets"], late["sheets"], strict=True):
        assert (guess["confirmed"], known["confirmed"]) == (False, True)
        wrong = {one["id"] for one in guess["players"] if one["starter"]} - {
            one["id"] for one in known["players"] if one["starter"]
        }
        assert len(wrong) == 1
        assert (guess["coach"], guess["missing"]) == (known["coach"], known["missing"])


def test_vendor_names_who_is_missing_and_nobody_of_them_plays():
    world = small_world(teams=20, seed="many")
    told = VendorFeed(world, seed="s").document(KICKOFF)
    named = {player["id"] for player in told["players"]}
    absent = {one.ref: reason for team in world.teams.values() for one, reason in team.absent}
    squads = {one.ref for team in world.teams.values() for one in team.players}

    assert absent
    assert all(absent.values())
    assert set(absent) <= named
    assert not set(absent) & squads


def test_goal_is_reviewed_before_it_is_taken_back_or_stands():
    for chances, last in ({"retractions": 1.0}, None), ({"reviews": 1.0}, "confirmed"):
        told: dict[str, list[dict]] = {}
        for event in read_on(feed(**chances), [LATER]):
            if event["type"] == "goal":
                told.setdefault(event["id"], []).append(event)

        assert told
        for first, check, end in told.values():
            assert [one["rev"] for one in (first, check, end)] == [1, 2, 3]
            assert check["certainty"] == "provisional"
            assert end.get("retracted", False) is (last is None)
            assert "certainty" not in end or last is None


def test_sport_without_reviews_takes_goals_back_at_once():
    vendor = VendorFeed(
        small_world("ice_hockey"), seed="s", misbehaviour=Misbehaviour(retractions=1.0)
    )
    goals = [event for event in read_on(vendor, [LATER]) if event["type"] == "goal"]

    assert {event["rev"] for event in goals} == {1, 2}
    assert all("certainty" not in event for event in goals)


@pytest.mark.parametrize("cursor", ["x", "1-", "-1", "1-2-3", "1 2"])
def test_foreign_cursor_is_refused(cursor):
    with pytest.raises(ValueError, match="no cursor of this feed"):
        feed().document(LATER, after=cursor)


@pytest.mark.parametrize("pack_id", PLAYABLE)
def test_documents_are_understood_by_the_platforms_own_adapter(pack_id):
    vendor = VendorFeed(small_world(pack_id), seed="s")
    adapter = adapters.get("veze")
    names = adapter.parse({"": orjson.dumps(vendor.document(LATER))})
    news = adapter.parse({"": orjson.dumps(vendor.document(LATER, after="0-0"))})

    assert (len(names.teams), len(names.matches)) == (2, 1)
    assert {p.ref for p in names.players} >= {
        event.player for event in news.matches[0].events if event.player
    }
    assert len(news.matches[0].sheets) == 2
    assert news.matches[0].score is not None
    assert news.matches[0].status == "finished"
