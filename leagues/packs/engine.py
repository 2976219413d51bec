"""The fold of a match: from its log of facts to score, status and boxscore.

Pure: no database, no clock. The newest revision of each lineage counts; order of arrival and
repetitions make no difference, and folding on gives what folding anew gives.
"""

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from leagues.packs.counting import Rule, compiled
from leagues.packs.derive import Scene, sheets, side_box, starters_of
from leagues.packs.entries import Entries, Entry, entry_of
from leagues.packs.facts import Fold, FoldEvent, Number, Sheet, SideBox, Standing
from leagues.packs.longest import longest_by_player
from leagues.packs.presence import Stopwatch, presence_of
from leagues.packs.schema import OVERRIDE, SportPack
from leagues.packs.state import State, Walk, pair_of, status_of
from leagues.packs.tally import Tally

__all__ = ["Fold", "FoldEvent", "MatchFold", "Sheet", "SideBox", "Standing", "fold"]

Stated = dict[str, dict[Hashable | None, dict[str, Number]]]


class MatchFold:
    """A match being folded: apply events as they come, ask for the result at any time."""

    def __init__(self, pack: SportPack, sheet: Sheet | None = None) -> None:
        self._pack = pack
        self._rules = compiled(pack)
        self._sheet = sheet or Sheet()
        self._held: dict[Any, tuple[int, Entry | None]] = {}
        self._entries, self._flow = Entries(), Entries()
        self._moves, self._sets, self._shown = Entries(), Entries(), Entries()
        self._listed = _listed(self._sheet)
        self._sides = {player: side for side, players in self._listed.items() for player in players}
        self._tally = Tally(self._rules.width, self._sides)
        has_lineups = bool(self._sheet.home and self._sheet.away)
        self._walk = Walk(self._rules, self._entries, lineups=has_lineups)

    def apply(self, event: FoldEvent) -> None:
        """Take in one revision; one that is not newer than what is held changes nothing."""
        held = self._held.get(event.lineage)
        if held is not None:
            if event.rev <= held[0]:
                return
            if held[1] is not None:
                self._remove(held[1])
        entry = None
        if event.op != "retract":
            rule = self._rules.rules.get(event.type)
            if rule is not None:
                entry = entry_of(event, rule, self._rules)
                self._add(entry)
        self._held[event.lineage] = (event.rev, entry)

    def apply_all(self, events: Iterable[FoldEvent]) -> None:
        """Take in many revisions."""
        for event in events:
            self.apply(event)

    def standing(self) -> Standing:
        """Return status, clock and score alone, which costs a hundredth of the result."""
        state = self._walk.run(self._flow, self._sides, None)
        for entry in self._sets:
            if entry.event.type == OVERRIDE:
                _decide(entry.event.payload, state)
        return Standing(
            status=state.status,
            status_reason=state.reason,
            period="" if state.current is None else self._pack.periods[state.current].id,
            clock_ms=state.clock_ms,
            score=state.score,
            shootout=state.shootout,
        )

    def result(self, *, at_ms: int | None = None, is_brief: bool = False) -> Fold:
        """Return the fold of what was applied; `at_ms` is the running period's clock now.

        A brief one leaves out `timeline` and `running_score`, which grow with the log.
        """
        state = self._walk.run(self._flow, self._sides, at_ms)
        stated = self._stated(state)
        scene = Scene(
            steps=state.steps,
            score=state.score,
            flow=state.steps.flow.flow(),
            presence=presence_of(self._rules, self._sheet, self._entries, self._moves, state),
            stopwatch=Stopwatch(self._rules, state),
            starters=starters_of(self._sheet),
            longest=longest_by_player(self._pack, self._entries, self._sides),
        )
        return Fold(
            status=state.status,
            status_reason=state.reason,
            period="" if state.current is None else self._pack.periods[state.current].id,
            clock_ms=state.clock_ms,
            clock_running=state.running,
            score=state.score,
            shootout=state.shootout,
            periods=tuple((p, home, away) for p, (home, away) in state.by_period.items()),
            home=self._box("home", scene, stated),
            away=self._box("away", scene, stated),
            timeline=() if is_brief else tuple(entry.lineage for entry in self._shown),
            running_score={} if is_brief else dict(state.running_score),
        )

    def _add(self, entry: Entry) -> None:
        for entries in self._lists_for(entry.rule):
            entries.add(entry)
        if entry.rule.in_flow:
            self._walk.note(entry)
        self._tally.count(entry.event, entry.rule, 1)

    def _remove(self, entry: Entry) -> None:
        for entries in self._lists_for(entry.rule):
            entries.remove(entry)
        if entry.rule.in_flow:
            self._walk.start_over()
        self._tally.count(entry.event, entry.rule, -1)

    def _lists_for(self, rule: Rule) -> list[Entries]:
        if rule.is_set:
            return [self._sets, self._shown] if rule.visible else [self._sets]
        lists = [self._entries]
        if rule.in_flow:
            lists.append(self._flow)
        if rule.presence is not None:
            lists.append(self._moves)
        if rule.visible:
            lists.append(self._shown)
        return lists

    def _box(self, side: str, scene: Scene, stated: Stated) -> SideBox:
        lines, blank = self._tally.lines[side], self._tally.blank
        listed = self._listed[side]
        present = {player: lines.get(player, blank) for player in listed}
        others = [p for p, line in lines.items() if line[-1] and p not in present]
        others += [p for p in stated[side] if p is not None and p not in lines]
        for player in sorted(set(others) - present.keys(), key=str):
            present[player] = lines.get(player, blank)
        return side_box(self._pack, scene, side, (present, self._tally.totals[side]), stated[side])

    def _stated(self, state: State) -> Stated:
        """Return totals that were stated, decisions over vendors, and put decided scores in."""
        stated: Stated = {"home": {}, "away": {}}
        decided = [entry for entry in self._sets if entry.event.type == OVERRIDE]
        vendors = [entry for entry in self._sets if entry.event.type != OVERRIDE]
        for entry in (*vendors, *decided):
            self._state_values(entry.event, stated)
        for entry in decided:
            _decide(entry.event.payload, state)
        return stated

    def _state_values(self, event: FoldEvent, stated: Stated) -> None:
        side = event.team or self._sides.get(event.player)
        values = event.payload.get("values")
        if side is None or not isinstance(values, Mapping):
            return
        plan = sheets(self._pack)
        known = plan.team_ids if event.player is None else plan.player_ids
        line = stated[side].setdefault(event.player, {})
        line.update({k: v for k, v in values.items() if k in known and _is_total(v)})


def fold(
    pack: SportPack, sheet: Sheet | None, events: Iterable[FoldEvent], *, at_ms: int | None = None
) -> Fold:
    """Return the fold of a whole log."""
    match = MatchFold(pack, sheet)
    match.apply_all(events)
    return match.result(at_ms=at_ms)


def _listed(sheet: Sheet) -> dict[str, tuple[Hashable, ...]]:
    return {
        "home": tuple(dict.fromkeys((*sheet.home, *sheet.home_bench))),
        "away": tuple(dict.fromkeys((*sheet.away, *sheet.away_bench))),
    }


def _is_total(value: object) -> bool:
    """A number, or None for "nobody knows"."""
    if value is None or isinstance(value, bool):
        return value is None
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _decide(payload: Mapping[str, Any], state: State) -> None:
    score = payload.get("score")
    if isinstance(score, Mapping):
        state.score = pair_of(score) or state.score
    status = status_of(payload)
    if status is not None:
        state.status = status
        state.running = state.status == "live"
        state.reason = str(payload.get("reason") or "")
