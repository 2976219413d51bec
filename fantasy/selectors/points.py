"""Points of players and line-ups in a round, live or settled."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from config.sight import sight
from fantasy.models import Entry, GamePlayer, Lineup, PlayerScore, Round, RoundMatch
from fantasy.rules.lineups import Slot
from fantasy.rules.loading import load_game
from fantasy.rules.settling import RoundForm, Settled, settle, slots_of
from fantasy.selectors.told import is_settled
from matches.enums import MatchStatus
from matches.models import OVER_STATUSES

# A player of such a match has had his chance.
_DONE = (*OVER_STATUSES, MatchStatus.POSTPONED, MatchStatus.CANCELLED, MatchStatus.ABANDONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRound:
    """What a player has in a round; `scores` are his matches in order of kick-off."""

    player: GamePlayer
    points: int
    bonus: int
    appeared: bool
    scores: tuple[PlayerScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRound:
    """A line-up as it stands: settled, or with what would happen if the round ended now."""

    lineup: Lineup
    slots: tuple[Slot, ...]
    settled: Settled
    form: RoundForm
    is_final: bool

    @property
    def net(self) -> int:
        """Points of the round, hits taken off; what was given by hand is apart."""
        return self.settled.points - self.lineup.hit


def counting_scores(round_: Round) -> QuerySet[PlayerScore]:
    """Return the scores of the round's matches; one that counts in it no more is left out."""
    places = RoundMatch.objects.filter(round=round_, match=OuterRef("match"))
    return PlayerScore.objects.filter(Exists(places), round=round_)


def round_form(round_: Round, numbers: Collection[int] | None = None) -> RoundForm:
    """Return what players brought in a round, all or some; two queries, a third while it is played.

    With a state before settled, whoever has a match ahead may still appear.
    """
    players = GamePlayer.objects.filter(game=round_.game_id)
    scores = counting_scores(round_)
    if numbers is not None:
        players = players.filter(number__in=numbers)
        scores = scores.filter(game_player__number__in=numbers)
    held = list(players.values_list("number", "position", "team_id"))
    points: dict[int, int] = defaultdict(int)
    appeared = set()
    # As rows of their model, which tells late readers no more than they may know.
    for score in scores.select_related("game_player").only(
        *("game_player__number", "round", "match", "points", "appeared")
    ):
        points[score.game_player.number] += score.points
        if score.appeared:
            appeared.add(score.game_player.number)
    return RoundForm(
        points=dict(points),
        appeared=appeared,
        positions={number: position for number, position, _ in held},
        may_appear=_waiting(round_, [(number, team) for number, _, team in held]),
    )


def _waiting(round_: Round, players: Sequence[tuple[int, int]]) -> set[int]:
    if is_settled(round_):
        return set()
    teams = {team for pair in _sides_ahead(round_) for team in pair}
    return {number for number, team in players if team in teams}


def _sides_ahead(round_: Round) -> Iterable[tuple[int, int]]:
    """The sides of matches to come or under way, by the reader's moment."""
    places = RoundMatch.objects.filter(round=round_)
    if sight() is None:
        ahead = places.exclude(match__status__in=_DONE)
        return ahead.values_list("match__home", "match__away")
    matches = (place.match for place in places.select_related("match"))
    return [(m.home_id, m.away_id) for m in matches if m.status not in _DONE]


def player_rounds(round_: Round, numbers: Collection[int]) -> dict[int, PlayerRound]:
    """Return the points of players in a round by number; those without a match have none."""
    scores: dict[int, list[PlayerScore]] = defaultdict(list)
    rows = counting_scores(round_).filter(game_player__number__in=numbers)
    rows = rows.select_related("match__home", "match__away", "match__season__league")
    for score in rows.order_by("match__kickoff_at", "match"):
        scores[score.game_player_id].append(score)
    players = GamePlayer.objects.filter(game=round_.game_id, number__in=numbers)
    return {
        player.number: PlayerRound(
            player=player,
            points=sum(score.points for score in scores[player.pk]),
            bonus=sum(score.bonus for score in scores[player.pk]),
            appeared=any(score.appeared for score in scores[player.pk]),
            scores=tuple(scores[player.pk]),
        )
        for player in players.select_related("player", "team")
    }


def entry_round(entry: Entry, round_: Round) -> EntryRound | None:
    """Return an entry's line-up with its points as they stand, None where it has none."""
    lineup = Lineup.objects.filter(entry=entry, round=round_).first()
    if lineup is None:
        return None
    rules = load_game(round_.game.rules)
    named = slots_of(bytes(lineup.packed), captain_slot=None, vice_slot=None, positions={})
    form = round_form(round_, [slot.player for slot in named])
    slots = slots_of(
        bytes(lineup.packed),
        captain_slot=lineup.captain_slot,
        vice_slot=lineup.vice_slot,
        positions=form.positions,
    )
    chips = {chip.id: chip for chip in rules.chips}
    return EntryRound(
        lineup=lineup,
        slots=slots,
        settled=settle(rules, slots, form, chip=chips.get(lineup.chip)),
        form=form,
        is_final=is_settled(round_),
    )
