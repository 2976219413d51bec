"""Addresses of the pages that show statistics."""

from django.urls import path

from stats import views

app_name = "stats"
urlpatterns = [
    path("matches/<str:public_id>/", views.match, name="match"),
    path("matches/<str:public_id>/stats/", views.match_stats, name="match_stats"),
    path("matches/<str:public_id>/table/", views.match_table, name="match_table"),
    path("matches/<str:public_id>/parts/", views.match_parts, name="match_fragments"),
    path("matches/<str:public_id>/replay/", views.match_replay, name="match_replay"),
    path("matches/<str:public_id>/replay/film/", views.replay_film, name="replay_film"),
    path("matches/<str:public_id>/regions/<slug:tab>/", views.match_regions, name="match_regions"),
    path("leagues/<slug:slug>/", views.league, name="league"),
    path(
        "leagues/<slug:slug>/fixtures/",
        views.league_matches,
        {"which": "fixtures"},
        name="league_fixtures",
    ),
    path(
        "leagues/<slug:slug>/results/",
        views.league_matches,
        {"which": "results"},
        name="league_results",
    ),
    path("teams/<slug:slug>/", views.team, name="team"),
    path("players/<slug:slug>/", views.player, name="player"),
]
