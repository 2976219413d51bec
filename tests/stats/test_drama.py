"""Rehearsals: a replay in which something goes wrong, and the match itself that knows nothing."""

import hashlib
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from matches.enums import MatchStatus
from matches.models import Match, PlayEvent
from stats.enums import Drama, ReplayView
from stats.models import BoxScore
from stats.services import film as films
from stats.services.film import Film, film_of
from stats.services.fold import fold_match
from streams.models import OutboxEvent
from tests.factories.matches import make_event, make_match
from tests.stats import test_replay_api as replaying
from tests.stats.test_replay_api import begin, frames_of, play_on, problem

pytestmark = pytest.mark.django_db
# A finished match, a clock that stands still, and a program with a test key.
match, still, client = replaying.match, replaying.still, replaying.client

VIEWS = [view.value for view in ReplayView]
HARMLESS = [drama.value for drama in Drama if drama != Drama.ABANDONED]


def filmed(match: Match, drama: str | None, view: str = "corrected") -> Film:
    return film_of(match, view=ReplayView(view), drama=Drama(drama) if drama else None)


def scores(film: Film) -> list[int]:
    """The sum of both scores after each event."""
    return [sum(standing.score) for standing in film.standings]


def new_events(film: Film, plain: Film) -> list[dict]:
    known = {event["event_id"] for event in plain.events}
    return [event for event in film.events if event["event_id"] not in known]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("drama", HARMLESS)
def test_followed_through_the_drama_it_ends_as_the_match_did(
    client: Client, match: Match, still, view: str, drama: str
):
    truth = hashlib.sha256(bytes(BoxScore.objects.get(match=match).document)).hexdigest()
    before = (Match.objects.values().get(pk=match.pk), PlayEvent.objects.count())

    replay = begin(client, match, speed=600, view=view, drama=drama).json()
    play_on(replay, still)
    told = frames_of(replay["topic"])
    after = client.get(f"/api/v1/replays/{replay['id']}").json()

    assert replay["drama"] == drama
    assert [seq for seq, _ in told] == list(range(1, len(told) + 1))
    assert [data["event"]["seq"] for _, data in told] == [seq for seq, _ in told]
    assert (after["seq"], after["state_hash"]) == (len(told), truth)
    assert (Match.objects.values().get(pk=match.pk), PlayEvent.objects.count()) == before
    assert not OutboxEvent.objects.filter(topic="match.ingested", position=None).exists()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("drama", HARMLESS)
def test_fold_of_all_that_was_told_is_the_undisturbed_one(match: Match, view: str, drama: str):
    """Not only by the shortcut that shows the match itself at the end."""
    film, plain = filmed(match, drama, view), filmed(match, None, view)

    disturbed, _ = film.fold(len(film.rows))
    undisturbed, _ = plain.fold(len(plain.rows))

    assert disturbed == undisturbed


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("drama", "reason", "certainty"),
    [
        ("var_reversal", "VAR: the goal does not stand", "provisional"),
        ("duplicate_goal", "duplicate", "confirmed"),
    ],
)
def test_goal_that_never_was_counts_until_it_is_taken_back(
    match: Match, view: str, drama: str, reason: str, certainty: str
):
    film, plain = filmed(match, drama, view), filmed(match, None, view)

    told, gone = new_events(film, plain)

    assert (told["op"], told["rev"], told["certainty"]) == ("add", 1, certainty)
    assert (gone["op"], gone["rev"], gone["reason"]) == ("retract", 2, reason)
    assert (gone["lineage_id"], gone["supersedes"]) == (told["lineage_id"], told["event_id"])
    assert max(scores(film)[told["seq"] - 1 : gone["seq"] - 1]) == (
        scores(film)[told["seq"] - 2] + 1
    )
    assert scores(film)[-1] == scores(plain)[-1]


def test_silence_lasts_five_minutes_of_play_and_holds_back_a_goal(match: Match):
    film, plain = filmed(match, "feed_silence"), filmed(match, None)

    gaps = [(after.at_ms - before.at_ms) for before, after in pairwise(film.reel.cues)]
    usual = [(after.at_ms - before.at_ms) for before, after in pairwise(plain.reel.cues)]
    moved = [
        place
        for place, (cue, was) in enumerate(zip(film.reel.cues, plain.reel.cues, strict=True))
        if cue.at_ms != was.at_ms
    ]

    assert max(gaps) >= 300_000 - max(usual)
    assert len({film.reel.cues[place].at_ms for place in moved}) == 1
    assert any(scores(film)[place] > scores(film)[place - 1] for place in moved)
    assert film.events == plain.events


def test_late_events_come_behind_later_ones(match: Match):
    film, plain = filmed(match, "out_of_order"), filmed(match, None)

    order = [event["event_id"] for event in film.events]

    assert sorted(order) == sorted(event["event_id"] for event in plain.events)
    assert order != [event["event_id"] for event in plain.events]
    assert film.reel.length_ms == plain.reel.length_ms


def test_revisions_of_one_fact_keep_their_order(match: Match):
    film = filmed(match, "out_of_order", "as_it_happened")
    told: dict[str, list[int]] = {}
    for event in film.events:
        told.setdefault(event["lineage_id"], []).append(event["rev"])

    assert all(revs == sorted(revs) for revs in told.values())


def test_broken_off_match_ends_with_a_status_and_the_score_of_then(
    client: Client, match: Match, still
):
    plain = filmed(match, None)
    replay = begin(client, match, speed=600, drama="abandoned").json()
    play_on(replay, still)
    told = frames_of(replay["topic"])
    after = client.get(f"/api/v1/replays/{replay['id']}").json()

    last = told[-1][1]
    ended_at = plain.reel.count_at(replay["length_ms"])
    standing = plain.standings[ended_at - 1]
    assert replay["length_ms"] == round(plain.reel.length_ms * 0.6)
    assert (last["event"]["type"], last["match"]["status"]) == ("status", "abandoned")
    assert last["event"]["value"] == {"status": "abandoned", "reason": "Floodlight failure"}
    assert last["match"]["score"] == dict(zip(("home", "away"), standing.score, strict=True))
    assert len(told) == ended_at + 1
    assert (after["state"], after["seq"]) == ("ended", len(told))
    truth = hashlib.sha256(bytes(BoxScore.objects.get(match=match).document)).hexdigest()
    assert after["state_hash"] != truth
    assert Match.objects.get(pk=match.pk).status == match.status


def test_seek_into_the_drama_shows_it(client: Client, match: Match, still):
    film = filmed(match, "var_reversal")
    told, _ = new_events(film, filmed(match, None))
    place = film.reel.cues[told["seq"] - 1].at_ms + 1

    replay = begin(client, match, drama="var_reversal", is_paused=True, **{"from": place}).json()
    state = client.get(f"/api/v1/replays/{replay['id']}/events").json()["results"]

    assert state[-1]["event_id"] == told["event_id"]
    assert replay["position_ms"] == place


@pytest.mark.parametrize("drama", [drama.value for drama in Drama])
def test_same_log_has_the_same_drama_in_every_process(match: Match, drama: str):
    first = filmed(match, drama)
    films._films.clear()

    assert filmed(match, drama).events == first.events


def test_goalless_match_has_no_goal_to_reverse(client: Client):
    goalless = make_match(status=MatchStatus.FINISHED)
    make_event(goalless, type="period_start", period="MATCH")
    make_event(goalless, type="period_end", period="MATCH", clock_ms=60_000)
    fold_match(goalless.pk)

    refused = begin(client, goalless, drama="duplicate_goal")

    assert problem(refused) == (422, [("/drama", "no_goal")])
    with pytest.raises(CommandError, match="nobody scores"):
        call_command("replay", goalless.public_id, "--drama", "duplicate_goal")


def test_drama_that_is_not_known_is_refused_at_its_field(client: Client, match: Match):
    assert problem(begin(client, match, drama="earthquake")) == (
        422,
        [("/drama", "invalid_choice")],
    )


def test_replay_without_a_drama_says_so(client: Client, match: Match):
    assert begin(client, match).json()["drama"] is None
    assert begin(client, match, drama=None).json()["drama"] is None
