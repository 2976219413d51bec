"""Five hundred random corrections of finished matches: what is derived knows only the truth.

Boxscores, stat lines, headers and standings that followed the corrections one by one are compared,
byte for byte, with folds from scratch and with folds of logs in which nothing was ever wrong.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from leagues.packs.loader import load_pack
from matches.ingest import adapters
from matches.ingest.documents import FeedDocument
from matches.models import Match, PlayEvent
from matches.rules.simulation.vendor import VendorFeed
from matches.rules.simulation.world import make_world
from matches.selectors.plays import current_plays
from matches.services.files import find_bundles, read_bundle
from stats.models import BoxScore, StatLine, TableRow
from stats.rules.season_totals import season_totals
from stats.rules.standings import TableTeam, table
from stats.selectors.seasons import player_seasons
from stats.services import kept
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables
from tests.matches.vendor import KICKOFF
from tests.stats.correcting import Corrector, Told, clean_fold, clean_result, ingest

pytestmark = pytest.mark.django_db

REAL = {"nba": 2, "opta": 1, "fiba_livestats": 2, "statsbomb": 1, "nhl": 1}
FEW_REAL = {"nba": 1, "opta": 1}
ROUTES = {
    *("amend", "retract", "vanish", "return", "add_late", "reorder", "override", "take_back"),
    *("add_missing", "release", "award", "withdraw", "decide", "state_numbers"),
}
ADAPTERS = {"fiba_livestats": "fiba"}
HEADER = (
    *("status", "period", "clock_ms", "home_score", "away_score", "home_shootout", "away_shootout"),
    *("period_scores", "awarded_home", "awarded_away", "awarded_home_points", "folded_seq"),
    *("awarded_away_points", "awarded_both_lose", "decision_reason", "score_mismatch"),
)


@pytest.fixture(autouse=True)
def _forget_folds() -> Iterator[None]:
    kept._kept.clear()
    yield
    kept._kept.clear()


def simulated(sport: str, *, rounds: int) -> list[FeedDocument]:
    """Return a season of four teams that was played, as the simulated vendor tells it."""
    world = make_world(
        load_pack(sport),
        source=f"vendor-{sport}",
        league=f"{sport} league",
        season="2026-27",
        teams=4,
        rounds=rounds,
        rounds_played=rounds,
        seed="proof",
        anchor=KICKOFF,
        kickoff_every=timedelta(0),
    )
    feed = VendorFeed(world, seed="proof")
    pages = [feed.document(KICKOFF), feed.document(KICKOFF, after="0-0")]
    while pages[-1]["more"]:
        pages.append(feed.document(KICKOFF, after=pages[-1]["cursor"]))
    parse = adapters.get("veze").parse
    return [parse({"feed": orjson.dumps(page)}) for page in pages]


def real(shared_data: Path, wanted: Mapping[str, int]) -> list[FeedDocument]:
    """Return a few real matches as their vendors told them."""
    documents = []
    for folder, count in wanted.items():
        name = ADAPTERS.get(folder, folder)
        bundles = find_bundles(name, str(shared_data / "pbp" / folder))
        parsed = (adapters.get(name).parse(read_bundle(bundle)) for bundle in bundles)
        documents += [d for d in parsed if any(m.events for m in d.matches)][:count]
    return documents


def derived(match_id: int) -> tuple:
    """Return all that was derived of a match, boxscores as bytes."""
    header = Match.objects.values(*HEADER).get(pk=match_id)
    lines = StatLine.objects.filter(match=match_id).order_by("player_id")
    return (
        bytes(BoxScore.objects.get(match=match_id).document),
        orjson.dumps(header, option=orjson.OPT_SORT_KEYS),
        orjson.dumps(list(lines.values_list("player_id", "team_id", "values"))),
    )


def ranked(season_id: int) -> bytes:
    rows = TableRow.objects.filter(season=season_id).order_by("kind", "group", "rank", "team_id")
    columns = ("kind", "group", "rank", "team_id", "is_tied", "values", "form")
    return orjson.dumps(list(rows.values_list(*columns)), option=orjson.OPT_SORT_KEYS)


def check_matches(told: list[Told]) -> None:
    for one in told:
        followed = derived(one.match_id)
        match = Match.objects.with_sides().get(pk=one.match_id)
        seqs = PlayEvent.objects.filter(match=match).order_by("seq").values_list("seq", flat=True)
        assert list(seqs) == list(range(1, match.head_seq + 1))
        check_against_the_clean_log(match)

        kept._kept.clear()
        StatLine.objects.filter(match=match).delete()
        BoxScore.objects.filter(match=match).delete()
        fold_match(match.pk, from_scratch=True)

        assert derived(one.match_id) == followed


def check_against_the_clean_log(match: Match) -> None:
    pure = clean_fold(match, shuffle=random.Random(match.pk))
    box = BoxScore.objects.get(match=match)
    lines = {line.player_id: line.values for line in StatLine.objects.filter(match=match)}

    assert (match.home_score, match.away_score) == pure.score
    assert (box.home_totals, box.away_totals) == (pure.home.totals, pure.away.totals)
    assert lines == {**pure.home.players, **pure.away.players}
    assert {play.fact.lineage for play in current_plays(match)} >= set(pure.timeline)


def check_tables(told: list[Told]) -> None:
    for season in {one.season.pk: one.season for one in told}.values():
        followed = ranked(season.pk)
        matches = Match.objects.with_sides().filter(season=season)
        results = [clean_result(m, clean_fold(m, shuffle=random.Random(m.pk))) for m in matches]
        teams = [
            TableTeam(team=key, name=name, group=group)
            for key, name, group in season.season_teams.values_list(
                "team_id", "team__name", "group"
            )
        ]
        rules = load_pack(season.league.sport).table
        fresh = [
            (kind, row.group, row.rank, row.team, row.is_tied, row.values, row.form)
            for kind in ("away", "home", "total")
            for row in sorted(
                table(results, rules, teams=teams, kind=kind),
                key=lambda row: (row.group, row.rank, row.team),
            )
        ]
        assert followed == orjson.dumps(fresh, option=orjson.OPT_SORT_KEYS)

        TableRow.objects.filter(season=season).delete()
        refresh_tables(season.pk)
        assert ranked(season.pk) == followed


def check_seasons_of_players(told: list[Told]) -> None:
    lines: dict[int, dict[int, list[dict]]] = {}
    for one in told:
        match = Match.objects.with_sides().get(pk=one.match_id)
        pure = clean_fold(match, shuffle=random.Random(1))
        for player, values in {**pure.home.players, **pure.away.players}.items():
            lines.setdefault(player, {}).setdefault(match.season_id, []).append(values)
    written = StatLine.objects.filter(match__in=[one.match_id for one in told])
    for line in written.select_related("player").order_by("player_id")[::23]:
        for season in player_seasons(line.player):
            pack = load_pack(line.player.sport)
            fresh = lines[line.player_id][season.season.pk]
            assert dict(season.totals) == dict(season_totals(pack, fresh))


def check_that_the_log_says_what_the_vendor_says(told: list[Told], by: Corrector) -> None:
    """A vendor who tells everything once more changes nothing; pins stand anyway."""
    for one in told[::4]:
        by.show(one)
        head = Match.objects.get(pk=one.match_id).head_seq
        by.show(one)
        assert Match.objects.get(pk=one.match_id).head_seq == head


def correct_and_check(documents: list[FeedDocument], times: int, seed: str, actor: int) -> set[str]:
    """Correct what the documents tell and return by which routes."""
    told = ingest(documents, at=KICKOFF)
    by = Corrector(told, seed=seed, actor=actor)
    by.correct(times)
    check_matches(told)
    check_tables(told)
    check_seasons_of_players(told)
    check_that_the_log_says_what_the_vendor_says(told, by)
    assert sum(by.routes.values()) == times
    return set(by.routes)


@pytest.mark.parametrize("sport", ["football", "basketball"])
def test_after_some_corrections_of_a_season_everything_equals_a_fresh_fold(sport: str, admin_user):
    correct_and_check(simulated(sport, rounds=2), 24, sport, admin_user.pk)


def test_after_some_corrections_of_real_matches_everything_equals_a_fresh_fold(
    shared_data: Path, admin_user
):
    correct_and_check(real(shared_data, FEW_REAL), 20, "real", admin_user.pk)


@pytest.mark.slow
def test_after_500_corrections_by_every_route_everything_equals_a_fresh_fold(
    shared_data: Path, admin_user
):
    routes = correct_and_check(simulated("football", rounds=6), 180, "f", admin_user.pk)
    routes &= correct_and_check(simulated("basketball", rounds=6), 160, "b", admin_user.pk)
    routes &= correct_and_check(real(shared_data, REAL), 160, "r", admin_user.pk)

    assert routes == ROUTES
