"""`manage.py replay`: order, pace, and the state it ends with."""

import io
import json
import time

import pytest
from django.core.management import CommandError, call_command

from config.clock import now
from matches.models import Match
from matches.selectors.plays import current_plays
from stats.models import BoxScore
from streams.live.frames import state_hash
from tests.factories.matchday import make_matchday
from tests.factories.matches import make_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def match() -> Match:
    built = make_matchday(now()).matches["finished"]
    return Match.objects.with_sides().get(pk=built.pk)


def told(match: Match, **options):
    out = io.StringIO()
    call_command("replay", match.public_id, stdout=out, **options)
    return out.getvalue().splitlines()


def test_frames_come_in_the_order_of_the_log_with_the_hash_of_the_match(match: Match):
    *frames, end = map(json.loads, told(match, speed=50_000, json=True))

    assert [frame["data"]["event"]["lineage_id"] for frame in frames] == [
        str(play.fact.lineage) for play in current_plays(match)
    ]
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert end["state_hash"] == state_hash(bytes(BoxScore.objects.get(match=match).document))


def test_it_takes_its_time(match: Match):
    began = time.monotonic()

    end = json.loads(told(match, speed=3000, json=True)[-1])

    took_s = time.monotonic() - began
    # 96 minutes and a second; a busy machine is late now and then, and nobody is early.
    expected_s = (96 * 60 + 1) / 3000
    assert expected_s <= end["took_s"] <= took_s < expected_s * 1.02 + 0.5


def test_two_runs_are_the_same(match: Match):
    first, second = (told(match, speed=100_000, json=True) for _ in range(2))

    assert first[:-1] == second[:-1]
    assert json.loads(first[-1])["state_hash"] == json.loads(second[-1])["state_hash"]


def test_sentences_have_clock_and_score(match: Match):
    lines = told(match, speed=100_000, start="2H 10:00", view="as_it_happened")

    assert lines[0].split()[0] == "56"
    assert any("cancelled: " in line for line in lines)
    assert lines[-2].split()[1] == f"{match.home_score}-{match.away_score}"
    assert " events in " in lines[-1]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("vz_match_none", {}, "no such match"),
        ("nba:1", {}, "no such match"),
        (None, {"start": "Q9"}, "its periods are: 1H, 2H"),
        (None, {"speed": "fast"}, "is not a speed"),
    ],
)
def test_mistakes_say_the_fix(match: Match, name, options, says):
    arguments = [f"--{key.replace('start', 'from')}={value}" for key, value in options.items()]

    with pytest.raises(CommandError, match=says):
        call_command("replay", name or match.public_id, *arguments)


def test_match_without_a_log_is_refused():
    with pytest.raises(CommandError, match="it has no log"):
        call_command("replay", make_match().public_id)
