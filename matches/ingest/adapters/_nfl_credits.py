"""What each statistic id of a game-centre play means, in the words of the sport's pack.

The league publishes the list as "GSIS stat ids". An id that is not here is skipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A statistic credit's event type. `related` names the role of the second player."""

    type: str
    related: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    by_unit: bool = False


def _credit(event_type: str, related: str = "", **payload: Any) -> Credit:
    return Credit(type=event_type, related=related, payload=payload)


def _tackle(event_type: str, related: str = "") -> Credit:
    return Credit(type=event_type, related=related, by_unit=True)


CREDITS: Mapping[int, Credit] = MappingProxyType(
    {
        2: _credit("punt", "blocker", blocked=True),
        3: _credit("first_down", by="rush"),
        4: _credit("first_down", by="pass"),
        5: _credit("first_down", by="penalty"),
        6: _credit("third_down", converted=True),
        7: _credit("third_down", converted=False),
        8: _credit("fourth_down", converted=True),
        9: _credit("fourth_down", converted=False),
        10: _credit("rush"),
        11: _credit("rush_td"),
        12: _credit("rush", lateral=True),
        13: _credit("rush_td", lateral=True),
        14: _credit("pass_incomplete", "target"),
        15: _credit("pass_complete", "receiver"),
        16: _credit("pass_td", "receiver"),
        19: _credit("interception_thrown", "interceptor"),
        20: _credit("sacked", "sacker"),
        21: _credit("reception", "passer"),
        22: _credit("receiving_td", "passer"),
        23: _credit("reception", "passer", lateral=True),
        24: _credit("receiving_td", "passer", lateral=True),
        25: _credit("interception", "passer"),
        26: _credit("interception_td", "passer"),
        27: _credit("interception", "passer", lateral=True),
        28: _credit("interception_td", "passer", lateral=True),
        29: _credit("punt"),
        30: _credit("punt_inside_20"),
        31: _credit("punt"),
        32: _credit("punt", touchback=True),
        33: _credit("punt_return", "punter"),
        34: _credit("punt_return_td", "punter"),
        35: _credit("punt_return", "punter", lateral=True),
        36: _credit("punt_return_td", "punter", lateral=True),
        37: _credit("punt_dead", how="out_of_bounds"),
        38: _credit("punt_dead", how="downed"),
        39: _credit("punt_dead", how="fair_catch"),
        40: _credit("punt_dead", how="touchback"),
        41: _credit("kickoff"),
        42: _credit("kickoff_inside_20"),
        43: _credit("kickoff"),
        44: _credit("kickoff", touchback=True),
        45: _credit("kickoff_return", "kicker"),
        46: _credit("kickoff_return_td", "kicker"),
        47: _credit("kickoff_return", "kicker", lateral=True),
        48: _credit("kickoff_return_td", "kicker", lateral=True),
        49: _credit("kickoff_dead", how="out_of_bounds"),
        50: _credit("kickoff_dead", how="fair_catch"),
        51: _credit("kickoff_dead", how="touchback"),
        52: _credit("fumble", "forcer", forced=True),
        53: _credit("fumble", forced=False),
        54: _credit("fumble_out_of_bounds"),
        55: _credit("fumble_recovery", own=True),
        56: _credit("fumble_return_td", own=True),
        57: _credit("fumble_recovery", own=True, lateral=True),
        58: _credit("fumble_return_td", own=True, lateral=True),
        59: _credit("fumble_recovery", "fumbler", own=False),
        60: _credit("fumble_return_td", "fumbler", own=False),
        61: _credit("fumble_recovery", "fumbler", own=False, lateral=True),
        62: _credit("fumble_return_td", "fumbler", own=False, lateral=True),
        63: _credit("misc_return"),
        64: _credit("misc_return_td"),
        68: _credit("timeout"),
        69: _credit("field_goal_missed"),
        70: _credit("field_goal_made"),
        71: _credit("field_goal_blocked", "blocker"),
        72: _credit("extra_point_made"),
        73: _credit("extra_point_missed"),
        74: _credit("extra_point_blocked", "blocker"),
        75: _credit("two_point_rush", result="good"),
        76: _credit("two_point_rush", result="no good"),
        77: _credit("two_point_pass", "catcher", result="good"),
        78: _credit("two_point_pass", "catcher", result="no good"),
        79: _tackle("tackle"),
        80: _tackle("tackle_assisted"),
        82: _tackle("tackle_assist"),
        83: _credit("sack", "sacked"),
        84: _credit("half_sack", "sacked"),
        85: _credit("pass_defended", "passer"),
        86: _credit("kick_blocked", kick="punt"),
        87: _credit("kick_blocked", kick="extra_point"),
        88: _credit("kick_blocked", kick="field_goal"),
        89: _credit("safety"),
        91: _tackle("forced_fumble", "fumbler"),
        93: _credit("penalty"),
        96: _credit("conversion_safety"),
        99: _credit("conversion_safety"),
        100: _credit("conversion_safety"),
        102: _credit("kickoff_dead", how="downed"),
        103: _credit("sacked", lateral=True),
        104: _credit("two_point_catch", "conversion_passer", result="good"),
        105: _credit("two_point_catch", "conversion_passer", result="no good"),
        106: _credit("fumble_lost"),
        107: _credit("kickoff_recovery"),
        108: _credit("kickoff_recovery_td"),
        110: _credit("quarterback_hit"),
        115: _credit("target"),
        120: _credit("tackle_for_loss"),
        301: _credit("extra_point_missed", aborted=True),
        404: _credit("conversion_return"),
        406: _credit("conversion_return"),
        420: _credit("conversion_return"),
    }
)

# Which credit of the same play shows who plays a part.
ROLES: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "passer": frozenset((14, 15, 16, 19)),
        "conversion_passer": frozenset((77, 78)),
        "receiver": frozenset((21, 22)),
        "catcher": frozenset((104, 105)),
        "target": frozenset((115,)),
        "interceptor": frozenset((25, 26)),
        "sacker": frozenset((83, 84)),
        "sacked": frozenset((20,)),
        "punter": frozenset((2, 29, 31, 32)),
        "kicker": frozenset((41, 43, 44)),
        "blocker": frozenset((86, 87, 88)),
        "fumbler": frozenset((52, 53)),
        "forcer": frozenset((91,)),
    }
)

# Credits that only add a number to another credit of the same player and play.
DETAILS: Mapping[int, tuple[str, frozenset[int]]] = MappingProxyType(
    {
        111: ("air_yards", frozenset((15, 16))),
        112: ("air_yards", frozenset((14, 19))),
        113: ("yards_after_catch", frozenset((21, 22, 23, 24))),
        402: ("yards", frozenset((120,))),
    }
)

_PERSONAL_TYPES = frozenset(
    (
        "rush",
        "pass_complete",
        "pass_incomplete",
        "interception_thrown",
        "sacked",
        "reception",
        "interception",
        "punt_return",
        "kickoff_return",
        "fumble",
        "fumble_recovery",
        "tackle",
        "tackle_assisted",
        "tackle_assist",
        "sack",
        "half_sack",
        "pass_defended",
        "forced_fumble",
        "quarterback_hit",
        "target",
        "tackle_for_loss",
    )
)
# A man's statistic without a man is what a correction left behind: the league's totals leave it
# out. Scores, blocks, lost balls and penalties may well be nobody's.
NEED_A_PLAYER = frozenset(
    stat for stat, credit in CREDITS.items() if credit.type in _PERSONAL_TYPES
)
# All that is left of a play that a penalty undid: its penalties, first downs and time-outs.
KEPT_WHEN_VOID = frozenset((5, 68, 93))
CONVERSION_TRIES = frozenset((72, 73, 74, 75, 76, 77, 78, 301))
SAFETY = 89
EXTRA_POINT = 72

_KICKS = frozenset((2, 29, 31, 32, 41, 43, 44, 69, 70, 71, 72, 73, 74))
_TWO_POINT_TRIES = frozenset((75, 76, 77, 78))
_FROM_SCRIMMAGE = frozenset((10, 11, 12, 13, 14, 15, 16, 19, 20))


def tackling_unit(credits_of_play: Mapping[str, frozenset[int]], club: str) -> str:
    """Return the unit a tackler of `club` was on, given the stat ids of each club in the play.

    The league's defensive statistics leave out tackles on kicks, on conversion tries and those
    that the offence makes after it lost the ball.
    """
    all_ids = frozenset[int]().union(*credits_of_play.values())
    if all_ids & _KICKS:
        return "special"
    if all_ids & _TWO_POINT_TRIES:
        return "conversion"
    return "offense" if credits_of_play.get(club, frozenset()) & _FROM_SCRIMMAGE else "defense"
