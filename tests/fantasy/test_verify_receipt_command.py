"""`manage.py verify_receipt`: anybody can check what was kept."""

import json

import pytest
from django.core.management import CommandError, call_command

from fantasy.models import Holding
from fantasy.services.lineups import LineupChoice, save_lineup
from tests.factories.fantasy import make_entry
from tests.fantasy.test_deadlines import lock_next

pytestmark = pytest.mark.django_db


@pytest.fixture
def receipt(game, tmp_path):
    entry = make_entry(game)
    held = [h.game_player_id for h in entry.holdings.order_by("slot")]
    saved = save_lineup(entry.pk, LineupChoice(players=held, captain=held[1], vice=held[2]))
    file = tmp_path / "receipt.json"
    told = {"document": saved.receipt.document, "signature": saved.receipt.signature}
    file.write_text(json.dumps(told))
    return file


def test_kept_receipt_holds(receipt, game, clock, capsys):
    round_ = lock_next(game, clock)

    call_command("verify_receipt", str(receipt))

    told = capsys.readouterr().out
    assert "is in the published root" in told
    assert round_.merkle_root in told


def test_receipt_of_a_changed_line_up_is_not_honoured(receipt, game, clock, capsys):
    Holding.objects.filter(is_vice=True).update(is_vice=False)
    lock_next(game, clock)

    with pytest.raises(CommandError):
        call_command("verify_receipt", str(receipt))
    assert "ANOTHER" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"document": {}, "signature": "00"}'])
def test_what_is_no_receipt_is_refused(tmp_path, text, capsys):
    file = tmp_path / "receipt.json"
    file.write_text(text)

    with pytest.raises(CommandError):
        call_command("verify_receipt", str(file))
