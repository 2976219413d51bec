"""Joining a game with a first squad, and what an entry is called."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max

from fantasy.enums import Availability
from fantasy.models import Entry, Game, GamePlayer, Holding, Round
from fantasy.rules.arranging import first_lineup
from fantasy.rules.countries import countries
from fantasy.rules.game import GameRules
from fantasy.rules.lineups import Slot, lineup_problems, starters
from fantasy.rules.squads import (
    Pick,
    Refusal,
    captain_problems,
    captain_surcharge,
    squad_problems,
)
from fantasy.services.games import rules_of
from fantasy.services.refusals import checked_name, refuse, refuse_any
from fantasy.services.squads import OpenSquad, Saved, hold_round, save

_NUMBERS_LOCK = 0x76657A65_656E7472


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What a manager says when joining: ids of `GamePlayer`, in slot order when `is_ordered`.

    Without an order the squad is lined up by positions and prices; then armbands are given too.
    """

    name: str
    players: Sequence[int]
    country: str = ""
    is_ordered: bool = False
    captain: int | None = None
    vice: int | None = None


@transaction.atomic
def create_entry(
    game_id: int, new: NewEntry, *, owner_id: int | None, for_round: int | None = None
) -> tuple[Entry, Saved]:
    """Join a game for its next round. Raises Refused, and nothing is kept then."""
    game = Game.objects.get(pk=game_id)
    round_, at = hold_round(game, for_round=for_round)
    rules = rules_of(game)
    name = checked_name(new.name, "your team")
    players = _players(game, new.players)
    picks = [
        Pick(player=row.pk, position=row.position, club=row.team_id, price=row.price)
        for row in players
    ]
    budget = rules.squad.budget_tenths or None
    money = budget or sum(pick.price for pick in picks)
    refuse_any(squad_problems(rules, picks, money_tenths=money))
    bank = money - sum(pick.price for pick in picks)
    slots = _slots(rules, new, picks, bank)
    refuse_any(lineup_problems(rules, slots))
    prices = {pick.player: pick.price for pick in picks}
    leading = next((prices[slot.player] for slot in slots if slot.is_captain), 0)
    refuse_any(captain_problems(rules, price_tenths=leading, bank_tenths=bank))
    # One at a time: two first entries of one owner, or two of one number, cannot be made.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _lock_key(game_id))
    if owner_id is not None and Entry.objects.filter(game=game, owner=owner_id).exists():
        raise refuse("has_entry", "You have a team in this game already.", "game")
    entry = Entry.objects.create(
        game=game,
        owner_id=owner_id,
        name=name,
        country=_checked_country(new.country),
        number=_next_number(game),
        joined_round=round_,
        bank=bank,
        free_transfers=rules.transfers.per_round,
        created_at=at,
    )
    return entry, _held(entry, game, round_, players, slots, at=at)


@transaction.atomic
def rename_entry(entry_id: int, *, name: str, country: str | None = None) -> Entry:
    """Change what an entry is called, and its country if one is given."""
    entry = Entry.objects.select_for_update(no_key=True).get(pk=entry_id)
    entry.name = checked_name(name, "your team")
    if country is not None:
        entry.country = _checked_country(country)
    entry.save(update_fields=["name", "country"])
    return entry


def _lock_key(game_id: int) -> list[int]:
    return [_NUMBERS_LOCK & 0x7FFFFFFF, game_id]


def _next_number(game: Game) -> int:
    last: int | None = game.entries.aggregate(last=Max("number"))["last"]
    return 0 if last is None else last + 1


def _checked_country(country: str) -> str:
    code = country.upper()
    if code and code not in countries():
        message = "A country is two letters of ISO 3166, say NO for Norway."
        raise refuse("bad_country", message, "country")
    return code


def _players(game: Game, ids: Sequence[int]) -> list[GamePlayer]:
    rows = {row.pk: row for row in GamePlayer.objects.filter(game=game, pk__in=set(ids))}
    refuse_any(
        Refusal(code="unknown_player", message="No such player.", field=f"player:{pk}")
        for pk in dict.fromkeys(ids)
        if pk not in rows
    )
    refuse_any(
        Refusal(
            code="player_gone",
            message="This player has left the competition.",
            field=f"player:{pk}",
        )
        for pk, row in rows.items()
        if row.status == Availability.GONE
    )
    return [rows[pk] for pk in ids]


def _slots(rules: GameRules, new: NewEntry, picks: Sequence[Pick], bank: int) -> tuple[Slot, ...]:
    if not new.is_ordered:
        return _led_within(rules, first_lineup(rules, picks), picks, bank)
    return tuple(
        Slot(
            player=pick.player,
            position=pick.position,
            slot=slot,
            is_captain=pick.player == new.captain,
            is_vice=pick.player == new.vice,
        )
        for slot, pick in enumerate(picks, start=1)
    )


def _led_within(
    rules: GameRules, slots: tuple[Slot, ...], picks: Sequence[Pick], bank: int
) -> tuple[Slot, ...]:
    """Let the dearest lead whom the bank can pay, in a game where a captain costs more."""
    if rules.captain is None or not rules.captain.dearer:
        return slots
    prices = {pick.player: pick.price for pick in picks}
    able = [
        slot.player
        for slot in starters(rules, slots)
        if captain_surcharge(rules, prices[slot.player]) <= bank and not slot.is_vice
    ]
    leader = max(able, key=lambda player: (prices[player], -player), default=None)
    if leader is None:
        return slots
    return tuple(replace(slot, is_captain=slot.player == leader) for slot in slots)


def _held(
    entry: Entry,
    game: Game,
    round_: Round,
    players: Sequence[GamePlayer],
    slots: Sequence[Slot],
    *,
    at: datetime,
) -> Saved:
    rows = {row.pk: row for row in players}
    holdings = [
        Holding(
            entry=entry,
            game_player=rows[slot.player],
            bought_price=rows[slot.player].price,
            slot=slot.slot,
            is_captain=slot.is_captain,
            is_vice=slot.is_vice,
        )
        for slot in slots
    ]
    Holding.objects.bulk_create(holdings)
    squad = OpenSquad(
        entry=entry, round=round_, game=game, rules=rules_of(game), at=at, holdings=holdings
    )
    return save(squad, kind="entry")
