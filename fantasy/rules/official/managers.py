"""A real manager's season in our words: squads, transfers and chips by gameweek."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fantasy.rules.game import GameRules
from fantasy.rules.official.folder import ManagerFiles
from fantasy.rules.official.season import dicts, number, optional_number


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialPick:
    """A player of a gameweek as it ended, after automatic substitutions."""

    element: int
    place: int
    multiplier: int
    is_captain: bool
    is_vice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialTransfer:
    """A confirmed transfer, money in tenths."""

    out: int
    out_tenths: int
    came: int
    came_tenths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialWeek:
    """A manager's gameweek as published; None is what the files do not say."""

    gw: int
    chip: str
    picks: tuple[OfficialPick, ...]
    substitutions: tuple[tuple[int, int], ...]
    transfers: tuple[OfficialTransfer, ...] | None
    points: int | None
    total: int | None
    bank: int | None
    value: int | None
    made: int | None
    cost: int | None


def read_weeks(rules: GameRules, files: ManagerFiles) -> tuple[OfficialWeek, ...]:
    """Return a manager's gameweeks in order."""
    told = {gw: document for gw, document in _weeks(files.gameweeks) if gw}
    history = files.history if isinstance(files.history, dict) else {}
    current = {number(row.get("event")): row for row in dicts(history.get("current"))}
    chips = {
        number(chip.get("event")): str(chip.get("name")) for chip in dicts(history.get("chips"))
    }
    transfers = _transfers(files.transfers)
    return tuple(
        _week(
            gw,
            told.get(gw, {}),
            current.get(gw, {}),
            chip=_chip(rules, told.get(gw), chips, gw),
            transfers=None if transfers is None else tuple(transfers.get(gw, ())),
        )
        for gw in sorted(told.keys() | current.keys())
    )


def _weeks(document: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Gameweeks stand in a list, or by number; each may name its own."""
    if isinstance(document, dict) and "picks" in document:
        document = [document]
    listed = document if isinstance(document, list) else ()
    items = document.items() if isinstance(document, dict) else enumerate(listed, start=1)
    for key, week in items:
        if isinstance(week, dict):
            history = _mapping(week.get("entry_history"))
            yield number(history.get("event") or week.get("event") or key), week


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _chip(
    rules: GameRules, week: Mapping[str, Any] | None, chips: Mapping[int, str], gw: int
) -> str:
    stated = (week or {}).get("active_chip") or chips.get(gw) or ""
    return rules.official.chips.get(str(stated), str(stated))


def _transfers(document: Any) -> dict[int, list[OfficialTransfer]] | None:
    if not isinstance(document, list):
        return None
    ordered = sorted(dicts(document), key=lambda item: str(item.get("time") or ""))
    found: dict[int, list[OfficialTransfer]] = {}
    for item in ordered:
        found.setdefault(number(item.get("event")), []).append(
            OfficialTransfer(
                out=number(item.get("element_out")),
                out_tenths=number(item.get("element_out_cost")),
                came=number(item.get("element_in")),
                came_tenths=number(item.get("element_in_cost")),
            )
        )
    return found


def _week(
    gw: int,
    told: Mapping[str, Any],
    current: Mapping[str, Any],
    *,
    chip: str,
    transfers: tuple[OfficialTransfer, ...] | None,
) -> OfficialWeek:
    facts = {**current, **_mapping(told.get("entry_history"))}
    return OfficialWeek(
        gw=gw,
        chip=chip,
        picks=tuple(_picks(told.get("picks"))),
        substitutions=tuple(
            (number(sub.get("element_out")), number(sub.get("element_in")))
            for sub in dicts(told.get("automatic_subs"))
        ),
        transfers=transfers,
        points=optional_number(facts.get("points")),
        total=optional_number(facts.get("total_points")),
        bank=optional_number(facts.get("bank")),
        value=optional_number(facts.get("value")),
        made=optional_number(facts.get("event_transfers")),
        cost=optional_number(facts.get("event_transfers_cost")),
    )


def _picks(document: Any) -> Iterable[OfficialPick]:
    for pick in dicts(document):
        yield OfficialPick(
            element=number(pick.get("element")),
            place=number(pick.get("position")),
            multiplier=number(pick.get("multiplier")),
            is_captain=bool(pick.get("is_captain")),
            is_vice=bool(pick.get("is_vice_captain")),
        )
