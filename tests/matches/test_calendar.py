"""Calendars: lines as RFC 5545 wants them, and what reschedules and calls off a match."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from config.clock import now
from matches.enums import MatchStatus
from matches.models import Match
from matches.rules.calendar import CalendarEvent, calendar_text
from tests.factories.leagues import make_league, make_season, make_team
from tests.factories.matches import make_match

AT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)


def event(**given: object) -> CalendarEvent:
    fields = {
        "uid": "vz_match_1@vezepysports",
        "sequence": 2,
        "starts_at": AT,
        "usual_min": 120,
        "is_cancelled": False,
        "summary": "Ashford – Eastgate",
        **given,
    }
    return CalendarEvent(**fields)


def lines(text: str) -> list[str]:
    """Return the lines as a program reads them: unfolded."""
    return text.replace("\r\n ", "").split("\r\n")


def test_event_has_what_programs_need() -> None:
    text = calendar_text("Ashford", [event(place="Ashford Park", note="Round 5")], at=AT)

    assert lines(text)[9:-2] == [
        "BEGIN:VEVENT",
        "UID:vz_match_1@vezepysports",
        "DTSTAMP:20261122T183000Z",
        "SEQUENCE:2",
        "DTSTART:20261122T183000Z",
        "DURATION:PT120M",
        "STATUS:CONFIRMED",
        "SUMMARY:Ashford – Eastgate",
        "LOCATION:Ashford Park",
        "DESCRIPTION:Round 5",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("END:VCALENDAR\r\n")


def test_text_is_escaped() -> None:
    text = calendar_text("x", [event(summary="A, B; C\\D\r\nE")], at=AT)

    assert "SUMMARY:A\\, B\\; C\\\\D\\nE" in lines(text)


@pytest.mark.parametrize("letter", ["a", "é", "漢", "🏟"])
@pytest.mark.parametrize("length", [1, 60, 66, 67, 68, 74, 75, 76, 150, 400])
def test_no_line_is_longer_than_75_octets_and_none_is_lost(letter: str, length: int) -> None:
    text = calendar_text("x", [event(summary=letter * length)], at=AT)

    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert f"SUMMARY:{letter * length}" in lines(text)
    assert "\n" not in text.replace("\r\n", "")


def test_time_is_told_in_utc() -> None:
    paris = datetime.fromisoformat("2026-11-22T20:30:00+01:00")

    assert "DTSTART:20261122T193000Z" in lines(calendar_text("x", [event(starts_at=paris)], at=AT))


def told(client: Client, match: Match) -> dict[str, str]:
    """Return the properties of the match in the calendar of its home side."""
    answer = client.get(f"/calendar/team/{match.home.public_id}.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    (found,) = re.findall(r"BEGIN:VEVENT(.*?)END:VEVENT", answer.content.decode(), re.S)
    return dict(line.split(":", 1) for line in lines(found) if line)


@pytest.mark.django_db
def test_moved_match_keeps_its_uid_and_raises_its_sequence(client: Client) -> None:
    match = make_match(kickoff_at=now() + timedelta(days=3))
    before = told(client, match)

    match.kickoff_at += timedelta(hours=2)
    match.save()
    after = told(client, match)

    assert before["UID"] == after["UID"] == f"{match.public_id}@vezepysports"
    assert (before["SEQUENCE"], after["SEQUENCE"]) == ("0", "1")
    assert before["DTSTART"] != after["DTSTART"]


@pytest.mark.django_db
def test_match_called_off_is_cancelled_and_on_again_confirmed(client: Client) -> None:
    match = make_match(kickoff_at=now() + timedelta(days=3))
    row = Match.objects.filter(pk=match.pk)

    row.update(status=MatchStatus.POSTPONED, status_reason="Frozen pitch")
    off = told(client, match)
    row.update(status=MatchStatus.SCHEDULED, kickoff_at=now() + timedelta(days=9))
    on = told(client, match)

    assert (off["STATUS"], off["SEQUENCE"]) == ("CANCELLED", "1")
    assert "Frozen pitch" in off["DESCRIPTION"]
    assert (on["STATUS"], on["SEQUENCE"]) == ("CONFIRMED", "2")


@pytest.mark.django_db
def test_sequence_is_raised_by_nothing_else_and_by_nobody(client: Client) -> None:
    match = make_match(kickoff_at=now() + timedelta(days=3))
    row = Match.objects.filter(pk=match.pk)

    row.update(status=MatchStatus.LIVE, home_score=2, clock_ms=5000)
    row.update(fixture_version=40)
    match.refresh_from_db()

    assert match.fixture_version == 0


@pytest.mark.django_db
def test_stale_row_does_not_take_the_sequence_back(client: Client) -> None:
    match = make_match(kickoff_at=now() + timedelta(days=3))
    stale = Match.objects.get(pk=match.pk)
    Match.objects.filter(pk=match.pk).update(kickoff_at=now() + timedelta(days=4))

    stale.status_reason = "as it was"
    stale.save()
    match.refresh_from_db()

    # Moved, and moved back by who knew nothing of it.
    assert match.fixture_version == 2


@pytest.mark.django_db
def test_calendar_that_is_known_costs_no_body(client: Client) -> None:
    match = make_match(kickoff_at=now() + timedelta(days=3))
    address = f"/calendar/team/{match.home.public_id}.ics"
    first = client.get(address)

    again = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")
    assert "max-age=900" in first["Cache-Control"]


@pytest.mark.django_db
def test_calendar_has_no_score_and_no_test_match(client: Client) -> None:
    team = make_team()
    season = make_season(make_league())
    make_match(season=season, home=team, kickoff_at=now() - timedelta(days=1), home_score=31_977)
    hidden = make_match(season=make_season(make_league(is_test=True)), home=team, kickoff_at=now())

    text = client.get(f"/calendar/team/{team.public_id}.ics").content.decode()

    assert text.count("BEGIN:VEVENT") == 1
    assert hidden.public_id not in text
    assert "31977" not in text


@pytest.mark.django_db
def test_league_has_a_calendar_of_its_current_season(client: Client) -> None:
    league = make_league()
    match = make_match(season=make_season(league), kickoff_at=now())

    text = client.get(f"/calendar/league/{league.public_id}.ics").content.decode()

    assert f"UID:{match.public_id}@vezepysports" in lines(text)


@pytest.mark.django_db
def test_calendar_of_a_merged_team_is_the_other_one(client: Client) -> None:
    kept, dropped = make_team(), make_team()
    dropped.merged_into = kept
    dropped.save()

    answer = client.get(f"/calendar/team/{dropped.public_id}.ics")

    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/calendar/team/{kept.public_id}.ics",
    )


@pytest.mark.django_db
def test_calendar_of_nobody_is_not_found(client: Client) -> None:
    assert client.get("/calendar/team/vz_team_none.ics").status_code == 404


@pytest.mark.django_db
def test_calendar_queries_do_not_grow_with_matches(
    client: Client, django_assert_num_queries
) -> None:
    team = make_team()
    season = make_season(make_league())
    for days in (1, 2, 3):
        make_match(season=season, home=team, kickoff_at=now() + timedelta(days=days))
        with django_assert_num_queries(2):
            client.get(f"/calendar/team/{team.public_id}.ics")
