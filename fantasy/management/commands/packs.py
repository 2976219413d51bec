"""`manage.py packs`: sport packs as `leagues` has them, and the fantasy games in their folders."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from fantasy.rules.game import GameRules
from fantasy.rules.loading import game_ids, load_game
from fantasy.rules.official.verify import verify
from fantasy.rules.vectors import check_game
from leagues.management.commands.packs import Command as SportPacks
from leagues.packs.loader import pack_ids
from leagues.packs.schema import PackError


class Command(SportPacks):
    """Takes the place of the command of the same name in `leagues`; needs no database either."""

    help = "Check or list sport packs and fantasy games, or verify a game against official data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=("check", "list", "verify"))
        parser.add_argument(
            "ids",
            nargs="*",
            metavar="ID",
            help="These packs and games only; for verify a game, or its file, and a folder.",
        )
        parser.add_argument(
            "--path", action="append", default=[], help="A further folder of packs; repeatable."
        )
        parser.add_argument("--json", action="store_true", help="verify: print one JSON object.")
        parser.add_argument(
            "--strict",
            action="store_true",
            help="verify: exit with 1 when a number differs, or none could be compared.",
        )

    def handle(self, *, action: str, ids: list[str], path: list[str], **options: Any) -> None:
        if action != "verify":
            super().handle(action=action, ids=ids or _all_ids(path), path=path, **options)
        elif len(ids) != 2:
            raise CommandError("Say which game and which folder: packs verify GAME FOLDER")
        else:
            checks = self._verify(ids[0], Path(ids[1]), path, as_json=bool(options["json"]))
            if options["strict"]:
                _refuse_misses(checks)

    def _visit(self, pack_id: str, folders: list[str], action: str) -> list[str]:
        if pack_id in pack_ids(folders) or not _is_game(pack_id, folders):
            return super()._visit(pack_id, folders, action)
        try:
            game = load_game(pack_id, folders)
            failures = check_game(game) if action == "check" else []
        except PackError as error:
            return [str(error)]
        if not failures:
            self.stdout.write(
                f"{game.id:20} {game.version:8} {game.name:24} "
                f"{len(game.points):3} ways to points {len(game.chips):2} chips "
                f"{len(game.vectors):3} vectors"
            )
        return failures

    def _verify(
        self, name: str, folder: Path, path: list[str], *, as_json: bool
    ) -> dict[str, dict[str, Any]]:
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder")
        try:
            checks = verify(_game(name, path), folder)
        except PackError as error:
            raise CommandError(str(error)) from error
        if as_json:
            self.stdout.write(json.dumps(checks, ensure_ascii=False))
            return checks
        for check, told in checks.items():
            within = f", {told['bounded']} of them within bounds" if "bounded" in told else ""
            note = f"  ({told['note']})" if "note" in told else ""
            self.stdout.write(f"{check:24} {told['matched']:6} / {told['total']:6}{within}{note}")
            for miss in told["misses"]:
                self.stdout.write(f"  {json.dumps(miss, ensure_ascii=False)}")
        return checks


def _refuse_misses(checks: Mapping[str, Mapping[str, Any]]) -> None:
    missed = [
        f"{name} {told['total'] - told['matched']} of {told['total']}"
        for name, told in checks.items()
        if told["matched"] < told["total"]
    ]
    if missed:
        raise CommandError(f"numbers differ: {', '.join(missed)}")
    if not any(told["total"] for told in checks.values()):
        raise CommandError("nothing could be compared: the folder has no data of that format")


def _all_ids(folders: list[str]) -> list[str]:
    return [*pack_ids(folders), *game_ids(path=folders)]


def _is_game(pack_id: str, folders: list[str]) -> bool:
    return pack_id.rpartition("/")[2] in game_ids(path=folders)


def _game(name: str, folders: list[str]) -> GameRules:
    """Return the game of that id, or the one in that file."""
    file = Path(name)
    if file.suffix != ".toml":
        return load_game(name, folders)
    game_id = file.stem.removeprefix("fantasy-")
    return load_game(f"{file.parent.name}/{game_id}", [*folders, file.resolve().parent.parent])
