"""Bodies that are made to break or to tire: refused at once, with a short answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as project
from django.test import Client

from fantasy.api.doors import StrictSerializer as FantasySerializer
from stats.api.replays import StrictSerializer as ReplaySerializer
from tests.factories.accounts import bearer, make_partner

pytestmark = pytest.mark.django_db

DOORS = ("/api/v1/replays", "/api/v1/fantasy/receipts/verify")
MANY = 75_000


def send(path: str, body: str | bytes) -> tuple[int, dict, int]:
    client = Client(raise_request_exception=False, headers=bearer(make_partner()[1]))
    answer = client.generic("POST", path, body, content_type="application/json")
    return answer.status_code, answer.json(), len(answer.content)


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"a":' * 100_000, '{"\\ud800": 1}', '{"a": "\\ud800"}', "NaN", "[1", b"\xff"],
    ids=["list", "object", "name", "text", "nan", "cut", "bytes"],
)
def test_what_is_no_json_is_told_so(path, body):
    status, told, _ = send(path, body)

    assert (status, told["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", DOORS)
def test_what_nests_deeply_is_an_answer_too(path):
    body = (
        '{"document": ' + '{"a":' * 1000 + "1" + "}" * 1000 + ', "signature": "%s"}' % ("0" * 128)
    )

    assert send(path, body)[0] in {200, 422}


@pytest.mark.parametrize("path", DOORS)
def test_a_body_ends_where_the_settings_say(path):
    body = '{"a": "' + "x" * project.DATA_UPLOAD_MAX_MEMORY_SIZE + '"}'

    status, told, _ = send(path, body)

    assert (status, told["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", DOORS)
def test_unknown_fields_without_number_cost_a_short_answer(path):
    body = "{" + ",".join(f'"mat{number:x}":0' for number in range(MANY)) + "}"

    status, told, size = send(path, body)

    assert status == 422
    assert len(told["errors"]) == 20
    assert size < 10_000


def serializers(of: type) -> Iterator[type]:
    for kind in of.__subclasses__():
        yield kind
        yield from serializers(kind)


def test_lists_of_bodies_are_bounded_before_their_entries_are_looked_at():
    """Each bad entry is an error of its own: 300 000 of them took half a minute."""
    kinds = [*serializers(FantasySerializer), *serializers(ReplaySerializer)]
    lists = [
        (f"{kind.__name__}.{name}", field)
        for kind in kinds
        for name, field in kind().fields.items()
        if hasattr(field, "child") and not hasattr(field, "keys")
    ]

    assert {name for name, _ in lists} >= {
        "FantasyMovesSerializer.transfers",
        "FantasyNewTeamSerializer.players",
    }
    for name, field in lists:
        if name.endswith(".document"):
            continue  # an object of anything
        entries = [{}] * ((field.max_length or 10**4) + 1)
        with pytest.raises(Exception, match="no more than") as refused:
            field.run_validation(entries)
        assert len(str(refused.value)) < 300, name


def test_the_parser_is_every_views():
    """A view that names parsers of its own would leave these bounds."""
    apps = Path(project.BASE_DIR).glob("*/api/*.py")

    assert not [str(file) for file in apps if "parser_classes" in file.read_text()]
