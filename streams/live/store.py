"""What Redis holds of a live topic: position, recent frames, snapshot.

Keys of a topic: `head` (hash: epoch, seq, floor, snap_seq, snap, snap_hash), `frames` (stream, the
entry `<seq>-0` is the frame `seq` with its body `b`, sent at `a`), `parts` (hash of page
fragments). A resumption reads the frames with one XRANGE. `floor` is the lowest position from which
the frames have no gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from streams.live.frames import canonical, is_page, state_hash

MAX_FRAMES: Final = 2_000
# A page fragment is large and soon replaced: a longer absence gets the merged snapshot.
MAX_PATCHES: Final = 64
FRAMES_TTL_MS: Final = 3_600_000
HEAD_TTL_MS: Final = 86_400_000
# More than this travels as "topic X is at seq N" alone, and each hub reads the frames once.
INLINE_BYTES: Final = 65_536
MESSAGE_TYPE: Final = "live.frames"

# Storing, counting and notifying are one step: hubs hear positions in the order they were given.
# Returns the epoch and position that the topic now has.
PUBLISH: Final = """
local head, frames, parts = KEYS[1], KEYS[2], KEYS[3]
local given, fresh, max_frames = ARGV[1], ARGV[2], ARGV[3]
local frames_ttl, head_ttl, channel, topic = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local sent_at, inline_bytes, count = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local held = redis.call('HMGET', head, 'epoch', 'seq', 'snap_seq')
local epoch, seq, snap_seq = held[1], tonumber(held[2]), tonumber(held[3])
local wanted = given ~= '' and given or (epoch or fresh)
if epoch ~= wanted then
  local old, new = tonumber(epoch or ''), tonumber(wanted)
  if old and new and new < old then return {epoch, seq} end
  redis.call('DEL', head, frames, parts)
  epoch, seq, snap_seq = wanted, nil, nil
  redis.call('HSET', head, 'epoch', epoch)
end
local before, first, bytes, bodies = seq, nil, 0, {}
local floor = nil
local at = 11
for _ = 1, count do
  local body = ARGV[at + 1]
  local position = tonumber(ARGV[at]) or (seq or 0) + 1
  at = at + 2
  if seq == nil then
    floor = position - 1
  elseif position > seq + 1 then
    redis.call('DEL', frames)
    floor, first, bytes, bodies = position - 1, nil, 0, {}
  end
  if seq == nil or position > seq then
    redis.call('XADD', frames, 'MAXLEN', '~', max_frames, position .. '-0', 'b', body, 'a', ARGV[8])
    seq = position
    first = first or position
    bytes = bytes + #body
    bodies[#bodies + 1] = body
  end
end
local new_snap = tonumber(ARGV[at])
local loaded = ARGV[at + 3] == '1'
if new_snap then
  if new_snap < 0 then new_snap = seq or 0 end
  if seq == nil or (new_snap > seq and not loaded) then
    redis.call('DEL', frames)
    seq, floor, first, bodies = new_snap, new_snap, nil, {}
  end
  if snap_seq == nil or new_snap >= snap_seq then
    redis.call('HSET', head, 'snap_seq', new_snap, 'snap', ARGV[at + 1], 'snap_hash', ARGV[at + 2])
  end
end
at = at + 4
while ARGV[at] do
  if ARGV[at + 1] == 'null' then
    redis.call('HDEL', parts, ARGV[at])
  else
    redis.call(loaded and 'HSETNX' or 'HSET', parts, ARGV[at], ARGV[at + 1])
  end
  at = at + 2
end
seq = seq or 0
redis.call('HSET', head, 'seq', seq)
if floor then redis.call('HSET', head, 'floor', floor) end
redis.call('PEXPIRE', head, head_ttl)
redis.call('PEXPIRE', frames, frames_ttl)
redis.call('PEXPIRE', parts, head_ttl)
if seq ~= before then
  local news = {type = 'live.frames', t = topic, e = epoch, h = seq, at = sent_at}
  if first and bytes <= inline_bytes then news.s, news.b = first, bodies end
  redis.call('PUBLISH', channel, cmsgpack.pack(news))
end
return {epoch, seq}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a topic is, and the snapshot held of it. `state` is canonical JSON."""

    epoch: str
    seq: int
    floor: int
    snap_seq: int
    state: bytes | None
    digest: str


def keys_of(topic: str) -> tuple[str, str, str]:
    """Return the keys head, frames and parts; the braces keep them in one cluster slot."""
    base = f"live:{{{topic}}}"
    return f"{base}:head", f"{base}:frames", f"{base}:parts"


def group_of(topic: str) -> str:
    """Return the channel-layer group of the topic's hubs."""
    return "live." + topic.replace(":", ".")


def channel_of(topic: str) -> str:
    """Return the Redis channel behind the topic's group.

    The script publishes there itself, as the channel layer would, to save a second round trip and
    to keep notifications in order. tests/streams/test_live_publish.py holds the two together.
    """
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    return f"{prefix}__group__{group_of(topic)}"


def max_frames(topic: str) -> int:
    """Return how many frames of the topic are kept."""
    return MAX_PATCHES if is_page(topic) else MAX_FRAMES


def queue_head(pipe: Any, topic: str) -> None:
    """Ask for a topic's head and fragments; `parse_head` reads the two answers.

    The pipeline has to be a transaction, for both must be of one moment.
    """
    head, _, parts = keys_of(topic)
    pipe.hmget(head, "epoch", "seq", "floor", "snap_seq", "snap", "snap_hash")
    pipe.hgetall(parts)


def parse_head(topic: str, answer: Sequence[Any]) -> Head | None:
    """Return what Redis holds of the topic, None where it holds nothing."""
    fields: Any = answer[0]
    parts: Any = answer[1]
    epoch, seq, floor, snap_seq, state, digest = fields
    if epoch is None or seq is None:
        return None
    position = int(seq)
    if is_page(topic):
        state = merge_parts(parts)
        snap_seq, digest = position, state_hash(state).encode()
    return Head(
        epoch=epoch.decode(),
        seq=position,
        floor=int(floor or 0),
        snap_seq=int(snap_seq or 0),
        state=state,
        digest=(digest or b"").decode(),
    )


def merge_parts(parts: dict[bytes, bytes]) -> bytes:
    """Return the state of a page topic as canonical JSON from its encoded fragments."""
    pairs = (canonical(name.decode()) + b":" + parts[name] for name in sorted(parts))
    return b'{"k":{%b}}' % b",".join(pairs)


def parse_frames(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[tuple[int, bytes]]:
    """Return (seq, body) of XRANGE entries."""
    return [(int(entry_id.partition(b"-")[0]), fields[b"b"]) for entry_id, fields in entries]
