"""What a log of facts folds to, told on an invented sport whose periods last 20 minutes."""

from pathlib import Path
from typing import Any

import pytest

from leagues.packs.engine import Fold, FoldEvent, MatchFold, Sheet, fold
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from leagues.packs.wording import filled
from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

SHEET = Sheet(home=("h1", "h2"), away=("a1", "a2"), home_bench=("h3",), away_bench=("a3",))
MINUTE = 60_000


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> SportPack:
    return load_pack(LANTERN_ID, path=write_lanternball(tmp_path_factory.mktemp("packs")))


def variant(folder: Path, *changes: tuple[str, str]) -> SportPack:
    text = LANTERN.split("[[vectors]]", maxsplit=1)[0]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return load_pack(LANTERN_ID, path=write_lanternball(folder, text))


def told(*facts: tuple[Any, ...]) -> list[FoldEvent]:
    """Facts as (type, period, minute, {further fields}), one lineage each."""
    return [
        FoldEvent(
            lineage=place,
            order=place,
            type=fact[0],
            period=fact[1],
            clock_ms=int(fact[2] * MINUTE),
            **(fact[3] if len(fact) > 3 else {}),
        )
        for place, fact in enumerate(facts)
    ]


def by(player: str, related: str | None = None, **payload: Any) -> dict[str, Any]:
    team = "home" if player.startswith("h") else "away"
    return {"team": team, "player": player, "related": related, "payload": payload}


def status(value: str, **more: Any) -> dict[str, Any]:
    return {"payload": {"status": value, **more}}


PLAYED = (
    ("period_start", "DUSK", 0),
    ("period_end", "DUSK", 20),
    ("period_start", "NIGHT", 0),
    ("period_end", "NIGHT", 20),
)
OVER = (*PLAYED, ("match_end", "NIGHT", 20))


# Counting


def test_event_counts_for_player_related_team_and_score(pack: SportPack):
    result = fold(pack, SHEET, told(("light", "DUSK", 3, by("h1", "h2", worth=2))))

    assert result.score == (2, 0)
    assert result.home.players["h1"]["lights"] == 2
    assert result.home.players["h2"]["hands"] == 1
    assert result.home.totals["lights"] == 2
    assert result.away.totals["lights_against"] == 2


def test_own_goal_counts_for_the_other_side(pack: SportPack):
    result = fold(pack, SHEET, told(("dim", "DUSK", 3, by("h1"))))

    assert result.score == (0, 1)
    assert result.home.totals["dims"] == 1


@pytest.mark.parametrize(("range_m", "far"), [(19, 0), (20, 1), (None, 0), ("far", 0)])
def test_condition_on_a_range_takes_numbers_within(pack: SportPack, range_m: object, far: int):
    result = fold(pack, SHEET, told(("try", "DUSK", 3, by("h1", range_m=range_m))))

    assert result.home.players["h1"]["far_tries"] == far


def test_event_without_player_counts_for_the_team_only(pack: SportPack):
    result = fold(pack, SHEET, told(("try", "DUSK", 3, {"team": "away"})))

    assert result.away.totals["tries"] == 1
    assert [line["tries"] for line in result.away.players.values()] == [0, 0, 0]


def test_event_without_team_counts_for_the_side_of_its_player(pack: SportPack):
    result = fold(pack, SHEET, told(("light", "DUSK", 3, {"player": "a2"})))

    assert result.score == (0, 1)
    assert result.away.totals["lights"] == 1


def test_decimal_values_add_up_exactly_after_a_retraction(pack: SportPack):
    log = told(*(("light", "DUSK", n, by("h1", glow=0.1)) for n in range(3)))
    match = MatchFold(pack, SHEET)
    match.apply_all(log)

    match.apply(FoldEvent(lineage=1, rev=2, op="retract", type="light"))

    assert match.result().home.players["h1"]["glow"] == 0.2


def test_nonsense_in_a_payload_counts_nothing(pack: SportPack):
    payloads = ({"worth": "many"}, {"worth": float("inf")}, {"worth": [1]}, {"glow": float("nan")})
    log = told(*(("light", "DUSK", 1, by("h1", **payload)) for payload in payloads))

    assert fold(pack, SHEET, log).score == (1, 0)


def test_unknown_event_type_is_left_out(pack: SportPack):
    result = fold(pack, SHEET, told(("firework", "DUSK", 1, by("h1"))))

    assert result == fold(pack, SHEET, [])


# Revisions


def test_amendment_moves_the_goal_to_its_real_scorer(pack: SportPack):
    goal = told(("light", "DUSK", 3, by("h1", "h3")))[0]
    amended = FoldEvent(
        lineage=goal.lineage, rev=2, op="amend", type="light", period="DUSK", **by("h2")
    )

    result = fold(pack, SHEET, [goal, amended])

    assert result.score == (1, 0)
    assert [result.home.players[p]["lights"] for p in ("h1", "h2")] == [0, 1]
    assert result.home.players["h3"]["hands"] == 0


def test_retraction_that_arrives_first_holds_and_a_newer_telling_brings_back(pack: SportPack):
    goal = told(("light", "DUSK", 3, by("h9")))[0]
    retracted = FoldEvent(lineage=goal.lineage, rev=2, op="retract", type="light")
    again = FoldEvent(lineage=goal.lineage, rev=3, type="light", period="DUSK", **by("h9"))

    assert fold(pack, SHEET, [retracted, goal]).score == (0, 0)
    assert "h9" not in fold(pack, SHEET, [goal, retracted]).home.players
    assert fold(pack, SHEET, [again, retracted, goal]).score == (1, 0)


# Status and clock


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), ("lineups", "", 0, False)),
        (PLAYED[:1], ("live", "DUSK", 0, True)),
        (PLAYED[:2], ("break", "DUSK", 20, False)),
        (PLAYED[:3], ("live", "NIGHT", 0, True)),
        (PLAYED, ("break", "NIGHT", 20, False)),
        (OVER, ("finished", "NIGHT", 20, False)),
        ((("light", "NIGHT", 7, by("h1")),), ("live", "NIGHT", 7, True)),
        ((*PLAYED, ("period_start", "DAWN", 0)), ("live", "DAWN", 0, True)),
        ((*OVER, ("light", "DAWN", 4, by("h1"))), ("finished_aet", "DAWN", 4, False)),
        ((*OVER, ("light", "FLAMES", 0, by("h1"))), ("finished_pens", "FLAMES", 0, False)),
        ((*PLAYED[:1], ("clock", "DUSK", 9, {"payload": {"running": False}})), "stopped"),
        ((*PLAYED[:1], ("status", "DUSK", 9, status("suspended"))), "suspended"),
        (
            (
                *PLAYED[:1],
                ("status", "DUSK", 9, status("suspended")),
                ("status", "DUSK", 11, status("live")),
            ),
            ("live", "DUSK", 11, True),
        ),
        ((*PLAYED[:1], ("status", "DUSK", 9, status("abandoned"))), "abandoned"),
        ((*OVER, ("status", "", 0, status("final"))), ("final", "NIGHT", 20, False)),
        ((("status", "", 0, status("postponed")),), ("postponed", "", 0, False)),
        ((("status", "", 0, status("nonsense")),), ("lineups", "", 0, False)),
        ((("status", "", 0, status("live")), *PLAYED[:2]), ("break", "DUSK", 20, False)),
        ((*PLAYED[:1], ("status", "", 0, status("break"))), ("break", "DUSK", 0, False)),
        (
            (("status", "", 0, status("final")), ("status", "", 0, status("under_review"))),
            ("under_review", "", 0, False),
        ),
    ],
)
def test_status_and_clock(pack: SportPack, facts: tuple[Any, ...], expected: Any):
    result = fold(pack, SHEET, told(*facts))

    if expected == "stopped":
        expected = ("live", "DUSK", 9, False)
    elif isinstance(expected, str):
        expected = (expected, "DUSK", 9, False)
    found = (result.status, result.period, result.clock_ms / MINUTE, result.clock_running)
    assert found == expected


def test_status_without_line_ups_is_scheduled(pack: SportPack):
    assert fold(pack, None, []).status == "scheduled"


def test_status_keeps_its_reason(pack: SportPack):
    log = told(PLAYED[0], ("status", "DUSK", 9, status("suspended", reason="lightning")))

    assert fold(pack, SHEET, log).status_reason == "lightning"


def test_clock_given_moves_a_running_match_only(pack: SportPack):
    running, over = told(*PLAYED[:1]), told(*OVER)

    assert fold(pack, SHEET, running, at_ms=90_000).clock_ms == 90_000
    assert fold(pack, SHEET, over, at_ms=90_000_000).clock_ms == 20 * MINUTE


# Score


def test_period_scores_shootout_and_running_score(pack: SportPack):
    log = told(
        *OVER,
        ("light", "DUSK", 3, by("h1")),
        ("light", "NIGHT", 3, by("a1", worth=2)),
        ("dim", "NIGHT", 2, by("a2")),
        ("light", "FLAMES", 0, by("a1")),
        ("light", "FLAMES", 0, by("a2")),
    )

    result = fold(pack, SHEET, log)

    assert result.score == (2, 2)
    assert result.shootout == (0, 2)
    assert result.periods == (("DUSK", 1, 0), ("NIGHT", 1, 2))
    assert result.running_score == {5: (1, 0), 7: (2, 0), 6: (2, 2), 8: (0, 1), 9: (0, 2)}


def test_shootout_adds_to_the_score_where_the_sport_says_so(tmp_path: Path):
    pack = variant(tmp_path, ('label = "Lights"\n\n[presence]', SHOOTOUT_ADDS))
    log = told(*OVER, ("light", "FLAMES", 0, by("a1")))

    assert fold(pack, SHEET, log).score == (0, 1)
    assert fold(pack, SHEET, told(*PLAYED, ("light", "FLAMES", 0, by("a1")))).score == (0, 0)


SHOOTOUT_ADDS = 'label = "Lights"\nshootout_adds = 1\n\n[presence]'


def test_stated_score_stands_from_its_place_on(pack: SportPack):
    half_time = {"payload": {"home": 2, "away": 1}}
    log = told(
        ("light", "DUSK", 3, by("h1")),
        ("score.set", "DUSK", 20, half_time),
        ("light", "NIGHT", 3, by("a1")),
    )

    result = fold(pack, SHEET, log)

    assert result.score == (2, 2)
    assert result.periods == (("DUSK", 2, 1), ("NIGHT", 0, 1))


# Presence


def minutes(result: Fold, *players: str) -> list[object]:
    return [
        (result.home if player.startswith("h") else result.away).players[player]["minutes"]
        for player in players
    ]


def test_minutes_leave_stoppage_time_out(pack: SportPack):
    log = told(*OVER, ("swap", "NIGHT", 21.5, by("h2", "h3")))

    assert minutes(fold(pack, SHEET, log), "h1", "h2", "h3", "a3") == [40, 40, 1, 0]


def test_minutes_split_at_a_substitution_add_up_to_the_match(pack: SportPack):
    log = told(*OVER, ("swap", "NIGHT", 7.6, by("h2", "h3")))

    assert minutes(fold(pack, SHEET, log), "h2", "h3") == [27, 13]


def test_minutes_grow_with_the_clock_while_the_match_runs(pack: SportPack):
    log = told(*PLAYED[:3])

    assert minutes(fold(pack, SHEET, log, at_ms=5 * MINUTE), "h1", "h3") == [25, 0]


def test_minutes_of_sudden_death_end_with_the_last_event(pack: SportPack):
    log = told(*OVER, ("light", "DAWN", 4, by("h1")))

    assert minutes(fold(pack, SHEET, log), "h1") == [44]


def test_minutes_of_an_abandoned_match_end_where_it_stopped(pack: SportPack):
    log = told(*PLAYED[:3], ("status", "NIGHT", 12, status("abandoned")))

    assert minutes(fold(pack, SHEET, log), "h1") == [32]


def test_nobody_is_on_before_the_start(pack: SportPack):
    assert minutes(fold(pack, SHEET, []), "h1", "a1") == [0, 0]


def test_conceded_while_on_counts_from_coming_in_to_going_out(pack: SportPack):
    log = told(
        *OVER,
        ("light", "DUSK", 5, by("a1")),
        ("swap", "DUSK", 10, by("h2", "h3")),
        ("light", "DUSK", 15, by("a1")),
        ("light", "NIGHT", 15, by("h1")),
    )

    players = fold(pack, SHEET, log).home.players

    assert [players[p]["against_while_on"] for p in ("h1", "h2", "h3")] == [2, 1, 1]
    assert [players[p]["balance"] for p in ("h1", "h2", "h3")] == [-1, -1, 0]


def test_sent_off_player_stops_his_clock_and_keeps_conceding(pack: SportPack):
    log = told(*OVER, ("banish", "DUSK", 10, by("h2")), ("light", "NIGHT", 3, by("a1", worth=2)))

    line = fold(pack, SHEET, log).home.players["h2"]

    assert (line["minutes"], line["against_while_on"], line["balance"]) == (10, 2, 0)


def test_player_sent_off_from_the_bench_was_never_on(pack: SportPack):
    log = told(*OVER, ("banish", "DUSK", 10, by("h3")), ("light", "NIGHT", 3, by("a1")))

    line = fold(pack, SHEET, log).home.players["h3"]

    assert (line["banished"], line["minutes"], line["against_while_on"]) == (1, 0, 0)


EXACT = ("at_least = 1", 'rounding = "floor"\nunit = "s"')


def test_exact_time_is_the_sum_of_all_stretches(tmp_path: Path):
    pack = variant(tmp_path, EXACT)
    log = told(
        *OVER,
        ("swap", "DUSK", 5.5, by("h2", "h3")),
        ("swap", "DUSK", 8, by("h3", "h2")),
        ("swap", "NIGHT", 19.25, by("h1", "h3")),
    )

    result = fold(pack, SHEET, log)

    assert minutes(result, "h1", "h2", "h3") == [39.25 * 60, 37.5 * 60, 3.25 * 60]


INFERRED = ('starts = "team_sheet"', 'starts = "events"\ninfer = true\nsize = 2')


def test_line_up_of_a_period_is_read_from_who_acts_before_coming_in(tmp_path: Path):
    pack = variant(tmp_path, EXACT, INFERRED)
    log = told(
        *OVER,
        ("try", "NIGHT", 2, by("h3")),
        ("swap", "NIGHT", 10, by("h3", "h2")),
    )

    result = fold(pack, SHEET, log)

    # h3 acts first, so he began the night; h2 came in for him; silent h1 fills the second place.
    assert minutes(result, "h1", "h2", "h3") == [40 * 60, 30 * 60, 10 * 60]


def test_silent_player_makes_room_for_those_who_act(tmp_path: Path):
    pack = variant(tmp_path, EXACT, INFERRED)
    log = told(
        *OVER,
        ("try", "DUSK", 2, by("h2")),
        ("try", "NIGHT", 2, by("h3")),
    )

    assert minutes(fold(pack, SHEET, log), "h1", "h2", "h3") == [1200, 2400, 1200]


def test_line_up_goes_on_where_the_feed_says_that_it_tells_all_moves(tmp_path: Path):
    pack = variant(tmp_path, EXACT, INFERRED)
    log = told(
        *PLAYED[:2],
        ("period_start", "NIGHT", 0, {"payload": {"moves": "all"}}),
        ("try", "NIGHT", 2, by("h3")),
        ("match_end", "", 0),
    )

    assert minutes(fold(pack, SHEET, log), "h1", "h2", "h3") == [2400, 2400, 0]


def test_length_told_at_the_start_of_a_period_wins_over_the_packs(pack: SportPack):
    log = told(
        ("period_start", "DUSK", 0, {"payload": {"length_ms": 15 * MINUTE}}),
        ("period_end", "DUSK", 15),
        ("period_start", "NIGHT", 0, {"payload": {"length_ms": "long"}}),
        ("match_end", "", 0),
    )

    assert minutes(fold(pack, SHEET, log), "h1") == [35]


# Derived columns and stated totals


def test_derived_columns(pack: SportPack):
    log = told(
        *OVER,
        ("light", "DUSK", 1, by("h1", "h2")),
        ("light", "DUSK", 2, by("h1", "h2", bright=True)),
        ("try", "DUSK", 3, by("h1")),
    )

    result = fold(pack, SHEET, log)

    line = result.home.players["h1"]
    names = ("rate", "worth", "dark", "kinds", "started", "bright")
    assert [line[name] for name in names] == [66.7, 6, 1, 2, 1, 1]
    totals = result.home.totals
    assert [totals[name] for name in ("rate", "worth", "kinds", "started")] == [66.7, 10, 3, 2]
    assert result.away.players["a1"]["rate"] is None
    assert result.away.players["a1"]["dark"] == 0


def test_stated_totals_win_over_counters_and_move_the_team(pack: SportPack):
    log = told(
        *OVER,
        ("light", "DUSK", 1, by("h1")),
        ("stat.set", "", 0, by("h1", values={"lights": 3, "minutes": 12, "no such": 1})),
        ("stat.set", "", 0, {"team": "away", "payload": {"values": {"lights": 5, "tries": None}}}),
    )

    result = fold(pack, SHEET, log)

    line = result.home.players["h1"]
    assert (line["lights"], line["minutes"], line["rate"], line["dark"]) == (3, 12, 300.0, 0)
    assert result.home.totals["lights"] == 3
    assert result.away.totals["lights"] == 5
    assert result.score == (1, 0)


def test_total_stated_as_none_is_one_that_nobody_knows(pack: SportPack):
    log = told(
        ("light", "DUSK", 1, by("h1")),
        ("stat.set", "", 0, by("h1", values={"tries": None})),
    )

    result = fold(pack, SHEET, log)

    assert result.home.players["h1"]["tries"] is None
    assert result.home.players["h1"]["rate"] is None


def test_stated_totals_add_a_player_nobody_heard_of(pack: SportPack):
    log = told(("stat.set", "", 0, by("h8", values={"lights": 2})))

    result = fold(pack, SHEET, log)

    assert result.home.players["h8"]["lights"] == 2
    assert result.home.totals["lights"] == 2


def test_decision_beats_stated_totals_score_and_status(pack: SportPack):
    decision = {"values": {"lights": 1}, "score": {"home": 3, "away": 0}, "status": "awarded"}
    log = told(
        *OVER,
        ("admin.override", "", 0, by("h1", **decision)),
        ("stat.set", "", 0, by("h1", values={"lights": 7})),
    )

    result = fold(pack, SHEET, log)

    assert result.home.players["h1"]["lights"] == 1
    assert (result.score, result.status) == ((3, 0), "awarded")
    assert result.home.totals["result"] == 3


# Timeline


def test_timeline_is_in_match_order_without_hidden_events(pack: SportPack):
    log = told(
        ("light", "NIGHT", 1, by("h1")),
        ("try", "DUSK", 3, by("h1")),
        ("light", "DUSK", 4, by("h1")),
        ("period_end", "DUSK", 0),
        ("gust", "DUSK", 4, {"team": "home"}),
        ("match_end", "", 0),
    )

    assert fold(pack, SHEET, log).timeline == (2, 4, 3, 0, 5)


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Shot by {player} ({team}): {outcome}.", "Shot by Ada (Owls)."),
        ("Try of {team}: {player} runs, {result}.", "Try of Owls: Ada runs."),
        ("VAR: {decision}", "VAR"),
        ("Drive: {player}. {result}", "Drive: Ada."),
        ("{player}, {team}: here.", "Ada, Owls: here."),
    ],
)
def test_word_that_is_missing_leaves_no_sign_behind(template: str, told: str):
    assert filled(template, {"player": "Ada", "team": "Owls"}) == told


def test_sentence_and_clock_read_like_a_timeline(pack: SportPack):
    words = {"player": "Ada", "team": "Owls", "clock": "7"}

    assert pack.sentence("light", **words) == "Ada lights one for Owls at 7."
    assert (
        pack.sentence("light", related="Bo", **words) == "Ada lights one for Owls, handed on by Bo."
    )
    assert pack.sentence("swap") == "Swap"
    assert [pack.clock_label("NIGHT", ms) for ms in (0, 1_199_999, 1_200_000, 1_290_000)] == [
        "21",
        "40",
        "40+1",
        "40+2",
    ]
    assert [pack.clock_label(p, 0) for p in ("FLAMES", "unheard of")] == ["F", ""]
