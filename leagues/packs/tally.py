"""Counters of both sides, added to and taken from event by event."""

from collections.abc import Hashable, Mapping
from typing import Any

from leagues.packs.counting import Block, Rule
from leagues.packs.facts import FoldEvent

OTHER = {"home": "away", "away": "home"}


class Tally:
    """Players' and teams' counters by column index.

    The last counter of a player's line is how many facts mention him: a player known only from a
    retracted fact is as if never heard of.
    """

    __slots__ = ("_sides", "blank", "lines", "totals")

    def __init__(self, width: int, sides: Mapping[Any, str]) -> None:
        self._sides = sides
        self.blank = (0,) * (width + 1)
        self.lines: dict[str, dict[Hashable, list[int]]] = {"home": {}, "away": {}}
        self.totals: dict[str, list[int]] = {"home": [0] * width, "away": [0] * width}

    def count(self, event: FoldEvent, rule: Rule, sign: int) -> None:
        """Add what the event counts, or take it off again with sign -1."""
        side = event.team or self._sides.get(event.player)
        if side is None:
            return
        line = None if event.player is None else self._mention(side, event.player, sign)
        for block in rule.blocks:
            if block.check is None or block.check(event):
                self._gain(event, block, side, line, sign)
        presence = rule.presence
        if presence is not None and presence.related and event.related is not None:
            to = OTHER[side] if presence.related_side == "opposing" else side
            self._mention(to, event.related, sign)

    def _gain(
        self, event: FoldEvent, block: Block, side: str, line: list[int] | None, sign: int
    ) -> None:
        payload, totals = event.payload, self.totals[side]
        if block.player:
            if line is not None:
                block.player.add(line, payload, sign)
            block.player_total.add(totals, payload, sign)
        if block.related and event.related is not None:
            to = OTHER[side] if block.related_opposes else side
            block.related.add(self._mention(to, event.related, sign), payload, sign)
            block.related_total.add(self.totals[to], payload, sign)
        if block.team:
            block.team.add(totals, payload, sign)
        if block.opposing:
            block.opposing.add(self.totals[OTHER[side]], payload, sign)

    def _mention(self, side: str, player: Hashable, sign: int) -> list[int]:
        lines = self.lines[side]
        line = lines.get(player)
        if line is None:
            line = lines[player] = list(self.blank)
        line[-1] += sign
        return line
