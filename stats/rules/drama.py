"""Canned drama: what a feed may do to a match, done to the tellings of a replay for rehearsals.

The log itself is never touched. Whatever the drama, the same log gives the same scenes, and but for
a match that is broken off the last state is that of the undisturbed match.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from typing import Any, Final
from uuid import UUID, uuid5

from leagues.packs.schema import SCORE_SET, STATUS
from stats.enums import Drama

_SECOND_MS: Final = 1_000
# Of play: how long after the goal it is told, and is taken back.
_REVIEW_MS: Final = (20 * _SECOND_MS, 110 * _SECOND_MS)
_DUPLICATE_MS: Final = (5 * _SECOND_MS, 65 * _SECOND_MS)
_SILENCE_BEFORE_MS: Final = 60 * _SECOND_MS
_SILENCE_MS: Final = 300 * _SECOND_MS
# How many later facts a late one comes behind.
_BEHIND: Final = 2
_BROKEN_OFF_AT: Final = 0.6
_WHO: Final = (
    *("team_id", "player_id", "related_player_id"),
    *("team__public_id", "player__public_id", "related_player__public_id"),
)


class NoSuchDramaError(LookupError):
    """The match has nothing in it that this drama needs, such as a goal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A telling of the log and when it comes; `entry` has the columns of its row."""

    at_ms: int
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The scenes of a replay in order, and how long all takes.

    `goals` are the places of those that raised the score.
    """

    scenes: Sequence[Scene]
    goals: Sequence[int]
    length_ms: int


def staged(drama: Drama, script: Script) -> Script:
    """Return the script with the drama in it; `goals` are those of before.

    Raises NoSuchDramaError.
    """
    match drama:
        case Drama.VAR_REVERSAL:
            return _with_phantom(script, drama, _REVIEW_MS, reason="VAR: the goal does not stand")
        case Drama.DUPLICATE_GOAL:
            return _with_phantom(script, drama, _DUPLICATE_MS, reason="duplicate")
        case Drama.FEED_SILENCE:
            return _with_silence(script)
        case Drama.OUT_OF_ORDER:
            return _out_of_order(script)
        case Drama.ABANDONED:
            return _broken_off(script)


def _with_phantom(
    script: Script, drama: Drama, after_ms: tuple[int, int], *, reason: str
) -> Script:
    """Tell a goal that never was, and take it back a little later."""
    goal = script.scenes[_middle_goal(script)]
    told_at, gone_at = (min(goal.at_ms + ms, script.length_ms) for ms in after_ms)
    is_review = drama == Drama.VAR_REVERSAL
    told = {
        **_made(goal.entry, drama, rev=1),
        "clock_ms": goal.entry["clock_ms"] + (after_ms[0] if is_review else 0),
        "clock_label": "" if is_review else goal.entry["clock_label"],
        "certainty": "provisional" if is_review else goal.entry["certainty"],
    }
    gone = {**told, **_made(goal.entry, drama, rev=2), "op": "retract", "reason": reason}
    extra = [Scene(at_ms=told_at, entry=told), Scene(at_ms=gone_at, entry=gone)]
    return replace(script, scenes=_in_order([*script.scenes, *extra]))


def _with_silence(script: Script) -> Script:
    """Tell nothing for five minutes around a goal, then all at once."""
    begin_ms = max(0, script.scenes[_middle_goal(script)].at_ms - _SILENCE_BEFORE_MS)
    end_ms = min(begin_ms + _SILENCE_MS, script.length_ms)
    return replace(
        script,
        scenes=[
            replace(scene, at_ms=end_ms) if begin_ms <= scene.at_ms < end_ms else scene
            for scene in script.scenes
        ],
    )


def _out_of_order(script: Script) -> Script:
    """Let every fourth fact come late, behind the next two; revisions of one keep their order."""
    tellings = Counter(scene.entry["lineage_id"] for scene in script.scenes)
    once = [at for at, s in enumerate(script.scenes) if tellings[s.entry["lineage_id"]] == 1]
    late = set(once[1::4])
    last = len(script.scenes) - 1
    placed = [
        (at + _BEHIND + 0.5, replace(scene, at_ms=script.scenes[min(at + _BEHIND, last)].at_ms))
        if at in late
        else (at, scene)
        for at, scene in enumerate(script.scenes)
    ]
    return replace(script, scenes=[scene for _, scene in sorted(placed, key=itemgetter(0))])


def _broken_off(script: Script) -> Script:
    """End the match on its way, by a status and a reason."""
    length_ms = round(script.length_ms * _BROKEN_OFF_AT)
    played = [scene for scene in script.scenes if scene.at_ms <= length_ms]
    last = max(played, key=attrgetter("at_ms")).entry
    end = {
        **_made(last, Drama.ABANDONED, rev=1),
        **dict.fromkeys(_WHO),
        "type": STATUS,
        "x": None,
        "y": None,
        "payload": {"status": "abandoned", "reason": "Floodlight failure"},
    }
    scenes = [*played, Scene(at_ms=length_ms, entry=end)]
    return Script(scenes=scenes, goals=script.goals, length_ms=length_ms)


def _made(entry: Mapping[str, Any], drama: Drama, *, rev: int) -> dict[str, Any]:
    """Return a telling made up from another one, with ids of its own."""
    told_of: UUID = entry["event_id"]
    return {
        **entry,
        "event_id": uuid5(told_of, f"{drama}:{rev}"),
        "lineage_id": uuid5(told_of, str(drama)),
        "rev": rev,
        "op": "add",
        "pin": "",
        "reason": "",
    }


def _middle_goal(script: Script) -> int:
    goals = [g for g in script.goals if script.scenes[g].entry["type"] != SCORE_SET]
    if not goals:
        raise NoSuchDramaError("nobody scores in this match")
    return goals[len(goals) // 2]


def _in_order(scenes: Sequence[Scene]) -> list[Scene]:
    return sorted(scenes, key=attrgetter("at_ms"))
