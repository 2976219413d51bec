"""What waits for the people who curate, and whether the product is well: the admin's first page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F, QuerySet, Window
from django.urls import reverse

from config import health
from config.clock import ago
from config.metrics import ingest_lags_s, quantiles
from fantasy.enums import CaseState
from fantasy.models import CorrectionCase
from leagues.enums import UnmatchedStatus
from leagues.models import UnmatchedName
from matches.enums import ReportStatus
from matches.models import LIVE_STATUSES, FactReport, Feed, Match
from matches.selectors.trouble import FAILING_AFTER, late_matches, troubled_feeds
from stats.models import TableRow
from stats.selectors.tables import undecided_ties
from streams.enums import DeadLetterStatus
from streams.groups import BATCH_SIZE
from streams.models import DeadLetter

_MOST_LIVE: Final = 8
# A fan should see a goal within a second; beyond this the ingest is in trouble.
_SLOW_INGEST_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One kind of thing that waits: how many, which first and why, and where the list is."""

    title: str
    count: int
    worst: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign of health: what it is of, what it says, and whether that is well."""

    of: str
    says: str
    is_well: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNow:
    """The live matches, whose data is oldest first; `count` is of all of them."""

    count: int
    matches: Sequence[Match]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """How one kind of thing is found: its rows, the worst first, and the worst one's words."""

    title: str
    model: type[Any]
    query: str
    rows: Callable[[datetime], QuerySet[Any]]
    words: Callable[[Any, datetime], str]

    @property
    def permission(self) -> str:
        return f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"

    @property
    def place(self) -> str:
        label = f"{self.model._meta.app_label}_{self.model._meta.model_name}"
        return f"{reverse(f'admin:{label}_changelist')}?{self.query}"


def concerns(user: Any, *, at: datetime) -> list[Concern]:
    """Return what waits of all that the user may look at; one query for each kind."""
    found = []
    for question in _QUESTIONS:
        if not user.has_perm(question.permission):
            continue
        worst = question.rows(at).annotate(waiting=Window(Count("pk"))).first()
        if worst is not None:
            found.append(
                Concern(
                    title=question.title,
                    count=worst.waiting,
                    worst=question.words(worst, at),
                    place=question.place,
                )
            )
    return found


def live_now(user: Any) -> LiveNow | None:
    """Return the live matches, None to whom may not look at matches; one query."""
    if not user.has_perm("matches.view_match"):
        return None
    rows = Match.objects.with_sides().filter(status__in=LIVE_STATUSES)
    rows = rows.annotate(waiting=Window(Count("pk")))
    matches = list(rows.order_by(F("data_at").asc(nulls_first=True), "pk")[:_MOST_LIVE])
    return LiveNow(
        count=matches[0].waiting if matches else 0,  # type: ignore[attr-defined]  # annotated
        matches=matches,
        place=f"{reverse('admin:matches_match_changelist')}?when=live",
    )


def signs(user: Any) -> list[Sign]:
    """Return the signs of health that the user may look at; a server that is away is one."""
    found = []
    if user.has_perm("matches.view_feed"):
        found += _ingest()
    if user.has_perm("streams.view_outboxevent"):
        found += _streams()
        found += [_seen("Beat", health.CHECKS["beat"]), _seen("Workers", health.worker)]
    return found


def _ingest() -> list[Sign]:
    lags = ingest_lags_s()
    found = []
    for source in sorted(lags):
        half, most, _ = (lag_s for _, lag_s in quantiles(lags[source]))
        says = f"half of what it told came within {half:.1f} s, 95 % within {most:.1f} s"
        found.append(Sign(of=f"Ingest of {source}", says=says, is_well=most < _SLOW_INGEST_S))
    return found or [Sign(of="Ingest", says="nothing came in the last 5 minutes", is_well=True)]


def _streams() -> list[Sign]:
    told = health.outcome(health.CHECKS["streams"])
    if not told["ok"]:
        return [Sign(of="Streams", says=told["error"], is_well=False)]
    unrelayed = f"the oldest event waits for {told['unrelayed_s']:.1f} s"
    relay = unrelayed if told["unrelayed_s"] else "nothing waits"
    groups: Mapping[str, int] = told["lag"]
    return [
        Sign(of="Relay", says=relay, is_well=told["unrelayed_s"] < _SLOW_INGEST_S),
        *(
            Sign(
                of=f"Group {group}",
                says=_entries(lag),
                is_well=lag <= BATCH_SIZE,
            )
            for group, lag in sorted(groups.items())
        ),
    ]


def _entries(lag: int) -> str:
    if not lag:
        return "nothing waits"
    return "one entry waits" if lag == 1 else f"{lag} entries wait"


def _seen(of: str, check: Callable[[], Mapping[str, Any]]) -> Sign:
    told = health.outcome(check)
    says = f"seen {told['age_s']:.0f} s ago" if told["ok"] else told["error"]
    return Sign(of=of, says=says, is_well=told["ok"])


def _of_letter(letter: DeadLetter, at: datetime) -> str:
    error = letter.error.splitlines()[0][:120] if letter.error else "no error was kept"
    return f"{letter.topic} for {letter.group}, {ago(letter.created_at, at)} ago: {error}"


def _of_feed(feed: Feed, at: datetime) -> str:
    heard = f"last good answer {ago(feed.last_good_at, at)}"
    heard += " ago" if feed.last_good_at else ""
    if feed.failures >= FAILING_AFTER:
        return f"{feed}: {feed.failures} failures in a row, {heard}. {feed.last_error}".strip()
    return f"{feed}: silent while matches are live, {heard}"


def _of_late(match: Match, at: datetime) -> str:
    heard = f"data of {ago(match.data_at, at)} ago" if match.data_at else "no data yet"
    return f"{match}, {match.get_status_display().lower()}: {heard}"


def _of_mismatch(match: Match, _: datetime) -> str:
    said = match.vendor_score or {}
    ours = f"{match.home_score}:{match.away_score}" if match.home_score is not None else "no score"
    theirs = f"{said.get('home', '?')}:{said.get('away', '?')}"
    return f"{match}, {match.kickoff_at:%Y-%m-%d}: the vendor states {theirs}, its events {ours}"


def _of_name(name: UnmatchedName, at: datetime) -> str:
    team = name.context.get("team")
    of_team = f" of {team}" if team else ""
    return f"{name}{of_team}, first seen {ago(name.first_seen_at, at)} ago"


def _of_report(report: FactReport, at: datetime) -> str:
    readers = "one reader" if report.count == 1 else f"{report.count} readers"
    subject = report.get_subject_display()
    return f"{report.match}: {subject}. By {readers}, {ago(report.opened_at, at)} ago"


def _of_case(case: CorrectionCase, at: datetime) -> str:
    return f"{case.match} in {case.round}, open for {ago(case.opened_at, at)}"


def _of_tie(row: TableRow, _: datetime) -> str:
    group = f", {row.group}" if row.group else ""
    return f"{row.team} and others at rank {row.rank} of {row.season}{group}"


# Most urgent first: what keeps facts out, then what is wrong, then what is unclear.
_QUESTIONS: Final[Sequence[_Question]] = (
    _Question(
        title="Feeds that fail or are silent",
        model=Feed,
        query="trouble=yes",
        rows=lambda at: troubled_feeds(at=at).order_by(F("last_good_at").asc(nulls_first=True)),
        words=_of_feed,
    ),
    _Question(
        title="Live matches with old data",
        model=Match,
        query="when=late",
        rows=lambda at: (
            late_matches(at=at)
            .select_related("home", "away")
            .order_by(F("data_at").asc(nulls_first=True), "pk")
        ),
        words=_of_late,
    ),
    _Question(
        title="Dead letters",
        model=DeadLetter,
        query=f"status__exact={DeadLetterStatus.OPEN}",
        rows=lambda _: DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).order_by(
            "created_at"
        ),
        words=_of_letter,
    ),
    _Question(
        title="Scores that disagree with the vendor's",
        model=Match,
        query="when=all&score_mismatch__exact=1",
        rows=lambda _: (
            Match.objects.filter(score_mismatch=True)
            .select_related("home", "away")
            .order_by("kickoff_at", "pk")
        ),
        words=_of_mismatch,
    ),
    _Question(
        title="Facts that readers call wrong",
        model=FactReport,
        query=f"status__exact={ReportStatus.OPEN}",
        rows=lambda _: (
            FactReport.objects.filter(status=ReportStatus.OPEN)
            .select_related("match__home", "match__away")
            .order_by("-count", "opened_at")
        ),
        words=_of_report,
    ),
    _Question(
        title="Names that could not be placed",
        model=UnmatchedName,
        query=f"status__exact={UnmatchedStatus.OPEN}",
        rows=lambda _: UnmatchedName.objects.filter(status=UnmatchedStatus.OPEN).order_by(
            "first_seen_at"
        ),
        words=_of_name,
    ),
    _Question(
        title="Corrections after a round was settled",
        model=CorrectionCase,
        query=f"state__exact={CaseState.OPEN}",
        rows=lambda _: (
            CorrectionCase.objects.filter(state=CaseState.OPEN)
            .select_related("match__home", "match__away", "round__game")
            .order_by("opened_at")
        ),
        words=_of_case,
    ),
    _Question(
        title="Teams that the rules of the table cannot separate",
        model=TableRow,
        query="tie=open",
        rows=lambda _: (
            undecided_ties()
            .select_related("team", "season__league")
            .order_by("season__league__priority", "season", "group", "rank", "team__name")
        ),
        words=_of_tie,
    ),
)
