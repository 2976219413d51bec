"""Conversions that the scoring summary tells and the plays leave out.

In a third of all games the document lacks the try after a return touchdown; its scoring summary
has it: "(M.Nugent kick is good)", "(J.Forsett run)", "(B.Roethlisberger-L.Bell pass)".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matches.ingest.adapters._nfl_clubs import same_club
from matches.ingest.adapters._nfl_credits import CONVERSION_TRIES
from matches.ingest.adapters._nfl_plays import NOBODY, Play
from matches.ingest.adapters._nodes import has, members
from matches.ingest.reading import Node

_KICK = re.compile(r"\(([^()]+) kick is good\)")
_RUN = re.compile(r"\(([^()]+) run\)")
_PASS = re.compile(r"\(([^()-]+)-([^()]+) pass\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A successful try after the touchdown of play `play`. `stat` is the credit it lacks."""

    play: int
    type: str
    club: str
    player: str | None
    related: str | None
    stat: int


def missing_conversions(
    game: Node, plays: Sequence[Play], clubs: Sequence[str]
) -> Iterator[Conversion]:
    """Yield the conversions of touchdowns whose play is there but whose try is not."""
    entries = {int(key): node for key, node in members(game, "scrsummary") if key.isdecimal()}
    known = {play.id for play in plays}
    tried = [p.id for p in plays if any(m.stat in CONVERSION_TRIES for m in p.mentions)]
    for play_id, entry in sorted(entries.items()):
        until = min((other for other in entries if other > play_id), default=None)
        is_tried = any(play_id <= t and (until is None or t < until) for t in tried)
        if entry.text("type", "") == "TD" and play_id in known and not is_tried:
            yield from _told(play_id, entry, clubs)


def _told(play_id: int, entry: Node, clubs: Sequence[str]) -> Iterator[Conversion]:
    text, code = entry.text("desc", ""), entry.text("team", "")
    club = next((club for club in clubs if same_club(code, club)), None)
    if club is None:
        return
    if kick := _KICK.search(text):
        yield _conversion(play_id, club, "extra_point_made", 72, _ref(entry, kick[1]))
    elif thrown := _PASS.search(text):
        passer, catcher = _ref(entry, thrown[1]), _ref(entry, thrown[2])
        yield _conversion(play_id, club, "two_point_pass", 77, passer, catcher)
        yield _conversion(play_id, club, "two_point_catch", 104, catcher, passer)
    elif run := _RUN.search(text):
        yield _conversion(play_id, club, "two_point_rush", 75, _ref(entry, run[1]))


def _conversion(
    play_id: int,
    club: str,
    kind: str,
    stat: int,
    player: str | None,
    related: str | None = None,
) -> Conversion:
    return Conversion(play=play_id, type=kind, club=club, player=player, related=related, stat=stat)


def _ref(entry: Node, name: str) -> str | None:
    """Return the id of the player the summary calls `name`."""
    ref = entry.get("players").text(name, "") if has(entry, "players") else ""
    return ref if ref not in ("", NOBODY) else None
