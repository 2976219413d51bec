"""The assistant managers of 2024-25 as the services play them, against the official game's numbers.

Results, tables and managers come from the published season by the adapter; the round's stat lines
are those of the last three gameweeks, in which the published entry had its manager.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fantasy.models import Entry, Game, GamePlayer, Lineup, LineupResult, PlayerScore, RoundMatch
from fantasy.services.games import NewGame, create_game, publish_game
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.scoring import score_matches
from fantasy.services.settlement import settle_round, settles_at
from fantasy.services.transfers import Move, confirm_transfers
from leagues.enums import ExternalKind
from leagues.models import ExternalId, Season
from matches.ingest.documents import FeedDocument
from matches.services.ingest import apply_document
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables
from tests.factories.fantasy import make_entry
from tests.fantasy.test_deadlines import lock_next
from tests.official.football import content, documents

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FOLDER = Path("fpl") / "2024-25"
BEFORE_GAMEWEEK_23 = datetime(2025, 1, 20, tzinfo=UTC)
BEFORE_GAMEWEEK_35 = datetime(2025, 5, 1, tzinfo=UTC)
OWN_GAMEWEEKS = (36, 37, 38)
AFTER = datetime(2025, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The season as it was played, and its files."""

    season: Season
    folder: Path
    codes: dict[int, str]

    def document(self, name: str) -> Any:
        return json.loads(gzip.decompress((self.folder / f"{name}.json.gz").read_bytes()))

    def rows(self) -> Iterator[dict[str, str]]:
        text = content(self.folder / "player_gw.csv.gz").decode()
        yield from csv.DictReader(io.StringIO(text))

    def picked(self, game: Game) -> dict[int, GamePlayer]:
        """The game's players by the official game's ids."""
        names = ExternalId.objects.filter(source="fpl", kind=ExternalKind.PLAYER)
        known = dict(names.values_list("value", "object_id"))
        rows = {row.player_id: row for row in game.players.all()}
        found = {element: rows.get(known[code]) for element, code in self.codes.items()}
        return {element: row for element, row in found.items() if row is not None}


@pytest.fixture
def played(db, shared_data: Path, clock) -> Played:
    folder = shared_data / FOLDER
    ((_, document),) = documents("fpl", folder)
    clock.stand_at(AFTER)
    report = apply_document(_of_the_last_weeks(document), at=AFTER)
    for match_id in report.match_ids:
        fold_match(match_id)
    season = Season.objects.get(name="2024-25", league__name="Premier League")
    refresh_tables(season.pk)
    bootstrap = json.loads(gzip.decompress((folder / "bootstrap-static.json.gz").read_bytes()))
    codes = {element["id"]: str(element["code"]) for element in bootstrap["elements"]}
    return Played(season=season, folder=folder, codes=codes)


def _of_the_last_weeks(document: FeedDocument) -> FeedDocument:
    """The season with stat lines of its end alone: results are all that managers score by."""
    matches = [
        match
        if match.matchday in OWN_GAMEWEEKS
        else replace(match, sheets=[], events=[e for e in match.events if e.type != "stat.set"])
        for match in document.matches
    ]
    return replace(document, matches=matches)


def open_game(played: Played, clock, *, at: datetime, slug: str) -> Game:
    clock.stand_at(at)
    new = NewGame(season=played.season, rules="fpl-2024-25", name=slug, slug=slug)
    return publish_game(create_game(new).pk)


def test_every_published_row_of_a_manager_is_scored_alike(played, clock, record_property):
    game = open_game(played, clock, at=BEFORE_GAMEWEEK_23, slug="all")
    picked = played.picked(game)
    clock.stand_at(AFTER)
    score_matches(RoundMatch.objects.filter(game=game).values_list("match", flat=True))

    fixtures = {row["id"]: str(row["code"]) for row in played.document("fixtures")}
    matches = ExternalId.objects.filter(source="fpl", kind=ExternalKind.MATCH)
    keys = dict(matches.values_list("value", "object_id"))
    official = {
        (picked[int(row["element"])].pk, keys[fixtures[int(row["fixture"])]]): int(
            row["total_points"]
        )
        for row in played.rows()
        if row["position"] == "AM"
    }
    scored = PlayerScore.objects.filter(round__game=game, game_player__position="AM")
    points = {(row.game_player_id, row.match_id): row.points for row in scored}

    misses = {key: (points.get(key), want) for key, want in official.items()}
    misses = {key: pair for key, pair in misses.items() if pair[0] != pair[1]}
    told = f"managers' rows alike: {len(official) - len(misses)} of {len(official)}"
    print(told, misses)
    record_property("managers", told)
    assert (len(official), misses) == (322, {})


def test_published_entry_brings_the_official_points_with_its_manager(played, clock):
    game = open_game(played, clock, at=BEFORE_GAMEWEEK_35, slug="own")
    picked = played.picked(game)
    weeks = {week["entry_history"]["event"]: week for week in played.document("entry_gameweeks")}
    moves = [row for row in played.document("entry_transfers") if row["event"] == 36]
    entry = entry_before(played, game, picked, weeks[35], moves)
    lock_next(game, clock)
    # The season before gave it a second free transfer.
    Entry.objects.update(free_transfers=2)

    told = []
    for number in OWN_GAMEWEEKS:
        if number == 36:
            manager = next(p["element"] for p in weeks[36]["picks"] if p["position"] == 16)
            confirm_transfers(
                entry.pk,
                [
                    Move(sold=picked[row["element_out"]].pk, bought=picked[row["element_in"]].pk)
                    for row in moves
                ],
                chip="manager",
                player=picked[manager].pk,
            )
        save_lineup(entry.pk, choice_of(weeks[number], picked))
        told.append(play_round(game, entry, clock))

    official = [weeks[number]["entry_history"] for number in OWN_GAMEWEEKS]
    assert told == [
        (number, "manager", week["points"], week["event_transfers"], week["event_transfers_cost"])
        for number, week in zip(OWN_GAMEWEEKS, official, strict=True)
    ]
    # The published bank of the chip's last round has the manager's price in it again.
    lineups = Lineup.objects.filter(entry=entry, chip="manager").order_by("round__number")
    banks = list(lineups.values_list("bank", flat=True))
    assert banks[:2] == [week["bank"] for week in official[:2]]
    assert Entry.objects.get(pk=entry.pk).bank == official[2]["bank"]


def entry_before(played: Played, game: Game, picked, week, moves) -> Entry:
    """The published squad of gameweek 35 with its bank, at the prices that gameweek 36 had."""
    prices = {int(r["element"]): int(r["value"]) for r in played.rows() if r["gw"] == "36"}
    prices |= {row["element_out"]: row["element_out_cost"] for row in moves}
    prices |= {row["element_in"]: row["element_in_cost"] for row in moves}
    for element, row in picked.items():
        row.price = prices.get(element, row.price)
    GamePlayer.objects.bulk_update(picked.values(), ["price"])
    ordered = sorted(week["picks"], key=lambda pick: pick["position"])
    bank = week["entry_history"]["bank"]
    squad = [picked[pick["element"]] for pick in ordered]
    return make_entry(game, squad, bank=bank)


def choice_of(week, picked) -> LineupChoice:
    """The line-up as it was saved: the published one with its substitutions undone."""
    places = {pick["element"]: pick["position"] for pick in week["picks"]}
    for sub in week["automatic_subs"]:
        out, came = sub["element_out"], sub["element_in"]
        places[out], places[came] = places[came], places[out]
    led = {
        name: next(picked[pick["element"]].pk for pick in week["picks"] if pick[name])
        for name in ("is_captain", "is_vice_captain")
    }
    return LineupChoice(
        players=[picked[element].pk for element in sorted(places, key=lambda e: places[e])],
        captain=led["is_captain"],
        vice=led["is_vice_captain"],
    )


def play_round(game: Game, entry: Entry, clock) -> tuple[int, str, int, int, int]:
    """Lock the next round, score and settle it; return what the entry has of it."""
    round_ = lock_next(game, clock)
    score_matches(RoundMatch.objects.filter(round=round_).values_list("match", flat=True))
    round_.game = game
    due_at = settles_at(round_)
    assert due_at is not None
    assert settle_round(round_.pk, at=due_at)
    lineup = Lineup.objects.get(entry=entry, round=round_)
    result = LineupResult.objects.get(entry=entry, round=round_)
    return round_.number, lineup.chip, result.points, lineup.transfers_made, lineup.hit
