"""Who takes part in a simulated play, besides the one who acts."""

from datetime import UTC, datetime, timedelta

import pytest

from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from matches.rules.simulation.play import SimulatedMatch, play_match
from matches.rules.simulation.world import make_world


@pytest.fixture(scope="module")
def pack() -> SportPack:
    return load_pack("american_football")


@pytest.fixture(scope="module")
def match(pack: SportPack) -> SimulatedMatch:
    world = make_world(
        pack,
        source="vendor",
        league="League",
        season="2026",
        teams=2,
        rounds=1,
        rounds_played=0,
        seed="seed",
        anchor=datetime(2026, 11, 22, tzinfo=UTC),
        kickoff_every=timedelta(hours=1),
    )
    home, away = world.teams.values()
    return play_match(pack, home, away, seed="seed")


def _positions(match: SimulatedMatch) -> dict[str, str]:
    return {
        player.ref: player.position
        for lineup in match.lineups.values()
        for players in lineup
        for player in players
    }


def test_partner_has_one_of_the_weighed_positions(match):
    positions = _positions(match)
    caught = [fact for fact in match.facts if fact.type == "reception"]
    assert len(caught) > 10
    assert {positions[fact.related] for fact in caught} == {"QB"}


def test_partner_of_the_other_side_is_weighed_too(match):
    positions = _positions(match)
    sacks = [fact for fact in match.facts if fact.type == "sack"]
    assert {positions[fact.related] for fact in sacks} == {"QB"}
    assert all(fact.related != fact.player for fact in sacks)
