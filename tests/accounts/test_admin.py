"""Users in the admin: no way up for whoever is not at the top."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles

pytestmark = pytest.mark.django_db


@pytest.fixture
def role_admin(client: Client) -> Client:
    sync_roles()
    user = User.objects.create_user("role-admin@example.org", "x")
    grant_role(user, Role.ADMIN)
    client.force_login(user)
    return client


def test_every_model_of_ours_is_registered():
    ours = {"accounts", "streams", "leagues", "matches", "stats", "mlmodels", "fantasy"}
    # Their rows are shown on the page of what they belong to.
    inlines = {
        "fantasy.CupTie",
        "fantasy.Holding",
        "fantasy.RoundMatch",
        "matches.TeamSheetAbsence",
        "matches.TeamSheetSpot",
    }
    # Written all the time, forgotten or replaced soon, and nobody's to read.
    passing = {
        "accounts.IdempotentAnswer",
        "fantasy.RoundSnapshot",
        "fantasy.TransferDraft",
        "matches.MatchPast",
    }

    missing = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in ours and model not in admin.site._registry
    }

    assert missing - inlines - passing == set()


def test_periodic_tasks_are_editable():
    assert apps.get_model("django_celery_beat.PeriodicTask") in admin.site._registry


def test_user_is_made_by_email(client: Client, admin_user):
    client.force_login(admin_user)
    form = {
        "email": "New@Example.org",
        "usable_password": "true",
        "password1": "right-horse-battery",
        "password2": "right-horse-battery",
    }

    response = client.post(reverse("admin:accounts_user_add"), form)

    assert response.status_code == 302, response.content.decode()
    assert User.objects.get(email="new@example.org").check_password("right-horse-battery")


def test_role_admin_cannot_take_over_a_superuser(role_admin: Client):
    boss = User.objects.create_superuser("boss@example.org", "right-horse-battery")

    change = role_admin.post(
        reverse("admin:accounts_user_change", args=[boss.pk]), {"email": "mine@example.org"}
    )
    password = role_admin.post(
        reverse("admin:auth_user_password_change", args=[boss.pk]),
        {"password1": "mine-now-please", "password2": "mine-now-please"},
    )

    boss.refresh_from_db()
    assert {change.status_code, password.status_code} == {403}
    assert boss.check_password("right-horse-battery")


def test_role_admin_cannot_hand_out_roles(role_admin: Client):
    fan = User.objects.create_user("fan@example.org", "x")
    form = {"email": fan.email, "is_active": "on", "is_superuser": "on", "is_staff": "on"}

    response = role_admin.post(reverse("admin:accounts_user_change", args=[fan.pk]), form)

    fan.refresh_from_db()
    assert response.status_code == 302, response.content.decode()
    assert (fan.is_superuser, fan.is_staff) == (False, False)


def test_log_of_changes_is_read_only(client: Client, admin_user):
    client.force_login(admin_user)

    assert client.get(reverse("admin:admin_logentry_changelist")).status_code == 200
    assert client.get(reverse("admin:admin_logentry_add")).status_code == 403
