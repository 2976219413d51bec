"""Addresses of the match pages that need no statistics."""

from django.urls import path

from matches import views

app_name = "matches"
urlpatterns = [
    path("", views.scores, name="scores"),
    path("scores/parts/", views.scores_parts, name="scores_fragments"),
    path("matches/<str:public_id>/lineups/", views.lineups, name="lineups"),
    path("matches/<str:public_id>/h2h/", views.h2h, name="h2h"),
    path("matches/<str:public_id>/report/", views.report, name="report"),
    path("calendar/team/<str:public_id>.ics", views.team_calendar, name="team_calendar"),
    path("calendar/league/<str:public_id>.ics", views.league_calendar, name="league_calendar"),
    path("matches/<str:public_id>/events/<slug:key>/", views.event_history, name="event_history"),
]
