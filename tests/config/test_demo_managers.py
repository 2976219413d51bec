"""The demo's fantasy games: seeded by the services, at the moments when people would have acted."""

import random
from datetime import timedelta

import orjson
import pytest
from django.core.management import call_command

from accounts.rules import KeyRefusedError
from accounts.selectors import find_key
from config import demo, demo_clock, demo_managers
from config.clock import now
from config.demo_managers import DemoGame
from fantasy.enums import RoundState
from fantasy.models import Game, LineupResult, Receipt, Transfer
from fantasy.selectors.totals import with_totals
from fantasy.services.receipts import verify_receipt
from leagues.models import Season
from leagues.packs.loader import load_pack
from matches.ingest import adapters
from matches.models import Match
from matches.rules.simulation.vendor import VendorFeed
from matches.rules.simulation.world import make_world
from matches.services.ingest import apply_document
from stats.services.fold import fold_matches
from tests.matches.vendor import KICKOFF

pytestmark = pytest.mark.django_db

MANAGERS = 12
TEAMS, ROUNDS = 10, 6
MATCHES = ROUNDS * TEAMS // 2


def told_season(sport: str, at) -> Season:
    """A season in its middle, as the simulated vendor tells it."""
    world = make_world(
        load_pack(sport),
        source="vendor",
        league="Small League",
        season="2026-27",
        teams=TEAMS,
        rounds=ROUNDS,
        rounds_played=2,
        seed="s",
        anchor=at,
        kickoff_every=timedelta(hours=1),
    )
    feed, cursor, more = VendorFeed(world, seed="s"), "", True
    while more:
        page = feed.document(at, after=cursor)
        apply_document(adapters.get("veze").parse({"": orjson.dumps(page)}))
        cursor, more = page["cursor"], page.get("more", True)
    fold_matches(list(Match.objects.values_list("pk", flat=True)))
    return Season.objects.get()


@pytest.fixture(autouse=True)
def _demo_clock(settings):
    settings.CLOCK = "config.demo_clock.now"
    yield
    demo_clock.run_again()


@pytest.mark.slow
@pytest.mark.parametrize(("sport", "rules"), [("football", "fpl-2026-27"), ("basketball", "espn")])
def test_game_is_seeded_with_a_past(sport, rules):
    season = told_season(sport, KICKOFF)
    wanted = DemoGame(rules=rules, name="Ours", slug="ours", managers=MANAGERS)
    assert demo_managers.is_ready(season, matches=MATCHES, at=KICKOFF)

    game = demo_managers.seed_game(season, wanted, at=KICKOFF)

    past = game.rounds.filter(deadline_at__lte=KICKOFF)
    assert past.exists()
    assert not past.filter(state=RoundState.UPCOMING).exists()
    settled = past.filter(state=RoundState.SETTLED)
    assert settled.exists()
    assert LineupResult.objects.filter(round__in=settled).count() == MANAGERS * settled.count()
    assert with_totals(game.entries).filter(total_points__gt=0).count() == MANAGERS
    assert game.fantasy_leagues.count() == 3
    receipt = Receipt.objects.filter(sequence=1).first()
    assert receipt.saved_at < past.first().deadline_at
    assert verify_receipt(receipt.document, receipt.signature).signature_holds


def test_managers_play_on_before_the_next_deadline():
    season = told_season("football", KICKOFF)
    wanted = DemoGame(rules="fpl-2026-27", name="Ours", slug="ours", managers=MANAGERS)
    game = demo_managers.seed_game(season, wanted, at=KICKOFF)
    before = Receipt.objects.count()
    demo_clock.stand_at(KICKOFF)

    chance = random.Random(1)
    acted = demo_managers.act(game, demo_managers.simulated(game, 6, chance), chance)

    assert acted
    assert Receipt.objects.count() == before + acted
    assert Transfer.objects.exists()


def test_season_whose_past_has_not_come_yet_waits():
    season = told_season("football", KICKOFF)
    Match.objects.update(folded_seq=0)

    assert not demo_managers.is_ready(season, matches=MATCHES, at=KICKOFF)


def test_season_of_which_matches_are_missing_waits():
    season = told_season("football", KICKOFF)

    assert demo_managers.is_ready(season, matches=MATCHES, at=KICKOFF)
    assert not demo_managers.is_ready(season, matches=MATCHES + 1, at=KICKOFF)


def test_games_wait_for_what_the_vendor_tells():
    demo.seed(vendor_url="http://127.0.0.1:1")

    call_command("demo_managers", once=True)

    assert not Game.objects.exists()


def test_both_leagues_of_the_demo_have_a_game():
    found = [demo_managers.demo_game(told) for told in demo.worlds()]

    assert len({game.slug for game in found if game}) == 2


def test_each_start_of_the_demo_makes_a_new_key_and_drops_the_last():
    demo.seed(vendor_url="http://127.0.0.1:1")
    first, second = demo.new_key(), demo.new_key()

    good = find_key(second, at=now())

    assert (good.mode, good.scopes) == ("test", ["read", "replay"])
    assert good.owner.email == demo.PARTNER.email
    with pytest.raises(KeyRefusedError, match="key_revoked"):
        find_key(first, at=now())
