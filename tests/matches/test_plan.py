"""What a document changes in a log."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from matches.ingest.plan import REMOVED, RETURNED, Fact, HeldFact, make_plan

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)


def goal(
    vendor_id: str | None = None, *, minute: int = 10, player: int = 7, **more: object
) -> Fact:
    return Fact(
        type="goal",
        period="1H",
        clock_ms=minute * 60_000,
        team=1,
        player=player,
        vendor_event_id=vendor_id,
        **more,
    )


def held(fact: Fact, *, rev: int = 1, **more: object) -> HeldFact:
    fields = {"is_retracted": False, "source": "vendor", **more}
    return HeldFact(lineage=uuid.uuid4(), rev=rev, fact=fact, **fields)


def ops(plan: object) -> list[str]:
    return [revision.op for revision in plan.revisions]


def test_plan_of_an_unknown_fact_adds_it():
    assert ops(make_plan([goal("a")], [], is_snapshot=False, at=AT)) == ["add"]


def test_plan_of_a_held_fact_is_empty():
    assert ops(make_plan([goal("a")], [held(goal("a"))], is_snapshot=True, at=AT)) == []


def test_plan_of_changed_content_amends():
    known = held(goal("a"))

    plan = make_plan([goal("a", player=8)], [known], is_snapshot=False, at=AT)

    assert [(r.op, r.held) for r in plan.revisions] == [("amend", known)]


def test_plan_of_an_older_revision_is_empty():
    known = held(goal("a", rev=3), rev=3)

    assert ops(make_plan([goal("a", player=8, rev=2)], [known], is_snapshot=False, at=AT)) == []


def test_plan_of_a_vendors_retraction_retracts_once():
    known = held(goal("a"))
    told = goal("a", rev=2, is_retracted=True)
    gone = held(goal("a"), rev=2, is_retracted=True)

    assert ops(make_plan([told], [known], is_snapshot=False, at=AT)) == ["retract"]
    assert ops(make_plan([told], [gone], is_snapshot=False, at=AT)) == []


def test_plan_of_a_retraction_of_an_unknown_fact_is_empty():
    told = goal("a", rev=2, is_retracted=True)

    assert ops(make_plan([told], [], is_snapshot=False, at=AT)) == []


def test_plan_of_a_fact_that_returns_adds_to_its_lineage():
    gone = held(goal("a"), rev=2, is_retracted=True)

    plan = make_plan([goal("a")], [gone], is_snapshot=False, at=AT)

    assert [(r.op, r.held) for r in plan.revisions] == [("add", gone)]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({}, ["add"]),
        ({"player": 8}, ["add", "amend"]),
        ({"rev": 2, "is_retracted": True}, ["add", "retract"]),
    ],
)
def test_plan_of_a_fact_told_twice_in_one_document_revises_itself(second, expected):
    plan = make_plan([goal("a"), goal("a", **second)], [], is_snapshot=False, at=AT)

    assert ops(plan) == expected
    assert [revision.follows for revision in plan.revisions] == [None, 0][: len(expected)]


def test_plan_without_ids_pairs_by_likeness_within_a_minute():
    known = held(goal(minute=10))

    near = make_plan([goal(minute=11)], [known], is_snapshot=True, at=AT)
    far = make_plan([goal(minute=13)], [known], is_snapshot=True, at=AT)

    assert ops(near) == ["amend"]
    assert ops(far) == ["add"]
    assert list(far.missing) == [known]


def test_plan_without_ids_amends_a_changed_scorer():
    known = held(goal(minute=10))

    plan = make_plan([goal(minute=10, player=9)], [known], is_snapshot=True, at=AT)

    assert [(r.op, r.held) for r in plan.revisions] == [("amend", known)]


def test_plan_without_ids_keeps_two_goals_of_one_player_apart():
    facts = [goal(minute=10), goal(minute=10)]

    assert ops(make_plan(facts, [], is_snapshot=True, at=AT)) == ["add", "add"]
    assert ops(make_plan(facts, [held(f) for f in facts], is_snapshot=True, at=AT)) == []


@pytest.mark.parametrize(
    ("polls", "gone_for_s", "expected"), [(0, 0, []), (1, 19, []), (1, 20, ["retract"])]
)
def test_plan_of_a_vanished_fact_retracts_after_two_polls_and_twenty_seconds(
    polls, gone_for_s, expected
):
    since = AT - timedelta(seconds=gone_for_s) if polls else None
    known = held(goal("a"), missing_polls=polls, missing_since=since)

    plan = make_plan([], [known], is_snapshot=True, at=AT)

    assert ops(plan) == expected
    assert bool(plan.missing) is not bool(expected)


def test_plan_of_an_authoritative_snapshot_retracts_at_once():
    known = held(goal("a"))

    plan = make_plan([], [known], is_snapshot=True, at=AT, is_authoritative=True)

    assert [(r.op, r.fact.reason) for r in plan.revisions] == [("retract", "vendor_removed")]


def test_plan_leaves_what_an_admin_decided_alone():
    decided = held(goal("a"), rev=2, is_retracted=True, source="admin", pin="forever")

    plan = make_plan([goal("a", player=8)], [decided], is_snapshot=True, at=AT)

    assert ops(plan) == []


def removed(fact: Fact, **more) -> HeldFact:
    """A fact that a snapshot had left out, so that we retracted it."""
    return held(replace(fact, reason=REMOVED), rev=2, is_retracted=True, **more)


def test_plan_of_a_fact_that_was_left_out_and_returns_adds_it_again():
    returned = goal("a", rev=1)

    plan = make_plan([returned], [removed(goal("a"))], is_snapshot=True, at=AT)

    assert [(r.op, r.fact.reason) for r in plan.revisions] == [("add", RETURNED)]


def test_plan_of_a_returned_fact_that_the_vendor_amends_follows_it():
    known = held(replace(goal("a"), reason=RETURNED), rev=3)

    plan = make_plan([goal("a", rev=2, player=9)], [known], is_snapshot=True, at=AT)

    assert [(r.op, r.fact.reason) for r in plan.revisions] == [("amend", "")]
