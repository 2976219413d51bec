"""Why so many points: from an entry to its slots, rules and the facts of matches behind them.

Computed on demand from the same fold that the points were made of. The rows of a ledger add up to
the points they explain.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from django.db.models import Max

from config.sight import sight
from fantasy.enums import BonusBasis, RoundState, ScoreState
from fantasy.models import (
    Entry,
    GamePlayer,
    LineupResult,
    PlayerScore,
    Round,
    RoundMatch,
    ScoreAdjustment,
)
from fantasy.rules.bonus import Components
from fantasy.rules.game import GameRules
from fantasy.rules.ledger import LedgerFact, LedgerRow, ledger_rows
from fantasy.rules.loading import load_game
from fantasy.rules.parts import Brought, Parts, parts_of
from fantasy.rules.points import PointLine, is_of_result
from fantasy.rules.scoring import BonusRanking, Played, bonus_ranking
from fantasy.selectors.facts import MatchFacts, Told, match_facts
from fantasy.selectors.parts import brought_by
from fantasy.selectors.points import EntryRound, PlayerRound, entry_round, player_rounds
from fantasy.selectors.told import round_told, told_adjustments
from leagues.models import Player
from matches.models import Match
from stats.models import StatLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact behind a row: the event as people read it, what it moved, what it gave by itself."""

    told: Told
    amount: int | float | None
    points: int | None
    is_stated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Points by one rule. `parts` are what a bonus was ranked by, in its own unit."""

    rule: str
    label: str
    count: int | float
    points: int
    column: str
    facts: tuple[Fact, ...]
    parts: tuple["Row", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchLedger:
    """A player's rows of one match; `revision` is the place in its log that they were read at.

    `bonus_value` and `bonus_rank` are what his bonus was ranked by; `coverage` says how many of
    the original's inputs were known, where the value is ours.
    """

    match: Match
    state: ScoreState
    points: int
    minutes: int
    rows: tuple[Row, ...]
    revision: int
    bonus_basis: BonusBasis
    bonus_value: int | None
    bonus_rank: int | None
    coverage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerLedger:
    """A player's points in a round and all that explains them."""

    player: GamePlayer
    points: int
    appeared: bool
    matches: tuple[MatchLedger, ...]
    brought: Brought

    @property
    def rows(self) -> Iterator[Row]:
        """The rows of all his matches."""
        return (row for match in self.matches for row in match.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLedger:
    """A place of a line-up: why it counts or not, how often, and what it brought.

    `why` is "plays", "substitute", "bench", "absent" or "chip"; `other` the number of whom he came
    in for, or who came in for him.
    """

    slot: int
    ledger: PlayerLedger
    is_captain: bool
    is_vice: bool
    multiplier: Fraction
    why: str
    other: int | None = None

    @property
    def points(self) -> int:
        """What the place brought, the captain's multiplier included."""
        return int(self.ledger.points * self.multiplier)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLedger:
    """An entry's points in a round, from slots, hit and what was given by hand.

    Before the round is settled, substitutions and captaincy are those there would be now.
    """

    entry: Entry
    round: Round
    chip: str
    slots: tuple[SlotLedger, ...]
    captain: int | None
    captain_points: int
    hit: int
    adjustments: tuple[ScoreAdjustment, ...]
    is_final: bool
    result: LineupResult | None
    parts: Parts

    @property
    def points(self) -> int:
        """What the line-up brought, before hits."""
        return sum(slot.points for slot in self.slots)

    @property
    def net(self) -> int:
        """Points after hits, with what was given or taken by hand."""
        return self.points - self.hit + sum(row.points for row in self.adjustments)

    @property
    def lines(self) -> Iterator[tuple[str, int]]:
        """Every row that counts, as a label and points; they add up to `net`."""
        for slot in self.slots:
            if slot.multiplier:
                for row in slot.ledger.rows:
                    yield row.label, row.points
        if self.captain_points:
            yield "Captain", self.captain_points
        if self.hit:
            yield "Transfers", -self.hit
        for given in self.adjustments:
            yield given.reason, given.points


def player_ledger(player: GamePlayer, round_: Round) -> PlayerLedger:
    """Return why a player has his points in a round. The game must be fetched along."""
    return player_ledgers(round_, [player.number])[player.number]


def player_ledgers(round_: Round, numbers: Collection[int]) -> dict[int, PlayerLedger]:
    """Return ledgers by number; as many queries for a squad as for one player."""
    rules = load_game(round_.game.rules)
    found = player_rounds(round_, numbers)
    seqs = _seqs(round_, {s.match_id for one in found.values() for s in one.scores})
    facts = match_facts(
        seqs,
        players={one.player.player_id for one in found.values()},
        columns=_explained(rules),
    )
    rankings = _rankings(rules, round_, found.values(), seqs)
    return {
        number: PlayerLedger(
            player=one.player,
            points=one.points,
            appeared=one.appeared,
            matches=tuple(
                _match(rules, one.player, score, facts[score.match_id], rankings)
                for score in one.scores
            ),
            brought=brought_by(one.scores, round_),
        )
        for number, one in found.items()
    }


def _explained(rules: GameRules) -> set[str]:
    """Return the columns that rows are about; who took part is asked of other ones."""
    every = [*rules.points, *(rules.bonus.components if rules.bonus else ())]
    names = {rule.column for rule in every}
    return names | {bound.column for rule in every for bound in rule.when}


def entry_ledger(entry: Entry, round_: Round) -> EntryLedger | None:
    """Return why an entry has its points in a round, None where it has no line-up."""
    held = entry_round(entry, round_)
    if held is None:
        return None
    rules = load_game(round_.game.rules)
    ledgers = player_ledgers(round_, [slot.player for slot in held.slots])
    multipliers, captain = held.settled.result.multipliers, held.settled.result.captain
    extra = 0
    if captain is not None:
        extra = int(ledgers[captain].points * (multipliers.get(captain, Fraction(1)) - 1))
    adjustments = told_adjustments().filter(entry=entry, round=round_).order_by("made_at")
    return EntryLedger(
        entry=entry,
        round=round_,
        chip=held.lineup.chip,
        slots=tuple(_slots(rules, held, ledgers)),
        captain=captain,
        captain_points=extra,
        hit=held.lineup.hit,
        adjustments=tuple(adjustments.select_related("by")),
        is_final=held.is_final,
        result=_result(entry, round_),
        parts=parts_of(
            rules,
            held.slots,
            held.settled,
            {number: one.brought for number, one in ledgers.items()},
            hit=held.lineup.hit,
            adjusted=sum(row.points for row in adjustments),
        ),
    )


def _result(entry: Entry, round_: Round) -> LineupResult | None:
    if not round_told(round_):
        return None
    return LineupResult.objects.filter(entry=entry, round=round_).first()


def _slots(
    rules: GameRules, held: EntryRound, ledgers: Mapping[int, PlayerLedger]
) -> Iterator[SlotLedger]:
    result = held.settled.result
    came_for = {came: went for went, came in result.substitutions}
    went_for = dict(result.substitutions)
    for slot in held.slots:
        multiplier = result.multipliers.get(slot.player, Fraction(0))
        if slot.player in came_for:
            why = "substitute"
        elif slot.slot <= rules.lineup.size:
            why = "plays" if multiplier else "absent"
        else:
            why = "chip" if multiplier else "bench"
        yield SlotLedger(
            slot=slot.slot,
            ledger=ledgers[slot.player],
            is_captain=slot.is_captain,
            is_vice=slot.is_vice,
            multiplier=multiplier,
            why=why,
            other=came_for.get(slot.player, went_for.get(slot.player)),
        )


def _seqs(round_: Round, matches: Collection[int]) -> dict[int, int]:
    """Return up to where each match's log was read when its players were scored."""
    if round_.state == RoundState.SETTLED:
        rows = PlayerScore.objects.filter(round=round_, match__in=matches).order_by()
        return dict(rows.values_list("match").annotate(seq=Max("folded_seq")))
    places = RoundMatch.objects.filter(round=round_, match__in=matches)
    return {match: seq or 0 for match, seq in places.values_list("match", "scored_seq")}


def _match(
    rules: GameRules,
    player: GamePlayer,
    score: PlayerScore,
    facts: MatchFacts,
    rankings: Mapping[int, BonusRanking],
) -> MatchLedger:
    ranking = rankings.get(score.match_id)
    own: Components | None = None
    value = rank = None
    if ranking is not None and player.player_id in ranking.values:
        value = ranking.values[player.player_id]
        rank = sum(other > value for other in ranking.values.values()) + 1
        own = ranking.components.get(player.player_id)
    rows = ledger_rows(
        rules,
        player=player.player_id,
        position=player.position,
        lines=[PointLine(**line) for line in score.lines],
        sources=facts.sources,
        components=own,
    )
    return MatchLedger(
        match=score.match,
        state=ScoreState(score.state),
        points=score.points,
        minutes=score.minutes,
        rows=tuple(_row(_with_result(row, facts), facts) for row in rows),
        revision=score.folded_seq,
        bonus_basis=ranking.basis if ranking else BonusBasis.NONE,
        bonus_value=value,
        bonus_rank=rank,
        coverage=ranking.coverage if ranking else "",
    )


def _with_result(row: LedgerRow, facts: MatchFacts) -> LedgerRow:
    """Who scores by the result has it from those who made it: their facts stand behind his row."""
    if not is_of_result(row.column):
        return row
    made = (
        LedgerFact(event=event, amount=None, points=None, is_stated=False) for event in facts.result
    )
    return replace(row, facts=tuple(made))


def _row(row: LedgerRow, facts: MatchFacts) -> Row:
    return Row(
        rule=row.rule,
        label=row.label,
        count=row.count,
        points=row.points,
        column=row.column,
        facts=tuple(_fact(fact, facts) for fact in row.facts),
        parts=tuple(_row(part, facts) for part in row.parts),
    )


def _fact(fact: LedgerFact, facts: MatchFacts) -> Fact:
    return Fact(
        told=facts.told[fact.event.lineage],
        amount=fact.amount,
        points=fact.points,
        is_stated=fact.is_stated,
    )


def _rankings(
    rules: GameRules,
    round_: Round,
    found: Collection[PlayerRound],
    seqs: Mapping[int, int],
) -> dict[int, BonusRanking]:
    """Return what bonuses were ranked by, in matches that gave any; three queries."""
    if rules.bonus is None:
        return {}
    matches = {score.match_id for one in found for score in one.scores}
    given = sorted(_with_bonus(round_, matches) & seqs.keys())
    lines = StatLine.objects.filter(match__in=given)
    if sight() is None:
        values = list(lines.values_list("match", "player", "values"))
    else:
        # Rows of the model tell late readers no more than they may know.
        values = [(line.match_id, line.player_id, line.values) for line in lines]
    positions = _positions(rules, round_, {player for _, player, _ in values})
    played: dict[int, list[Played]] = {match: [] for match in given}
    for match, player, columns in values:
        played[match].append(
            Played(player=player, position=positions.get(player, ""), columns=columns)
        )
    return {match: bonus_ranking(rules, everyone) for match, everyone in played.items()}


def _with_bonus(round_: Round, matches: Collection[int]) -> set[int]:
    scored = PlayerScore.objects.filter(round=round_, match__in=matches)
    if sight() is None:
        return set(scored.filter(bonus__gt=0).values_list("match", flat=True))
    return {score.match_id for score in scored if score.bonus > 0}


def _positions(rules: GameRules, round_: Round, players: Collection[int]) -> dict[int, str]:
    in_game = GamePlayer.objects.filter(game=round_.game_id, player__in=players)
    positions: dict[int, str] = dict(in_game.values_list("player", "position"))
    for player in Player.objects.filter(pk__in=players - positions.keys()):
        position = rules.position_of(player.position)
        positions[player.pk] = position.id if position else ""
    return positions
