"""The ledger: every point of an entry is a row, every row leads to facts of the match."""

import pytest
from django.db.models.signals import post_init
from django.urls import resolve, reverse

from config.clock import now
from fantasy.enums import BonusBasis
from fantasy.models import Entry, Game, Lineup, LineupResult, PlayerScore
from fantasy.rules.loading import load_game
from fantasy.selectors.ledger import EntryLedger, Row, entry_ledger, player_ledger
from fantasy.services.adjustments import Decision, adjust_score
from fantasy.services.scoring import score_matches
from matches.models import PlayEvent, RawDocument
from stats.services.fold import fold_match
from tests.fantasy.played import enter, game_on, play_season, score_all, settle_all

pytestmark = pytest.mark.django_db


def make(sport: str, rules: str, *, rounds: int, entries: int) -> Game:
    told = play_season(sport, rounds=rounds)
    game = game_on(told[0].season, rules)
    enter(game, entries)
    score_all(game)
    return game


@pytest.fixture
def played() -> Game:
    return make("football", "fpl-2026-27", rounds=2, entries=12)


def ledgers(game: Game) -> list[EntryLedger]:
    lineups = Lineup.objects.filter(round__game=game).select_related("entry", "round__game")
    found = [entry_ledger(lineup.entry, lineup.round) for lineup in lineups]
    assert None not in found
    return found  # type: ignore[return-value]


def check_sums(game: Game) -> int:
    """Compare every ledger with the result of settlement; return how many there were."""
    results = {(r.entry_id, r.round_id): r for r in LineupResult.objects.filter(round__game=game)}
    for ledger in ledgers(game):
        result = results[ledger.entry.pk, ledger.round.pk]
        assert ledger.points == result.points
        assert ledger.net == result.points - result.hit + result.adjusted
        assert sum(points for _, points in ledger.lines) == ledger.net
        for slot in ledger.slots:
            own = sum(row.points for row in slot.ledger.rows)
            assert own == slot.ledger.points
    return len(results)


def check_facts(row: Row) -> None:
    """A row has facts, or parts that have; each fact is a current one and its link a page."""
    assert row.facts or row.parts, row
    for part in row.parts:
        check_facts(part)
    for fact in row.facts:
        newest = PlayEvent.objects.filter(lineage_id=fact.told.lineage).order_by("-rev").first()
        assert (str(newest.event_id), newest.rev) == (fact.told.event_id, fact.told.rev)
        assert resolve(fact.told.link.partition("?")[0])
        assert fact.told.sentence


def test_rows_add_up_to_what_was_settled(played, admin_user):
    settle_all(played)
    entry, round_ = played.entries.first(), played.rounds.first()
    by = Decision(reason="Shown wrongly.", by_id=admin_user.pk, at=now())
    adjust_score(entry.pk, round_.pk, points=7, decision=by)

    assert check_sums(played) == 24


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sport", "rules"), [("football", "fpl-2026-27"), ("basketball", "draftkings-showdown")]
)
def test_rows_of_1000_random_entries_add_up_to_what_was_settled(sport, rules):
    game = make(sport, rules, rounds=4, entries=125)
    settle_all(game)

    assert check_sums(game) == 500


def test_every_row_leads_to_facts_of_the_match(played):
    settle_all(played)
    one_each = {
        row.rule: row
        for ledger in ledgers(played)
        for slot in ledger.slots
        for row in slot.ledger.rows
    }

    assert {"goals", "bonus"} < one_each.keys()
    for row in one_each.values():
        check_facts(row)


def test_every_link_of_a_ledger_leads_somewhere(played, client):
    settle_all(played)
    rows = (r for one in ledgers(played) for slot in one.slots for r in slot.ledger.rows)
    facts = {fact.told.type: fact.told.link for row in rows for fact in row.facts}

    lost = {kind: link for kind, link in facts.items() if client.get(link).status_code != 200}

    assert {"period_start", "period_end"} <= facts.keys()
    assert lost == {}


def test_goals_are_told_one_by_one_with_their_points(played):
    score = next(
        score
        for score in PlayerScore.objects.select_related("game_player", "round__game")
        if score.columns.get("goals")
    )

    ledger = player_ledger(score.game_player, score.round)

    goals = next(row for row in ledger.rows if row.rule == "goals")
    assert [fact.told.type for fact in goals.facts] == ["goal"] * int(score.columns["goals"])
    worth = next(r for r in load_game(score.round.game.rules).points if r.id == "goals")
    each = worth.each[score.game_player.position]
    assert [fact.points for fact in goals.facts] == [each] * len(goals.facts)
    assert "/events/" in goals.facts[0].told.link


def test_facts_lead_to_the_vendors_bytes_on_page_and_api(played, client):
    score = PlayerScore.objects.filter(columns__goals__gt=0).select_related("game_player__player")[
        0
    ]
    place = (score.game_player.player.public_id, score.round.number)
    goals = next(r for r in player_ledger(score.game_player, score.round).rows if r.rule == "goals")
    event = PlayEvent.objects.get(event_id=goals.facts[0].told.event_id)
    assert goals.facts[0].told.payload_sha256 == ""
    RawDocument.objects.create(
        adapter=event.source,
        key="k",
        sha256="0123456789abcdef" * 4,
        body=b"",
        size_bytes=0,
        fetched_at=event.ingested_at,
    )

    page = client.get(reverse("fantasy:why", args=[played.slug, *place])).content.decode()
    base = f"/api/v1/fantasy/games/{played.public_id}/players"
    told = client.get(f"{base}/{place[0]}/rounds/{place[1]}").json()

    assert "0123456789abcdef</code>" in page
    rows = [row for match in told["matches"] for row in match["rows"] if row["rule"] == "goals"]
    fact = next(f for row in rows for f in row["facts"] if f["event_id"] == str(event.event_id))
    assert (fact["payload_sha256"], fact["revision"]) == ("0123456789abcdef" * 4, event.rev)
    assert fact["source"] == event.source


def test_bonus_says_what_it_was_ranked_by(played):
    score = PlayerScore.objects.filter(bonus=3).select_related("game_player", "round__game").first()

    ledger = player_ledger(score.game_player, score.round)

    match = next(m for m in ledger.matches if m.match.pk == score.match_id)
    known, _, inputs = match.coverage.partition("/")
    assert (match.bonus_basis, match.bonus_rank) == (BonusBasis.COMPONENTS, 1)
    assert 0 < int(known) < int(inputs)
    bonus = next(row for row in match.rows if row.rule == "bonus")
    assert sum(part.points for part in bonus.parts) == match.bonus_value


def test_before_settlement_the_ledger_tells_what_would_be(played):
    assert not any(ledger.is_final for ledger in ledgers(played))
    projected = {(x.entry.pk, x.round.pk): x.points for x in ledgers(played)}

    settle_all(played)

    assert {(x.entry.pk, x.round.pk): x.points for x in ledgers(played)} == projected


def test_places_say_why_they_count(played):
    settle_all(played)
    for ledger in ledgers(played):
        chip = ledger.chip == "bboost"
        for slot in ledger.slots:
            expected = {"plays", "absent", "substitute"} if slot.slot <= 11 else {"bench", "chip"}
            assert slot.why in (expected | {"substitute"})
            assert (slot.multiplier > 0) == (slot.why in ("plays", "substitute", "chip"))
            assert not (slot.why == "chip" and not chip)


def test_entry_without_a_line_up_has_no_ledger(played):
    late = Entry.objects.create(
        game=played, name="Late", number=99, joined_round=played.rounds.last()
    )

    assert entry_ledger(late, played.rounds.select_related("game").first()) is None


def test_ledger_costs_as_many_queries_for_any_line_up(played, django_assert_max_num_queries):
    lineup = Lineup.objects.select_related("entry", "round__game").first()

    with django_assert_max_num_queries(24):
        entry_ledger(lineup.entry, lineup.round)


def test_ledger_reads_the_facts_of_its_own_players_alone(played):
    lineup = Lineup.objects.select_related("entry", "round__game").first()
    frame = {"period_start", "period_end", "match_end", "substitution", "goal", "own_goal"}
    read = []

    def note(sender, instance, **_):
        read.append(instance)

    post_init.connect(note, sender=PlayEvent)
    try:
        ledger = entry_ledger(lineup.entry, lineup.round)
    finally:
        post_init.disconnect(note, sender=PlayEvent)

    own = {slot.ledger.player.player_id for slot in ledger.slots}
    others = [e for e in read if not own & {e.player_id, e.related_player_id}]
    assert len({e.pk for e in read}) == len(read)
    assert {e.type for e in others} <= frame
    assert len(others) < PlayEvent.objects.filter(match__in={e.match_id for e in read}).count() / 4


def test_totals_stated_by_a_feed_lead_to_the_statement(played):
    score = PlayerScore.objects.select_related("game_player", "round__game", "match").first()
    match = score.match
    seq = match.head_seq + 1
    PlayEvent.objects.create(
        match=match,
        seq=seq,
        lineage_id="00000000-0000-7000-8000-000000000001",
        type="stat.set",
        team_id=score.game_player.team_id,
        player_id=score.game_player.player_id,
        payload={"values": {"goals": 2, "minutes": 90}},
        source="totals",
    )
    type(match).objects.filter(pk=match.pk).update(head_seq=seq)
    fold_match(match.pk)
    score_matches([match.pk])

    ledger = player_ledger(score.game_player, score.round)

    rows = {row.rule: row for row in ledger.rows}
    for rule in ("goals", "minutes"):
        if rule in rows:
            assert [fact.told.type for fact in rows[rule].facts] == ["stat.set"]
            assert rows[rule].facts[0].told.sentence.startswith("totals states the numbers of")
    assert rows["goals"].count == 2
