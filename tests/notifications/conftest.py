"""A matchday that is told step by step, its followers, and a push service."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from config.clock import now
from matches.models import Match, PlayEvent
from notifications import tasks
from notifications.enums import Medium, Preset
from notifications.models import Delivery
from notifications.services.follows import add_device, set_follow
from notifications.services.planning import plan_matches
from stats.services.fold import fold_match
from tests.factories.leagues import make_league, make_player, make_season, make_team
from tests.factories.matchday import Log, Matchday
from tests.factories.matches import make_match
from tests.notifications.push_service import Browser, push_service

START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


class Clock:
    """A clock that moves only when it is told to."""

    at = START

    @classmethod
    def pass_s(cls, seconds):
        cls.at += timedelta(seconds=seconds)


def clock_now():
    return Clock.at


@pytest.fixture(autouse=True)
def clock(settings):
    Clock.at = START
    settings.CLOCK = f"{__name__}.clock_now"
    return Clock


@pytest.fixture(scope="session")
def service():
    with push_service() as made:
        yield made


@pytest.fixture(autouse=True)
def _empty_service(service):
    service.taken.clear()
    service.refused.clear()
    service.answers.clear()


_NAMES = (("7", "Novak"), ("9", "Petrov"), ("11", "Moreau"))


class Game:
    """A match under way, one to nil: tells its play and lets it be planned and sent."""

    def __init__(self):
        league = make_league("Premier Division", sport="football")
        self.season = make_season(league)
        self.home = make_team("Ashford Rovers", season=self.season, short_name="Ashford")
        self.away = make_team("Eastgate Wanderers", season=self.season, short_name="Eastgate")
        self.players = {
            (team.pk, shirt): make_player(
                f"Enzo {name}", team=team, short_name=name, sport="football"
            )
            for team in (self.home, self.away)
            for shirt, name in _NAMES
        }
        self.match = self.fixture(kickoff_at=now() - timedelta(minutes=85))
        day = Matchday(league=league, season=self.season, teams=[self.home, self.away])
        day.players = self.players
        self.log = Log(day=day, match=self.match, at=now())
        self.log.tell("period_start", "1H", 0)
        self.goal(minute=10, period="1H")
        Clock.pass_s(300)

    def fixture(self, **fields):
        return make_match(self.season, home=self.home, away=self.away, **fields)

    def player(self, shirt):
        return self.players[self.home.pk, shirt]

    def goal(self, minute=35, shirt="11", period="2H"):
        return self.tell("goal", minute, period, team=self.home, player=shirt)

    def tell(self, type_, minute, period="2H", **told):
        self.log.at = now()
        event = self.log.tell(type_, period, minute, **told)
        self.fold()
        return event

    def retract(self, event, reason="VAR: offside"):
        self.log.at = now()
        self.log.retract(PlayEvent.objects.get(pk=event.pk), reason=reason)
        self.fold()

    def amend(self, event, **changes):
        self.log.seq += 1
        rev = PlayEvent.objects.filter(lineage_id=event.lineage_id).count() + 1
        row = PlayEvent.objects.get(pk=event.pk)
        row.pk = None
        for name, value in {
            "event_id": PlayEvent._meta.get_field("event_id").get_default(),
            "seq": self.log.seq,
            "rev": rev,
            "op": "amend",
            "ingested_at": now(),
            **changes,
        }.items():
            setattr(row, name, value)
        row.save(force_insert=True)
        self.fold()

    def end(self):
        self.tell("match_end", 95)

    def fold(self):
        Match.objects.filter(pk=self.match.pk).update(head_seq=self.log.seq)
        fold_match(self.match.pk)

    def plan(self):
        return plan_matches([self.match.pk], at=now())

    def send(self):
        tasks.send_due()

    def go(self):
        self.plan()
        self.send()


@pytest.fixture
def game(db):
    return Game()


class Fan:
    """Somebody who follows, with one browser."""

    def __init__(self, service, number, **account):
        self.user = User.objects.create_user(f"fan{number}@example.org", "x", **account)
        self.browser = Browser(service, number)
        self.device = add_device(
            self.user.pk, endpoint=self.browser.endpoint, name="Browser", **self.browser.keys
        )

    def follow(self, subject, preset=Preset.STANDARD, media=tuple(Medium.values), kinds=()):
        return set_follow(self.user.pk, subject, preset=preset, media=media, kinds=kinds)

    @property
    def titles(self):
        return self.browser.titles

    def deliveries(self, medium=Medium.PUSH):
        return Delivery.objects.filter(user=self.user, medium=medium).order_by("pk")

    def states(self):
        return list(self.deliveries().values_list("state", flat=True))


@pytest.fixture
def make_fan(db, service):
    numbers = iter(range(1000))
    return lambda **account: Fan(service, next(numbers), **account)
