"""`manage.py packs check` and `packs list`: the sport packs this installation knows."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leagues.packs.loader import load_pack, pack_ids
from leagues.packs.schema import PackError
from leagues.packs.vectors import check_pack


class Command(BaseCommand):
    """Works without a database."""

    help = "Check all sport packs against their schema and vectors, or list them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=("check", "list"))
        parser.add_argument("ids", nargs="*", metavar="ID", help="These packs only.")
        parser.add_argument(
            "--path", action="append", default=[], help="A further folder of packs; repeatable."
        )

    def handle(self, *, action: str, ids: list[str], path: list[str], **_options: Any) -> None:
        chosen = ids or pack_ids(path)
        failures = [f for pack_id in chosen for f in self._visit(pack_id, path, action)]
        for failure in failures:
            self.stderr.write(self.style.ERROR(failure))
        if failures:
            raise CommandError(f"{len(failures)} failed", returncode=1)

    def _visit(self, pack_id: str, folders: list[str], action: str) -> list[str]:
        try:
            pack = load_pack(pack_id, path=folders)
        except PackError as error:
            return [str(error)]
        failures = check_pack(pack) if action == "check" else []
        if not failures:
            self.stdout.write(
                f"{pack.id:20} {pack.version:8} {pack.name:24} "
                f"{len(pack.events):3} events {len(pack.columns):3} columns "
                f"{len(pack.vectors):3} vectors"
            )
        return failures
