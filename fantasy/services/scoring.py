"""Scoring: the stat lines of a folded match become points in every game in which it counts."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Sum

from config.clock import now
from fantasy.enums import CaseState, RoundState, ScoreState
from fantasy.models import CorrectionCase, GamePlayer, PlayerScore, Round, RoundMatch
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from fantasy.rules.points import match_columns, score_line, total
from fantasy.rules.scoring import PROJECT_BONUS_FROM_MS, Played, Scored, score_match
from fantasy.services.cases import note_correction
from fantasy.topics import FantasyScoreUpdate
from leagues.models import Player
from leagues.packs.forms import PresenceMinutes
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from matches.enums import MatchStatus
from matches.models import LIVE_STATUSES, OVER_STATUSES, Match
from stats.models import StatLine
from stats.services.tables import rows_before
from streams.outbox import announce

_BEGUN = (*LIVE_STATUSES, *OVER_STATUSES, MatchStatus.ABANDONED)
# No round waits for these: over, or not played, or not now.
DONE_STATUSES = (
    *OVER_STATUSES,
    MatchStatus.POSTPONED,
    MatchStatus.CANCELLED,
    MatchStatus.ABANDONED,
)
_OPEN = (RoundState.UPCOMING, RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)
_WRITTEN = (
    *("lines", "points", "bonus", "bonus_basis", "columns", "minutes", "appeared"),
    *("folded_seq", "state", "scored_at"),
)
_COMPARED = ("lines", "points", "bonus", "bonus_basis", "columns", "minutes", "appeared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A match and its stat lines as one statement read them; `lines` by player."""

    match: Match
    pack: SportPack
    lines: Mapping[int, Mapping[str, Any]]

    @property
    def is_begun(self) -> bool:
        return self.match.status in _BEGUN

    @property
    def state(self) -> ScoreState:
        """How final the match's points are before the round is settled."""
        is_done = self.match.status in DONE_STATUSES
        return ScoreState.PROVISIONAL if is_done else ScoreState.LIVE

    @property
    def shows_bonus(self) -> bool:
        """Bonus is told once the match is over, and projected when it has gone on for a while."""
        return self.match.is_over or self._elapsed_ms() >= PROJECT_BONUS_FROM_MS

    def _elapsed_ms(self) -> int:
        elapsed_ms = 0
        for period in self.pack.periods:
            if period.id == self.match.period:
                return elapsed_ms + self.match.clock_ms
            elapsed_ms += period.length_ms
        return 0


def score_matches(match_ids: Iterable[int]) -> list[int]:
    """Score the players of folded matches in every game; return those that got other points.

    One transaction a match. Scoring again changes nothing. Announces `fantasy.score.update`. A
    match of a settled round opens a correction case instead where its points would be others.
    """
    return [match_id for match_id in sorted(set(match_ids)) if _score_one(match_id)]


@transaction.atomic
def _score_one(match_id: int) -> bool:
    """Locks the match's places in rounds, so that scorings of one match queue up."""
    places = list(
        RoundMatch.objects.select_for_update(of=("self",), no_key=True)
        .filter(match=match_id)
        .select_related("round__game")
        .order_by("pk")
    )
    if not places:
        return False
    folded = folded_match(match_id)
    changed = False
    for place in places:
        # The round as it is now that the place is locked: settlement locks places first.
        place.round = Round.objects.select_related("game").get(pk=place.round_id)
        if place.round.state in _OPEN:
            changed |= _write(place, folded)
        elif place.round.state == RoundState.SETTLED:
            _check_settled(place, folded)
    return changed


def _check_settled(place: RoundMatch, folded: Folded) -> None:
    """Open a case where points would be others; write at once what changes none."""
    fresh = fresh_scores(place, folded)
    is_frozen = load_game(place.round.game.rules).rounds.freeze_after == "settled"
    stands = note_correction(place, fresh, is_frozen=is_frozen, at=now())
    if not stands:
        states = dict(
            PlayerScore.objects.filter(round=place.round_id, match=place.match_id).values_list(
                "game_player", "state"
            )
        )
        for row in fresh:
            row.state = ScoreState(states[row.game_player_id])
        write_scores(fresh)
    if is_frozen or not stands:
        RoundMatch.objects.filter(pk=place.pk).update(scored_seq=folded.match.folded_seq)


def folded_match(match_id: int) -> Folded:
    """Return a match with its stat lines, both of one moment."""
    rows = StatLine.objects.filter(match=match_id).select_related("match__season__league")
    lines = list(rows)
    # Of one statement, so that the lines are those of the header's `folded_seq`.
    match = lines[0].match if lines else Match.objects.with_sides().get(pk=match_id)
    return Folded(
        match=match,
        pack=load_pack(match.season.league.sport),
        lines={line.player_id: {**line.values, **_result(match, line.team_id)} for line in lines},
    )


def _result(match: Match, team_id: int) -> Mapping[str, int]:
    """The columns of the result of a player's side, which it has once the match is over."""
    if not match.is_over or match.home_score is None or match.away_score is None:
        return {}
    scores = match.home_score, match.away_score
    own, other = scores if team_id == match.home_id else scores[::-1]
    return match_columns(goals_for=own, goals_against=other)


def fresh_scores(place: RoundMatch, folded: Folded) -> list[PlayerScore]:
    """Return the scores as the fold gives them, unsaved; players outside the game have none."""
    if not folded.is_begun:
        return []
    rules = load_game(place.round.game.rules)
    picked = {
        row.player_id: row
        for row in GamePlayer.objects.filter(game=place.round.game_id, player__in=folded.lines)
    }
    scored, ranking = score_match(
        rules, _played(rules, folded, picked), with_bonus=folded.shows_bonus
    )
    minutes = _minutes_column(folded.pack)
    return _managers(place, folded, rules) + [
        PlayerScore(
            round_id=place.round_id,
            match_id=place.match_id,
            game_player=row,
            minutes=max(0, round(folded.lines[player].get(minutes) or 0)),
            folded_seq=folded.match.folded_seq,
            state=folded.state,
            bonus_basis=ranking.basis if scored[player].bonus else "",
            scored_at=now(),
            **_values(scored[player]),
        )
        for player, row in sorted(picked.items())
    ]


def _managers(place: RoundMatch, folded: Folded, rules: GameRules) -> list[PlayerScore]:
    """Return the scores of those whom a chip adds: they score by how the match stands."""
    match, added = folded.match, rules.added_positions
    if not added or match.home_score is None or match.away_score is None:
        return []
    rows = GamePlayer.objects.filter(
        game=place.round.game_id,
        position__in=added,
        team__in=(match.home_id, match.away_id),
        player__in=Player.objects.exclude(pk__in=folded.lines.keys()),
    ).order_by("number")
    below = _places_below(match, before=place.round.starts_at) if rows else {}
    return [_manager(place, folded, rules, row, below) for row in rows]


def _manager(
    place: RoundMatch,
    folded: Folded,
    rules: GameRules,
    row: GamePlayer,
    below: Mapping[int, int],
) -> PlayerScore:
    match = folded.match
    scores = match.home_score or 0, match.away_score or 0
    own, other = scores if row.team_id == match.home_id else scores[::-1]
    columns = match_columns(
        goals_for=own, goals_against=other, places_below=below.get(row.team_id, 0)
    )
    lines = score_line(rules, position=row.position, columns=columns)
    return PlayerScore(
        round_id=place.round_id,
        match_id=place.match_id,
        game_player=row,
        folded_seq=match.folded_seq,
        state=folded.state,
        scored_at=now(),
        lines=[asdict(line) for line in lines],
        points=total(lines),
        columns={name: value for name, value in columns.items() if value},
        appeared=True,
    )


def _places_below(match: Match, *, before: datetime) -> dict[int, int]:
    """How many places below its opponent each side stood; empty without a table.

    The table is that of the round's first kick-off: what is played in the round moves nobody's
    bar. So did the original, in all 322 rows of its managers.
    """
    ranks = {row.team_id: row.rank for row in rows_before(match.season, before)}
    if not {match.home_id, match.away_id} <= ranks.keys():
        return {}
    below = ranks[match.home_id] - ranks[match.away_id]
    return {match.home_id: below, match.away_id: -below}


def _values(scored: Scored) -> dict[str, Any]:
    return {
        "lines": [asdict(line) for line in scored.lines],
        "points": scored.points,
        "bonus": scored.bonus,
        "columns": scored.columns,
        "appeared": scored.appeared,
    }


def _played(rules: GameRules, folded: Folded, picked: Mapping[int, GamePlayer]) -> Sequence[Played]:
    """All players of the match, for a bonus is ranked among those outside the game, too."""
    strangers = Player.objects.filter(pk__in=folded.lines.keys() - picked.keys())
    positions = {player.pk: rules.position_of(player.position) for player in strangers}
    named = {player: position.id if position else "" for player, position in positions.items()}
    named |= {player: row.position for player, row in picked.items()}
    return [
        Played(player=player, position=named.get(player, ""), columns=folded.lines[player])
        for player in sorted(folded.lines)
    ]


def _minutes_column(pack: SportPack) -> str:
    found = (
        column.id
        for column in pack.columns
        if isinstance(column.rule, PresenceMinutes) and column.rule.unit == "min"
    )
    return next(found, "")


def _write(place: RoundMatch, folded: Folded) -> bool:
    """Write what differs and announce it; return whether anything did."""
    fresh = {row.game_player_id: row for row in fresh_scores(place, folded)}
    rows = PlayerScore.objects.filter(round=place.round_id, match=place.match_id)
    held = {row.game_player_id: row for row in rows.select_related("game_player")}
    changed = [
        row
        for key, row in fresh.items()
        if key not in held or _differs(row, held[key]) or row.state != held[key].state
    ]
    gone = [row for key, row in held.items() if key not in fresh]
    write_scores(changed)
    if gone:
        rows.filter(pk__in=[row.pk for row in gone]).delete()
    if place.scored_seq != folded.match.folded_seq:
        RoundMatch.objects.filter(pk=place.pk).update(scored_seq=folded.match.folded_seq)
    moved = follow_matches(place.round_id)
    if changed or gone or moved:
        _announce(place, [*changed, *gone], folded.state, seq=folded.match.folded_seq)
    return bool(changed or gone)


def write_scores(rows: Sequence[PlayerScore]) -> None:
    """Write scores over those there are; one statement."""
    PlayerScore.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["match", "game_player", "round"],
        update_fields=list(_WRITTEN),
    )


def _differs(one: PlayerScore, other: PlayerScore) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _COMPARED)


def _announce(
    place: RoundMatch, rows: Iterable[PlayerScore], state: ScoreState, *, seq: int
) -> None:
    numbers = {row.game_player_id: row.game_player.number for row in rows}
    totals = dict(
        PlayerScore.objects.filter(round=place.round_id, game_player__in=numbers)
        .values_list("game_player")
        .annotate(points=Sum("points"))
    )
    ordered = sorted(numbers.items(), key=lambda pair: pair[1])
    announce(
        FantasyScoreUpdate(
            game_id=place.round.game_id,
            round_id=place.round_id,
            match_id=place.match_id,
            folded_seq=seq,
            state=state,
            numbers=tuple(number for _, number in ordered),
            points=tuple(totals.get(key, 0) for key, _ in ordered),
        )
    )


def follow_matches(round_id: int) -> bool:
    """Let a locked round be live or provisional as its matches are; return whether it moved."""
    statuses = list(
        RoundMatch.objects.filter(round=round_id).values_list("match__status", flat=True)
    )
    if not any(status in _BEGUN for status in statuses):
        return False
    is_over = all(status in DONE_STATUSES for status in statuses)
    state = RoundState.PROVISIONAL if is_over else RoundState.LIVE
    playing = Round.objects.filter(
        pk=round_id, state__in=(RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)
    )
    return bool(playing.exclude(state=state).update(state=state))


def matches_behind(*, limit: int = 200) -> list[int]:
    """Return matches of which a round lacks the newest fold; open cases wait for their decision.

    Some of them where there are many: those that cannot be scored hold up no others for good.
    """
    cases = CorrectionCase.objects.filter(
        round=OuterRef("round"), match=OuterRef("match"), state=CaseState.OPEN
    )
    behind = RoundMatch.objects.filter(
        ~Q(round__state=RoundState.VOID),
        ~Exists(cases),
        Q(scored_seq__isnull=True) | ~Q(scored_seq=F("match__folded_seq")),
        match__status__in=_BEGUN,
    )
    found = list(behind.order_by("match").values_list("match", flat=True).distinct())
    return sorted(random.sample(found, min(limit, len(found))))


def follow_rounds() -> int:
    """Let every round that is being played follow its matches; return how many moved."""
    playing = (RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)
    rounds = Round.objects.filter(state__in=playing).values_list("pk", flat=True)
    return sum(follow_matches(pk) for pk in rounds)


@transaction.atomic
def drop_strays() -> int:
    """Take points away whose match counts in their round no more; return how many."""
    counts = RoundMatch.objects.filter(round=OuterRef("round"), match=OuterRef("match"))
    strays = PlayerScore.objects.filter(~Exists(counts), round__state__in=_OPEN)
    rows = list(strays.select_related("game_player", "round"))
    PlayerScore.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for key in sorted({(row.round_id, row.match_id) for row in rows}):
        gone = [row for row in rows if (row.round_id, row.match_id) == key]
        place = RoundMatch(round=gone[0].round, match_id=key[1])
        _announce(place, gone, ScoreState.PROVISIONAL, seq=gone[0].folded_seq)
    return len(rows)
