"""`manage.py replay`: tell a stored match again, event by event, as its clock passes them."""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clock import now
from leagues.enums import ExternalKind
from leagues.models import ExternalId
from leagues.packs.loader import load_pack
from matches.models import Match
from matches.rules.replay import Pace, parse_position
from matches.rules.timeline import TimelineItem
from matches.selectors.timelines import match_timeline
from stats.enums import Drama, ReplayView
from stats.live import replay_frames
from stats.rules.drama import NoSuchDramaError
from stats.services.film import Film, NothingToReplayError, film_of
from streams.live.frames import state_hash

_MAX_SPEED = 100_000.0


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= _MAX_SPEED:
        raise ArgumentTypeError(f"{text!r} is not a speed: give 60 for a minute in a second")
    return speed


class Command(BaseCommand):
    """Prints what a replay of the match would send, in its time. Writes and publishes nothing."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the match, the pace and the form."""
        parser.add_argument("match", help="our id, or ADAPTER:EXTERNAL_ID such as nba:0022000001")
        parser.add_argument(
            "--speed", type=_speed, default=1.0, help="how many times faster than life (1)"
        )
        parser.add_argument(
            "--from",
            dest="start",
            default="0",
            help="where to begin: milliseconds, 67:30, 2H or '2H 10:00' (0)",
        )
        parser.add_argument(
            "--view",
            choices=ReplayView.values,
            default=ReplayView.CORRECTED.value,
            help="corrections told rightly at once, or when they were made (corrected)",
        )
        parser.add_argument("--drama", choices=Drama.values, help="what goes wrong (nothing)")
        parser.add_argument("--json", action="store_true", help="one frame a line, as a topic has")

    def handle(self, *args: Any, **options: Any) -> None:
        match = _find(options["match"])
        try:
            drama = Drama(options["drama"]) if options["drama"] else None
            film = film_of(match, view=ReplayView(options["view"]), drama=drama)
        except NothingToReplayError as error:
            raise CommandError(f"{options['match']}: nothing to replay, it has no log") from error
        except NoSuchDramaError as error:
            raise CommandError(f"--drama {options['drama']}: {error}") from error
        is_cumulative = load_pack(match.season.league.sport).clock.cumulative
        try:
            start_ms = parse_position(options["start"], film.reel, is_cumulative=is_cumulative)
        except ValueError as error:
            raise CommandError(f"--from: {error}") from error
        tell = self._frames(film) if options["json"] else self._sentences(film)
        began_at = now()
        self._play(film, Pace(speed=options["speed"], offset_ms=start_ms, since=began_at), tell)
        self._end(film, (now() - began_at) / timedelta(seconds=1), as_json=options["json"])

    def _play(self, film: Film, pace: Pace, tell: Any) -> None:
        """Tell each event when its moment has come; what lies before the start is left out."""
        first = film.reel.count_at(pace.offset_ms - 1)
        for place in range(first, len(film.events)):
            _wait(pace, film.reel.cues[place].at_ms)
            tell(place + 1)
            self.stdout.flush()
        _wait(pace, film.reel.length_ms)

    def _frames(self, film: Film) -> Any:
        def tell(seq: int) -> None:
            (frame,) = replay_frames(film, after_seq=seq - 1, to_seq=seq)
            at_ms = film.reel.cues[seq - 1].at_ms
            told = {"at_ms": at_ms, "seq": seq, "data": frame.data}
            self.stdout.write(json.dumps(told, ensure_ascii=False))

        return tell

    def _sentences(self, film: Film) -> Any:
        items = {item.key: item for item in match_timeline(film.match)}

        def tell(seq: int) -> None:
            event, past = film.events[seq - 1], film.past(seq)
            item = items.get(event["lineage_id"].replace("-", ""))
            score = f"{past.home_score or 0}-{past.away_score or 0}"
            clock = _clock(film, seq)
            self.stdout.write(f"{clock:>9}  {score:>7}  {_words(event, item)}")

        return tell

    def _end(self, film: Film, took_s: float, *, as_json: bool) -> None:
        digest = state_hash(film.state(len(film.events)))
        if as_json:
            end = {"events": len(film.events), "took_s": round(took_s, 3), "state_hash": digest}
            self.stdout.write(json.dumps(end))
            return
        self.stdout.write(f"{len(film.events)} events in {took_s:.2f} s; state {digest}")


def _wait(pace: Pace, until_ms: int) -> None:
    wait_s = pace.wait_s(until_ms, now())
    if wait_s:
        time.sleep(wait_s)


def _clock(film: Film, seq: int) -> str:
    event = film.events[seq - 1]
    if event["clock_label"]:
        return str(event["clock_label"])
    pack = load_pack(film.match.season.league.sport)
    return pack.clock_label(event["period"] or "", event["clock_ms"])


def _words(event: dict[str, Any], item: TimelineItem | None) -> str:
    words = item.sentence if item and item.sentence else event["type"].replace("_", " ")
    marks = {"retract": "cancelled: ", "amend": "corrected: "}
    return marks.get(event["op"], "") + words


def _find(name: str) -> Match:
    source, colon, value = name.partition(":")
    matches = Match.objects.with_sides()
    if colon:
        known = ExternalId.objects.filter(source=source, kind=ExternalKind.MATCH, value=value)
        found = matches.filter(pk__in=known.values("object_id")).first()
    else:
        found = matches.filter(public_id=name).first()
    if found is None:
        raise CommandError(
            f"{name}: no such match; give our id (vz_match_...) or ADAPTER:EXTERNAL_ID"
        )
    return found
