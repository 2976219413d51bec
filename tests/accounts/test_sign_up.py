"""Opening an account, as a person does it, and what it keeps of the visitor he was."""

import re

import pytest
from django.test import Client

from accounts import services
from accounts.enums import Role
from accounts.models import User
from accounts.rules import UnreadableNameError, readable_name
from leagues.models import Follow
from tests.factories.leagues import make_league, make_team

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
FORM = {"email": "Ann@Example.org", "password": PASSWORD, "display_name": " Ann  Archer "}


def sign_up(client: Client, **changes: str):
    return client.post("/sign-up/", {**FORM, **changes})


def errors_of(answer) -> dict[str, list[str]]:
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def test_new_fan_is_signed_in_and_goes_on(client: Client) -> None:
    answer = sign_up(client, next="/fantasy/")

    user = User.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, "/fantasy/")
    assert (user.email, user.display_name) == ("ann@example.org", "Ann Archer")
    assert (user.is_staff, user.is_superuser, user.has_role(Role.FAN)) == (False, False, True)
    assert user.check_password(PASSWORD)
    assert client.get("/profile/").context["user"] == user
    assert list(user.groups.values_list("name", flat=True)) == ["fan"]


def test_what_else_is_posted_changes_nothing(client: Client) -> None:
    sign_up(client, is_staff="1", is_superuser="1", groups="1", public_id="vz_user_1")

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert user.public_id != "vz_user_1"


def test_form_names_its_fields_for_managers_of_passwords(client: Client) -> None:
    html = client.get("/sign-up/").content.decode()

    fields = re.findall(r'<input type="(\w+)" name="(\w+)"[^>]* autocomplete="([\w-]+)"', html)
    assert fields == [
        ("email", "email", "username"),
        ("password", "password", "new-password"),
        ("text", "display_name", "nickname"),
    ]
    assert re.findall(r'<label for="(\w+)">', html) == [f"id_{name}" for _, name, _ in fields]
    assert "onpaste" not in html


@pytest.mark.parametrize(
    ("wish", "target"),
    [
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/fantasy/?a=1", "/fantasy/?a=1"),
    ],
)
def test_next_page_is_of_this_site(client: Client, wish: str, target: str) -> None:
    offered = client.get("/sign-up/", {"next": wish}).context["next"]

    assert (offered, sign_up(client, next=wish)["Location"]) == (target, target)


def test_who_is_signed_in_goes_on_at_once(client: Client) -> None:
    client.force_login(User.objects.create_user("bob@example.org", PASSWORD))

    assert client.get("/sign-up/", {"next": "/leagues/"})["Location"] == "/leagues/"
    assert client.get("/sign-up/", {"next": "/sign-up/?next=/sign-up/"})["Location"] == "/"
    assert client.get("/sign-up/", {"next": "nowhere"})["Location"] == "nowhere"
    assert sign_up(client)["Location"] == "/"
    assert User.objects.count() == 1


def test_session_of_before_is_not_that_of_the_account(client: Client) -> None:
    session = client.session
    session["seen"] = "1"
    session.save()
    before = session.session_key

    sign_up(client)

    assert client.session.session_key != before
    assert client.session["seen"] == "1"
    client.cookies["sessionid"] = before
    assert client.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short7!", "at least 8 characters"),
        ("password123", "too common"),
        ("9081726354", "entirely numeric"),
        ("Ann Archer", "too similar to the display name"),
        ("ann@example.org", "too similar to the email"),
        ("", "required"),
        ("x" * 257, "at most 256 characters"),
    ],
)
def test_weak_password_is_refused_with_the_reason_at_its_field(
    client: Client, password: str, words: str
) -> None:
    answer = sign_up(client, password=password)

    found = errors_of(answer)
    assert (answer.status_code, list(found)) == (200, ["password"])
    assert words in " ".join(found["password"])
    html = answer.content.decode()
    assert 'id="id_password_error"' in html
    assert 'value="Ann@Example.org"' in html
    assert re.search(r'<input type="password"[^>]* value=', html) is None
    assert not User.objects.exists()


def test_password_keeps_its_spaces(client: Client) -> None:
    sign_up(client, password="  two words, spaced  ")

    assert User.objects.get().check_password("  two words, spaced  ")


@pytest.mark.parametrize("taken", ["ann@example.org", "ANN@example.ORG", " ann@example.org "])
def test_taken_address_is_refused_at_its_field(client: Client, taken: str) -> None:
    User.objects.create_user("ann@example.org", PASSWORD)

    answer = sign_up(client, email=taken)

    assert answer.status_code == 200
    assert errors_of(answer) == {
        "email": ["There is an account with this address. Log in instead."]
    }
    assert User.objects.count() == 1
    assert not answer.context["user"].is_authenticated


def test_address_taken_meanwhile_is_refused_like_any_other(client: Client, monkeypatch) -> None:
    """The other one commits between the form's look and the insert."""
    create = services.sign_up

    def late(**fields: object) -> User:
        User.objects.create_user("ann@example.org", "another password")
        return create(**fields)

    monkeypatch.setattr(services, "sign_up", late)

    answer = sign_up(client)

    assert answer.status_code == 200
    assert list(errors_of(answer)) == ["email"]
    assert User.objects.get().check_password("another password")


def test_sign_up_needs_a_token() -> None:
    answer = sign_up(Client(enforce_csrf_checks=True))

    assert answer.status_code == 403
    assert not User.objects.exists()


def test_network_may_try_twenty_times_in_a_quarter_of_an_hour(client: Client) -> None:
    statuses = [sign_up(client, password="short").status_code for _ in range(20)]

    refused = sign_up(client)

    assert statuses == [200] * 20
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 900
    assert "Too many sign-ups from your network" in refused.content.decode()
    assert not User.objects.exists()
    # Whoever has an account goes on.
    User.objects.create_user("bob@example.org", PASSWORD)
    login = client.post("/login/", {"username": "bob@example.org", "password": PASSWORD})
    assert login.status_code == 302


def test_closed_site_opens_no_accounts_and_offers_none(client: Client, settings) -> None:
    settings.SIGN_UP_OPEN = False

    shown, posted = client.get("/sign-up/"), sign_up(client)

    assert (shown.status_code, posted.status_code) == (403, 403)
    assert not User.objects.exists()
    for page in ("/", "/login/", "/fantasy/", "/following/"):
        assert "/sign-up/" not in client.get(page).content.decode(), page


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("/", "/sign-up/"),
        ("/login/?next=/fantasy/a/join/", "/sign-up/?next=/fantasy/a/join/"),
        ("/fantasy/", "/sign-up/?next=/fantasy/"),
        ("/following/", "/sign-up/?next=/following/"),
    ],
)
def test_guest_finds_the_way(client: Client, page: str, link: str) -> None:
    assert f'href="{link}"' in client.get(page).content.decode()


def test_whom_the_browser_followed_is_kept_in_the_account(client: Client) -> None:
    kept, dropped, league, hidden = (
        make_team(),
        make_team(),
        make_league(),
        make_league(is_test=True),
    )
    dropped.merged_into = kept
    dropped.save()
    ids = (league.public_id, dropped.public_id, kept.public_id, hidden.public_id)
    client.cookies["follow"] = ".".join((*ids, "vz_team_" + "0" * 26))

    sign_up(client)

    held = Follow.objects.values_list("user__email", "team", "league")
    assert sorted(held, key=str) == [
        ("ann@example.org", kept.pk, None),
        ("ann@example.org", None, league.pk),
    ]
    assert client.cookies["follow"].value == ""
    assert kept.name in client.get("/following/").content.decode()


def test_login_takes_the_browsers_follows_along_once(client: Client) -> None:
    user = User.objects.create_user("ann@example.org", PASSWORD)
    team = make_team()
    client.post("/preferences/follow/", {"follow": team.public_id})

    client.post("/login/", {"username": "ann@example.org", "password": PASSWORD})
    client.post("/preferences/follow/", {"unfollow": team.public_id})
    client.post("/logout/")
    client.post("/login/", {"username": "ann@example.org", "password": PASSWORD})

    assert not Follow.objects.filter(user=user).exists()


def test_failed_login_leaves_the_browsers_follows(client: Client) -> None:
    User.objects.create_user("ann@example.org", PASSWORD)
    team = make_team()
    client.post("/preferences/follow/", {"follow": team.public_id})

    client.post("/login/", {"username": "ann@example.org", "password": "wrong"})

    assert client.cookies["follow"].value == team.public_id
    assert not Follow.objects.exists()


def test_stranger_with_follows_costs_no_query_for_an_account(
    client: Client, django_assert_num_queries
) -> None:
    client.cookies["follow"] = "vz_team_" + "0" * 26

    with django_assert_num_queries(0):
        client.get("/login/")


def test_scores_that_were_hidden_stay_so(client: Client) -> None:
    client.post("/preferences/spoilers/", {"spoiler_delay_s": "60", "hides_scores": "on"})

    sign_up(client)

    user = User.objects.get()
    assert (user.spoiler_delay_s, user.hides_scores) == (60, True)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ann \t Archer\n", "Ann Archer"),
        ("عليرضا", "عليرضا"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍🚀 Ann", "👩‍🚀 Ann"),
        ("李", "李"),
    ],
)
def test_name_that_can_be_read_is_kept(text: str, name: str) -> None:
    assert readable_name(text) == name


@pytest.mark.parametrize(
    "text", ["\u200d\u200c", "\u200b", "Ann\u202eevil", "A\x07nn", "\u2066Ann", "\ue000"]
)
def test_name_that_cannot_be_read_is_refused(client: Client, text: str) -> None:
    with pytest.raises(UnreadableNameError):
        readable_name(text)

    assert list(errors_of(sign_up(client, display_name=text))) == ["display_name"]
