"""Line-ups saved at a steady rate through the API, as production serves it.

The server is the one of docker/Dockerfile with its own arguments (granian, WSGI, two processes of
eight threads with a pool of connections each) and the settings of production. The client stands
where nginx does: it keeps connections open and says whose request it passes on. Each save is of a
signed-in owner, with a CSRF token and an Idempotency-Key, and is answered by a signed receipt.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from accounts.models import IdempotentAnswer, User
from config import embedded
from config.clock import now
from config.probe import is_alive
from fantasy.models import Entry, Game, GamePlayer, Holding, Receipt, Round
from fantasy.services.receipts import verify_receipt
from tests.bench.contenders import free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "bench.example"
ENTRIES = 2_000
WARM_UP = 100
STARTS_WITHIN_S = 60
SLOTS = {"GKP": (1, 12), "DEF": (2, 3, 4, 5, 13), "MID": (6, 7, 8, 9, 14), "FWD": (10, 11, 15)}


def measure_saves(saves, rate):
    """Save at that rate, then as fast as answers come; a paced save's time runs from when it was
    due."""
    entries, players = _squads_of_the_next_round()
    port = free_port()
    order = {
        "port": port,
        "host": HOST,
        "saves": saves,
        "rate": rate,
        "warm_up": WARM_UP,
        "savers": _signed_in(entries),
        "lineups": _lineups([player.player.public_id for player in players]),
    }
    with _served(port):
        command = [sys.executable, "-m", "tests.bench.peers.fantasy_saver"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            input=json.dumps(order),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found = json.loads(done.stdout.splitlines()[-1])
    _check(found.pop("saved"))
    return found


def _check(saved):
    """Each answer stands for one save, one stored answer and one receipt that holds."""
    receipts = Receipt.objects.filter(round__game__slug="bench-saves")
    if {saved} != {receipts.count(), IdempotentAnswer.objects.count()}:
        raise SystemExit(f"{saved} saves were answered, {receipts.count()} receipts are stored")
    for receipt in receipts.order_by("-pk")[:20]:
        if not verify_receipt(receipt.document, receipt.signature).is_newest:
            raise SystemExit(f"receipt {receipt.pk} does not hold")


@contextmanager
def _served(port):
    """The pages' server of production on this port."""
    urls = embedded.urls()
    environment = os.environ | {
        "VEZE_ENV": "production",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": urls.database_url,
        "REDIS_URL": urls.redis_url,
        "ALLOWED_HOSTS": HOST,
        "TRUSTED_ORIGINS": f"https://{HOST}",
        "TRUSTED_PROXIES": "*",
        "DATABASE_POOL": "1",
    }
    log = Path(os.environ["VEZE_DATA_DIR"]) / "saves.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            _command(port), cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _await_start(server, port, log)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _command(port):
    """Return what the image of pages and API runs, at an address of this machine."""
    text = (ROOT / "docker" / "Dockerfile").read_text().rpartition("\nCMD ")[2]
    command = json.loads(text.replace("\\\n", " "))
    command[0] = str(Path(sys.executable).with_name(command[0]))
    command[command.index("--host") + 1] = "127.0.0.1"
    command[command.index("--port") + 1] = str(port)
    return command


def _await_start(server, port, log):
    until = time.monotonic() + STARTS_WITHIN_S
    while not is_alive(port, host=HOST):
        time.sleep(0.1)
        if server.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the server did not start:\n{log.read_text()[-2000:]}")


def _signed_in(entries):
    """Sign the owners in; return for each entry its id and its owner's session and address."""
    sessions, savers = [], []
    store = SessionStore()
    for place, entry in enumerate(entries):
        key = f"bench{place:027}"
        known = {
            SESSION_KEY: str(entry.owner_id),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: entry.owner.get_session_auth_hash(),
        }
        sessions.append(
            Session(
                session_key=key,
                session_data=store.encode(known),
                expire_date=now() + timedelta(days=1),
            )
        )
        savers.append([entry.public_id, key, f"10.0.{place // 250}.{place % 250 + 1}"])
    Session.objects.bulk_create(sessions)
    return savers


def _lineups(order):
    """Captain and vice-captain change places for ever, and so do four others."""
    other = [*order[:3], order[4], order[3], *order[5:7], order[8], order[7], *order[9:]]
    return [
        {"players": other, "captain": order[2], "vice": order[1], "round": 2},
        {"players": order, "captain": order[1], "vice": order[2], "round": 2},
    ]


def _squads_of_the_next_round():
    """Entries of a second game, not their first round, that all hold the same squad."""
    first = Game.objects.get(slug="bench")
    starts_at = now() + timedelta(days=2)
    game = Game.objects.create(
        slug="bench-saves",
        name="Bench of saves",
        season=first.season,
        rules=first.rules,
        state="published",
        published_at=now(),
    )
    joined, _ = (
        Round.objects.create(
            game=game,
            number=number,
            name=f"Round {number}",
            starts_at=starts_at,
            deadline_at=starts_at,
            state=state,
            locked_at=locked_at,
        )
        for number, state, locked_at in ((1, "settled", now()), (2, "upcoming", None))
    )
    players = _players(first, game)
    users = User.objects.bulk_create(
        User(email=f"saver-{number}@bench.example", password="!") for number in range(ENTRIES)
    )
    entries = Entry.objects.bulk_create(
        Entry(
            game=game,
            name=f"Saver {number}",
            number=number,
            joined_round=joined,
            owner=user,
            free_transfers=1,
        )
        for number, user in enumerate(users)
    )
    Holding.objects.bulk_create(
        (
            Holding(
                entry=entry,
                game_player=player,
                bought_price=50,
                slot=slot,
                is_captain=slot == 2,
                is_vice=slot == 3,
            )
            for entry in entries
            for slot, player in enumerate(players, start=1)
        ),
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        for table in ("fantasy_holding", "fantasy_entry", "accounts_user", "django_session"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    return entries, players


def _players(first, game):
    """Copies of 15 players of the first game, each of another club, in slot order."""
    found = {}
    clubs = itertools.count()
    teams = list(dict.fromkeys(first.players.values_list("team", flat=True)))
    for position, slots in SLOTS.items():
        rows = first.players.filter(position=position).select_related("player")
        for slot, player in zip(slots, rows, strict=False):
            found[slot] = GamePlayer(
                game=game,
                player=player.player,
                team_id=teams[next(clubs) % len(teams)],
                position=position,
                number=slot - 1,
                price=50,
                start_price=50,
            )
    return GamePlayer.objects.bulk_create([found[slot] for slot in sorted(found)])
