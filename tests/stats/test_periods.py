"""A match cut by periods: the rule, what is kept of it, the tab and the API."""

import gzip
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from django.test import Client

from config.clock import now
from leagues.packs.engine import FoldEvent, Sheet, fold
from leagues.packs.loader import load_pack
from matches.ingest.adapters import get
from matches.models import Match
from matches.services.files import find_bundles, import_bundle
from matches.services.ingest import apply_document
from stats.models import BoxScore, TableRow
from stats.rules.periods import period_parts, told_by_period
from stats.selectors.period_counts import allowance_left, period_counts
from stats.services.fold import fold_matches
from stats.services.periods import period_boxes, period_boxes_as_of
from stats.services.tables import rows_at_kickoff
from tests.factories.leagues import make_league, make_season
from tests.factories.matchday import Log, Matchday, make_matchday

FOOTBALL = load_pack("football")
SHEET = Sheet(home=("h9",), away=("a9",))


def event(number: int, type_: str, period: str = "1H", **given: object) -> FoldEvent:
    fields = {"lineage": f"{number:03}", "order": number, "team": "home", **given}
    return FoldEvent(type=type_, period=period, **fields)


def totals(events: list[FoldEvent], column: str) -> dict[str, tuple[object, object]]:
    return {
        part.period.id: (part.fold.home.totals[column], part.fold.away.totals[column])
        for part in period_parts(FOOTBALL, SHEET, events)
    }


def told(events: list[FoldEvent]) -> frozenset[str]:
    whole = fold(FOOTBALL, SHEET, events)
    parts = period_parts(FOOTBALL, SHEET, events)
    return told_by_period(FOOTBALL, whole.home.totals, whole.away.totals, parts)


def test_each_period_counts_its_own_events() -> None:
    events = [
        event(1, "goal", player="h9"),
        event(2, "corner", team="away"),
        event(3, "corner", period="2H"),
        event(4, "goal", period="2H", team="away", player="a9"),
    ]

    assert totals(events, "goals") == {"1H": (1, 0), "2H": (0, 1)}
    assert totals(events, "corners") == {"1H": (0, 1), "2H": (1, 0)}


def test_fact_that_moved_counts_where_its_newest_revision_is() -> None:
    events = [
        event(1, "corner"),
        event(2, "corner"),
        event(1, "corner", period="2H", rev=2, op="amend"),
    ]

    assert totals(events, "corners") == {"1H": (1, 0), "2H": (1, 0)}
    assert totals(list(reversed(events)), "corners") == {"1H": (1, 0), "2H": (1, 0)}


def test_fact_that_was_taken_back_counts_in_no_period() -> None:
    events = [event(1, "corner"), event(1, "corner", rev=2, op="retract"), event(2, "offside")]

    assert totals(events, "corners") == {"1H": (0, 0)}


def test_column_stated_of_the_whole_match_is_not_told_by_period() -> None:
    events = [
        event(1, "corner"),
        event(2, "offside"),
        event(3, "stat.set", period="", payload={"values": {"corners": 4}}),
    ]

    assert "corners" not in told(events)
    assert "offsides" in told(events)


def test_time_on_the_pitch_has_no_parts() -> None:
    events = [event(1, "period_start", team=None), event(2, "goal", player="h9")]

    assert "minutes" not in told(events)
    assert "goals" in told(events)


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


def page(client: Client, match: Match, tail: str = "") -> str:
    return client.get(f"/matches/{match.public_id}/{tail}").content.decode()


def numbers(html: str) -> dict[str, list[str]]:
    """Return both sides' shown numbers by the label of their bar."""
    bars = re.findall(r'<dl class="bar__label"><dt>(.*?)</dt>(.*?)</dl>', html, re.S)
    return {label: re.findall(r"</span>([\d.%–]+)", rest) for label, rest in bars}


@pytest.mark.django_db
def test_stats_tab_shows_one_period_by_a_link(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]

    whole, first = page(client, match, "stats/"), page(client, match, "stats/?period=1H")

    assert 'href="?period=1H" title="First half">' in whole
    assert re.search(r'href="\?period=1H" title="First half" aria-current="true"', first)
    assert numbers(whole)["Goals"] == ["3", "1"]
    assert numbers(first)["Goals"] == ["1", "1"]
    assert numbers(page(client, match, "stats/?period=2H"))["Goals"] == ["2", "0"]


@pytest.mark.django_db
def test_bars_of_a_period_are_not_replaced_by_news_of_the_whole(
    client: Client, matchday: Matchday
) -> None:
    match = matchday.matches["live"]

    assert 'data-k="b:goals"' in page(client, match, "stats/")
    assert 'data-k="b:' not in page(client, match, "stats/?period=1H")
    assert "regions/stats/?period=1H" in page(client, match, "stats/?period=1H")


@pytest.mark.django_db
def test_unknown_period_shows_the_whole_match(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]

    assert numbers(page(client, match, "stats/?period=Q9"))["Goals"] == ["3", "1"]


@pytest.mark.django_db
def test_periods_of_a_growing_log_are_cut_once_for_many_readers(
    matchday: Matchday, django_assert_num_queries
) -> None:
    match = Match.objects.with_sides().get(pk=matchday.matches["live"].pk)
    before = period_boxes(match)
    log = Log(day=matchday, match=match, at=now(), seq=match.head_seq)
    log.tell("goal", "2H", 40, team=match.home, player="9")
    log.fold()
    match = Match.objects.with_sides().get(pk=match.pk)

    with django_assert_num_queries(0):
        assert period_boxes(match) == before
    assert period_boxes_as_of(match, seq=match.folded_seq).seq == before.seq + 1


@pytest.mark.django_db
def test_api_tells_one_period(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    address = f"/api/v1/matches/{match.public_id}/boxscore"

    first = client.get(f"{address}?period=1H")
    document = first.json()

    assert document["period"] == {"id": "1H", "label": "First half", "kind": "regular"}
    assert document["score"] | {"periods": []} == {
        "home": 1,
        "away": 1,
        "shootout": None,
        "awarded": None,
        "periods": [],
    }
    assert (document["home"]["totals"]["goals"], document["away"]["totals"]["goals"]) == (1, 1)
    scorers = {p["name"]: p["stats"]["goals"] for p in document["home"]["players"]}
    assert scorers["Rafael Silva"] == 1
    assert client.get(f"{address}?period=1H", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    assert client.get(f"{address}?period=1H&as_of=4").json()["score"]["away"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("period", "status"), [("Q9", 422), ("E1", 404)])
def test_api_refuses_a_period_that_is_none_or_was_not_played(
    client: Client, matchday: Matchday, period: str, status: int
) -> None:
    match = matchday.matches["finished"]

    answer = client.get(f"/api/v1/matches/{match.public_id}/boxscore?period={period}")

    assert answer.status_code == status


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("adapter", "folder", "key", "sport", "wanted"),
    [
        ("nba", "pbp/nba", "0022000001", "basketball", {"pts", "reb", "pf", "fg_pct"}),
        ("statsbomb", "pbp/statsbomb", "15946", "football", {"goals", "shots", "passes"}),
    ],
)
def test_periods_of_real_matches_add_up(
    shared_data: Path, adapter: str, folder: str, key: str, sport: str, wanted: set[str]
) -> None:
    season = make_season(make_league(sport=sport))
    (bundle,) = [b for b in find_bundles(adapter, str(shared_data / folder)) if b.key == key]
    report = import_bundle(adapter, bundle, season=season)
    fold_matches(report.match_ids)
    box = BoxScore.objects.get(match_id=report.match_ids[0])
    match = Match.objects.with_sides().get(pk=box.match_id)

    found = period_boxes(match)

    assert wanted <= found.columns
    counted = wanted - {"fg_pct"}
    assert {c: sum(b.home[c] or 0 for b in found.boxes) for c in counted} == {
        c: box.home_totals[c] for c in counted
    }
    scores = [orjson.loads(b.document)["score"]["home"] for b in found.boxes]
    assert scores == [home for _, home, _ in match.period_scores]


@pytest.mark.django_db
def test_table_tab_leads_to_the_table_at_kickoff(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]

    present, then = page(client, match, "table/"), page(client, match, "table/?at=kickoff")

    assert 'href="?at=kickoff"' in present
    assert 'aria-current="true">At kick-off' in then
    assert present.count('class="is-marked"') == then.count('class="is-marked"') == 2
    assert "Provisional: matches are under way." in present
    assert "Provisional" not in then
    assert "regions/table/?at=kickoff" in then


@pytest.mark.django_db
def test_table_at_kickoff_counts_what_was_over_by_then(matchday: Matchday) -> None:
    match = Match.objects.with_sides().get(pk=matchday.matches["live"].pk)

    then = {row.team_id: row.values for row in rows_at_kickoff(match)}
    present = {row.team_id: row.values for row in season_rows(matchday)}

    # It leads this one, and another one that began later is under way.
    assert (present[match.home_id]["played"], then[match.home_id]["played"]) == (6, 4)
    # The match that is over began before this one.
    earlier = matchday.matches["finished"].home_id
    assert present[earlier]["played"] == then[earlier]["played"] == 5


def season_rows(matchday: Matchday) -> list[TableRow]:
    return list(TableRow.objects.filter(season=matchday.season, kind="total"))


@pytest.mark.django_db
def test_table_before_the_match_has_no_other_moment(client: Client, matchday: Matchday) -> None:
    html = page(client, matchday.matches["scheduled"], "table/?at=kickoff")

    assert "At kick-off" not in html


def test_columns_below_the_score_by_period_come_from_the_pack() -> None:
    hoops = load_pack("basketball")
    parts = [("Q1", {"pf": 4, "timeouts": 1}, {"pf": 6, "timeouts": 0})]

    found = period_counts(hoops, {"pf", "pts"}, parts)

    assert found is not None
    assert found.shorts == ("Q1", "Q2", "Q3", "Q4")
    (fouls,) = found.rows
    assert (fouls.column.id, fouls.home, fouls.away_total) == ("pf", (4, None, None, None), 6)
    assert period_counts(hoops, {"pts"}, parts) is None
    assert period_counts(FOOTBALL, {"goals"}, []) is None


@pytest.mark.django_db
def test_real_match_shows_fouls_by_period_below_its_score(
    client: Client, shared_data: Path
) -> None:
    season = make_season(make_league(sport="basketball"))
    folder = str(shared_data / "pbp/nba")
    (bundle,) = [b for b in find_bundles("nba", folder) if b.key == "0022000001"]
    report = import_bundle("nba", bundle, season=season)
    fold_matches(report.match_ids)
    box = BoxScore.objects.select_related("match").get(match_id=report.match_ids[0])

    html = page(client, box.match)
    regions = client.get(f"/matches/{box.match.public_id}/regions/timeline/").json()["regions"]

    fouls = f"{box.home_totals['pf']}–{box.away_totals['pf']}"
    assert f'Personal fouls <span class="ltr nowrap">{fouls}</span>' in html
    assert regions["counts"] in html


NFL = load_pack("american_football")
TAKEN = [
    ("Q1", {"timeouts": 1}, {"timeouts": 0}),
    ("Q2", {"timeouts": 1}, {"timeouts": 3}),
    ("Q3", {"timeouts": 0}, {"timeouts": 1}),
]


def left(period: str, status: str = "live", parts=TAKEN, told=frozenset({"timeouts"})):
    match = Match(status=status, period=period)
    found = allowance_left(NFL, match, told, [p for p in parts if p[0] <= period])
    return None if found is None else (found.home, found.away)


@pytest.mark.parametrize(
    ("period", "status", "expected"),
    [
        ("Q1", "live", (2, 3)),
        ("Q2", "live", (1, 0)),
        # A half has its own; what was left is gone.
        ("Q2", "break", None),
        ("Q1", "break", (2, 3)),
        ("Q3", "live", (3, 2)),
        ("Q3", "suspended", (3, 2)),
        ("Q4", "live", (3, 2)),
        # The rules of overtime differ by year and stage.
        ("OT", "live", None),
        ("Q4", "finished", None),
    ],
)
def test_time_outs_left_are_those_of_the_half_under_way(period, status, expected) -> None:
    assert left(period, status) == expected


def test_time_outs_left_are_unknown_where_the_source_tells_none() -> None:
    none = [("Q1", {"timeouts": 0}, {"timeouts": 0})]

    assert left("Q1", parts=none) is None
    assert left("Q2", told=frozenset()) is None


def test_more_time_outs_than_the_rules_allow_are_of_other_rules() -> None:
    assert left("Q1", parts=[("Q1", {"timeouts": 4}, {"timeouts": 0})]) is None


def test_sport_without_a_fixed_number_tells_none() -> None:
    match = Match(status="live", period="Q1")
    parts = [("Q1", {"timeouts": 1}, {"timeouts": 0})]

    assert allowance_left(load_pack("basketball"), match, {"timeouts"}, parts) is None


@pytest.mark.django_db
def test_real_match_shows_the_time_outs_left(client: Client, shared_data: Path) -> None:
    document = get("nfl").parse(
        {"g.json": gzip.decompress((shared_data / "pbp/nfl/2015120608.json.gz").read_bytes())}
    )
    told = document.matches[0]
    so_far = [
        event
        for event in told.events
        if event.type not in {"match_end", "stat.set"} and event.period in {"Q1", "Q2"}
    ]
    live = replace(told, status="live", score=None, events=so_far[:-1])
    report = apply_document(replace(document, matches=[live]))
    fold_matches(list(report.refs))
    match = Match.objects.get()
    taken = Counter(event.team for event in so_far if event.type == "timeout")

    html = page(client, match)

    home, away = (3 - taken[ref] for ref in (told.home, told.away))
    found = re.search(r"line-score--left.*?</p>", html, re.DOTALL)
    assert found
    assert re.findall(r"<strong>(\d)</strong>", found.group()) == [str(home), str(away)]
    assert taken
