"""What the world hears when a match was folded: event frames for partners, fragments for pages."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.core.cache import cache
from django.db.models import OuterRef, Subquery
from django.template.loader import render_to_string

from accounts.enums import KeyScope
from config.clock import now
from leagues.models import League, Season, Team
from leagues.packs.loader import load_pack
from matches.live import (
    age_fragments,
    league_topic,
    line_fragments,
    lines_topic,
    match_fragments,
    match_topic,
    row_age_fragments,
    scores_fragments,
    scores_topic,
)
from matches.models import Match, PlayEvent
from matches.rules.documents import EVENT_COLUMNS, event_document, rfc3339
from matches.selectors.fixtures import moving_matches
from matches.templatetags.matchday import age_since
from stats.models import BoxScore
from stats.selectors.bars import stat_bars
from stats.services.film import Film
from stats.services.fold import Folded
from stats.services.replays import (
    TOPIC_PREFIX,
    LogToldAnewError,
    Showing,
    end_replay,
    find_replay,
    holder_of,
    showing_of,
)
from streams.live.frames import Frame, Snapshot
from streams.live.publish import (
    Publication,
    forget,
    head_positions,
    held_parts,
    publish,
    publish_all,
    watched_topics,
)
from streams.live.topics import register_snapshots

# Of an older match only what moves its standing is news to lists: whoever opens it loads it, and
# corrections reach those who watch.
_NEWS_FOR = timedelta(hours=24)
# More events than this at once reach watchers as one snapshot.
_MOST_FRAMES = 2000
_REMEMBER_SENT_S = 6 * 3600
# By these a page can tell that a match was folded again.
_TOLD_BY = ("epoch", "folded_seq", "status", "home_score", "away_score", "score_mismatch")
_LEAGUE = "league__public_id"
_Parts = Mapping[str, str | None]
# How the keys of a timeline's lines begin.
_LINES = ("p:", "t:", "l:")
_SIDES = ("match__season__league", "match__home", "match__away")
# How soon a replay hears of a new pace, and how long its events wait for each other.
_LOOK_AGAIN_S = 0.5
_GATHER_S = 0.04


def publish_matches(folded: Sequence[Folded]) -> None:
    """Send the new events of matches to their topics.

    Starts where a topic stands, not where the fold did: another worker may have folded earlier
    events and not come round to sending them yet. Frames sent twice are dropped by the topic.
    """
    heads = _heads([news.match for news in folded])
    publications: list[Publication] = []
    for news, head in zip(folded, heads, strict=True):
        if head is None and not _is_news(news.match):
            continue
        after = max(news.from_seq - 1 if head is None else head, news.to_seq - _MOST_FRAMES)
        documents = news.events
        if after < news.from_seq - 1 or len(documents) != news.to_seq - news.from_seq + 1:
            documents = event_documents(news.match, after_seq=after, to_seq=news.to_seq)
        publications.append(_match_news(news.match, documents, news.document))
    publish_all(publications)


def catch_up(match_ids: Iterable[int]) -> None:
    """Send what a worker folded and died before sending, where somebody may be waiting for it."""
    wanted = set(match_ids)
    if not wanted:
        return
    # Each boxscore with its match, of one moment: a fold may end between two questions.
    boxes = list(BoxScore.objects.select_related(*_SIDES).filter(match_id__in=wanted))
    heads = _heads([box.match for box in boxes])
    publications: list[Publication] = []
    for box, head in zip(boxes, heads, strict=True):
        match = box.match
        if head is not None and head < match.folded_seq == box.folded_seq:
            documents = event_documents(match, after_seq=head, to_seq=match.folded_seq)
            publications.append(_match_news(match, documents, bytes(box.document)))
    publish_all(publications)


def _heads(matches: Sequence[Match]) -> list[int | None]:
    held = head_positions([f"match:{match.public_id}" for match in matches])
    return [
        position[1] if position is not None and position[0] == str(match.epoch) else None
        for match, position in zip(matches, held, strict=True)
    ]


def _match_news(match: Match, documents: Sequence[dict[str, Any]], boxscore: bytes) -> Publication:
    """Return the frames of the events and the state after the last."""
    header, epoch = match_header(match), str(match.epoch)
    frames = [
        Frame(seq=document["seq"], data={"event": document, "match": header})
        for document in documents
    ]
    # The boxscore is canonical JSON already, so it is passed on as it is.
    snapshot = Snapshot(epoch=epoch, seq=match.folded_seq, state=orjson.Fragment(boxscore))
    topic = f"match:{match.public_id}"
    return Publication(topic=topic, epoch=epoch, frames=frames, snapshot=snapshot)


def publish_headers(match_ids: Sequence[int], *, moved: Collection[int] = ()) -> None:
    """Tell leagues and teams where their matches stand; what came in between is left out.

    Old matches are told of where they are among the `moved`, whose standing another one had been
    told before: a result that comes late or is corrected, but not each match of an archive. Two
    workers may tell of one match: whoever has told looks whether it was the newest.
    """
    waiting = list(match_ids)
    while waiting:
        matches = list(Match.objects.with_sides().filter(pk__in=waiting))
        told = [match for match in matches if _is_news(match) or match.pk in moved]
        publish_all([news for match in told for news in _header_news(match)])
        now_at = dict(Match.objects.filter(pk__in=waiting).values_list("pk", "folded_seq"))
        waiting = [match.pk for match in matches if now_at.get(match.pk, 0) > match.folded_seq]


def _header_news(match: Match) -> list[Publication]:
    frame = Frame(data={"match": match_header(match)})
    topics = (
        f"league:{match.season.league.public_id}",
        f"team:{match.home.public_id}",
        f"team:{match.away.public_id}",
    )
    return [Publication(topic=topic, frames=[frame]) for topic in topics]


def publish_pages(match_ids: Sequence[int], *, moved: Collection[int] = ()) -> None:
    """Render what changed on the pages of these matches and send it to whoever has them open.

    A page that nobody has open is not rendered; its kept parts are forgotten, so that whoever
    opens it next gets fresh ones. Lists hear of old matches as in `publish_headers`. Two workers
    may render one match, and the slower one sends last: whoever has sent looks whether it was the
    newest, and sends again where it was not.
    """
    waiting = list(match_ids)
    while waiting:
        sent = _publish_pages(waiting, moved)
        now_told = Match.objects.filter(pk__in=sent).values_list("pk", *_TOLD_BY)
        waiting = [pk for pk, *told in now_told if told != sent[pk]]


def _publish_pages(match_ids: Sequence[int], moved: Collection[int]) -> dict[int, list[Any]]:
    """Return of what state of the matches the parts were."""
    told = Match.objects.filter(pk__in=match_ids)
    heads = list(told.only("public_id", "epoch", "status", "kickoff_at"))
    listed = {match.pk for match in heads if _is_news(match) or match.pk in moved}
    topics = [topic for match in heads for topic in _page_topics(match)]
    watched = watched_topics([*topics, scores_topic()])
    _forget_unwatched(heads, watched, with_lists=bool(listed))
    if scores_topic() not in watched:
        listed.clear()
    opened = {match.pk for match in heads if not watched.isdisjoint(_page_topics(match))}
    if not listed | opened:
        return {}
    matches = list(told.with_sides().filter(pk__in=listed | opened))
    held = cache.get_many([_sent_key(match) for match in matches])
    rows: dict[str, str | None] = {}
    sent: dict[str, _Sent] = {}
    publications = []
    for match in matches:
        before: _Sent = held.get(_sent_key(match)) or _Sent()
        page = page_fragments(match, after_seq=before.seq) if match.pk in opened else {}
        is_grouped = lines_topic(match.public_id) in watched
        lines = line_fragments(match, after_seq=before.seq) if is_grouped else {}
        row = scores_fragments([match]) if match.pk in listed else {}
        after = before.after(page, row, lines, seq=match.folded_seq if page else before.seq)
        news = _told_of(match, before, after, page, lines)
        publications += [
            Publication(topic=topic, frames=[Frame(data={"k": frame})])
            for topic, frame in news.items()
            if frame
        ]
        rows |= after.fresh(row, before)
        sent[_sent_key(match)] = after
    if rows:
        publications.append(Publication(topic=scores_topic(), frames=[Frame(data={"k": rows})]))
    publish_all(publications)
    # Only what went out counts as sent: a worker that dies before this sends it again.
    cache.set_many(sent, timeout=_REMEMBER_SENT_S)
    return {match.pk: [getattr(match, name) for name in _TOLD_BY] for match in matches}


def _forget_unwatched(
    matches: Sequence[Match], watched: Collection[str], *, with_lists: bool
) -> None:
    topics = [topic for match in matches for topic in _page_topics(match)]
    forget([topic for topic in topics if topic not in watched])
    deserted = [match for match in matches if match_topic(match.public_id) not in watched]
    cache.delete_many([_sent_key(match) for match in deserted])
    if with_lists and scores_topic() not in watched:
        forget([scores_topic()])


def _page_topics(match: Match) -> tuple[str, str]:
    return match_topic(match.public_id), lines_topic(match.public_id)


def _told_of(
    match: Match, before: "_Sent", after: "_Sent", page: _Parts, lines: _Parts
) -> dict[str, dict[str, str | None]]:
    """Return what is new on a match's pages, by topic."""
    told = {
        topic: after.fresh(parts, before)
        for topic, parts in zip(_page_topics(match), (page, lines), strict=True)
    }
    if before.seq:
        return told
    kept = held_parts([*told], "log")
    if kept[0].value in (None, str(match.epoch)):
        return told
    # The log was told anew: its lines are none of the old ones, and nothing just happened.
    for topic, held in zip(told, kept, strict=True):
        gone = [name for name in held.names if name.startswith(_LINES)]
        told[topic] = {**dict.fromkeys(gone), **told[topic]}
        told[topic].pop("say", None)
    return told


def publish_tables(season_ids: Iterable[int]) -> None:
    """Tell open pages with a league's table that there is a newer one; they ask for it."""
    seasons = Season.objects.filter(pk__in=set(season_ids))
    topics = [league_topic(public_id) for public_id in seasons.values_list(_LEAGUE, flat=True)]
    news = Frame(data={"k": {"table-news": rfc3339(now())}})
    watched = watched_topics(topics)
    publish_all([Publication(topic=topic, frames=[news]) for topic in topics if topic in watched])


def publish_ages() -> None:
    """Tell open pages how old the data of each live match is, also when nothing happens in it."""
    live = {match_topic(match.public_id): match for match in Match.objects.with_sides().live()}
    tables = _table_ages(live.values())
    # A topic that nobody watches must stay unknown, or its next reader would get the age alone.
    watched = watched_topics([*live, *tables, scores_topic()])
    publications = [
        Publication(topic=topic, frames=[Frame(data={"k": age_fragments(match)})])
        for topic, match in live.items()
        if topic in watched
    ]
    publications += [
        Publication(topic=topic, frames=[Frame(data={"k": {"table-age": html}})])
        for topic, html in tables.items()
        if topic in watched
    ]
    if live and scores_topic() in watched:
        rows = row_age_fragments(list(live.values()))
        publications.append(Publication(topic=scores_topic(), frames=[Frame(data={"k": rows})]))
    publish_all(publications)


def _table_ages(live: Iterable[Match]) -> dict[str, str]:
    """Return what leagues' tables say of the age of their stalest live match, by topic.

    A match of another season than the present one, interrupted for good, is none of theirs.
    """
    oldest: dict[str, datetime] = {}
    for match in live:
        if match.data_at is not None and match.season.is_current:
            topic = league_topic(match.season.league.public_id)
            oldest[topic] = min(oldest.get(topic, match.data_at), match.data_at)
    return {
        topic: render_to_string("components/age.html", {"age": age_since(at)}).strip()
        for topic, at in oldest.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What the pages of a match were sent: the newest event and a digest of each part."""

    seq: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)

    def after(self, page: _Parts, row: _Parts, lines: _Parts, *, seq: int) -> "_Sent":
        """Return what they were sent once these parts have gone out, too."""
        # What was not sent now may have changed without being sent.
        untold = (*(() if row else ("m:",)), *(() if lines else ("l:",)))
        kept = {k: d for k, d in self.digests.items() if not k.startswith(untold)}
        fresh = {key: _digest(html) for key, html in {**page, **row, **lines}.items()}
        return _Sent(seq=seq, digests={**kept, **fresh})

    def fresh(self, parts: _Parts, before: "_Sent") -> dict[str, str | None]:
        """Return those of the parts that are not as they were before."""
        return {
            key: html for key, html in parts.items() if before.digests.get(key) != self.digests[key]
        }


def _sent_key(match: Match) -> str:
    return f"page-parts:{match.public_id}:{match.epoch}"


def _digest(html: str | None) -> str:
    """Return what tells a part from another one; nothing for one that is gone."""
    return "" if html is None else hashlib.blake2b(html.encode(), digest_size=8).hexdigest()


def _is_news(match: Match) -> bool:
    return match.is_live or abs(now() - match.kickoff_at) < _NEWS_FOR


def match_header(match: Match) -> dict[str, Any]:
    """Return where a match stands, as frames carry it."""
    return {
        "id": match.public_id,
        "status": match.status,
        "period": match.period or None,
        "clock_ms": match.clock_ms,
        "score": {"home": match.home_score, "away": match.away_score},
        "score_mismatch": match.score_mismatch,
        "folded_seq": match.folded_seq,
        # An age would be wrong by the time it is read; of any other match it says nothing.
        "data_at": rfc3339(match.data_at) if match.is_live else None,
    }


def event_documents(match: Match, *, after_seq: int, to_seq: int) -> list[dict[str, Any]]:
    """Return the public form of a match's events with after_seq < seq <= to_seq, in order."""
    before = PlayEvent.objects.filter(
        match_id=OuterRef("match_id"),
        lineage_id=OuterRef("lineage_id"),
        rev__lt=OuterRef("rev"),
    ).order_by("-rev")
    rows = PlayEvent.objects.filter(match=match, seq__gt=after_seq, seq__lte=to_seq).order_by("seq")
    annotated = rows.annotate(supersedes=Subquery(before.values("event_id")[:1]))
    return [
        event_document(
            row,
            match_id=match.public_id,
            supersedes=str(row["supersedes"]) if row["supersedes"] else None,
        )
        for row in annotated.values(*EVENT_COLUMNS, "supersedes")
    ]


def register() -> None:
    """Tell the live fan-out how snapshots are rebuilt when Redis lost them."""
    register_snapshots("match:", _load_match)
    register_snapshots("page:match:", _load_page)
    register_snapshots("page:scores", _load_scores)
    register_snapshots("page:", None, exists=lambda _topic: False)
    register_snapshots("page:league:", None, exists=_is_league)
    register_snapshots("league:", None, exists=_is_league)
    register_snapshots("team:", None, exists=_is_team)
    register_snapshots(
        TOPIC_PREFIX,
        _load_replay,
        may_see=_may_follow,
        drive=drive_replay,
        key_scope=KeyScope.REPLAY.value,
    )


def _is_league(topic: str) -> bool:
    return League.objects.filter(public_id=topic.rpartition(":")[2], is_test=False).exists()


def _is_team(topic: str) -> bool:
    return Team.objects.filter(public_id=topic.rpartition(":")[2]).exists()


def publish_replay(showing: Showing) -> None:
    """Send the frames of a replay that have fallen due; those sent before are dropped.

    They go to the replay's own topic alone, and are those that the match's topic had.
    """
    replay, count = showing.replay, showing.count
    held = head_positions([replay.topic])[0]
    is_begun = held is not None and held[0] == replay.epoch
    after = held[1] if held is not None and is_begun else replay.first_seq
    is_end = count == len(showing.film.events) and (after < count or not is_begun)
    state_at = None if is_begun else after
    if is_end or count - after > _MOST_FRAMES:
        state_at = count
    after = max(after, count - _MOST_FRAMES)
    if state_at is None and after >= count:
        return
    publish(
        replay.topic,
        epoch=replay.epoch,
        frames=replay_frames(showing.film, after_seq=after, to_seq=count),
        snapshot=None if state_at is None else _replay_state(showing, state_at),
    )


def replay_frames(film: Film, *, after_seq: int, to_seq: int) -> list[Frame]:
    """Return the frames of a film's events with after_seq < seq <= to_seq."""
    return [
        Frame(seq=seq, data={"event": film.events[seq - 1], "match": match_header(film.past(seq))})
        for seq in range(after_seq + 1, to_seq + 1)
    ]


def drive_replay(topic: str) -> float:
    """Send what is due of a followed replay; return the seconds until the next event, bounded."""
    replay = find_replay(topic.removeprefix(TOPIC_PREFIX))
    if replay is None:
        forget([topic])
        return _LOOK_AGAIN_S
    try:
        showing = showing_of(replay)
    except LogToldAnewError:
        end_replay(replay)
        return _LOOK_AGAIN_S
    publish_replay(showing)
    cues = showing.film.reel.cues
    if showing.count == len(cues):
        return _LOOK_AGAIN_S
    wait_s = replay.pace.wait_s(cues[showing.count].at_ms, now())
    # Not for longer: somebody may change the pace meanwhile.
    return _LOOK_AGAIN_S if wait_s is None else min(max(wait_s, _GATHER_S), _LOOK_AGAIN_S)


def _may_follow(partner: Any, topic: str) -> bool:
    """Whether a replay is of the key's owner. One that is over is no topic: the hub says so."""
    replay = find_replay(topic.removeprefix(TOPIC_PREFIX))
    return replay is None or replay.holder == holder_of(partner.key)


def _load_replay(topic: str) -> Snapshot | None:
    replay = find_replay(topic.removeprefix(TOPIC_PREFIX))
    if replay is None:
        return None
    try:
        showing = showing_of(replay)
    except LogToldAnewError:
        return None
    publish_replay(showing)
    return _replay_state(showing, showing.count)


def _replay_state(showing: Showing, count: int) -> Snapshot:
    state = orjson.Fragment(showing.film.state(count))
    return Snapshot(epoch=showing.replay.epoch, seq=count, state=state)


def _load_match(topic: str) -> Snapshot | None:
    public_id = topic.removeprefix("match:")
    # One question: a fold that ends between two would give a state and another's position.
    box = BoxScore.objects.select_related("match").filter(match__public_id=public_id).first()
    if box is None:
        match = Match.objects.filter(public_id=public_id).first()
        return None if match is None else Snapshot(epoch=str(match.epoch), seq=0, state=None)
    seq, document = box.match.folded_seq, bytes(box.document)
    # The boxscore of a log that is being told anew is of the one before.
    is_current = bool(document) and box.folded_seq == seq
    state = orjson.loads(document) if is_current else None
    return Snapshot(epoch=str(box.match.epoch), seq=seq, state=state)


def _load_page(topic: str) -> Snapshot | None:
    public_id, _, rest = topic.removeprefix("page:match:").partition(":")
    match = Match.objects.with_sides().filter(public_id=public_id).first()
    if match is None or topic not in _page_topics(match):
        return None
    parts = line_fragments(match) if rest else page_fragments(match)
    present = {key: html for key, html in parts.items() if html is not None}
    return Snapshot(epoch="", seq=0, state={"k": present})


def _load_scores(_topic: str) -> Snapshot:
    return Snapshot(epoch="", seq=0, state={"k": scores_fragments(moving_matches(at=now()))})


def page_fragments(match: Match, *, after_seq: int = 0) -> dict[str, str | None]:
    """Return all live parts of a match page by `data-k`: score, timeline items, bars.

    None stands where one is gone.
    """
    return {**match_fragments(match, after_seq=after_seq), **bar_fragments(match)}


def bar_fragments(match: Match, columns: Collection[str] = ()) -> dict[str, str]:
    """Return the HTML of the two-sided bars by `data-k`, of these columns or of all."""
    pack = load_pack(match.season.league.sport)
    box = BoxScore.objects.filter(match=match).only("home_totals", "away_totals").first()
    return {
        f"b:{bar.column.id}": render_to_string(
            "stats/partials/bar.html", {"bar": bar, "match": match}
        ).strip()
        for bar in stat_bars(pack, box).all
        if not columns or bar.column.id in columns
    }
