"""The sub-commands of `python -m config.embedded`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from config import embedded
from config.embedded import Place, VezeSetupError
from config.keeper import keep
from config.server_files import delete_files

_STOP_S = 120.0


def main(argv: list[str]) -> int:
    """Run one sub-command; return its exit status."""
    commands = {
        "up": _up,
        "status": _status,
        "stop": _stop,
        "reset": _reset,
        "psql-url": _psql_url,
        "psql": _psql,
        "keep": _keep,
    }
    name = argv[0] if argv else ""
    if name not in commands:
        _say("usage: python -m config.embedded up|status|stop|reset|psql-url|psql [ARG ...]")
        return 2
    try:
        return commands[name](embedded.locate(), argv[1:])
    except VezeSetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _keep(place: Place, _: list[str]) -> int:
    """Internal: become the keeper."""
    return keep(place)


def _up(place: Place, _: list[str]) -> int:
    """Stay a client, and with it the servers up, until a signal."""
    wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    embedded.ensure()
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    _status(place, [])
    _say("Ctrl-C ends")
    while signal.sigtimedwait(wanted, 2) is None:
        embedded.ensure()
    return 0


def _status(place: Place, _: list[str]) -> int:
    running = embedded.answers(place)
    status = embedded.read_status(place) if embedded.is_kept(place) else {}
    _say(f"servers   {'running' if running else status.get('state', 'stopped')}")
    for name in ("keeper", "postgres", "valkey"):
        if name in status:
            _say(f"{name:9} pid {status[name]}")
    _say(f"data      {place.data}")
    if status.get("home", str(place.data)) != str(place.data):
        _say(f"files     {status['home']}")
    _say(f"sockets   {place.sockets}")
    return 0 if running else 3


def _stop(place: Place, _: list[str]) -> int:
    """Stop keeper and servers in order, whoever uses them."""
    with embedded.start_lock(place):
        asked = None
        deadline = time.monotonic() + _STOP_S
        while embedded.is_kept(place):
            keeper = embedded.read_status(place).get("keeper")
            if keeper and keeper != asked:
                os.kill(keeper, signal.SIGTERM)
                asked = keeper
            if time.monotonic() > deadline:
                raise VezeSetupError(f"the keeper does not stop: see {place.data / 'keeper.log'}")
            time.sleep(0.02)
    return 0


def _reset(place: Place, _: list[str]) -> int:
    """Stop, and delete every row and every stream."""
    _stop(place, [])
    delete_files(place)
    return 0


def _psql_url(_: Place, __: list[str]) -> int:
    _say(embedded.ensure().database_url)
    return 0


def _psql(place: Place, arguments: list[str]) -> int:
    """Become psql: the password goes by the environment, the client's lock goes along."""
    embedded.ensure()
    os.set_inheritable(embedded.join(place), True)
    binary = Path(embedded.read_status(place)["psql"])
    environment = {
        "PGHOST": str(place.sockets),
        "PGPORT": str(embedded.PG_PORT),
        "PGUSER": embedded.USER,
        "PGDATABASE": embedded.DATABASE,
        "PGPASSWORD": place.secret,
    }
    command = [str(binary), *arguments]
    os.execve(binary, command, {**os.environ, **environment})  # noqa: S606 - no shell wanted
