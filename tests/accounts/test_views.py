"""Login, profile and look, as a person uses them."""

import re

import pytest
from django.test import Client

from accounts.models import User

PASSWORD = "correct horse battery staple"


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", PASSWORD, display_name="Alice")


def log_in(client: Client, email: str, password: str, **extra: str):
    return client.post("/login/", {"username": email, "password": password, **extra})


def test_login_form_names_its_fields(client: Client, db: None) -> None:
    html = client.get("/login/").content.decode()

    labels = re.findall(r'<label for="(\w+)">', html)

    assert labels == ["id_username", "id_password"]
    assert all(f'id="{label}"' in html for label in labels)


def test_login_with_the_right_password_returns_where_one_came_from(
    client: Client, alice: User
) -> None:
    answer = log_in(client, "Alice@Example.org", PASSWORD, next="/profile/")

    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert client.get("/profile/").context["user"] == alice


def test_login_never_leaves_the_site(client: Client, alice: User) -> None:
    answer = log_in(client, "alice@example.org", PASSWORD, next="https://evil.example/")

    assert answer["Location"] == "/"


def test_login_with_a_wrong_password_says_so_and_keeps_the_address(
    client: Client, alice: User
) -> None:
    answer = log_in(client, "alice@example.org", "wrong")

    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'role="alert"' in html
    assert 'value="alice@example.org"' in html


def test_the_sixth_wrong_password_is_refused_with_a_time_to_wait(
    client: Client, alice: User
) -> None:
    answers = [log_in(client, "alice@example.org", f"wrong {n}") for n in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_logout_needs_a_post(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_profile_asks_strangers_to_log_in(client: Client, db: None) -> None:
    answer = client.get("/profile/")

    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/profile/")


def test_profile_changes_name_and_zone_only(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post(
        "/profile/",
        {"display_name": "Al", "time_zone": "Asia/Tokyo", "is_staff": "1", "email": "b@b.org"},
    )

    alice.refresh_from_db()
    assert answer.status_code == 302
    assert (alice.display_name, alice.time_zone) == ("Al", "Asia/Tokyo")
    assert (alice.email, alice.is_staff) == ("alice@example.org", False)


def test_profile_refuses_a_zone_that_does_not_exist(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/profile/", {"display_name": "Al", "time_zone": "Mars/Olympus"})

    assert answer.status_code == 200
    assert "time_zone" in answer.context["form"].errors


@pytest.mark.parametrize(
    ("look", "cookie"), [("dark", "dark"), ("light", "light"), ("neon", ""), ("", "")]
)
def test_theme_is_kept_in_a_cookie(client: Client, db: None, look: str, cookie: str) -> None:
    answer = client.post("/preferences/theme/", {"theme": look, "next": "/leagues/"})

    assert answer["Location"] == "/leagues/"
    assert answer.cookies["theme"].value == cookie


def test_theme_returns_to_this_site_only(client: Client, db: None) -> None:
    answer = client.post("/preferences/theme/", {"theme": "dark", "next": "//evil.example/"})

    assert answer["Location"] == "/"


def test_pages_carry_the_chosen_look(client: Client, db: None) -> None:
    client.cookies["theme"] = "dark"

    assert 'data-theme="dark"' in client.get("/leagues/").content.decode()


NEW = "another horse, another staple"


def change_password(client: Client, present: str, password: str):
    return client.post("/profile/password/", {"present": present, "password": password})


def test_new_password_ends_other_sessions_only(client: Client, alice: User) -> None:
    other = Client()
    for device in (client, other):
        device.force_login(alice)

    answer = change_password(client, PASSWORD, NEW)

    alice.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert alice.check_password(NEW)
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("present", "password", "field"),
    [("wrong", NEW, "present"), (PASSWORD, "short", "password"), (PASSWORD, "alice", "password")],
)
def test_new_password_is_refused_at_the_field(
    client: Client, alice: User, present: str, password: str, field: str
) -> None:
    client.force_login(alice)

    answer = change_password(client, present, password)

    alice.refresh_from_db()
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert alice.check_password(PASSWORD)


def test_who_borrows_a_session_may_guess_as_seldom_as_at_the_login(
    client: Client, alice: User
) -> None:
    client.force_login(alice)
    statuses = [change_password(client, f"wrong {n}", NEW).status_code for n in range(5)]

    refused = change_password(client, PASSWORD, NEW)

    assert statuses == [200] * 5
    assert refused.status_code == 429
    # The count is the account's, wherever one guesses.
    assert log_in(Client(), "alice@example.org", PASSWORD).status_code == 429


def test_admin_login_counts_the_name_that_was_typed(client: Client, alice: User) -> None:
    client.force_login(alice)

    for n in range(5):
        client.post("/admin/login/", {"username": "boss@example.org", "password": f"{n}"})

    assert log_in(Client(), "boss@example.org", "5").status_code == 429
    assert log_in(Client(), "alice@example.org", PASSWORD).status_code == 302


def test_account_page_leads_to_password_follows_and_out(client: Client, alice: User) -> None:
    client.force_login(alice)

    html = client.get("/profile/").content.decode()

    for address in ("/profile/password/", "/following/", "/logout/"):
        assert f'"{address}"' in html, address


@pytest.mark.parametrize("name", ["Al\u202eice", "\u200b"])
def test_profile_refuses_a_name_that_cannot_be_read(client: Client, alice: User, name: str) -> None:
    client.force_login(alice)

    answer = client.post("/profile/", {"display_name": name})

    assert list(answer.context["form"].errors) == ["display_name"]
