"""Sessions of the time machine: which match is replayed, how fast and from where.

A session is a few values in Redis that expire by themselves. Where it stands follows from them and
the moment, so a restart of any process changes nothing, and nothing of the match is ever written.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from django.conf import settings
from redis.exceptions import WatchError

from accounts.models import PartnerKey
from config.clock import now
from config.sight import Wish, seeing
from matches.models import Match
from matches.rules.replay import Pace, changed
from stats.enums import Drama, ReplayView
from stats.services.film import Film, film_of
from streams.ids import public_id
from streams.live.publish import forget
from streams.redis_client import client

TOPIC_PREFIX: Final = "replay:"
KEPT_FOR: Final = timedelta(hours=3)
_ATTEMPTS: Final = 8
_ALL: Final = "replays:all"

# Counts what is not over yet, of the holder and of all, and keeps the session if it fits.
_ADMIT: Final = """
for place = 2, 3 do
  redis.call('ZREMRANGEBYSCORE', KEYS[place], '-inf', ARGV[1])
  if redis.call('ZCARD', KEYS[place]) >= tonumber(ARGV[place + 2]) then return place end
end
for place = 2, 3 do
  redis.call('ZADD', KEYS[place], ARGV[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[place], ARGV[7])
end
redis.call('SET', KEYS[1], ARGV[6], 'PX', ARGV[7])
return 0
"""


class TooManyReplaysError(Exception):
    """The holder, or the whole site, has as many replays as there may be.

    `retry_after_s` is when the oldest of them ends by itself, at the latest.
    """

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class LogToldAnewError(Exception):
    """The log that is replayed is no more: the match was told anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One session.

    Its frames are counted in epochs: a seek begins the next `generation`, with the state after
    `first_seq` events.
    """

    id: str
    match_id: str
    log_epoch: str
    upto_seq: int
    view: ReplayView
    holder: str
    pace: Pace
    generation: int
    first_seq: int
    created_at: datetime
    expires_at: datetime
    drama: Drama | None = None

    @property
    def topic(self) -> str:
        return TOPIC_PREFIX + self.id

    @property
    def epoch(self) -> str:
        return str(self.generation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A session with its film and where it stands: `count` events have come."""

    replay: Replay
    film: Film
    position_ms: int
    count: int

    @property
    def is_over(self) -> bool:
        return self.position_ms >= self.film.reel.length_ms


def start_replay(
    film: Film, *, speed: float, position_ms: int, holder: str, is_paused: bool = False
) -> Showing:
    """Begin a session of a film. Raises TooManyReplaysError."""
    at = now()
    pace = Pace(
        speed=speed,
        offset_ms=min(position_ms, film.reel.length_ms),
        since=None if is_paused else at,
    )
    replay = Replay(
        id=public_id("replay"),
        match_id=film.match.public_id,
        log_epoch=str(film.match.epoch),
        upto_seq=film.upto_seq,
        view=film.view,
        holder=holder,
        pace=pace,
        generation=1,
        first_seq=_before(film, pace.offset_ms),
        created_at=at,
        expires_at=at + KEPT_FOR,
        drama=film.drama,
    )
    _admit(replay, at)
    return _showing(replay, film, at)


def change_replay(
    replay_id: str,
    *,
    speed: float | None = None,
    is_paused: bool | None = None,
    position_ms: int | None = None,
) -> Showing | None:
    """Change a session's pace, or where it stands, which begins a new epoch of frames.

    It is kept on for as long as a new one would be. None where there is no such session. Raises
    LogToldAnewError.
    """
    key = _key(replay_id)
    for _ in range(_ATTEMPTS):
        with client().pipeline() as pipe:
            pipe.watch(key)  # type: ignore[no-untyped-call]
            held = _decoded(pipe.get(key))
            if held is None:
                return None
            film, at = _film(held), now()
            fresh = replace(
                held,
                pace=changed(
                    held.pace,
                    at=at,
                    length_ms=film.reel.length_ms,
                    speed=speed,
                    is_paused=is_paused,
                    position_ms=position_ms,
                ),
                expires_at=at + KEPT_FOR,
            )
            if position_ms is not None:
                first = _before(film, fresh.pace.offset_ms)
                fresh = replace(fresh, generation=held.generation + 1, first_seq=first)
            pipe.multi()
            pipe.set(key, _encoded(fresh), px=KEPT_FOR)
            for counted in (_of_holder(fresh.holder), _ALL):
                pipe.zadd(counted, {fresh.id: _ms(fresh.expires_at)})
                pipe.pexpire(counted, KEPT_FOR)
            try:
                pipe.execute()
            except WatchError:
                continue  # somebody else changed it meanwhile: look again
            return _showing(fresh, film, at)
    raise TimeoutError(f"{replay_id} is changed faster than it can be read")


def end_replay(replay: Replay) -> None:
    """End a session; who still follows it is told that its topic is no more."""
    pipe = client().pipeline()
    pipe.delete(_key(replay.id))
    pipe.zrem(_of_holder(replay.holder), replay.id)
    pipe.zrem(_ALL, replay.id)
    pipe.execute()
    forget([replay.topic])


def find_replay(replay_id: str) -> Replay | None:
    """Return a session that is not over yet."""
    return _decoded(client().get(_key(replay_id)))


def holder_of(key: PartnerKey) -> str:
    """Return for whom a replay is counted that is begun with a key: all keys of its owner."""
    return f"owner:{key.owner_id}"


def replays_of(holder: str) -> list[Replay]:
    """Return the holder's sessions that are not over yet, the newest first."""
    ids: Any = client().zrange(_of_holder(holder), 0, -1)
    held: Any = client().mget([_key(replay_id.decode()) for replay_id in ids]) if ids else []
    known = [replay for replay in map(_decoded, held) if replay is not None]
    return sorted(known, key=lambda replay: (replay.created_at, replay.id), reverse=True)


def showing_of(replay: Replay) -> Showing:
    """Return where a session stands now. Raises LogToldAnewError."""
    return _showing(replay, _film(replay), now())


def _showing(replay: Replay, film: Film, at: datetime) -> Showing:
    position_ms = replay.pace.position_ms(at, length_ms=film.reel.length_ms)
    count = film.reel.count_at(position_ms)
    return Showing(replay=replay, film=film, position_ms=position_ms, count=count)


def _film(replay: Replay) -> Film:
    # Whoever began it could see the log up to there, and what came since is not told.
    with seeing(Wish()):
        match = Match.objects.with_sides().filter(public_id=replay.match_id).first()
        if match is None or str(match.epoch) != replay.log_epoch:
            told_anew = f"The log of {replay.match_id} was told anew: begin a new replay."
            raise LogToldAnewError(told_anew)
        return film_of(match, view=replay.view, upto_seq=replay.upto_seq, drama=replay.drama)


def _before(film: Film, position_ms: int) -> int:
    """Return how many events are over at a position; those of that very moment are yet to come."""
    return film.reel.count_at(position_ms - 1)


def _admit(replay: Replay, at: datetime) -> None:
    counted = (_of_holder(replay.holder), _ALL)
    limits = (settings.REPLAYS_PER_HOLDER, settings.REPLAYS_AT_ONCE)
    refused_by: Any = client().eval(
        _ADMIT,
        3,
        _key(replay.id),
        *counted,
        _ms(at),
        _ms(replay.expires_at),
        replay.id,
        *limits,
        _encoded(replay),
        KEPT_FOR // timedelta(milliseconds=1),
    )
    if not refused_by:
        return
    oldest: Any = client().zrange(counted[refused_by - 2], 0, 0, withscores=True)
    wait_s = int((oldest[0][1] - _ms(at)) / 1000) + 1 if oldest else 1
    whose = f"You have {limits[0]} replays" if refused_by == 2 else "The site has all its replays"
    raise TooManyReplaysError(f"{whose} already: end one first.", retry_after_s=max(1, wait_s))


def _key(replay_id: str) -> str:
    return f"replay:{replay_id}"


def _of_holder(holder: str) -> str:
    return f"replays:{holder}"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _encoded(replay: Replay) -> bytes:
    return orjson.dumps(asdict(replay))


def _decoded(body: Any) -> Replay | None:
    if body is None:
        return None
    told = orjson.loads(body)
    pace = told["pace"]
    since = pace["since"] and datetime.fromisoformat(pace["since"])
    return Replay(
        **{
            **told,
            "view": ReplayView(told["view"]),
            "drama": Drama(told["drama"]) if told.get("drama") else None,
            "pace": Pace(speed=pace["speed"], offset_ms=pace["offset_ms"], since=since),
            "created_at": datetime.fromisoformat(told["created_at"]),
            "expires_at": datetime.fromisoformat(told["expires_at"]),
        }
    )
