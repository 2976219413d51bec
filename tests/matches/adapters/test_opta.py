"""The Opta adapter on small documents of our own, in XML as the vendor sends them."""

import json
from xml.etree import ElementTree as ET

import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedError
from tests.matches.adapters.football import document_of, files_of, first, told
from tests.official.report import fold_match, players_of

F24 = "f24-8-2030-90001-eventdetails.xml"
F7 = "srml-8-2030-f90001-matchresults.xml"


def test_match_takes_names_from_the_record_and_clock_from_the_events():
    document = document_of("opta")

    match = document.matches[0]
    assert (document.league, document.season) == ("Test League", "2030-31")
    assert (match.ref, match.home, match.away, match.status) == ("90001", "3", "4", "finished")
    assert (match.matchday, match.venue, match.score) == (4, "Red Ground", (1, 1))
    assert first(document, "goal").occurred_at.isoformat() == "2030-09-01T14:10:00+00:00"


def test_lineups_know_the_position_of_a_substitute():
    document = document_of("opta")

    assert [(s.player, s.is_starter, s.position, s.is_captain) for s in
            document.matches[0].sheets[0].spots] == [
        ("31", True, "GKP", False),
        ("32", True, "DEF", True),
        ("33", True, "FWD", False),
        ("34", False, "MID", False),
    ]  # fmt: skip


def test_manager_of_a_side_is_its_coach():
    files = files_of("opta")
    name = next(name for name in files if "srml" in name)
    boss = b'<TeamOfficial Type="Manager"><PersonName><First>Ann</First><Last>Boss</Last>'
    other = b'<TeamOfficial Type="Assistant Manager"><PersonName><First>No</First></PersonName>'
    told = other + b"</TeamOfficial>" + boss + b"</PersonName></TeamOfficial>"
    files[name] = files[name].replace(b"<Name>Reds</Name>", b"<Name>Reds</Name>" + told)

    sheets = get("opta").parse(files).matches[0].sheets

    assert [sheet.coach for sheet in sheets] == ["Ann Boss", ""]


def test_events_refer_to_each_other():
    document = document_of("opta")

    assert told(document, "goal", "foul", "penalty_saved", "substitution", "own_goal")[:5] == [
        ("goal", "11", "33", "32"),
        ("foul", "21", "32", "43"),
        ("penalty_saved", "22", "31", None),
        ("substitution", "61", "33", "34"),
        ("own_goal", "71", "32", None),
    ]


def test_deleted_event_takes_back_what_it_was():
    document = document_of("opta")

    deleted = [event for event in document.matches[0].events if event.is_retracted]

    assert [(e.type, e.clock_label, e.reason) for e in deleted] == [
        ("goal", "72", "vendor_deleted")
    ]


def test_touching_a_shot_that_was_going_wide_is_no_save():
    fold = fold_match(document_of("opta"), document_of("opta").matches[0])

    assert players_of(fold)["41"]["saves"] == 0


def test_blocked_cross_is_no_clearance():
    fold = fold_match(document_of("opta"), document_of("opta").matches[0])

    assert players_of(fold)["32"]["clearances"] == 1


def test_card_for_the_bench_is_no_players_card():
    fold = fold_match(document_of("opta"), document_of("opta").matches[0])

    assert [fold.home.totals[c] for c in ("yellow_cards", "red_cards")] == [1, 1]


def test_coming_on_without_a_going_off_puts_the_player_on():
    files = files_of("opta")
    root = ET.fromstring(files[F24])
    game = root.find("Game")
    game.remove(next(e for e in game if e.get("type_id") == "18"))
    files[F24] = ET.tostring(root)

    assert told(document_of("opta", files), "player_on", "substitution") == [
        ("player_on", "61", "34", None)
    ]


def test_events_alone_take_lineups_from_their_set_ups():
    document = document_of("opta", {F24: files_of("opta")[F24]})

    match = document.matches[0]
    assert [(s.player, s.is_starter) for s in match.sheets[0].spots] == [
        ("31", True),
        ("32", True),
        ("33", True),
        ("34", False),
    ]
    assert fold_match(document, match).score == (1, 1)
    assert next(p.name for p in document.players if p.ref == "31") == "Reds 1"


def test_json_form_says_the_same_as_xml():
    files = files_of("opta")
    as_json = {
        "90001_f24.json": json.dumps({"Games": _json(ET.fromstring(files[F24]))}).encode(),
        "90001_f9.json": json.dumps({"SoccerFeed": _json(ET.fromstring(files[F7]))}).encode(),
    }

    assert document_of("opta", as_json) == document_of("opta", files)


def _json(element):
    value = {"@attributes": dict(element.attrib)} if element.attrib else {}
    if element.text and element.text.strip():
        value["@value"] = element.text
    for child in element:
        value.setdefault(child.tag, []).append(_json(child))
    return value


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b'type_id="32"', b'type_id="no"', "Event[2].type_id"),
        (b' team_id="3"', b"", "Event[0].team_id"),
    ],
)
def test_broken_event_is_refused_with_its_place(old, new, place):
    files = files_of("opta")
    files[F24] = files[F24].replace(old, new, 1)

    with pytest.raises(FeedError) as refused:
        document_of("opta", files)

    assert f"{F24}: Games.Game.{place}" in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [b"<Games>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Games/>", b"[]", b"<Games/>", b"not a feed"],
)
def test_something_else_is_refused(body):
    with pytest.raises(FeedError):
        get("opta").parse({F24: body})


def test_match_being_played_is_live_from_the_kick_off():
    files = files_of("opta")
    files[F7] = files[F7].replace(b'Period="FullTime"', b'Period="FirstHalf"')
    root = ET.fromstring(files[F24])
    game = root.find("Game")
    for event in list(game)[4:]:
        game.remove(event)
    files[F24] = ET.tostring(root)

    match = document_of("opta", files).matches[0]

    assert match.status == "live"
    assert [event.type for event in match.events] == ["period_start"]
    assert fold_match(document_of("opta", files), match).status == "live"


def test_facts_told_before_stay_as_they_were_told():
    files = files_of("opta")
    files[F7] = files[F7].replace(b'Period="FullTime"', b'Period="SecondHalf"')
    known = {}
    root = ET.fromstring(files[F24])
    game = root.find("Game")
    events = list(game)
    for event in events:
        game.remove(event)
    for place, event in enumerate(events):
        game.append(event)
        if place < 3:
            continue
        files[F24] = ET.tostring(root)
        now = {e.vendor_event_id: e for e in document_of("opta", files).matches[0].events}
        # A foul or a change is complete with its other half, the record right after it.
        lasting = {k for k, e in known.items() if e.type not in ("foul", "player_off", "player_on")}
        assert {k for k in lasting if now.get(k) != known[k]} == set()
        known = now
