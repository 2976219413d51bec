"""Addresses of boxscores and tables in the API."""

from django.urls import path

from stats.api import views

urlpatterns = [
    path(
        "matches/<slug:public_id>/boxscore",
        views.BoxScoreDetail.as_view(),
        name="api-boxscore",
    ),
    path("leagues/<slug:public_id>/coverage", views.Coverage.as_view(), name="api-coverage"),
    path("standings", views.Standings.as_view(), name="api-standings"),
]
