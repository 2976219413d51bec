"""Folding a log into header, boxscore and stat lines: complete, repeatable, whoever does it."""

import random
from datetime import timedelta

import orjson
import pytest
from django.test import Client

from config.clock import now
from leagues.packs.schema import PackError
from matches.enums import EventOp, MatchStatus
from matches.models import Match, PlayEvent
from matches.services.log import delete_log
from stats import receivers, tasks
from stats.models import BoxScore, StatLine
from stats.services import fold, kept
from stats.services.fold import fold_match, fold_matches, matches_behind
from streams.models import OutboxEvent
from tests.factories.leagues import make_league, make_player, make_season
from tests.factories.matchday import make_matchday
from tests.factories.matches import make_event, make_match

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_folds():
    """Keep no fold of another test's match, whose key may come again."""
    kept._kept.clear()
    yield
    kept._kept.clear()


@pytest.fixture
def match() -> Match:
    return make_match(make_season(make_league(sport="football")))


def another_process():
    """Fold as a process does that has never seen the match; gives the present one back its own."""
    mine = dict(kept._kept)
    kept._kept.clear()

    def back():
        kept._kept.clear()
        kept._kept.update(mine)

    return back


def goal(match: Match, player=None, **fields):
    defaults = {"period": "1H", "clock_ms": 60_000 * (match.head_seq + 1), "team": match.home}
    return make_event(match, type="goal", player=player, **{**defaults, **fields})


def undo(match: Match, event: PlayEvent):
    return goal(
        match,
        event.player,
        lineage_id=event.lineage_id,
        rev=event.rev + 1,
        op=EventOp.RETRACT,
        clock_ms=event.clock_ms,
    )


def goals_of(player) -> int | None:
    line = StatLine.objects.filter(player=player).first()
    return line.values["goals"] if line else None


def document(match: Match) -> dict:
    return orjson.loads(bytes(BoxScore.objects.get(match=match).document))


def test_fold_writes_header_boxscore_and_lines(match):
    player = make_player("Ana Silva", team=match.home, sport="football")
    make_event(match, type="period_start", period="1H")
    goal(match, player)

    folded = fold_match(match.pk)

    match.refresh_from_db()
    assert (match.status, match.home_score, match.away_score) == (MatchStatus.LIVE, 1, 0)
    assert (match.folded_seq, match.period) == (2, "1H")
    assert (folded.from_seq, folded.to_seq, folded.player_ids) == (1, 2, (player.pk,))
    assert goals_of(player) == 1
    shown = document(match)
    assert shown["score"]["home"] == 1
    assert [p["name"] for p in shown["home"]["players"]] == ["Ana Silva"]
    assert OutboxEvent.objects.get(topic="stat.update").payload["folded_seq"] == 2


def test_fold_of_nothing_new_changes_and_announces_nothing(match):
    goal(match)
    fold_match(match.pk)
    before = BoxScore.objects.values().get()

    assert fold_match(match.pk) is None
    assert BoxScore.objects.values().get() == before
    assert OutboxEvent.objects.filter(topic="stat.update").count() == 1


def test_fold_of_an_unknown_match_fails():
    with pytest.raises(Match.DoesNotExist):
        fold_match(0)


def test_fold_of_many_at_once_is_the_fold_of_each():
    season = make_season(make_league(sport="football"))
    matches = [make_match(season) for _ in range(4)]
    for number, match in enumerate(matches):
        for _ in range(number):
            goal(match)

    folded = fold_matches([match.pk for match in matches])

    scores = list(Match.objects.order_by("pk").values_list("home_score", "folded_seq"))
    assert scores == [(None, 0), (1, 1), (2, 2), (3, 3)]
    assert {news.match.pk for news in folded} == {match.pk for match in matches}


def test_incremental_folds_end_with_the_bytes_of_a_whole_one():
    matchday = make_matchday(now())
    for name in ("live", "break", "finished", "suspended"):
        match = matchday.matches[name]
        whole = bytes(BoxScore.objects.get(match=match).document)
        head = Match.objects.get(pk=match.pk).head_seq
        rows = list(PlayEvent.objects.filter(match=match).order_by("seq"))
        lines = list(StatLine.objects.filter(match=match).order_by("player_id").values())
        kept.forget([match.pk])
        reset(match)
        for row in rows:
            row.pk = None
            row.save(force_insert=True)
            Match.objects.filter(pk=match.pk).update(head_seq=row.seq)
            fold_match(match.pk)

        assert bytes(BoxScore.objects.get(match=match).document) == whole
        assert without_keys(StatLine.objects.filter(match=match)) == [
            {key: value for key, value in line.items() if key != "id"} for line in lines
        ]
        assert Match.objects.get(pk=match.pk).head_seq == head


def reset(match: Match) -> None:
    PlayEvent.objects.filter(match=match).delete()
    BoxScore.objects.filter(match=match).delete()
    StatLine.objects.filter(match=match).delete()
    Match.objects.filter(pk=match.pk).update(head_seq=0, folded_seq=0)


def without_keys(lines) -> list[dict]:
    return [
        {key: value for key, value in line.items() if key != "id"}
        for line in lines.order_by("player_id").values()
    ]


@pytest.mark.parametrize("seed", range(5))
def test_folds_by_any_process_in_turn_end_with_the_bytes_of_one(match, seed):
    dice = random.Random(seed)
    players = [make_player(team=match.home, sport="football") for _ in range(4)]
    told: list[PlayEvent] = []
    processes: list[dict] = [{}, {}, {}]
    for _ in range(30):
        if told and dice.random() < 0.4:
            undo(match, told.pop(dice.randrange(len(told))))
        else:
            told.append(goal(match, dice.choice(players)))
        if dice.random() < 0.7:
            work_as(dice.choice(processes), match)
    work_as(dice.choice(processes), match)
    shared = bytes(BoxScore.objects.get(match=match).document)
    lines = {line.player_id: line.values for line in StatLine.objects.filter(match=match)}

    kept._kept.clear()
    StatLine.objects.all().delete()
    BoxScore.objects.all().delete()
    fold_match(match.pk, from_scratch=True)

    assert shared == bytes(BoxScore.objects.get(match=match).document)
    assert lines == {line.player_id: line.values for line in StatLine.objects.filter(match=match)}


def work_as(process: dict, match: Match) -> None:
    kept._kept.clear()
    kept._kept.update(process)
    fold_match(match.pk)
    process.clear()
    process.update(kept._kept)


def test_line_that_another_process_wrote_is_corrected(match):
    player = make_player(team=match.home, sport="football")
    make_event(match, type="period_start", period="1H")
    fold_match(match.pk)
    scored = goal(match, player)
    back = another_process()
    fold_match(match.pk)
    assert goals_of(player) == 1

    back()
    undo(match, scored)
    fold_match(match.pk)

    assert goals_of(player) in (0, None)


def test_fold_that_fails_keeps_nothing_it_did_not_write(match, monkeypatch):
    goal(match)
    fold_match(match.pk)
    goal(match)
    with monkeypatch.context() as patch:
        patch.setattr(fold, "announce", _fail)
        with pytest.raises(RuntimeError):
            fold_match(match.pk)

    folded = fold_match(match.pk)

    assert (folded.from_seq, folded.to_seq) == (2, 2)
    assert Match.objects.get(pk=match.pk).home_score == 2


def _fail(*_):
    raise RuntimeError


def test_fold_starts_over_when_the_log_was_told_anew(match):
    goal(match)
    goal(match)
    fold_match(match.pk)
    delete_log(Match.objects.get(pk=match.pk))
    match.refresh_from_db()
    goal(match, team=match.away)

    fold_match(match.pk)

    match.refresh_from_db()
    assert (match.home_score, match.away_score, match.folded_seq) == (0, 1, 1)


def test_fold_follows_a_new_team_sheet(match):
    player = make_player("Ana Silva", team=match.home, sport="football")
    goal(match)
    fold_match(match.pk)
    sheet = match.team_sheets.create(team=match.home)
    sheet.spots.create(player=player, role="starter", shirt="9")
    Match.objects.filter(pk=match.pk).update(sheet_version=1)

    assert fold_match(match.pk) is not None
    assert [(p["name"], p["starter"]) for p in document(match)["home"]["players"]] == [
        ("Ana Silva", True)
    ]


def test_fold_follows_the_vendors_word_without_new_events(match):
    goal(match)
    fold_match(match.pk)
    Match.objects.filter(pk=match.pk).update(vendor_status=MatchStatus.SUSPENDED)

    folded = fold_match(match.pk)

    assert folded.standing_changed
    assert Match.objects.get(pk=match.pk).status == MatchStatus.SUSPENDED


@pytest.mark.parametrize("stated", [MatchStatus.DELAYED, MatchStatus.POSTPONED])
def test_match_put_off_during_play_is_interrupted_and_stays_live(match, client: Client, stated):
    make_event(match, type="period_start", period="1H")
    goal(match)
    next_week = now() + timedelta(days=7)
    Match.objects.filter(pk=match.pk).update(
        vendor_status=stated, data_at=now(), kickoff_at=next_week
    )

    fold_match(match.pk)

    match.refresh_from_db()
    assert (match.status, match.home_score, match.away_score) == (MatchStatus.SUSPENDED, 1, 0)
    assert match.public_id in client.get("/", {"live": 1}).content.decode()
    told = client.get(f"/api/v1/matches/{match.public_id}").json()
    assert (told["status"], told["score"]["home"]) == ("suspended", 1)
    assert told["data_age_ms"] is not None


def test_log_that_says_delayed_during_play_leaves_the_match_interrupted(match):
    make_event(match, type="period_start", period="1H")
    make_event(match, type="status", period="1H", clock_ms=60_000, payload={"status": "delayed"})

    assert fold_match(match.pk).match.status == MatchStatus.SUSPENDED


@pytest.mark.parametrize("stated", [MatchStatus.DELAYED, MatchStatus.POSTPONED])
def test_match_put_off_before_play_is_no_live_match(match, stated):
    Match.objects.filter(pk=match.pk).update(vendor_status=stated)

    assert fold_match(match.pk).match.status == stated


def test_interrupted_match_ends_when_the_vendor_says_so(match):
    make_event(match, type="period_start", period="1H")
    for stated in (MatchStatus.POSTPONED, MatchStatus.ABANDONED):
        Match.objects.filter(pk=match.pk).update(vendor_status=stated)
        fold_match(match.pk)

    assert Match.objects.get(pk=match.pk).status == MatchStatus.ABANDONED


def test_fold_keeps_when_a_match_first_ended(match):
    for kind in ("period_start", "period_end"):
        make_event(match, type=kind, period="1H")
    make_event(match, type="match_end", period="2H")
    fold_match(match.pk)
    ended_at = now() - timedelta(hours=1)
    Match.objects.filter(pk=match.pk).update(finished_at=ended_at)
    goal(match)

    fold_match(match.pk)

    match.refresh_from_db()
    assert (match.status, match.finished_at) == (MatchStatus.FINISHED, ended_at)


def test_matches_behind_are_those_whose_log_grew(match):
    assert matches_behind() == []
    goal(match)
    assert matches_behind() == [match.pk]

    tasks.sweep_behind()

    assert matches_behind() == []


def test_sweep_folds_past_a_match_that_fails(match):
    broken = make_match(make_season(make_league(sport="no-such-sport")))
    healthy = make_match(match.season)
    for each in (broken, match, healthy):
        goal(each)
    with pytest.raises(PackError):
        fold_match(broken.pk)

    tasks.sweep_behind()

    assert matches_behind() == [broken.pk]


def test_matches_that_cannot_be_folded_hide_no_other_for_good(match):
    """A sweep takes so many at once: whoever fails each time may not be all of them."""
    broken = make_season(make_league(sport="no-such-sport"))
    stuck = [make_match(broken) for _ in range(4)]
    healthy = make_match(match.season)
    for each in (*stuck, healthy):
        goal(each)

    found = {pk for _ in range(60) for pk in matches_behind(limit=2)}

    assert found == {each.pk for each in (*stuck, healthy)}


def test_receiver_folds_each_announced_match_once(match):
    from matches.topics import MatchIngested
    from streams.groups import Delivery

    goal(match)
    deliveries = [
        Delivery(position=n, event=MatchIngested(match_id=match.pk, seq=1), trace={})
        for n in range(50)
    ]

    receivers.fold_matches(deliveries)
    receivers.fold_matches(deliveries)

    assert OutboxEvent.objects.filter(topic="stat.update").count() == 1


def test_nothing_is_counted_by_a_predicted_team_sheet(match):
    sheets = [
        match.team_sheets.create(team=team, is_confirmed=False) for team in (match.home, match.away)
    ]
    for number, sheet in enumerate(sheets):
        player = make_player(f"Player {number}", team=sheet.team, sport="football")
        sheet.spots.create(player=player, role="starter", shirt="9")
    Match.objects.filter(pk=match.pk).update(sheet_version=1)
    fold_match(match.pk, from_scratch=True)
    match.refresh_from_db()
    predicted = (match.status, document(match)["home"]["players"])
    match.team_sheets.update(is_confirmed=True)
    Match.objects.filter(pk=match.pk).update(sheet_version=2)

    fold_match(match.pk, from_scratch=True)

    match.refresh_from_db()
    assert predicted == (MatchStatus.SCHEDULED, [])
    assert match.status == MatchStatus.LINEUPS
    assert [player["name"] for player in document(match)["home"]["players"]] == ["Player 0"]
