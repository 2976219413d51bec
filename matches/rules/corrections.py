"""What a curator may say of a fact: checked against the sport's pack, field by field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from leagues.packs.schema import OVERRIDE, EventType, SportPack

# A boxscore shows no number beyond this.
_MOST = 1_000_000
# No period runs longer over its length than this.
_LONGEST_OVER_MS = 60 * 60_000
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text"),
    "int": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "table": ((dict,), "an object"),
}


class CorrectionError(ValueError):
    """Something a curator said that cannot stand; `field` names what, `code` is stable."""

    def __init__(self, field: str, message: str, *, code: str = "invalid") -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A fact in a curator's words; `squads` are the players of the sides by our keys."""

    type: str
    period: str
    clock_ms: int
    team: int | None
    player: int | None
    related_player: int | None
    payload: Mapping[str, Any]


def check_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises CorrectionError."""
    text = reason.strip()
    if not text:
        raise CorrectionError("reason", "say why, everybody will see it", code="required")
    if len(text) > 200:
        raise CorrectionError("reason", f"at most 200 characters, these are {len(text)}")
    return text


def check_said(said: Said, pack: SportPack, squads: Mapping[int, frozenset[int]]) -> None:
    """Raise CorrectionError for the first field that the sport or the match does not allow."""
    kind = pack.events.get(said.type)
    if kind is None or said.type == OVERRIDE:
        raise CorrectionError("type", _no_such(said.type, pack))
    _check_place(said, pack)
    if said.team is not None and said.team not in squads:
        raise CorrectionError("team", "does not play in this match")
    if said.team is None and kind.counts:
        raise CorrectionError("team", f"say whose {kind.label.lower()} it was", code="required")
    _check_people(said, squads)
    _check_payload(said.payload, kind)


def check_numbers(
    values: Mapping[str, int | float | None], pack: SportPack, *, of_player: bool
) -> None:
    """Raise CorrectionError unless these are columns of a player or a team, with fit numbers."""
    if not values:
        raise CorrectionError("column", "name at least one", code="required")
    for name, value in values.items():
        column = pack.column(name)
        if column is None:
            raise CorrectionError("column", f"'{name}' is no number of {pack.name.lower()}")
        if not (column.for_player if of_player else column.for_team):
            whose = "teams" if of_player else "players"
            raise CorrectionError("column", f"{column.label} is a number of {whose} only")
        if value is not None and not abs(value) <= _MOST:
            raise CorrectionError("value", f"at most {_MOST:,}, got {value}")
        if column.format == "int" and isinstance(value, float):
            raise CorrectionError("value", f"{column.label} is a whole number, got {value}")


def _no_such(word: str, pack: SportPack) -> str:
    likely = get_close_matches(word, [key for key in pack.events if key != OVERRIDE], 1)
    hint = f", did you mean {likely[0]}?" if likely else ""
    return f"'{word}' is no event of {pack.name.lower()}{hint}"


def _check_place(said: Said, pack: SportPack) -> None:
    period = pack.period(said.period)
    if period is None:
        known = ", ".join(p.id for p in pack.periods)
        raise CorrectionError("period", f"'{said.period}' is none of {known}")
    if said.clock_ms < 0:
        raise CorrectionError("clock", "counts up from the start of the period: not below 0")
    longest_ms = period.length_ms + _LONGEST_OVER_MS
    if said.clock_ms > longest_ms:
        text = f"{period.label} cannot last longer than {longest_ms // 60_000} minutes"
        raise CorrectionError("clock", text)


def _check_people(said: Said, squads: Mapping[int, frozenset[int]]) -> None:
    everybody = frozenset().union(*squads.values())
    own = squads[said.team] if said.team is not None else everybody
    if said.player is not None and said.player not in own:
        raise CorrectionError("player", "is in neither the team sheet nor the squad of that team")
    if said.related_player is not None:
        if said.player is None:
            raise CorrectionError("related_player", "needs a player beside whom he took part")
        if said.related_player == said.player:
            raise CorrectionError("related_player", "is the player himself")
        if said.related_player not in everybody:
            raise CorrectionError("related_player", "plays for neither of the teams")


def _check_payload(payload: Mapping[str, Any], kind: EventType) -> None:
    for key, value in payload.items():
        if key == "unplaced":
            continue
        field = f"details.{key}"
        if key not in kind.payload:
            known = ", ".join(kind.payload) or "no details at all"
            raise CorrectionError(field, f"{kind.label} knows {known}")
        types, words = _KINDS[kind.payload[key]]
        is_flag = isinstance(value, bool) and bool not in types
        if is_flag or not isinstance(value, types):
            raise CorrectionError(field, f"expected {words}, got {value!r}")


def changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return what differs between two tellings of a fact, by field: {"before", "after"}."""
    return {
        name: {"before": before[name], "after": after[name]}
        for name in names
        if before[name] != after[name]
    }
