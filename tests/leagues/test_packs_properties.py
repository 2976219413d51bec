"""Laws of the fold: whatever arrives, in whatever order and how often, the match is the same."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leagues.packs.engine import FoldEvent, MatchFold, Sheet, fold
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

SHEET = Sheet(home=("h1", "h2"), away=("a1", "a2"), home_bench=("h3",), away_bench=("a3",))
PLAYERS = {"home": ("h1", "h2", "h3", "h9"), "away": ("a1", "a2", "a3", "a9")}
PERIODS = ("DUSK", "NIGHT", "DAWN", "FLAMES", "", "unheard of")
PLAY = ("light", "dim", "try", "swap", "banish", "gust")
FRAME = ("period_start", "period_end", "match_end", "status", "clock")
STATED = ("stat.set", "admin.override", "score.set", "no such type")
FAST = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

TOTALS = ("lights", "minutes", "odd")
PAYLOADS = {
    "period_start": st.fixed_dictionaries(
        {}, optional={"length_ms": st.integers(-1, 1_000_000), "moves": st.just("all")}
    ),
    "light": st.fixed_dictionaries(
        {},
        optional={
            "worth": st.one_of(st.integers(-2, 3), st.just("nonsense"), st.none()),
            "bright": st.booleans(),
            "glow": st.floats(),
        },
    ),
    "try": st.fixed_dictionaries({"range_m": st.integers(0, 40)}),
    "status": st.fixed_dictionaries(
        {
            "status": st.sampled_from(
                ("live", "suspended", "abandoned", "lineups", "final", "odd", ["x"])
            )
        }
    ),
    "clock": st.fixed_dictionaries({"running": st.booleans()}),
    "score.set": st.fixed_dictionaries({"home": st.integers(0, 5), "away": st.integers(0, 5)}),
    "stat.set": st.fixed_dictionaries(
        {"values": st.dictionaries(st.sampled_from(TOTALS), st.one_of(st.integers(), st.none()))}
    ),
    "admin.override": st.fixed_dictionaries(
        {"values": st.dictionaries(st.sampled_from(("lights", "glow")), st.integers())},
        optional={"score": st.fixed_dictionaries({"home": st.just(9), "away": st.just(8)})},
    ),
}


@st.composite
def revisions(draw: st.DrawFn, lineage: int, rev: int) -> FoldEvent:
    event_type = draw(st.sampled_from((*PLAY, *PLAY, *FRAME, *STATED)))
    team = draw(st.sampled_from(("home", "away", None)))
    players = st.sampled_from((*PLAYERS[team or "home"], None))
    return FoldEvent(
        lineage=lineage,
        rev=rev,
        op=draw(st.sampled_from(("add", "amend", "amend", "retract"))),
        type=event_type,
        period=draw(st.sampled_from(PERIODS)),
        clock_ms=draw(st.integers(0, 1_400_000)),
        order=draw(st.integers(0, 3)),
        team=team,
        player=draw(players),
        related=draw(players),
        payload=draw(PAYLOADS.get(event_type, st.just({}))),
    )


@st.composite
def logs(draw: st.DrawFn) -> list[FoldEvent]:
    lengths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=12))
    return [
        draw(revisions(lineage, rev + 1))
        for lineage, length in enumerate(lengths)
        for rev in range(length)
    ]


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)


@pytest.fixture(scope="module", params=["told", "inferred"])
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SportPack:
    text = LANTERN
    if request.param == "inferred":
        text = text.replace(
            'starts = "team_sheet"', 'starts = "events"\ninfer = true\nsize = 2'
        ).replace("[[vectors]]", "[[vectors]]\nat_ms = 60000")
    folder: Path = tmp_path_factory.mktemp(request.param)
    return load_pack(LANTERN_ID, path=write_lanternball(folder, text))


@FAST
@given(log=logs(), data=st.data())
def test_fold_is_the_same_for_every_order_of_arrival_and_repetition(
    pack: SportPack, log: list[FoldEvent], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(log), max_size=8))
    arrived = data.draw(st.permutations(log + repeated))

    assert same(fold(pack, SHEET, arrived), fold(pack, SHEET, log))


@FAST
@given(log=logs(), data=st.data())
def test_incremental_fold_equals_fold_from_nothing_after_every_event(
    pack: SportPack, log: list[FoldEvent], data: st.DataObject
) -> None:
    arrived = data.draw(st.permutations(log))
    match = MatchFold(pack, SHEET)

    for count, event in enumerate(arrived, start=1):
        match.apply(event)

        assert same(match.result(), fold(pack, SHEET, arrived[:count]))


@FAST
@given(log=logs())
def test_superseded_revisions_leave_nothing_behind(pack: SportPack, log: list[FoldEvent]) -> None:
    newest = {event.lineage: event for event in log}
    current = [event for event in newest.values() if event.op != "retract"]

    assert same(fold(pack, SHEET, log), fold(pack, SHEET, current))


@FAST
@given(log=logs())
def test_everything_retracted_is_a_match_of_which_nothing_was_told(
    pack: SportPack, log: list[FoldEvent]
) -> None:
    last = [
        FoldEvent(lineage=lineage, rev=99, op="retract", type="light")
        for lineage in {event.lineage for event in log}
    ]

    assert same(fold(pack, SHEET, [*last, *log]), fold(pack, SHEET, []))


@FAST
@given(log=logs())
def test_counters_equal_a_plain_count_of_the_current_log(
    pack: SportPack, log: list[FoldEvent]
) -> None:
    counted = [e for e in log if e.type not in ("stat.set", "admin.override")]
    newest = {event.lineage: event for event in counted}
    listed = {player: side for side in PLAYERS for player in PLAYERS[side][:3]}
    tries = Counter(
        (e.team or listed[e.player], e.player)
        for e in newest.values()
        if e.op != "retract" and e.player and (e.team or e.player in listed)
        # A light outside the periods of the pack counts as one in play.
        if e.type == "try" or (e.type == "light" and e.period != "FLAMES")
    )

    result = fold(pack, SHEET, counted)

    found = {
        (side, player): line["tries"]
        for side, box in (("home", result.home), ("away", result.away))
        for player, line in box.players.items()
        if line["tries"]
    }
    assert found == dict(tries)


@FAST
@given(log=logs())
def test_score_is_the_sum_of_its_periods_and_ends_the_running_score(
    pack: SportPack, log: list[FoldEvent]
) -> None:
    # A score stated of the match as a whole belongs to no period, a decided one to no event.
    undecided = [
        event
        for event in log
        if event.type != "admin.override" and (event.period or event.type != "score.set")
    ]

    result = fold(pack, SHEET, undecided)

    assert result.score == (
        sum(home for _, home, _ in result.periods),
        sum(away for _, _, away in result.periods),
    )
    assert (result.home.totals["result"], result.away.totals["result"]) == result.score
