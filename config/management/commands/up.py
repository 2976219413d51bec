"""`manage.py up`: worker, beat and web as one, on the servers of the settings."""

import socket
import sys
from argparse import ArgumentParser
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.core.management import BaseCommand, CommandError, call_command

from config import supervisor
from config.bootstrap import start_servers
from config.celery import QUEUES
from config.supervisor import Process


class Command(BaseCommand):
    """Runs the product on this machine until Ctrl-C."""

    help = "Migrate, then run worker, beat and web together until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--workers", type=int, default=2, help="processes that run tasks")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; leave with the supervisor's status."""
        host, port = options["host"], options["port"]
        refuse_taken(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        status = supervisor.run(
            # Pages first: the others' start would take the processor from it.
            [web(host=host, port=port), worker(count=options["workers"]), beat()],
            on_ready=lambda: self.stdout.write(f"\nhttp://{host}:{port}  (Ctrl-C ends)\n"),
            every_second=start_servers,
            out=sys.stdout,
        )
        if status:
            raise SystemExit(status)


def worker(*, count: int) -> Process:
    """The worker of all queues."""
    options = ("-Q", ",".join(QUEUES), "-c", str(count), "-l", "WARNING")
    return Process(
        name="worker",
        argv=(*_CELERY, "worker", *options, "--without-gossip", "--without-mingle"),
        stop_s=25,
    )


def beat() -> Process:
    """The clock of periodic tasks."""
    return Process(name="beat", argv=(*_CELERY, "beat", "-l", "WARNING", "--pidfile="), stop_s=5)


def web(*, host: str, port: int) -> Process:
    """Pages, API and sockets in one process."""
    return Process(
        name="web",
        argv=(*_SERVER, "-b", host, "-p", str(port)),
        stop_s=25,  # it drains for up to 20 s
        is_ready=lambda: answers(host, port),
    )


# Root is warned on every start; what it warns of, pickled messages, is refused anyway.
_QUIET = ("-W", "ignore::UserWarning:celery.platforms", "-W", "ignore:No directory at")
_SERVER = (sys.executable, *_QUIET, "-m", "config.server")
_CELERY = (sys.executable, *_QUIET, "-m", "celery", "-q", "-A", "config")


def refuse_taken(host: str, port: int) -> None:
    """Say at once that the port is taken, instead of letting web crash in a loop."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} cannot be used ({error.strerror}): choose another --port"
            ) from error


def listens(host: str, port: int) -> bool:
    """Return whether somebody accepts connections there."""
    try:
        socket.create_connection((_reachable(host), port), timeout=0.2).close()
    except OSError:
        return False
    return True


def answers(host: str, port: int) -> bool:
    """Return whether requests are answered: the server listens before it is loaded."""
    connection = HTTPConnection(_reachable(host), port, timeout=0.5)
    try:
        connection.request("GET", "/health", headers={"Host": "localhost"})
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - "all" is no target
