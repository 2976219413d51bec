"""Addresses of the pages that show statistics."""

from django.urls import path

from stats.views import leagues, matches, people

app_name = "stats"
urlpatterns = [
    path("matches/<str:public_id>/", matches.match, name="match"),
    path("matches/<str:public_id>/timeline/", matches.match_timeline_tab, name="match_timeline"),
    path("matches/<str:public_id>/stats/", matches.match_stats, name="match_stats"),
    path("matches/<str:public_id>/table/", matches.match_table, name="match_table"),
    path("matches/<str:public_id>/parts/", matches.match_parts, name="match_fragments"),
    path("matches/<str:public_id>/replay/", matches.match_replay, name="match_replay"),
    path("matches/<str:public_id>/replay/film/", matches.replay_film, name="replay_film"),
    path(
        "matches/<str:public_id>/regions/<slug:tab>/", matches.match_regions, name="match_regions"
    ),
    path("tables/parts/", leagues.table_parts, name="table_fragments"),
    path("leagues/<slug:slug>/", leagues.league, name="league"),
    path("leagues/<slug:slug>/regions/", leagues.league_regions, name="league_regions"),
    path(
        "leagues/<slug:slug>/fixtures/",
        leagues.league_matches,
        {"which": "fixtures"},
        name="league_fixtures",
    ),
    path(
        "leagues/<slug:slug>/results/",
        leagues.league_matches,
        {"which": "results"},
        name="league_results",
    ),
    path("teams/<slug:slug>/", people.team, name="team"),
    path("teams/<slug:slug>/regions/", people.team_regions, name="team_regions"),
    path("players/<slug:slug>/", people.player, name="player"),
    path("players/<slug:slug>/regions/", people.player_regions, name="player_regions"),
]
