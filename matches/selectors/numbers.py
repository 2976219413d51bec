"""What a boxscore would say if a curator's number stood in it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

from leagues.models import Player
from leagues.packs.engine import Fold, FoldEvent, Sheet, fold
from leagues.packs.facts import Line, Number
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE, Column, SportPack
from matches.enums import SheetRole
from matches.models import Match, TeamSheetSpot
from matches.rules.corrections import check_numbers
from matches.selectors.plays import current_plays

# Behind every lineage of a log, which are UUIDs.
_LAST = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A number of the boxscore before and after; None is one that nobody knows."""

    whose: str
    column: Column
    before: Number
    after: Number


def changes_by(
    match: Match,
    *,
    values: Mapping[str, int | float | None],
    team_id: int | None,
    player_id: int | None,
) -> list[Change]:
    """Return all that the numbers would change in the boxscore, totals and ratios included.

    Raises CorrectionError for numbers that `override_stats` would refuse. Writes nothing.
    """
    pack = load_pack(match.season.league.sport)
    check_numbers(values, pack, of_player=player_id is not None)
    kept = _kept_players()
    log = [
        replace(
            play.fact,
            player=kept.get(play.fact.player, play.fact.player),
            related=kept.get(play.fact.related, play.fact.related),
        )
        for play in current_plays(match)
    ]
    said = FoldEvent(
        lineage=_LAST,
        type=OVERRIDE,
        team="home" if team_id == match.home_id else "away",
        player=player_id,
        payload={"values": dict(values)},
    )
    sheet = _sheet(match, kept)
    return _differences(match, pack, fold(pack, sheet, log), fold(pack, sheet, [*log, said]))


def _kept_players() -> Mapping[Hashable, int]:
    merged = Player.objects.filter(merged_into__isnull=False)
    return {pk: kept for pk, kept in merged.values_list("pk", "merged_into") if kept is not None}


def _sheet(match: Match, kept: Mapping[Hashable, int]) -> Sheet:
    spots = TeamSheetSpot.objects.filter(sheet__match=match, sheet__is_confirmed=True).order_by(
        "order", "pk"
    )
    listed: dict[tuple[int, str], list[int]] = {}
    for team, role, player in spots.values_list("sheet__team_id", "role", "player_id"):
        listed.setdefault((team, role), []).append(kept.get(player, player))
    home, away = match.home_id, match.away_id
    return Sheet(
        home=tuple(listed.get((home, SheetRole.STARTER), ())),
        away=tuple(listed.get((away, SheetRole.STARTER), ())),
        home_bench=tuple(listed.get((home, SheetRole.BENCH), ())),
        away_bench=tuple(listed.get((away, SheetRole.BENCH), ())),
    )


def _differences(match: Match, pack: SportPack, before: Fold, after: Fold) -> list[Change]:
    players = {*before.home.players, *after.home.players}
    players |= {*before.away.players, *after.away.players}
    known = [player for player in players if isinstance(player, int)]
    rows = Player.objects.filter(pk__in=known).values_list("pk", "name")
    names: dict[Hashable, str] = dict(rows.iterator())
    changes: list[Change] = []
    for team, old, new in (
        (match.home, before.home, after.home),
        (match.away, before.away, after.away),
    ):
        for player in new.players:
            was = old.players.get(player, {})
            changes += _line(pack, names.get(player, ""), was, new.players[player])
        changes += _line(pack, team.name, old.totals, new.totals)
    return changes


def _line(pack: SportPack, whose: str, before: Line, after: Line) -> list[Change]:
    return [
        Change(whose=whose, column=column, before=before.get(column.id), after=after[column.id])
        for column in pack.columns
        if column.id in after and before.get(column.id) != after[column.id]
    ]
