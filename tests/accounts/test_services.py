"""What the accounts app writes and forgets."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django_celery_beat.models import PeriodicTask

from accounts import tasks
from accounts.models import User
from config.clock import now
from config.schedule import make_schedule

pytestmark = pytest.mark.django_db


def test_sessions_that_are_over_are_forgotten():
    for name in ("ann", "bob"):
        Client().force_login(User.objects.create_user(f"{name}@example.org", "x"))
    over, going_on = Session.objects.order_by("expire_date")
    Session.objects.filter(pk=over.pk).update(expire_date=now() - timedelta(seconds=1))

    tasks.forget_sessions()

    assert list(Session.objects.all()) == [going_on]


def test_somebody_wakes_what_forgets():
    make_schedule()

    wanted = {"accounts.tasks.forget_sessions", "accounts.tasks.forget_answers"}
    assert wanted <= set(PeriodicTask.objects.values_list("task", flat=True))
