"""Addresses of leagues, seasons, teams and players in the API."""

from django.urls import path

from leagues.api import views

urlpatterns = [
    path("leagues", views.LeagueList.as_view(), name="api-leagues"),
    path("leagues/<slug:public_id>", views.LeagueDetail.as_view(), name="api-league"),
    path("seasons", views.SeasonList.as_view(), name="api-seasons"),
    path("seasons/<slug:public_id>", views.SeasonDetail.as_view(), name="api-season"),
    path("teams", views.TeamList.as_view(), name="api-teams"),
    path("teams/<slug:public_id>", views.TeamDetail.as_view(), name="api-team"),
    path("players", views.PlayerList.as_view(), name="api-players"),
    path("players/<slug:public_id>", views.PlayerDetail.as_view(), name="api-player"),
]
