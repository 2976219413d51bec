"""What a curator does with the keyboard alone."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from leagues.enums import UnmatchedStatus
from leagues.models import UnmatchedName
from tests.factories.leagues import make_player

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_enter_accepts_one_name_after_the_other(page: Page, site: str, admin_user):
    for name in ("Jo", "Kim"):
        suggestions = [{"player_id": make_player(name).pk, "confidence": 0.9}]
        UnmatchedName.objects.create(
            source="opta", value=name, name=f"{name} B.", suggestions=suggestions
        )
    first = UnmatchedName.objects.get(value="Jo")
    place = reverse("admin:leagues_unmatchedname_change", args=[first.pk])

    page.goto(f"{site}{reverse('admin:login')}?next={place}")
    page.fill("#id_username", admin_user.email)
    page.fill("#id_password", "password")
    page.keyboard.press("Enter")
    for name in ("Jo B.", "Kim B."):
        expect(page.locator(".field-name .readonly")).to_have_text(name)
        # The page takes Enter once the field that it begins with has the focus.
        page.locator("form :is(input, select, textarea, [tabindex]):focus").wait_for()
        page.keyboard.press("Enter")

    expect(page.locator(".messagelist")).to_contain_text("No name waits any more.")
    statuses = UnmatchedName.objects.values_list("status", flat=True)
    assert set(statuses) == {UnmatchedStatus.LINKED}
