"""What is told to whom: presets, corrections, one message each."""

import pytest
from django.db import transaction

from config.clock import now
from leagues.packs.loader import load_pack
from matches.models import Match, TeamSheet
from matches.services.log import delete_log
from notifications.enums import Change, Preset
from notifications.models import Delivery, Notification
from notifications.rules.audience import kinds_of
from notifications.selectors import inbox, inbox_lines
from notifications.services.follows import FollowError
from notifications.services.planning import plan_matches

pytestmark = pytest.mark.django_db


def lines(fan):
    return [line.title for line in inbox_lines(inbox(fan.user.pk))]


def test_a_goal_reaches_who_follows_league_team_and_match_once_by_each_medium(game, make_fan):
    fan = make_fan()
    for subject in (game.match.season.league, game.match.home, game.match):
        fan.follow(subject)

    game.goal()
    game.go()
    game.go()

    title = "Goal · Ashford 2-0 Eastgate"
    assert (lines(fan), fan.titles) == ([title], [title])
    (message,) = fan.browser.messages
    assert message["body"] == "81' Goal! Moreau scores for Ashford."


def test_presets_tell_as_much_as_the_pack_says(game, make_fan):
    fans = {preset: make_fan() for preset in (Preset.MINIMAL, Preset.STANDARD, Preset.ALL)}
    for preset, fan in fans.items():
        fan.follow(game.match, preset)
    chooser = make_fan()
    chooser.follow(game.match, Preset.CHOSEN, kinds=["yellow_card"])

    game.tell("yellow_card", 31, team=game.match.away, player="7")
    game.goal()
    game.tell("shot", 36, team=game.match.home, player="9")
    game.tell("period_end", 50)
    game.end()
    game.go()

    end = "Full time · Ashford 2-0 Eastgate"
    goal = "Goal · Ashford 2-0 Eastgate"
    card = "Yellow card · Ashford - Eastgate"
    assert fans[Preset.MINIMAL].titles == [end]
    assert sorted(fans[Preset.STANDARD].titles) == sorted([goal, end])
    assert sorted(fans[Preset.ALL].titles) == sorted([card, goal, end])
    assert chooser.titles == [card]


def test_who_follows_a_player_hears_of_his_deeds_alone(game, make_fan):
    fan = make_fan()
    fan.follow(game.player("11"), Preset.ALL)

    game.goal(shirt="9")
    game.goal(minute=36, shirt="11")
    game.end()
    game.go()

    assert fan.titles == ["Goal · Ashford 3-0 Eastgate"]


def test_nobody_is_told_of_other_matches_or_of_what_was_before(game, make_fan, clock):
    other, late = make_fan(), make_fan()
    other.follow(game.fixture(kickoff_at=now()))

    game.goal()
    clock.pass_s(5)
    late.follow(game.match)
    game.plan()

    assert not Delivery.objects.exists()


def test_what_nobody_follows_costs_one_query(game, django_assert_num_queries):
    game.goal()
    matches = list(Match.objects.values_list("pk", flat=True))

    with django_assert_num_queries(1):
        assert plan_matches(matches, at=now()) == 0


def test_history_is_not_news(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)

    game.goal()
    clock.pass_s(31 * 60)
    game.plan()

    assert not fan.deliveries().exists()


def test_a_goal_taken_back_is_told_once_with_the_same_tag(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)
    goal = game.goal()
    game.go()

    clock.pass_s(20)
    game.retract(goal)
    for _ in range(3):
        game.go()

    first, second = fan.browser.messages
    assert second["title"] == "Correction: no goal · Ashford - Eastgate"
    assert second["tag"] == first["tag"]
    assert lines(fan) == [second["title"]]


def test_another_scorer_is_a_correction_another_assist_is_none(game, make_fan):
    fan, stranger = make_fan(), make_fan()
    fan.follow(game.match)
    goal = game.goal(shirt="11")
    game.go()
    stranger.follow(game.match)

    game.amend(goal, related_player=game.player("7"))
    game.go()
    assert len(fan.titles) == 1

    game.amend(goal, player=game.player("9"))
    game.go()

    first, second = fan.browser.messages
    assert second["title"] == "Correction: Goal · Ashford 2-0 Eastgate"
    assert "Petrov" in second["body"]
    assert second["tag"] == first["tag"]
    assert stranger.titles == []
    assert Notification.objects.get(change=Change.AMENDED).rev == 3


def test_a_card_of_another_colour_reaches_who_heard_and_who_wants_to_hear(game, make_fan):
    all_, standard = make_fan(), make_fan()
    all_.follow(game.match, Preset.ALL)
    standard.follow(game.match, Preset.STANDARD)
    card = game.tell("yellow_card", 31, team=game.match.away, player="7")
    game.go()

    game.amend(card, type="red_card")
    game.go()

    red = "Correction: Red card · Ashford - Eastgate"
    assert all_.titles == ["Yellow card · Ashford - Eastgate", red]
    assert standard.titles == [red]


def test_a_correction_that_comes_first_is_merged_into_the_first_word(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)
    goal = game.goal(shirt="11")
    game.plan()
    game.amend(goal, player=game.player("9"))
    game.plan()

    game.send()

    (message,) = fan.browser.messages
    assert "Petrov" in message["body"]
    assert fan.states() == ["merged", "sent"]


def test_what_was_taken_back_before_it_was_sent_is_never_heard_of(game, make_fan):
    fan = make_fan()
    fan.follow(game.match)
    goal = game.goal()
    game.plan()
    game.retract(goal)

    game.go()

    assert fan.titles == []
    assert fan.states() == ["merged", "merged"]


def test_another_final_score_replaces_the_first(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match, Preset.MINIMAL)
    goal = game.goal()
    game.end()
    game.go()

    clock.pass_s(600)
    game.retract(goal)
    game.go()

    first, second = fan.browser.messages
    assert first["title"] == "Full time · Ashford 2-0 Eastgate"
    assert second["title"] == "Correction: Full time · Ashford 1-0 Eastgate"
    assert first["tag"] == second["tag"]


def test_a_log_told_anew_tells_nothing_twice(game, make_fan):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    game.go()
    with transaction.atomic():
        delete_log(Match.objects.select_for_update().get(pk=game.match.pk))
    game.log.seq = 0
    game.go()

    game.goal()
    game.go()

    assert len(fan.titles) == 1


def test_line_ups_are_told_before_the_start(game, make_fan):
    match = game.fixture()
    fan = make_fan()
    fan.follow(match)
    plan_matches([match.pk], at=now())
    assert not fan.deliveries().exists()

    for team in (match.home, match.away):
        TeamSheet.objects.create(match=match, team=team, updated_at=now())
        plan_matches([match.pk], at=now())
    game.send()

    assert fan.titles == ["Line-ups · Ashford - Eastgate"]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"preset": Preset.CHOSEN}, "kinds"),
        ({"preset": Preset.CHOSEN, "kinds": ["goal", "try"]}, "kinds"),
        ({"media": ()}, "media"),
    ],
)
def test_a_wish_that_cannot_be_kept_names_what_is_wrong(game, make_fan, wish, field):
    with pytest.raises(FollowError) as refused:
        make_fan().follow(game.match, **wish)

    assert refused.value.field == field


def test_every_shipped_sport_tells_start_and_end_in_every_preset():
    for sport in ("football", "basketball", "ice_hockey", "american_football", "generic"):
        notices = load_pack(sport).notices
        forms = {notice.id: notice.form for notice in notices}
        for preset in (Preset.MINIMAL, Preset.STANDARD, Preset.ALL):
            told = {forms[kind] for kind in kinds_of(notices, preset)}
            assert {"start", "end"} <= told, (sport, preset)
