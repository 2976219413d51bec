"""`manage.py fakevendor`: a vendor that serves leagues as HTTP feeds, invented or replayed."""

import signal
import threading
import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leagues.models import League, RosterSpot
from leagues.packs.loader import load_pack
from leagues.packs.schema import PackError
from matches.ingest import adapters
from matches.ingest.documents import FeedError
from matches.management.fake_vendor import FakeVendor, ServedFeed
from matches.management.replay_vendor import ReplayFeed
from matches.rules.simulation.play import SimulatedPlayer, SimulatedTeam
from matches.rules.simulation.vendor import Misbehaviour, VendorFeed
from matches.rules.simulation.world import SimulatedFixture, World, make_world
from matches.services.files import find_bundles, read_bundle


class Command(BaseCommand):
    """Plays invented leagues, a league of the database or a real document, until it is stopped."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what is served, where, how fast and how badly."""
        default = Path(settings.BASE_DIR) / "config" / "demo.toml"
        parser.add_argument("--worlds", default=str(default), help="TOML file of invented leagues")
        parser.add_argument("--league", help="slug of a league of the database to serve instead")
        parser.add_argument(
            "--replay",
            nargs=2,
            metavar=("ADAPTER", "PLACE"),
            help="play a vendor's file or folder again, as if it were live",
        )
        parser.add_argument("--only", help="with --replay: just this document of the folder")
        parser.add_argument(
            "--kickoff-in", type=float, default=5.0, help="with --replay: seconds from now"
        )
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8765, help="0: any free port")
        parser.add_argument("--seed", default="veze")
        parser.add_argument("--speed", type=float, default=1.0, help="60: a match in 1.5 minutes")
        parser.add_argument("--anchor", help="RFC 3339 moment in mid-season; default: now")
        parser.add_argument(
            "--misbehave",
            default="",
            help="chances such as duplicates=0.1,retractions=0.2; also disorder, vanishing, "
            "errors, garbage, silence, reviews",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["speed"] <= 0:
            raise CommandError("--speed: must be above 0")
        wrong = _misbehaviour(options["misbehave"])
        feeds: Mapping[str, ServedFeed] = (
            _replays(options) if options["replay"] else _simulations(options, wrong)
        )
        try:
            server = FakeVendor(
                (options["host"], options["port"]), feeds, misbehaviour=wrong, seed=options["seed"]
            )
        except OSError as error:
            raise CommandError(
                f"--port {options['port']}: {error.strerror}; choose another"
            ) from error
        signal.signal(signal.SIGTERM, lambda *_: _stop(server))
        for path in feeds:
            host, port = server.server_address[:2]
            self.stdout.write(f"serving http://{host!s}:{port}/feeds/{path}.json")
        self.stdout.flush()
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            pass
        finally:
            server.server_close()


def _simulations(options: Mapping[str, Any], wrong: Misbehaviour) -> Mapping[str, VendorFeed]:
    worlds = (
        {options["league"]: _world_of_league(options["league"])}
        if options["league"]
        else _worlds(Path(options["worlds"]), options["seed"], _anchor(options["anchor"]))
    )
    return {
        path: VendorFeed(world, speed=options["speed"], seed=options["seed"], misbehaviour=wrong)
        for path, world in worlds.items()
    }


def _replays(options: Mapping[str, Any]) -> Mapping[str, ReplayFeed]:
    adapter, place = options["replay"]
    try:
        bundles = find_bundles(adapter, place)
        chosen = [b for b in bundles if options["only"] in (None, b.key)]
        if not chosen:
            known = ", ".join(bundle.key for bundle in bundles[:20])
            raise CommandError(f"--only: {options['only']!r} is none of {known}")
        documents = {b.key: adapters.get(adapter).parse(read_bundle(b)) for b in chosen}
    except (FeedError, LookupError) as error:
        raise CommandError(f"--replay: {error}") from error
    # Counted from here: reading a folder can take longer than the wait for the kick-off.
    kickoff_at = datetime.now(tz=UTC) + timedelta(seconds=options["kickoff_in"])
    return {
        key: ReplayFeed(document, kickoff_at=kickoff_at, speed=options["speed"])
        for key, document in documents.items()
    }


def _stop(server: FakeVendor) -> None:
    # shutdown() waits for serve_forever, which this very thread is running.
    threading.Thread(target=server.shutdown, daemon=True).start()


def _anchor(text: str | None) -> datetime:
    if text is None:
        return datetime.now(tz=UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError("--anchor: give a moment such as 2026-11-22T15:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _misbehaviour(text: str) -> Misbehaviour:
    chances: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            chances[name.strip()] = float(value)
        except ValueError as error:
            raise CommandError(f"--misbehave: {part!r} is no name=chance") from error
    known = set(Misbehaviour.__slots__)
    if not set(chances) <= known:
        raise CommandError(f"--misbehave: known are {', '.join(sorted(known))}")
    if not all(0 <= chance <= 1 for chance in chances.values()):
        raise CommandError("--misbehave: chances lie between 0 and 1")
    return Misbehaviour(**chances)


def _worlds(file: Path, seed: str, anchor: datetime) -> Mapping[str, World]:
    try:
        leagues = tomllib.loads(file.read_text(encoding="utf-8"))["leagues"]
        return {
            league["path"]: make_world(
                load_pack(league["sport"]),
                source=f"demo-{league['path']}",
                league=league["name"],
                season=league["season"],
                teams=league["teams"],
                rounds=league["rounds"],
                rounds_played=league["rounds_played"],
                seed=f"{seed}:{league['path']}",
                anchor=anchor,
                kickoff_every=timedelta(seconds=league["kickoff_every_s"]),
            )
            for league in leagues
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError, PackError) as error:
        raise CommandError(f"--worlds {file}: {type(error).__name__}: {error}") from error


def _world_of_league(slug: str) -> World:
    league = League.objects.filter(slug=slug).first()
    season = league.seasons.filter(is_current=True).first() if league else None
    if league is None or season is None:
        raise CommandError(f"--league: {slug!r} is no league with a current season")
    idle = load_pack(league.sport).idle_positions
    squads: dict[int, list[SimulatedPlayer]] = {}
    for spot in (
        RosterSpot.objects.filter(team__in=season.teams.all(), until_on__isnull=True)
        .exclude(position__in=idle)
        .select_related("player")
    ):
        squads.setdefault(spot.team_id, []).append(
            SimulatedPlayer(
                ref=spot.player.public_id,
                name=spot.player.name,
                position=spot.position or spot.player.position,
                shirt=spot.shirt,
            )
        )
    teams = {
        team.public_id: SimulatedTeam(
            ref=team.public_id,
            name=team.name,
            code=team.code,
            color=team.color,
            color_alt=team.color_alt,
            strength=1.0,
            players=squads.get(team.pk, []),
        )
        for team in season.teams.all()
    }
    fixtures = [
        SimulatedFixture(
            ref=match.public_id,
            matchday=match.matchday or 0,
            home=match.home.public_id,
            away=match.away.public_id,
            kickoff_at=match.kickoff_at,
        )
        for match in season.matches.select_related("home", "away")
    ]
    return World(
        source=f"vendor-{slug}",
        league=league.name,
        season=season.name,
        pack=load_pack(league.sport),
        teams=teams,
        fixtures=fixtures,
    )
