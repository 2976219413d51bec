"""Partners' keys: what is kept, what is told, and until when they are good."""

from datetime import timedelta

import pytest
from django.conf import settings as project
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import services
from accounts.enums import KeyMode, KeyScope
from accounts.models import PartnerKey
from accounts.rules import SCOPES, KeyRefusedError, hash_of, holds_key, prefix_of
from accounts.selectors import find_key, partners
from accounts.services import KeyNotMadeError, forget_keys, make_key, note_use, revoke_key
from config.clock import now
from tests.admin_lists import assert_no_query_for_a_row
from tests.factories.accounts import make_partner, make_user

TOKEN = "vz_test_abcdefghi0_" + "A1b2" * 10
CELLS = {
    (KeyMode.TEST, KeyScope.READ): True,
    (KeyMode.TEST, KeyScope.REPLAY): True,
    (KeyMode.LIVE, KeyScope.READ): True,
    (KeyMode.LIVE, KeyScope.REPLAY): False,
    (KeyMode.TEST, KeyScope.PLAY): False,
    (KeyMode.LIVE, KeyScope.PLAY): True,
}


def refused(token: str) -> str:
    with pytest.raises(KeyRefusedError) as error:
        find_key(token, at=now())
    return error.value.code


def test_matrix_of_modes_and_scopes_is_the_documented_one():
    assert {(m, s): s in SCOPES[m] for m in KeyMode for s in KeyScope} == CELLS
    page = (project.BASE_DIR / "docs" / "how-to" / "partner-keys.md").read_text()

    for scope in KeyScope:
        row = " | ".join("yes" if CELLS[mode, scope] else "no" for mode in KeyMode)
        assert f"| `{scope.value}` | {row} |" in page


def test_only_a_whole_key_is_one():
    assert prefix_of(TOKEN) == "vz_test_abcdefghi0"
    for broken in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f" {TOKEN}", TOKEN + "\n", "vz_"):
        assert prefix_of(broken) is None, broken
    assert prefix_of(TOKEN.replace("test", "prod")) is None


def test_a_key_is_found_inside_other_text():
    assert holds_key(f"a={TOKEN}&b")
    assert not holds_key("vz_match_01K0000000000000000000000")


@pytest.mark.django_db
def test_the_secret_is_kept_nowhere():
    key, token = make_partner()

    kept = [str(value) for value in PartnerKey.objects.values_list().get(pk=key.pk)]

    assert token.startswith(f"{key.prefix}_")
    assert key.secret_hash == hash_of(token)
    assert not any(token.removeprefix(key.prefix)[1:] in value for value in kept)


@pytest.mark.django_db
def test_a_good_key_is_found_by_one_query(django_assert_num_queries):
    key, token = make_partner(mode=KeyMode.LIVE)

    with django_assert_num_queries(1):
        found = find_key(token, at=now())

    assert (found, found.mode) == (key, "live")


@pytest.mark.django_db
def test_what_is_no_key_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert refused("Bearer of good news") == "key_unknown"


@pytest.mark.django_db
def test_the_right_prefix_with_another_secret_is_unknown():
    _key, token = make_partner()
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")

    assert refused(wrong) == "key_unknown"
    assert refused(TOKEN) == "key_unknown"


@pytest.mark.django_db
def test_whoever_does_not_hold_the_key_does_not_learn_that_it_was_revoked():
    key, token = make_partner()
    revoke_key(key, at=now())

    assert refused(token) == "key_revoked"
    assert refused(token[:-4] + "0000") == "key_unknown"


@pytest.mark.django_db
def test_a_key_ends_at_its_moment():
    ends_at = now() + timedelta(days=30)
    key, token = make_partner(expires_at=ends_at)

    assert find_key(token, at=ends_at - timedelta(microseconds=1)) == key
    with pytest.raises(KeyRefusedError, match="key_expired"):
        find_key(token, at=ends_at)


@pytest.mark.django_db
def test_the_keys_of_who_is_shut_out_are_no_good():
    key, token = make_partner()
    key.owner.is_active = False
    key.owner.save()

    assert refused(token) == "key_revoked"
    assert partners([key.pk], at=now()) == {}


@pytest.mark.django_db
def test_partners_leaves_out_keys_that_are_good_no_more():
    good, _ = make_partner()
    revoked, _ = make_partner()
    revoke_key(revoked, at=now())
    expiring, _ = make_partner(expires_at=now() + timedelta(days=1))

    found = partners([good.pk, revoked.pk, expiring.pk], at=now() + timedelta(days=2))

    assert {pk: partner.key for pk, partner in found.items()} == {good.pk: good}


@pytest.mark.django_db
def test_use_is_noted_once_a_minute(django_assert_num_queries):
    key, _ = make_partner()
    first = now()
    note_use(key, at=first)
    key.refresh_from_db()

    with django_assert_num_queries(0):
        note_use(key, at=first + timedelta(seconds=59))
    note_use(key, at=first + timedelta(seconds=60))

    assert key.last_used_at == first
    key.refresh_from_db()
    assert key.last_used_at == first + timedelta(seconds=60)


@pytest.mark.django_db
def test_of_two_uses_at_once_the_later_look_does_not_write():
    key, _ = make_partner()
    stale = PartnerKey.objects.get(pk=key.pk)
    first = now()
    note_use(key, at=first)

    note_use(stale, at=first + timedelta(seconds=30))

    key.refresh_from_db()
    assert key.last_used_at == first


@pytest.mark.django_db
def test_a_revoked_key_stays_as_it_was_revoked():
    key, _ = make_partner()
    first = now()
    revoke_key(key, at=first)

    revoke_key(key, at=first + timedelta(days=1))

    key.refresh_from_db()
    assert key.revoked_at == first


@pytest.mark.django_db
def test_keys_of_a_user_are_bounded_and_revoked_ones_leave_room(settings):
    settings.PARTNER_KEYS_PER_USER = 2
    owner = make_user()
    kept = [make_partner(owner)[0] for _ in range(2)]

    with pytest.raises(KeyNotMadeError, match="too_many_keys"):
        make_partner(owner)
    make_partner()
    revoke_key(kept[0], at=now())
    make_partner(owner)

    assert owner.partner_keys.count() == 3


@pytest.mark.django_db
def test_making_and_revoking_without_end_fills_no_table(monkeypatch):
    monkeypatch.setattr(services, "_MOST_DEAD_KEYS", 2)
    owner = make_user()
    made = []
    for _ in range(5):
        made.append(make_partner(owner)[0])
        revoke_key(made[-1], at=now())

    make_partner(owner)

    assert list(owner.partner_keys.all())[1:] == made[:2:-1]


@pytest.mark.django_db
def test_keys_are_forgotten_when_long_dead():
    at = now()
    good, _ = make_partner(expires_at=at + timedelta(days=200))
    revoked, _ = make_partner()
    revoke_key(revoked, at=at)
    make_partner(expires_at=at + timedelta(days=1))

    assert forget_keys(at=at + timedelta(days=89)) == 0
    assert forget_keys(at=at + timedelta(days=92)) == 2
    assert list(PartnerKey.objects.all()) == [good]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"mode": "live"}, "key_(scopes|prefix)_of_mode"),
        ({"mode": "prod"}, "key_(scopes|prefix)_of_mode"),
        ({"scopes": []}, "key_scopes_of_mode"),
        ({"scopes": ["read", "write"]}, "key_scopes_of_mode"),
        ({"prefix": "vz_live_abcdefghij"}, "key_prefix_of_mode"),
        ({"secret_hash": "plain"}, "key_hash_whole"),
        ({"name": ""}, "key_named"),
        ({"expires_at": now() - timedelta(days=1)}, "key_expires_later"),
        ({"revoked_at": now() - timedelta(days=1)}, "key_revoked_later"),
    ],
)
def test_the_database_refuses_a_key_that_cannot_be(changes, constraint):
    key, _ = make_partner()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PartnerKey.objects.filter(pk=key.pk).update(**changes)


@pytest.mark.django_db
def test_a_live_key_cannot_be_made_for_replays():
    with pytest.raises(IntegrityError, match="key_scopes_of_mode"), transaction.atomic():
        make_partner(mode=KeyMode.LIVE, scopes=[KeyScope.READ, KeyScope.REPLAY])


@pytest.mark.django_db
def test_two_good_keys_of_an_owner_have_two_names():
    owner, wanted = make_user(), {"mode": KeyMode.TEST, "scopes": [KeyScope.READ]}
    first, _ = make_key(owner, name="App", expires_at=None, at=now(), **wanted)

    with pytest.raises(KeyNotMadeError, match="name_taken"):
        make_key(owner, name="App", expires_at=None, at=now(), **wanted)
    revoke_key(first, at=now())
    make_key(owner, name="App", expires_at=None, at=now(), **wanted)
    make_key(make_user(), name="App", expires_at=None, at=now(), **wanted)


# The page.


@pytest.fixture
def owner(client: Client, db):
    user = make_user()
    client.force_login(user)
    return user


def ask_for(client: Client, **changes):
    form = {"name": "App", "mode": "test", "scopes": ["read", "replay"], "days": "90"} | changes
    return client.post("/profile/keys/", form)


def test_a_key_is_shown_whole_once(client: Client, owner):
    made = ask_for(client)

    (key,) = owner.partner_keys.all()
    token = made.context["token"]
    assert find_key(token, at=now()) == key
    assert made.content.decode().count(token) == 1
    assert "no-store" in made["Cache-Control"]
    later = client.get("/profile/keys/").content.decode()
    assert key.prefix in later
    assert token not in later
    assert key.secret_hash not in later
    assert (key.expires_at - key.created_at).days == 90


def test_a_form_sent_again_makes_no_second_key(client: Client, owner):
    ask_for(client)

    again = ask_for(client)

    assert again.context["token"] is None
    assert list(again.context["form"].errors) == ["name"]
    assert owner.partner_keys.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mode": "live"}, "scopes"),
        ({"mode": "test", "scopes": ["play"]}, "scopes"),
        ({"mode": "prod"}, "mode"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"name": ""}, "name"),
        ({"name": "\u202e"}, "name"),
        ({"days": "4000"}, "days"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(client: Client, owner, changes, field):
    answer = ask_for(client, **changes)

    assert list(answer.context["form"].errors) == [field]
    assert not owner.partner_keys.exists()


def test_a_key_without_end_is_asked_for(client: Client, owner):
    ask_for(client, days="0")

    assert owner.partner_keys.get().expires_at is None


def test_the_page_says_when_there_are_as_many_keys_as_may_be(client: Client, owner, settings):
    settings.PARTNER_KEYS_PER_USER = 1
    ask_for(client)

    answer = ask_for(client, name="Second")

    assert "Revoke one first" in answer.content.decode()
    assert owner.partner_keys.count() == 1


def test_owner_revokes_a_key(client: Client, owner):
    token = ask_for(client).context["token"]
    key = owner.partner_keys.get()

    assert client.get(f"/profile/keys/{key.prefix}/revoke/").status_code == 405
    answer = client.post(f"/profile/keys/{key.prefix}/revoke/", follow=True)

    assert answer.redirect_chain == [("/profile/keys/", 302)]
    assert (answer.context["good"], answer.context["dead"]) == ([], [key])
    assert refused(token) == "key_revoked"


def test_keys_of_others_are_neither_shown_nor_revoked(client: Client, owner):
    other, token = make_partner()

    page = client.get("/profile/keys/")
    answer = client.post(f"/profile/keys/{other.prefix}/revoke/")

    assert other.prefix not in page.content.decode()
    assert answer.status_code == 404
    assert find_key(token, at=now()) == other


def test_the_page_needs_no_query_for_a_key(client: Client, owner, django_assert_num_queries):
    make_partner(owner)
    with django_assert_num_queries(4):
        client.get("/profile/keys/")
    for _ in range(3):
        make_partner(owner)

    with django_assert_num_queries(4):
        client.get("/profile/keys/")


# The admin.


def test_curators_list_and_revoke_and_never_see_a_secret(admin_client: Client):
    key, token = make_partner()
    address = "/admin/accounts/partnerkey/"

    pages = [admin_client.get(address), admin_client.get(f"{address}{key.pk}/change/")]
    told = {"action": "revoke", "_selected_action": [key.pk]}
    assert admin_client.post(address, told).status_code == 302

    for page in pages:
        assert page.status_code == 200
        assert key.prefix in page.content.decode()
        assert key.secret_hash not in page.content.decode()
    assert refused(token) == "key_revoked"
    assert admin_client.get(f"{address}add/").status_code == 403
    assert admin_client.post(f"{address}{key.pk}/delete/").status_code == 403
    assert admin_client.get(f"{address}?q={token}").status_code == 200


@pytest.mark.parametrize(("standing", "shown"), [("good", 0), ("revoked", 1), ("expired", 2)])
def test_curators_find_keys_by_their_standing(admin_client: Client, standing, shown):
    good, revoked, expired = (make_partner()[0] for _ in range(3))
    revoke_key(revoked, at=now())
    early = now() - timedelta(days=9)
    PartnerKey.objects.filter(pk=expired.pk).update(
        created_at=early, expires_at=early + timedelta(days=1)
    )

    page = admin_client.get(f"/admin/accounts/partnerkey/?standing={standing}")

    assert list(page.context["cl"].result_list) == [[good, revoked, expired][shown]]


def test_the_list_of_keys_asks_nothing_for_a_row(admin_client: Client):
    assert_no_query_for_a_row(admin_client, "/admin/accounts/partnerkey/", make_partner)
