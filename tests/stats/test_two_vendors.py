"""One match told by two vendors: one tells the play, both find it by their own ids."""

from pathlib import Path

import pytest
from django.db.models import Count

from leagues.enums import ExternalKind
from leagues.models import ExternalId, Player, UnmatchedName
from matches.models import Match, PlayEvent
from matches.services.files import find_bundles, import_bundle
from tests.stats.test_real_input import run

pytestmark = pytest.mark.django_db

WYSCOUT, OPTA = "2499719", "918893"


@pytest.fixture
def both(shared_data: Path) -> dict:
    """Arsenal against Leicester City of 2017, by the one vendor and then by the other."""
    folder = shared_data / "pbp"
    (bundle,) = [b for b in find_bundles("wyscout", str(folder / "wyscout")) if b.key == WYSCOUT]
    import_bundle("wyscout", bundle, season=None)
    return run("ingest", "opta", str(folder / "opta"))


def shared_players() -> int:
    """Return how many players both vendors have an id of."""
    ids = ExternalId.objects.filter(kind=ExternalKind.PLAYER).values("object_id")
    return ids.annotate(vendors=Count("source", distinct=True)).filter(vendors=2).count()


def test_second_vendor_finds_the_match_and_is_told_who_tells_it(both: dict):
    (match,) = both["matches"]

    assert Match.objects.count() == 1
    assert (match["external_id"], match["score"]) == (OPTA, {"home": 4, "away": 3})
    assert both["added"] == 0
    assert both["unplaced"] == [
        {
            "kind": "events",
            "ref": "opta",
            "match": OPTA,
            "reason": "this match is told by wyscout",
        }
    ]
    assert set(PlayEvent.objects.values_list("source", flat=True)) == {"wyscout"}


def test_boxscore_is_the_same_by_either_vendors_id(both: dict):
    boxes = [run("boxscore", name) for name in (f"wyscout:{WYSCOUT}", f"opta:{OPTA}")]

    assert boxes[0] == boxes[1]
    assert boxes[0]["match"]["external_ids"] == {"opta": OPTA, "wyscout": WYSCOUT}


def test_players_of_both_vendors_are_one_person_where_names_allow(both: dict):
    unnamed = Player.objects.filter(name__regex=r"^(Arsenal|Leicester City) \d+$").count()
    asked = dict(UnmatchedName.objects.filter(source="opta").values_list("name", "status"))

    # Of 36: the one vendor does not name nine, and three names differ too much to be sure.
    assert (shared_players(), unnamed) == (24, 9)
    assert asked == dict.fromkeys(["Danny Welbeck", "David Ospina", "Héctor Bellerín"], "open")
