"""Leagues of entries: made, joined by code, left; their results follow the settled rounds."""

import secrets
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction

from fantasy.enums import LeagueKind, RoundState
from fantasy.models import Entry, FantasyLeague, Game, LeagueMember, Round
from fantasy.rules.game import LeagueRules
from fantasy.rules.loading import load_game
from fantasy.services import cups, pairings
from fantasy.services.phases import sync_phases
from fantasy.services.refusals import checked_name, refuse
from fantasy.services.standings import rank_leagues

# Without letters and digits that look alike when somebody reads them out.
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH: Final = 7
# A table that everybody can see at once is ordered anew when somebody comes or goes.
_SMALL: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLeague:
    """What a fan says of a league to be; `start_round` None: the next one."""

    name: str
    kind: str = LeagueKind.CLASSIC
    is_public: bool = False
    start_round: int | None = None
    max_entries: int | None = None


@transaction.atomic
def create_league(entry_id: int, new: NewLeague) -> FantasyLeague:
    """Make a league whose owner's entry is its first member. Raises Refused."""
    entry = _locked_entry(entry_id)
    rules = load_game(entry.game.rules).leagues
    name = checked_name(new.name, "the league")
    if new.kind not in LeagueKind.values:
        kinds = ", ".join(LeagueKind.values)
        raise refuse("unknown_kind", f"A league is one of {kinds}.", "kind")
    if not new.is_public:
        _check_private_count(entry, rules)
    league = _with_code(
        FantasyLeague(
            game=entry.game,
            name=name,
            kind=new.kind,
            is_public=new.is_public,
            owner=entry.owner,
            start_round=_start_round(entry.game, new.start_round),
            max_entries=_bounded(new, _most_entries(rules, new.kind, is_public=new.is_public)),
            seed=secrets.token_hex(16),
        )
    )
    _add(league, entry)
    return league


def _with_code(league: FantasyLeague) -> FantasyLeague:
    """Save a league under a fresh code."""
    while True:
        league.code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        try:
            with transaction.atomic():
                league.save()
        except IntegrityError:
            # Somebody else has it: one in thirty milliards.
            continue
        return league


def _start_round(game: Game, number: int | None) -> Round:
    rounds = Round.objects.filter(game=game, state=RoundState.UPCOMING).order_by("number")
    found = rounds.first() if number is None else rounds.filter(number=number).first()
    if found is None:
        raise refuse(
            "round_not_open",
            "A league begins with a round whose deadline is to come.",
            "start_round",
        )
    return found


def _most_entries(rules: LeagueRules, kind: str, *, is_public: bool) -> int | None:
    """Return how many entries such a league may have; None: as many as come."""
    if is_public:
        return rules.public_max
    return rules.head_to_head_max if kind == LeagueKind.HEAD_TO_HEAD else None


def _bounded(new: NewLeague, most: int | None) -> int | None:
    wanted = new.max_entries
    if wanted is not None and (wanted < 2 or (most is not None and wanted > most)):
        bound = f" and at most {most}" if most else ""
        raise refuse("bad_size", f"A league has room for at least 2{bound}.", "max_entries")
    return most if wanted is None else wanted


@transaction.atomic
def join_league(entry_id: int, code: str) -> LeagueMember:
    """Add an entry to the league with that code. Joined twice is joined once. Raises Refused."""
    entry = _locked_entry(entry_id)
    leagues = FantasyLeague.objects.select_for_update(no_key=True)
    league = leagues.filter(code=code.strip().upper(), game=entry.game_id).first()
    if league is None:
        raise refuse("unknown_code", "No league of this game has that code.", "code")
    return _join(league, entry)


@transaction.atomic
def join_public_league(entry_id: int, league_id: int) -> LeagueMember:
    """Add an entry to a public league. Raises Refused."""
    entry = _locked_entry(entry_id)
    leagues = FantasyLeague.objects.select_for_update(no_key=True)
    league = leagues.filter(pk=league_id, game=entry.game_id, is_public=True).first()
    if league is None:
        raise refuse("not_public", "That league is joined by its code.", "league")
    return _join(league, entry)


def _join(league: FantasyLeague, entry: Entry) -> LeagueMember:
    if member := LeagueMember.objects.filter(league=league, entry=entry).first():
        return member
    _check_open(league)
    held = LeagueMember.objects.filter(league=league).count()
    if league.max_entries is not None and held >= league.max_entries:
        raise refuse("league_full", f"The league has its {league.max_entries} entries.", "code")
    if not league.is_public:
        _check_private_count(entry, load_game(entry.game.rules).leagues)
    return _add(league, entry)


def _check_open(league: FantasyLeague) -> None:
    is_drawn = (
        league.kind == LeagueKind.HEAD_TO_HEAD and league.start_round.state != RoundState.UPCOMING
    )
    if league.is_closed or is_drawn:
        raise refuse("league_closed", "The league takes no more entries.", "code")


def _check_private_count(entry: Entry, rules: LeagueRules) -> None:
    held = LeagueMember.objects.filter(entry=entry, league__is_public=False).count()
    if held >= rules.private_max:
        raise refuse(
            "too_many_leagues", f"An entry may be in {rules.private_max} private leagues.", "code"
        )


def _add(league: FantasyLeague, entry: Entry) -> LeagueMember:
    member = LeagueMember.objects.create(league=league, entry=entry)
    if league.members.count() <= _SMALL:
        rank_leagues(entry.game, [league.pk])
    else:
        # Where the points of before would put him; exact with the next settled round.
        ahead = LeagueMember.objects.filter(league=league, points__gt=member.points).count()
        LeagueMember.objects.filter(pk=member.pk).update(rank=ahead + 1)
    member.refresh_from_db()
    return member


@transaction.atomic
def leave_league(league_id: int, entry_id: int) -> None:
    """Take an entry out of a league; one that is not in it may leave too. Raises Refused.

    A league that its owner leaves stays, and is owned by whoever joined next.
    """
    league = _locked_league(league_id)
    entry = Entry.objects.get(pk=entry_id)
    _take_out(league, entry)
    if league.owner_id is not None and league.owner_id == entry.owner_id:
        heir = league.members.select_related("entry__owner").order_by("joined_at", "pk").first()
        league.owner = heir.entry.owner if heir else None
        league.save(update_fields=["owner"])


@transaction.atomic
def remove_member(league_id: int, entry_id: int, *, by_user_id: int) -> None:
    """Let the league's owner take somebody else's entry out. Raises Refused."""
    league = _locked_league(league_id)
    if league.owner_id != by_user_id:
        raise refuse("not_owner", "Only the league's owner may remove entries.")
    entry = Entry.objects.filter(pk=entry_id, memberships__league=league).first()
    if entry is None:
        raise refuse("not_a_member", "That entry is not in the league.", "entry")
    if entry.owner_id == by_user_id:
        raise refuse("own_entry", "Leave the league to take your own entry out.", "entry")
    _take_out(league, entry)


def _take_out(league: FantasyLeague, entry: Entry) -> None:
    LeagueMember.objects.filter(league=league, entry=entry).delete()
    if league.kind == LeagueKind.HEAD_TO_HEAD:
        pairings.leave_fixtures(league, entry.pk)
    if league.members.count() <= _SMALL:
        rank_leagues(league.game, [league.pk])


@transaction.atomic
def change_league(
    league_id: int,
    *,
    by_user_id: int,
    name: str = "",
    is_closed: bool | None = None,
    new_code: bool = False,
) -> FantasyLeague:
    """Let the owner rename a league, close or open it, or give it another code. Raises Refused."""
    league = _locked_league(league_id)
    if league.owner_id != by_user_id:
        raise refuse("not_owner", "Only the league's owner may change it.")
    if name:
        league.name = checked_name(name, "the league")
    if is_closed is not None:
        if not is_closed and league.fixtures.exists():
            raise refuse("fixtures_drawn", "Its fixtures are drawn.", "is_closed")
        if is_closed and league.kind == LeagueKind.HEAD_TO_HEAD:
            raise refuse("closes_itself", "It closes when its fixtures are drawn.", "is_closed")
        league.is_closed = is_closed
    if new_code:
        return _with_code(league)
    league.save()
    return league


def _locked_entry(entry_id: int) -> Entry:
    entries = Entry.objects.select_related("game", "owner")
    return entries.select_for_update(no_key=True, of=("self",)).get(pk=entry_id)


def _locked_league(league_id: int) -> FantasyLeague:
    leagues = FantasyLeague.objects.select_related("game", "start_round")
    return leagues.select_for_update(no_key=True, of=("self",)).get(pk=league_id)


@transaction.atomic
def begin_leagues(round_id: int) -> None:
    """Draw what begins with a round that is locked: fixtures and cups. Twice changes nothing."""
    sync_phases(Round.objects.get(pk=round_id).game_id)
    pairings.draw_fixtures(round_id)
    cups.draw_cups(round_id)


@transaction.atomic
def settle_leagues(round_id: int) -> None:
    """Score fixtures and cup ties of a settled round, and rank all leagues of its game.

    Run again after a correction: fixtures and ranks become what is true now, a cup tie that was
    decided stays as it is.
    """
    begin_leagues(round_id)
    round_ = Round.objects.select_related("game").get(pk=round_id)
    pairings.score_fixtures(round_)
    cups.play_cups(round_)
    rank_leagues(round_.game)
