"""What readers say is wrong: the form, the queue of the curators, the limit."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from config.clock import now
from matches.enums import ReportStatus, ReportSubject
from matches.models import FactReport, Match
from matches.services.fact_reports import close_reports, report_fact
from tests.factories.matchday import Matchday, make_matchday
from tests.factories.matches import make_match


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


def address(match: Match) -> str:
    return f"/matches/{match.public_id}/report/"


def goal_of(match: Match) -> str:
    """Return the event's id as addresses have it."""
    return match.events.filter(type="goal").earliest("seq").lineage_id.hex


@pytest.mark.django_db
def test_reader_opens_a_task_with_the_event(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    goal = goal_of(match)
    said = {"subject": "event", "event": goal, "words": "It was Weber."}

    answer = client.post(address(match), said)

    assert (answer.status_code, answer["Location"]) == (302, f"/matches/{match.public_id}/")
    task = FactReport.objects.get()
    assert (task.match_id, task.lineage_id, task.subject) == (match.pk, UUID(goal), "event")
    assert (task.said, task.count, task.status) == (["It was Weber."], 1, "open")
    page = client.get(answer["Location"]).content.decode()
    assert "A curator will look at it." in page


@pytest.mark.django_db
def test_page_of_an_event_leads_to_the_form_about_it(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    key = goal_of(match)

    history = client.get(f"/matches/{match.public_id}/events/{key}/").content.decode()
    form = client.get(f"{address(match)}?event={key}").content.decode()

    assert f'href="{address(match)}?event={key}"' in history
    assert f'<option value="{key}" selected>' in form


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"subject": "weather"},
        {"subject": "event", "event": "not-an-event"},
        {"subject": "score", "words": "x" * 501},
    ],
)
def test_what_cannot_be_a_report_opens_nothing(
    client: Client, matchday: Matchday, said: dict[str, str]
) -> None:
    answer = client.post(address(matchday.matches["finished"]), said)

    assert answer.status_code == 200
    assert b"field__error" in answer.content
    assert not FactReport.objects.exists()


@pytest.mark.django_db
def test_refused_report_tells_no_score_to_who_hides_them(matchday: Matchday) -> None:
    match, hider = matchday.matches["finished"], Client()
    hider.cookies["hide_scores"] = "1"

    told = (f'data-flash="{match.home_score}-{match.away_score}"', f'value="{goal_of(match)}"')

    def tells(client: Client) -> list[bool]:
        return [words in client.post(address(match), {}).content.decode() for words in told]

    assert tells(Client()) == [True, True]
    assert tells(hider) == [False, False]


@pytest.mark.django_db
def test_form_needs_its_token(matchday: Matchday) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post(address(matchday.matches["finished"]), {"subject": "score"})

    assert answer.status_code == 403


@pytest.mark.django_db
def test_same_complaint_is_one_task(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    for words in ("Three one", "Three one", "", "It ended 3-1"):
        report_fact(match.pk, subject=ReportSubject.SCORE, words=words)
    report_fact(match.pk, subject=ReportSubject.NUMBERS)

    score, numbers = FactReport.objects.order_by("pk")
    assert (score.count, score.said) == (4, ["Three one", "It ended 3-1"])
    assert (numbers.count, numbers.said) == (1, [])


@pytest.mark.django_db
def test_closed_task_is_not_opened_again_but_anew(matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    first = report_fact(match.pk, subject=ReportSubject.SCORE)
    close_reports([first.pk], status=ReportStatus.DISMISSED, by=None)

    second = report_fact(match.pk, subject=ReportSubject.SCORE)

    assert first.pk != second.pk
    assert close_reports([first.pk], status=ReportStatus.MENDED, by=None) == 0


@pytest.mark.django_db
def test_reports_of_one_network_are_limited(client: Client, matchday: Matchday, settings) -> None:
    settings.REPORTS_PER_HOUR = 2
    place = address(matchday.matches["finished"])
    said = {"subject": "score"}

    statuses = [client.post(place, said).status_code for _ in range(3)]
    refused = client.post(place, said)

    assert statuses == [302, 302, 429]
    assert 1 <= int(refused["Retry-After"]) <= 3600
    assert FactReport.objects.get().count == 2
    # Looking is free.
    assert client.get(place).status_code == 200


@pytest.fixture
def curator(client: Client) -> User:
    sync_roles()
    user = User.objects.create_user("curator@example.org", "x")
    grant_role(user, Role.ADMIN)
    client.force_login(user)
    return user


@pytest.mark.django_db
def test_curator_comes_from_the_task_to_the_event(
    client: Client, matchday: Matchday, curator: User
) -> None:
    match = matchday.matches["finished"]
    event = match.events.filter(type="goal").earliest("seq")
    task = report_fact(match.pk, subject=ReportSubject.EVENT, lineage_id=event.lineage_id)

    page = client.get(f"/admin/matches/factreport/{task.pk}/change/").content.decode()

    assert f'href="/admin/matches/playevent/{event.pk}/change/"' in page
    assert str(event.lineage_id) in page


@pytest.mark.django_db
def test_curator_closes_a_task_with_an_answer(
    client: Client, matchday: Matchday, curator: User
) -> None:
    task = report_fact(matchday.matches["finished"].pk, subject=ReportSubject.SCORE)

    client.post(
        f"/admin/matches/factreport/{task.pk}/change/",
        {"status": "mended", "answer": "The source was late."},
    )

    task.refresh_from_db()
    assert (task.status, task.answer) == ("mended", "The source was late.")
    assert task.closed_by == curator
    assert task.closed_at is not None


@pytest.mark.django_db
def test_curator_closes_many_at_once(client: Client, matchday: Matchday, curator: User) -> None:
    matches = (matchday.matches["finished"], matchday.matches["live"])
    tasks = [report_fact(m.pk, subject=ReportSubject.SCORE) for m in matches]

    client.post(
        "/admin/matches/factreport/",
        {"action": "dismiss", "_selected_action": [task.pk for task in tasks]},
    )

    assert set(FactReport.objects.values_list("status", flat=True)) == {"dismissed"}


@pytest.mark.django_db
def test_analyst_looks_and_changes_nothing(client: Client, matchday: Matchday) -> None:
    sync_roles()
    user = User.objects.create_user("analyst@example.org", "x")
    grant_role(user, Role.ANALYST)
    client.force_login(user)
    task = report_fact(matchday.matches["finished"].pk, subject=ReportSubject.SCORE)
    place = f"/admin/matches/factreport/{task.pk}/change/"

    assert client.get(place).status_code == 200
    assert client.post(place, {"status": "mended"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_readers_who_are_first_at_once_open_one_task() -> None:
    match = make_match()

    def say(number: int) -> None:
        try:
            report_fact(match.pk, subject=ReportSubject.SCORE, words=f"{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(say, range(8)))

    task = FactReport.objects.get()
    assert (task.count, sorted(task.said)) == (8, [str(n) for n in range(8)])
