"""Addresses of boxscores and tables in the API."""

from django.urls import path

from stats.api import replays, views

urlpatterns = [
    path(
        "matches/<slug:public_id>/boxscore",
        views.BoxScoreDetail.as_view(),
        name="api-boxscore",
    ),
    path("leagues/<slug:public_id>/coverage", views.Coverage.as_view(), name="api-coverage"),
    path("replays", replays.ReplayList.as_view(), name="api-replays"),
    path("replays/<slug:replay_id>", replays.ReplayDetail.as_view(), name="api-replay"),
    path(
        "replays/<slug:replay_id>/events",
        replays.ReplayEventList.as_view(),
        name="api-replay-events",
    ),
    path("standings", views.Standings.as_view(), name="api-standings"),
]
