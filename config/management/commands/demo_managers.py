"""`manage.py demo_managers`: seeds the demo's fantasy games and lets simulated managers play on."""

import os
import random
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.db import close_old_connections

from config import demo, demo_managers
from config.clock import now
from fantasy.models import Game
from leagues.models import Season

_WAIT_S = 5
_ACT_EVERY_S = 30
_AT_ONCE = 3


class Command(BaseCommand):
    """A child of `manage.py demo`; waits until the vendor has told the season's past."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--once", action="store_true", help="seed what is ready and leave")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, then play on until stopped."""
        if not options["once"]:
            # Pages and folds come first.
            os.nice(10)
        while not self._seed() and not options["once"]:
            close_old_connections()
            time.sleep(_WAIT_S)
        chance = random.Random()
        while not options["once"]:
            time.sleep(_ACT_EVERY_S)
            close_old_connections()
            for game in demo_managers.games_played():
                entries = demo_managers.simulated(game, _AT_ONCE, chance)
                demo_managers.act(game, entries, chance)

    def _seed(self) -> bool:
        """Make the games that can be made; return whether all are there."""
        missing = 0
        for told in demo.worlds():
            wanted = demo_managers.demo_game(told)
            if wanted is None or Game.objects.filter(slug=wanted.slug).exists():
                continue
            season = Season.objects.get(league__slug=told["path"], name=told["season"])
            if demo_managers.is_ready(season, matches=demo.matches_of(told), at=now()):
                game = demo_managers.seed_game(season, wanted, at=now())
                self.stdout.write(f"{game.name}: {game.entries.count()} managers have joined")
            else:
                missing += 1
        return not missing
