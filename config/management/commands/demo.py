"""`manage.py demo`: the whole product with two leagues mid-season, played by a simulated vendor."""

import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, call_command

from config import demo, embedded, supervisor
from config.bootstrap import start_servers
from config.clock import now
from config.management.commands.up import beat, refuse_taken, web, worker
from config.supervisor import Process


class Command(BaseCommand):
    """Seeds what is missing and runs vendor, worker, beat and web until Ctrl-C."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--vendor-port", type=int, default=8765, help="the vendor's port")
        parser.add_argument("--workers", type=int, default=3, help="processes that run tasks")
        parser.add_argument(
            "--misbehave",
            default="duplicates=0.02,disorder=0.02,retractions=0.05,reviews=0.1,errors=0.005",
            help="what the vendor does wrong, see manage.py fakevendor --help",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port, vendor_port = options["host"], options["port"], options["vendor_port"]
        refuse_taken(host, port)
        refuse_taken("127.0.0.1", vendor_port)
        started_at = demo.anchor(_folder())
        if now() > max(demo.season_ends_at(world, started_at) for world in demo.worlds()):
            raise CommandError("the demo's season is over: start a new one by `make demo RESET=1`")
        call_command("migrate", interactive=False, verbosity=0)
        demo.seed(vendor_url=f"http://127.0.0.1:{vendor_port}")
        token = demo.new_key()
        vendor = Process(
            name="vendor",
            argv=(
                sys.executable,
                "manage.py",
                "fakevendor",
                f"--port={vendor_port}",
                f"--anchor={started_at.isoformat()}",
                f"--misbehave={options['misbehave']}",
            ),
            stop_s=3,
        )
        managers = Process(
            name="managers",
            argv=(sys.executable, "manage.py", "demo_managers"),
            # They have played since the season began, each act at its own moment.
            env={"VEZE_CLOCK": "config.demo_clock.now"},
            stop_s=3,
        )
        status = supervisor.run(
            # Pages first: the others' start would take the processor from it.
            [web(host=host, port=port), vendor, worker(count=options["workers"]), beat(), managers],
            on_ready=lambda: self._greet(f"http://{_reachable(host)}:{port}", token),
            every_second=start_servers,
            out=sys.stdout,
        )
        if status:
            raise SystemExit(status)

    def _greet(self, url: str, token: str) -> None:
        lines = [
            "",
            f"  Scores     {url}/",
            f"  Fantasy    {url}/fantasy/",
            f"  API        {url}/api/docs",
            f"  Admin      {url}/admin/",
            "",
            *(f"  {login.role.label:<10} {login.email}  {login.password}" for login in demo.LOGINS),
            f"  {'Partner':<10} {demo.PARTNER.email}  {demo.PARTNER.password}",
            "",
            f"  Test key   {token}",
            "",
            "  The season is played by a simulated vendor; its first minutes fill the tables.",
            "  Ctrl-C ends everything.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _folder() -> Path:
    return embedded.locate().data


def _reachable(host: str) -> str:
    return socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104 - a comparison
